"""Whether a run can be believed: what was wrong with the generator, the fake or the plan, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HELD: Final = 0.98
"""Share of the planned arrivals that must have begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the run itself went."""

    saturated: bool = False
    cpu_peak: float = 0.0
    late_peak_s: float = 0.0
    lost_workers: int = 0
    planned: int = 0
    begun: int = 0
    in_flight: int = 0
    """The bound of the open model."""
    broken: str = ""
    """Why the fake cannot be believed at all: its counts do not add up, or it did not tell them."""
    troubles: tuple[str, ...] = ()
    """Troubles of the shape that could not be played."""


def doubts(conduct: Conduct) -> tuple[str, ...]:
    """Why the performance rules are unknown; empty where they can be judged."""
    return tuple(_doubts(conduct))


def void(conduct: Conduct) -> tuple[str, ...]:
    """Why the whole run proves nothing, the money apart; empty for an ordinary run. Never the merchant's fault."""
    return tuple(_void(conduct))


def _void(conduct: Conduct) -> Iterator[str]:
    if conduct.lost_workers:
        yield f"{conduct.lost_workers} of the load's workers were lost while it ran, and what they saw with them"
    if conduct.broken:
        yield f"the fake Daraja cannot be believed: {conduct.broken}"


def _doubts(conduct: Conduct) -> Iterator[str]:
    yield from _void(conduct)
    if conduct.saturated:
        how = f"up to {conduct.cpu_peak:.0%} of a core used, woken up to {conduct.late_peak_s:.1f} s late"
        yield f"the load generator was short of CPU ({how}): latencies may be its own"
    if conduct.planned and conduct.begun < HELD * conduct.planned:
        share = conduct.begun / conduct.planned
        yield (
            f"only {share:.1%} of the {conduct.planned} planned arrivals began (no more than {conduct.in_flight} "
            "payments may be in flight): raise --in-flight, add --workers, or plan a lower rate"
        )
    yield from conduct.troubles
