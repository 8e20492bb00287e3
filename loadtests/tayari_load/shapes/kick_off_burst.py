"""The last minutes before a match."""

from __future__ import annotations

from math import exp

from tayari_load.shapes.shape import Shape


def _level(share: float) -> float:
    """Growing faster and faster until kick-off at two thirds, then almost nothing but the half-time bump."""
    if share < 2 / 3:
        return 0.1 + 0.9 * exp((share - 2 / 3) * 12)
    return 0.08 + 0.3 * exp(-(((share - 0.85) / 0.03) ** 2))


ROW = Shape(
    name="kick-off-burst",
    about="Bets before a match: growing faster and faster until kick-off, then almost nothing, and a half-time bump.",
    level=_level,
)
