"""The same all the time."""

from __future__ import annotations

from tayari_load.shapes.shape import Shape, even

ROW = Shape(name="steady", about="The same all the time; what plays without --shape.", level=even)
