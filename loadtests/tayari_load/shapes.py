"""Load shapes: a level over the run's time, and what it does to Daraja meanwhile. One row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp
from types import MappingProxyType
from typing import Final

from tayari_money.payment_record import PaymentKind


def even(share: float) -> float:  # noqa: ARG001 - a level's shape
    """The load that was asked for, all the time."""
    return 1.0


class Trouble(StrEnum):
    """What may be done to Daraja while a shape runs."""

    OUTAGE = "outage"
    """Connections are refused."""
    BROWN_OUT = "brown-out"
    """Answers come late, and some pushes are refused as busy."""
    HELD_CALLBACKS = "held callbacks"
    """Results are true, and their callbacks come all at once at the window's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One window of trouble."""

    trouble: Trouble
    begins: float
    """Share of the run, 0 to 1."""
    lasts: float
    """Share of the run."""
    most_s: float = float("inf")
    """The window is no longer than this, however long the run."""

    def window(self, duration_s: float) -> tuple[float, float]:
        """Begin and end in seconds since the start."""
        begin = self.begins * duration_s
        return begin, begin + min(self.lasts * duration_s, self.most_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One row of the table."""

    name: str
    about: str
    level: Callable[[float], float]
    """Share of the run, 0 to 1 -> multiple of the rate or of the users that were asked for."""
    troubles: tuple[Disturbance, ...] = ()
    kind: PaymentKind = PaymentKind.STK_PAYMENT
    """What moves in this shape where the merchant's target file describes it; any other merchant takes payments."""
    open_only: bool = False
    """Means nothing when customers wait for the merchant."""

    @property
    def highest(self) -> float:
        """The highest level."""
        return max(self.level(step / 400) for step in range(401))

    def level_at(self, at_s: float, duration_s: float) -> float:
        """The level at a second of the run; after the run's time, that of its end."""
        return max(0.0, self.level(min(1.0, at_s / duration_s)))

    def windows(self, duration_s: float) -> tuple[tuple[float, float], ...]:
        """When Daraja is disturbed."""
        return tuple(trouble.window(duration_s) for trouble in self.troubles)


def _kick_off_burst(share: float) -> float:
    """Growing faster and faster until kick-off at two thirds, then almost nothing but the half-time bump."""
    if share < 2 / 3:
        return 0.1 + 0.9 * exp((share - 2 / 3) * 12)
    return 0.08 + 0.3 * exp(-(((share - 0.85) / 0.03) ** 2))


_ROWS: Final = (
    Shape(name="steady", about="The same all the time; this is played without --shape.", level=even),
    Shape(
        name="ramp",
        about="Grows from a tenth to the full load over two thirds of the time, then stays there.",
        level=lambda share: min(1.0, 0.1 + 0.9 * share * 1.5),
    ),
    Shape(
        name="step",
        about="Five steps of the same length up to the full load: the figures of each step can be read by themselves.",
        level=lambda share: (min(4, int(share * 5)) + 1) / 5,
    ),
    Shape(
        name="spike",
        about="A fifth of the load, then all of it at once for a fifth of the time, then quiet again.",
        level=lambda share: 1.0 if 0.4 <= share < 0.6 else 0.2,
    ),
    Shape(
        name="soak",
        about="Seven tenths of the load for the whole run, to find leaks. Use it with a long --duration.",
        level=lambda share: 0.7 * min(1.0, share * 20 + 0.05),
    ),
    Shape(
        name="stress",
        about="From half the load to three times that, to see where the merchant slows; `--find-limit` measures that.",
        level=lambda share: 0.5 + 2.5 * share,
    ),
    Shape(
        name="salary-morning",
        about="Pay day: quiet before six, a steep climb to a long high, lunch, a second lower high. A merchant with "
        "payouts pays salaries; any other takes the payments of those who were paid.",
        kind=PaymentKind.PAYOUT,
        level=lambda share: (
            0.1 + 0.9 * exp(-(((share - 0.35) / 0.13) ** 2)) + 0.5 * exp(-(((share - 0.75) / 0.12) ** 2))
        ),
    ),
    Shape(
        name="school-fees-day",
        about="The first day of a term: parents pay from early morning, most of them before the gates close at eight, "
        "the rest at lunch and after work. "
        "A merchant with accounts for C2B is paid into those; any other takes payments.",
        kind=PaymentKind.C2B_PAYMENT,
        level=lambda share: (
            0.15
            + 0.85 * exp(-(((share - 0.3) / 0.1) ** 2))
            + 0.35 * exp(-(((share - 0.55) / 0.06) ** 2))
            + 0.5 * exp(-(((share - 0.85) / 0.08) ** 2))
        ),
    ),
    Shape(
        name="kick-off-burst",
        about="Bets before a match: growing faster and faster until kick-off, then almost nothing, "
        "and a half-time bump.",
        level=_kick_off_burst,
    ),
    Shape(
        name="outage",
        about="Daraja refuses connections for 60 s (a fifth of a shorter run); then the backlog comes: twice the load.",
        level=lambda share: 2.0 if 0.5 <= share < 0.7 else 1.0,
        troubles=(Disturbance(trouble=Trouble.OUTAGE, begins=0.3, lasts=0.2, most_s=60.0),),
    ),
    Shape(
        name="brown-out",
        about="For a third of the time Daraja answers after two seconds, or is busy, in turn.",
        level=even,
        troubles=(Disturbance(trouble=Trouble.BROWN_OUT, begins=0.3, lasts=0.35),),
    ),
    Shape(
        name="callback-storm",
        about="A cut-over of three hours, scaled to four tenths of the run: no callback comes, "
        "then all of them at once.",
        level=even,
        troubles=(Disturbance(trouble=Trouble.HELD_CALLBACKS, begins=0.2, lasts=0.4),),
        open_only=True,
    ),
)
SHAPES: Final[Mapping[str, Shape]] = MappingProxyType({shape.name: shape for shape in _ROWS})
"""In the order in which they are documented."""
