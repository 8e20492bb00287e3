"""Five steps up."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="step",
    about="Five steps of the same length up to the full load: each is long enough to be read by itself.",
    level=lambda share: (min(4, int(share * 5)) + 1) / 5,
)
