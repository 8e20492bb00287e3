"""A spike out of a quiet time."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="spike",
    about="A fifth of the load, then all of it at once for a fifth of the time, then quiet again.",
    level=lambda share: 1.0 if 0.4 <= share < 0.6 else 0.2,
)
