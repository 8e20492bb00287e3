"""What a shape is: a level over the run's time, and what it does to Daraja meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayari_money.payment_record import PaymentKind

_BARS: Final = " ▁▂▃▄▅▆▇█"
_QUIET: Final = " "


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
    """What a merchant does in this shape, where its target file describes that; any other takes payments."""
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

    def graph(self, width: int = 60, height: int = 4) -> str:
        """The level over the run's time as bars with an axis; where it has troubles, `x` marks their windows."""
        top = self.highest
        shares = [self.level((step + 0.5) / width) / top for step in range(width)]
        lines = []
        for row in range(height, 0, -1):
            bars = "".join(_bar(share * height - (row - 1)) for share in shares)
            lines.append(f"{top:>4.1f} ┤{bars}" if row == height else f"     │{bars}")
        lines.append(f" 0.0 ┴{'─' * width}")
        if self.troubles:
            marks = "".join("x" if self._troubled((step + 0.5) / width) else _QUIET for step in range(width))
            lines.append(f"      {marks}  {', '.join(trouble.trouble for trouble in self.troubles)}")
        return "\n".join(line.rstrip() for line in lines)

    def _troubled(self, share: float) -> bool:
        return any(row.begins <= share < row.begins + row.lasts for row in self.troubles)


def _bar(share: float) -> str:
    """One cell that is filled from below, by eighths."""
    return _BARS[min(len(_BARS) - 1, max(0, round(share * (len(_BARS) - 1))))]
