"""The limit that a merchant sets to its own status queries: how it shows, and how long its queries take under it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

POLITE: Final = 12
"""More calls within a minute are no limit that Daraja asks for: its sandbox lets five through."""
FEW_PAYMENTS: Final = 5
LEARNED_S: Final = 30.0
QUIET: Final = 1.5
"""After so many of its pauses without a query a merchant has none left to make."""


def polite(limit: float | None) -> float | None:
    """The limit, where it is so low that checks mostly wait for queries; else None."""
    return limit if limit is not None and limit <= POLITE else None


def spacing_s(limit: float) -> float:
    """From one query to the next of a merchant that makes as many as it lets itself make.

    A merchant that never makes more than five within any minute makes the first at once, and four in each minute.
    """
    return 60.0 / max(1.0, limit - 1.0)


def is_quiet(times_s: Iterable[float], limit: float) -> bool:
    """Whether the merchant has made all queries that stood in line. `times_s`: when it made some, epoch seconds."""
    return time.time() - max(times_s, default=0.0) >= QUIET * spacing_s(limit)


def own_limit(queries: Sequence[tuple[float, str]]) -> int | None:
    """How many status queries a minute a merchant lets itself make, judged by those it made; None: no limit shows.

    `queries`: when, and for which payment. Only some time with several payments shows a limit.
    """
    times_s = [at_s for at_s, _ in queries]
    payments = {checkout_request_id for _, checkout_request_id in queries}
    if len(payments) < FEW_PAYMENTS or max(times_s) - min(times_s) < LEARNED_S:
        return None
    busiest = most_in(times_s, 60.0)
    return busiest if busiest <= POLITE else None


def most_in(times_s: Sequence[float], window_s: float) -> int:
    """The most calls that fall into any window of so many seconds."""
    ordered = sorted(times_s)
    return max(
        (sum(1 for time_s in ordered[place:] if time_s - first_s < window_s) for place, first_s in enumerate(ordered)),
        default=0,
    )
