"""Callbacks held during a cut-over, and all of them at once."""

from __future__ import annotations

from tayari_load.shapes.shape import Disturbance, Shape, Trouble, even

ROW = Shape(
    name="callback-storm",
    about="A cut-over of three hours, scaled to four tenths of the run: no callback comes, then all of them at once.",
    level=even,
    troubles=(Disturbance(trouble=Trouble.HELD_CALLBACKS, begins=0.2, lasts=0.4),),
    open_only=True,
)
