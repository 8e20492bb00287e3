"""How many modules of the project one check and one STK push pass, and how many calls go from one module to another.

python benchmarks/calls.py [RULE]     the rule is C03 unless another is named
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

TARGET = Path(__file__).parents[1] / "examples" / "duka" / "tayari.yaml"


class CallCounter:
    """Counts calls between modules of the project, in all threads. Use as a context."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self.modules: Counter[str] = Counter()
        self.calls: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> CallCounter:
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _module(self, frame: FrameType | None) -> str:
        name = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
        return name if name.partition(".")[0] in self._packages else ""

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code.co_name == "<module>" or frame.f_code.co_filename == "<string>":
            return
        module = self._module(frame)
        if not module:
            return
        self.modules[module] += 1
        caller = self._module(frame.f_back)
        if caller and caller != module:
            self.calls[caller, module] += 1

    def __str__(self) -> str:
        return f"{len(self.modules)} modules, {self.calls.total()} calls from one module to another"


def calls_of_check(rule_id: str) -> CallCounter:
    """What one check of the good shop passes, in the process of the suite."""
    from tayari_contracts.catalogue.rules import catalogue  # noqa: PLC0415 - the other measurement needs none of these
    from tayari_contracts.context.run_record import Allocation  # noqa: PLC0415
    from tayari_contracts.runner.check_run import check_of_rule, run_check  # noqa: PLC0415
    from tayari_target.target_file import load_target  # noqa: PLC0415
    from tayari_target.test_environment import Stage  # noqa: PLC0415

    planned = check_of_rule(catalogue()[rule_id])
    with Stage(load_target(TARGET)) as stage:
        packages = ("tayari_contracts", "tayari_target", "tayari_control", "tayari_money", "tayari_reports")
        with CallCounter(*packages, "tayari_formats") as counter:
            result = run_check(planned, stage, Allocation(), stop=Event())
    print(f"{rule_id} ended as {result.check.state.value}")
    return counter
