"""How far the passes of a run can be trusted: how often a thing was tried, and how it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayari_reports.model import Load, Run, State
from tayari_reports.model.outcomes import Outcome

FEW_TRIES: Final = 3
"""A rule tried less often than this may have passed by luck."""

MUCH_LOAD: Final = 300
"""Settled payments under load from which zero failures bound the rate at 1 %. Source: the rule of three."""

LEAST_COVERAGE: Final = 80.0
"""Percent judged, below which confidence is low whatever else was seen."""


WHOLE: Final = "release"
"""The suite that holds every rule."""


class ConfidenceLevel(StrEnum):
    """One word for it, by stated rules: see `limits_of`."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    NONE = "none"


DEPTHS: Final = {
    "black box": "judged by its traffic alone",
    "state probe": "judged by its traffic and by the payment states that it shows",
    "adapter": "judged by its traffic and by what its team's adapter reads",
}
"""The evidence depth in the words of the verdict's readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """What zero failures in a number of tries prove."""

    level: ConfidenceLevel
    limits: tuple[str, ...]
    """What keeps it from being high, each as a clause; empty when nothing does."""
    sentence: str

    @property
    def because(self) -> str:
        """Why it is what it is: `moderate: no load run, ...`."""
        return "; ".join(self.limits) or "nothing that this tool knows of limits it"


def bound(tries: int) -> float:
    """The 95 % upper bound (0 to 1) of a failure rate after `tries` tries without a failure: about 3/n.

    Source: the rule of three, in its exact form 1 - 0.05^(1/n).
    """
    return float(1 - 0.05 ** (1 / tries)) if tries > 0 else 1.0


def confidence(run: Run, outcomes: Iterable[Outcome], coverage: float) -> Confidence:
    """How often the passed rules were tried, what failure rate that still allows, and what limits the reading."""
    passed = [outcome.tries for outcome in outcomes if outcome.state is State.PASS]
    fewest, most = (min(passed), max(passed)) if passed else (0, 0)
    sentence = " ".join([_spread(fewest, most), *_load(run.load)])
    limits = limits_of(run, passed, coverage)
    return Confidence(
        level=_level(run, passed, limits, coverage),
        limits=limits,
        sentence=sentence,
    )


def limits_of(run: Run, passed: list[int], coverage: float) -> tuple[str, ...]:
    """What keeps the confidence from being high; `passed` are the tries of each passed rule."""
    few = sum(tries < FEW_TRIES for tries in passed)
    settled = run.load.settled if run.load is not None else 0
    found = (
        (run.depth == "black box", "only traffic was seen, not what the merchant stored"),
        (coverage < 100, f"coverage was {coverage:.1f} %"),
        (bool(run.selection), f"only {run.selection} ran" if len(run.selection) < 40 else "only a part of a suite ran"),
        (not run.selection and WHOLE not in run.suite, f"the suite was {run.suite}, not {WHOLE}"),
        (bool(few), f"{few} of {len(passed)} passed rules were tried fewer than {FEW_TRIES} times"),
        (run.load is None, "there was no load run"),
        (run.load is not None and settled < MUCH_LOAD, f"only {settled} payments settled under load"),
        (bool(run.load and run.load.doubts), "the load run could not judge performance"),
        (run.clock != "real", f"the clock was {run.clock}"),
    )
    return tuple(sentence for limits, sentence in found if limits)


def _level(run: Run, passed: list[int], limits: tuple[str, ...], coverage: float) -> ConfidenceLevel:
    if not passed:
        return ConfidenceLevel.NONE
    if run.depth == "black box" or coverage < LEAST_COVERAGE or run.selection:
        return ConfidenceLevel.LOW
    return ConfidenceLevel.MODERATE if limits else ConfidenceLevel.HIGH


def _spread(fewest: int, most: int) -> str:
    if not most:
        return "No rule passed, so nothing can be said about how rare a failure is."
    if fewest == most:
        counted = f"Each passed rule was tried {_times(most)} without a failure"
        allowed = f"failures in up to {_percent(most)} of real cases"
    else:
        between = f"{_times(fewest).removesuffix(' times')} and {_times(most)}"
        counted = f"Passed rules were tried between {between} without a failure"
        allowed = (
            f"failures in up to {_percent(most)} of real cases for the rule that was tried most often, "
            f"and in up to {_percent(fewest)} for one that was tried {_times(fewest)}"
        )
    return f"{counted}; at 95 % confidence (about 3 divided by the number of tries) that still allows {allowed}."


def _load(load: Load | None) -> list[str]:
    if load is None or load.credited_twice or not load.settled:
        return []
    allowed = _percent(load.settled)
    return [f"Under load, none of {load.settled} settled payments was credited twice; this allows up to {allowed}."]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _percent(tries: int) -> str:
    rate = 100 * bound(tries)
    return f"{rate:.0f} %" if rate >= 10 else f"{rate:.1f} %" if rate >= 0.1 else f"{rate:.2f} %"
