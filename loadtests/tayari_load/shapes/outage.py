"""Daraja gone for a minute, and everybody again afterwards."""

from __future__ import annotations

from tayari_load.shapes.shape import Disturbance, Shape, Trouble

ROW = Shape(
    name="outage",
    about="Daraja refuses connections for 60 s (a fifth of a shorter run); then the backlog comes: twice the load.",
    level=lambda share: 2.0 if 0.5 <= share < 0.7 else 1.0,
    troubles=(Disturbance(trouble=Trouble.OUTAGE, begins=0.3, lasts=0.2, most_s=60.0),),
)
