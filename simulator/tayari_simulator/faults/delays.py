"""Delays that are drawn: by outcomes for each payment, by faults each time they are met.

A parameter of a fault that is declared in `Seconds` may be written as any of the three forms. Where it is drawn, the
fault that is met has the drawn number in its place, so that no fault knows of it; only one that changes the behaviour
itself (`prepare`) declares a `DelayForm` and hands it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import exp
from statistics import NormalDist
from typing import Annotated, Any, Final, get_args, get_type_hints

from tayari_formats.problems import Complaint, Path

from tayari_simulator.state.behaviour import DelayDistribution, Draws, Fixed, Uniform
from tayari_simulator.strict_reading import ReadWith, Seconds, SecondsOrNone, read_record, read_value

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


def read_delay(
    value: object, path: Path, complaints: list[Complaint], fixed: object = Seconds
) -> DelayDistribution | None:
    """Read a number of seconds (as `fixed` bounds it), `{uniform: [a, b]}` or `{lognormal: {median: m, sigma: s}}`."""
    if not isinstance(value, Mapping):
        seconds = read_value(fixed, value, path, complaints)
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
    ends = read_value(tuple[SecondsOrNone, ...], value, path, complaints)
    if len(complaints) > before or not isinstance(ends, tuple):
        return None
    if len(ends) != 2 or ends[0] > ends[1] or ends[1] <= 0:
        complaints.append(Complaint(path, f"found {list(ends)}; expected two numbers of seconds, the smaller first"))
        return None
    return Between(float(ends[0]), float(ends[1]))


def _read_delay_or_none(value: object, path: Path, complaints: list[Complaint]) -> DelayDistribution | None:
    return read_delay(value, path, complaints, SecondsOrNone)


DRAWN: Final[tuple[Mapping[str, object], ...]] = (
    {
        "type": "object",
        "properties": {
            "uniform": {
                "type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2
            }
        },
        "required": ["uniform"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {
            "lognormal": {
                "type": "object",
                "properties": {key: {"type": "number", "exclusiveMinimum": 0} for key in ("median", "sigma")},
                "required": ["median", "sigma"],
                "additionalProperties": False,
            }
        },
        "required": ["lognormal"],
        "additionalProperties": False,
    },
)  # fmt: skip
"""The two drawn forms as JSON Schema."""

DelayForm = Annotated[
    DelayDistribution, ReadWith(read_delay, {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, *DRAWN]})
]
DelayOrNoneForm = Annotated[
    DelayDistribution, ReadWith(_read_delay_or_none, {"anyOf": [{"type": "number", "minimum": 0}, *DRAWN]})
]
"""A delay that may be 0 as well."""

PLACEHOLDER_S: Final = 1.0
"""What a fault has for a parameter that is drawn, until it is met."""


def read_draws(kind: type[object], given: dict[str, object], path: Path, complaints: list[Complaint]) -> Draws:
    """Take the drawn delays out of a fault's parameters, where a placeholder stays; the rest is left alone."""
    drawn: dict[str, DelayDistribution] = {}
    mappings = [key for key, value in given.items() if isinstance(value, Mapping)]
    for key in sorted({*mappings} & {*seconds_of(kind)}) if mappings else ():
        delay = read_delay(given[key], (*path, key), complaints)
        given[key] = PLACEHOLDER_S
        if delay is not None:
            drawn[key] = delay
    return tuple(drawn.items())


def seconds_of(kind: type[object]) -> tuple[str, ...]:
    """The parameters of a fault that are a number of seconds."""
    hints = get_type_hints(kind, include_extras=True)
    names = [row.name for row in fields(kind)]  # type: ignore[arg-type]  # every fault is a dataclass
    return tuple(name for name in names if _is_seconds(hints[name]))


def _is_seconds(hint: Any) -> bool:
    return hint in (Seconds, SecondsOrNone) or Seconds in get_args(hint)
