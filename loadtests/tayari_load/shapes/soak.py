"""Long and even."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape

ROW = Shape(
    name="soak",
    about="Seven tenths of the load for as long as you let it: what leaks, shows. Use it with a long --duration.",
    level=lambda share: 0.7 * min(1.0, share * 20 + 0.05),
)
