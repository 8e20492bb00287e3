"""What a test may expect of a load run on a machine that other work keeps busy: no performance, all of the money."""

from __future__ import annotations

from typing import Final

from tayari_reports.model import Load

PERFORMANCE: Final = ("L01", "L02", "L03", "L04")


def strained(load: Load) -> bool:
    """Whether the run itself says that the machine had too little time for it."""
    return any("short of CPU" in doubt or "planned arrivals began" in doubt for doubt in load.doubts)


def thresholds_met(load: Load, *wanted: bool | None) -> bool:
    """Whether the first thresholds have these answers; on a strained machine, whether all have none."""
    found = [threshold.met for threshold in load.thresholds][: len(wanted)]
    return found == ([None] * len(wanted) if strained(load) else list(wanted))
