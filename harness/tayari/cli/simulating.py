"""`tayari simulate`: the simulator with the shipped scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from tayari_simulator.__main__ import main
from tayari_target.resources import scenario_folder


def simulate(arguments: Sequence[str]) -> int:
    """Run the simulator until it is stopped; the exit code."""
    return main(["--scenarios", str(scenario_folder()), *arguments])
