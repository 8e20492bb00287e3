"""How far the passes of a run can be trusted: how often a thing was tried, and how it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tayari_reports.model import Load, Run, State
from tayari_reports.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """What zero failures in so many tries can and cannot say."""

    tries: int
    """Payments or calls behind all passed rules."""
    fewest: int
    """Tries of the passed rule that was tried least; 0 when no rule passed."""
    most: int
    depth: str
    sentence: str


def bound(tries: int) -> float:
    """The 95 % upper bound (0 to 1) of a failure rate after `tries` tries without a failure: about 3/n.

    Source: the rule of three, in its exact form 1 - 0.05^(1/n).
    """
    return float(1 - 0.05 ** (1 / tries)) if tries > 0 else 1.0


def confidence(run: Run, outcomes: Iterable[Outcome]) -> Confidence:
    """How often the passed rules were tried, and what failure rate that still allows."""
    tries = [outcome.tries for outcome in outcomes if outcome.state is State.PASS]
    fewest, most = (min(tries), max(tries)) if tries else (0, 0)
    sentence = " ".join([_spread(fewest, most), f"Evidence depth: {run.depth}.", *_load(run.load)])
    return Confidence(tries=sum(tries), fewest=fewest, most=most, depth=run.depth, sentence=sentence)


def _spread(fewest: int, most: int) -> str:
    if not most:
        return "No rule passed, so nothing can be said about how rare a failure is."
    if fewest == most:
        counted = f"Each passed rule was tried {_times(most)} without a failure"
        allowed = f"a true failure rate of up to {_percent(most)}"
    else:
        counted = f"Passed rules were tried between {_times(fewest)} and {_times(most)} without a failure"
        allowed = f"a true failure rate of up to {_percent(most)} (tried most) or {_percent(fewest)} (tried least)"
    return f"{counted}; at 95 % confidence (about 3/n for many tries) that still allows {allowed}."


def _load(load: Load | None) -> list[str]:
    if load is None or load.credited_twice or not load.settled:
        return []
    return [f"Under load, 0 of {load.settled} settled payments credited twice (bound {_percent(load.settled)})."]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _percent(tries: int) -> str:
    rate = 100 * bound(tries)
    return f"{rate:.0f} %" if rate >= 10 else f"{rate:.1f} %" if rate >= 0.1 else f"{rate:.2f} %"
