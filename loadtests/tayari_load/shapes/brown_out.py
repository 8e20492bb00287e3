"""Daraja slow and partly busy."""

from __future__ import annotations

from tayari_load.shapes.shape import Disturbance, Shape, Trouble, even

ROW = Shape(
    name="brown-out",
    about="For a third of the time Daraja answers after two seconds, or is busy, by turns.",
    level=even,
    troubles=(Disturbance(trouble=Trouble.BROWN_OUT, begins=0.3, lasts=0.35),),
)
