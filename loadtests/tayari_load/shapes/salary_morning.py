"""The morning after pay day."""

from __future__ import annotations

from math import exp

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="salary-morning",
    about="The morning after pay day: quiet before six, a steep climb to a long high, lunch, a second lower high.",
    level=lambda share: 0.1 + 0.9 * exp(-(((share - 0.35) / 0.13) ** 2)) + 0.5 * exp(-(((share - 0.75) / 0.12) ** 2)),
)
