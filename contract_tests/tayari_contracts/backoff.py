"""How retries are spaced: growing, fixed, or not to be told, from the gaps of several series."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import ceil, pow
from statistics import fmean, pstdev
from typing import Final

Series = Sequence[float]
"""Seconds between the tries of one payment, in order."""


class Trend(StrEnum):
    """What the gaps do."""

    GROWS = "grows"
    FIXED = "fixed"
    UNCLEAR = "unclear"
    """Chance could have made them either way: more series are needed."""
    TOO_FEW = "too few"
    """No series has two gaps."""


GROWS_FROM: Final = 1.35
"""A doubling with jitter of half either way stays above this in all but one of some thousand sets of ten series."""

FIXED_BELOW: Final = 1.15
"""Fixed gaps with jitter of a tenth never come so high."""

WILD: Final = 0.4
"""Where the first gaps vary by more (standard deviation to mean), jitter may hide growth: never call that fixed."""


def growth_of(series: Sequence[Series]) -> float | None:
    """The factor from one gap to the next, of the means over all series; None without a second gap anywhere.

    Only the first three gaps count, for a backoff may have reached its longest pause after that.
    """
    means = [fmean(gaps) for gaps in _by_place(series)[:3]]
    if len(means) < 2 or means[0] <= 0:
        return None
    return max(pow(means[place] / means[0], 1 / place) for place in range(1, len(means)))


def spread_of(series: Sequence[Series]) -> float:
    """How much the first gaps differ between the series: standard deviation to mean."""
    firsts = [gaps[0] for gaps in series if gaps]
    mean = fmean(firsts) if firsts else 0.0
    return pstdev(firsts) / mean if mean > 0 else 0.0


def trend_of(series: Sequence[Series]) -> Trend:
    """Judge the spacing over all series together."""
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
    """All first gaps, all second gaps, ... as far as half of the series go."""
    longest = max(map(len, series), default=0)
    places = [[gaps[place] for gaps in series if len(gaps) > place] for place in range(longest)]
    return [gaps for gaps in places if len(gaps) * 2 >= len(series)]
