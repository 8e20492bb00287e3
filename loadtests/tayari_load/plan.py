"""What one load run is asked to do: read once, from Locust's options; workers get it from their master."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, Final, Self

from tayari_load.mix import Mix, parse_mix
from tayari_load.shapes import SHAPES, Shape

DEFAULT_DURATION_S: Final = 60.0
SEARCH_IN_FLIGHT: Final = 500
IN_FLIGHT_S: Final = 15.0
"""Without a bound of its own, an open run has room for this many seconds of arrivals in flight."""


class PlanError(Exception):
    """An option makes no sense; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. Plain values, so that it can be sent."""

    rate: float | None = None
    """Arrivals per second of the open model; None: the closed model."""
    users: int | None = None
    """Of the closed model; None: as many as the target file's threshold."""
    in_flight: int | None = None
    """Bound of the open model."""
    shape: str = ""
    mix: str = ""
    duration_s: float = DEFAULT_DURATION_S
    abort_after_s: float | None = None
    """End early once a threshold has been missed for so long; None: never."""
    find_limit: bool = False

    @classmethod
    def read(cls, options: Any) -> Self:
        """From Locust's parsed options, ours among them.

        Raises:
            PlanError: a shape or a mix that does not exist, or a combination without a meaning.
        """
        shape, rate = str(options.shape or ""), _rate(options.rate)
        if options.find_limit and rate is None:
            rate = 1.0
        check_words(shape=shape, mix=options.mix or "", rate=rate, find_limit=bool(options.find_limit))
        return cls(
            rate=rate,
            users=options.num_users,
            in_flight=int(options.in_flight) if options.in_flight else None,
            shape=shape,
            mix=options.mix or "",
            duration_s=float(options.run_time or DEFAULT_DURATION_S),
            abort_after_s=float(options.abort_after) if options.abort_after else None,
            find_limit=bool(options.find_limit),
        )

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """As the master sent it."""
        return cls(**wire)

    def to_wire(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def open(self) -> bool:
        """Arrivals are held, whatever the merchant does."""
        return self.rate is not None

    @property
    def row(self) -> Shape:
        """The shape; `steady` where none is named."""
        return SHAPES[self.shape or "steady"]

    @property
    def outcomes(self) -> Mix:
        """The outcome mix."""
        return parse_mix(self.mix)

    @property
    def most_in_flight(self) -> int:
        """Users of the open model."""
        if self.in_flight:
            return self.in_flight
        if self.find_limit:
            return SEARCH_IN_FLIGHT
        return min(2_000, max(10, ceil((self.rate or 1.0) * self.row.highest * IN_FLIGHT_S)))

    def rate_at(self, at_s: float) -> float:
        """Planned arrivals per second at so many seconds since the start."""
        return (self.rate or 0.0) * self.row.level_at(at_s, self.duration_s)

    def users_at(self, at_s: float, most: int) -> int:
        """Planned users of the closed model."""
        return max(1, round(most * self.row.level_at(at_s, self.duration_s) / self.row.highest))

    def disturbed(self, begin_s: float, end_s: float) -> bool:
        """Whether the shape disturbs Daraja at some time from then until then, in seconds since the start."""
        return any(begin <= end_s and begin_s < end for begin, end in self.row.windows(self.duration_s))


def check_words(*, shape: str, mix: str, rate: float | None, find_limit: bool = False) -> None:
    """Shape and mix exist, and mean something together with the rate.

    Raises:
        PlanError: what was found, and what was expected.
    """
    if shape and shape not in SHAPES:
        raise PlanError(f"--shape {shape!r}: expected one of {', '.join(SHAPES)}")
    if shape and find_limit:
        raise PlanError(f"--find-limit holds one even rate after the other: leave out --shape {shape}")
    try:
        parse_mix(mix)
    except ValueError as wrong:
        raise PlanError(f"--mix: {wrong}") from wrong
    if shape and SHAPES[shape].open_only and rate is None:
        raise PlanError(f"--shape {shape} needs arrivals that do not wait for the merchant: add --rate")


def _rate(given: object) -> float | None:
    if given in {None, "", 0}:
        return None
    try:
        rate = float(str(given))
    except ValueError as wrong:
        raise PlanError(f"--rate {given!r}: expected arrivals per second, such as 12.5") from wrong
    if not 0 < rate <= 100_000:
        raise PlanError(f"--rate {rate:g}: expected arrivals per second above 0")
    return rate
