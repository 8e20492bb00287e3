"""How the calls of one payment lie in time: growing or fixed pauses of a single series, and the most in a window.

For several short series together (retries of a push) see `backoff`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Final

from tayari_contracts.backoff import Trend

SAME: Final = 1.35
"""Longest to shortest pause of a fixed schedule: 1.22 with a jitter of 10 %, the rest for a busy machine."""

GROWTH: Final = 1.14
"""Growth from pause to pause, fitted over all of them. Doubling with a jitter of 50 % never falls below it with three
pauses, a fixed pause with a jitter of 10 % never reaches it."""

POLITE: Final = 12
"""More calls within a minute are no limit that Daraja asks for: its sandbox lets five through."""
FEW_PAYMENTS: Final = 5
LEARNED_S: Final = 30.0

SHORTEST_S: Final = 0.02
"""Pauses below this are no pauses; they count as this long, so that noise is not taken for growth."""


def trend_of_one(gaps_s: Sequence[float]) -> Trend:
    """The trend of one series of three or more pauses. Shrinking ones are unclear: full jitter makes them too."""
    if len(gaps_s) < 3:
        return Trend.TOO_FEW
    pauses = [max(SHORTEST_S, gap_s) for gap_s in gaps_s]
    if max(pauses) <= SAME * min(pauses):
        return Trend.FIXED
    if growth_from_pause_to_pause(pauses) >= GROWTH and pauses[-1] > pauses[0]:
        return Trend.GROWS
    return Trend.UNCLEAR


def growth_from_pause_to_pause(pauses_s: Sequence[float]) -> float:
    """The factor from one pause to the next: the least-squares slope of their logarithms, of two pauses or more."""
    logs = [log(max(SHORTEST_S, pause_s)) for pause_s in pauses_s]
    middle, mean = (len(logs) - 1) / 2, sum(logs) / len(logs)
    spread = sum((place - middle) ** 2 for place in range(len(logs)))
    return exp(sum((place - middle) * (value - mean) for place, value in enumerate(logs)) / spread)


def written(gaps_s: Sequence[float]) -> str:
    """The pauses as a reason names them: `1.0, 2.1, 4.0 s`."""
    return ", ".join(f"{gap_s:.1f}" for gap_s in gaps_s) + " s"


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
