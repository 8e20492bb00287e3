"""Delays that a scenario draws for each payment, beside the fixed one of the core."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from statistics import NormalDist
from typing import Final

from tayari_simulator.core.behaviour import Delay, Fixed, Uniform
from tayari_simulator.reading.record import Complaint, Path, Seconds, read_record, read_value

_STANDARD: Final = NormalDist()
_EDGE: Final = 1e-9
"""The inverse of the normal distribution has no value at 0 and 1."""


@dataclass(frozen=True, slots=True)
class Between:
    """Any delay from `low` to `high` seconds, each as likely."""

    low: float
    high: float

    def draw(self, uniform: Uniform) -> float:
        """One delay in seconds."""
        return self.low + (self.high - self.low) * uniform()


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Delays around `median` seconds with a long tail; `sigma` is the deviation of the logarithm."""

    median: Seconds
    sigma: Seconds

    def draw(self, uniform: Uniform) -> float:
        """One delay in seconds."""
        return self.median * exp(self.sigma * _STANDARD.inv_cdf(min(max(uniform(), _EDGE), 1 - _EDGE)))


def read_delay(value: object, path: Path, complaints: list[Complaint]) -> Delay | None:
    """Read a number of seconds, `{uniform: [a, b]}` or `{lognormal: {median: m, sigma: s}}`."""
    if not isinstance(value, dict):
        seconds = read_value(Seconds, value, path, complaints)
        return Fixed(float(seconds)) if isinstance(seconds, int | float) else None
    if list(value) == ["uniform"]:
        return _read_between(value["uniform"], (*path, "uniform"), complaints)
    if list(value) == ["lognormal"]:
        return read_record(LogNormal, value["lognormal"], (*path, "lognormal"), complaints)
    expected = "seconds, {uniform: [a, b]} or {lognormal: {median: m, sigma: s}}"
    complaints.append(Complaint(path, f"found a mapping of {', '.join(value) or 'nothing'}; expected {expected}"))
    return None


def _read_between(value: object, path: Path, complaints: list[Complaint]) -> Between | None:
    before = len(complaints)
    ends = read_value(tuple[Seconds, ...], value, path, complaints)
    if len(complaints) > before or not isinstance(ends, tuple):
        return None
    if len(ends) != 2 or ends[0] > ends[1]:
        complaints.append(Complaint(path, f"found {list(ends)}; expected two numbers of seconds, the smaller first"))
        return None
    return Between(float(ends[0]), float(ends[1]))
