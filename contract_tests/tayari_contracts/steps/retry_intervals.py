"""Judges the gaps between retries, of one series or several: they grow, are fixed, or it is unclear."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import ceil, exp, log, pow
from statistics import fmean, linear_regression, pstdev
from typing import Final

Series = Sequence[float]
"""Seconds between the tries of one payment, in order."""


class Trend(StrEnum):
    """How the gaps change from try to try."""

    GROWS = "grows"
    FIXED = "fixed"
    UNCLEAR = "unclear"
    """Growing and fixed gaps could both look so by chance: more series are needed."""
    TOO_FEW = "too few"
    """The series are too short to be judged."""


GROWS_FROM: Final = 1.35
"""Doubled gaps with a jitter of 50 % stay above this, but for one in some thousand sets of ten series."""

FIXED_BELOW: Final = 1.15
"""Fixed gaps with a jitter of 10 % never come so high."""

WILD: Final = 0.4
"""If the first gaps vary by more (standard deviation to mean), jitter may hide growth: they are not called fixed."""


def growth_of(series: Sequence[Series]) -> float | None:
    """The factor from one gap to the next, of the means over all series; None if there are too few second gaps.

    Only the first three gaps count: after them a backoff may have reached its longest pause.
    """
    means = [fmean(gaps) for gaps in _by_place(series)[:3]]
    if len(means) < 2 or means[0] <= 0:
        return None
    return max(pow(means[place] / means[0], 1 / place) for place in range(1, len(means)))


def spread_of(series: Sequence[Series]) -> float:
    """The spread of the first gaps between the series: standard deviation to mean."""
    firsts = [gaps[0] for gaps in series if gaps]
    mean = fmean(firsts) if firsts else 0.0
    return pstdev(firsts) / mean if mean > 0 else 0.0


def trend_of(series: Sequence[Series]) -> Trend:
    """The trend of the gaps over all series together."""
    growth = growth_of(series)
    if growth is None:
        return Trend.TOO_FEW
    if growth >= GROWS_FROM:
        return Trend.GROWS
    if growth < FIXED_BELOW and spread_of(series) <= WILD:
        return Trend.FIXED
    return Trend.UNCLEAR


def in_step(series: Sequence[Series]) -> bool:
    """Whether most series waited equally long before their second try, so that many callers would come back together.

    A busy machine adds some milliseconds to some of the pauses, so three in four decide; four series at least are
    needed to say anything.
    """
    firsts = sorted(gaps[0] for gaps in series if gaps)
    most = ceil(0.75 * len(firsts))
    if len(firsts) < 4:
        return False
    closest = min(last - first for first, last in zip(firsts, firsts[most - 1 :], strict=False))
    return closest < max(0.01, 0.02 * fmean(firsts))


def say_gaps(series: Sequence[Series], *, most: int = 4) -> str:
    """The gaps as a reason names them: `0.5, 1.1 s; 0.6, 1.2 s`."""
    return "; ".join(f"{', '.join(f'{gap:.1f}' for gap in gaps)} s" for gaps in series[:most] if gaps)


def _by_place(series: Sequence[Series]) -> list[list[float]]:
    """All first gaps, all second gaps, and so on, as long as half of the series have them."""
    longest = max(map(len, series), default=0)
    places = [[gaps[place] for gaps in series if len(gaps) > place] for place in range(longest)]
    return [gaps for gaps in places if len(gaps) * 2 >= len(series)]


SAME: Final = 1.35
"""Longest to shortest pause of a fixed schedule: 1.22 with a jitter of 10 %, and more on a busy machine."""

GROWTH: Final = 1.14
"""Growth from pause to pause, fitted over all of them. Doubling with a jitter of 50 % never falls below it with three
pauses, a fixed pause with a jitter of 10 % never reaches it."""

SHORTEST_S: Final = 0.02
"""Pauses below this are no pauses; they count as this long, so that noise is not taken for growth."""


def trend_of_one(gaps_s: Sequence[float]) -> Trend:
    """The trend of one series of three or more pauses. Shrinking pauses are unclear: full jitter makes them too."""
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
    return exp(linear_regression(range(len(logs)), logs).slope)
