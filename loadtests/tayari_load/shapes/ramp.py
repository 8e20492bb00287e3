"""From nothing to the full load in the first two thirds."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="ramp",
    about="Up from a tenth to the full load over two thirds of the time, then held.",
    level=lambda share: min(1.0, 0.1 + 0.9 * share * 1.5),
)
