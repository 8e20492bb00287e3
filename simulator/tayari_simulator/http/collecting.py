"""When Python looks for reference cycles: not while payments come in.

Counting references frees all that a payment needs, so that a search finds next to nothing; but it looks at every object
that has come since the last one, and all the while no callback goes out (measured: 35 to 90 ms with the memory full).
"""

from __future__ import annotations

import gc
from typing import Final

from tayari_simulator.config import A_PAYMENT_BYTES, Config

OBJECTS: Final = 14
"""About so many objects that can be part of a cycle live for each payment that is remembered."""
LEAST: Final = 200_000


def collect_seldom(config: Config) -> None:
    """Call once, when all is set up: a search while serving comes only when memory grows beyond its bound.

    That can be cycles that somebody leaves behind, or a backlog of payments without a result.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(max(LEAST, config.journal_bytes // A_PAYMENT_BYTES * OBJECTS), 10, 100)


def collect_at_rest() -> None:
    """Nobody is served now: look at what has come since the last time that nobody was."""
    gc.collect(1)
