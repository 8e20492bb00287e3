"""Load shapes by name: each one file with one row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tayari_load.shapes import (
    brown_out,
    callback_storm,
    kick_off_burst,
    outage,
    ramp,
    salary_morning,
    school_fees_day,
    soak,
    spike,
    steady,
    step,
    stress,
)
from tayari_load.shapes.shape import Disturbance, Shape, Trouble

__all__ = ["SHAPES", "Disturbance", "Shape", "Trouble"]

_MODULES: Final = (
    steady, ramp, step, spike, soak, stress, salary_morning, school_fees_day, kick_off_burst, outage, brown_out,
    callback_storm,
)  # fmt: skip
SHAPES: Final[Mapping[str, Shape]] = MappingProxyType({module.ROW.name: module.ROW for module in _MODULES})
"""In the order in which they are documented."""
