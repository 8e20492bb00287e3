"""The CPU time of commands that only print, against `pytest --version` in the same run.

    python benchmarks/harness/start.py [--rounds 15]

Each round starts every command once and `pytest --version` beside it; the ratio is the median of the rounds' ratios.
CPU time of the process, not wall time. Exits 1 when a command takes more than its goal.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

BIN: Final = Path(sys.executable).parent
BASE: Final = ("pytest", "--version")
GOALS: Final = {
    ("tayari", "--help"): 1.0,
    ("tayari", "--version"): 1.0,
    ("tayari", "explain", "1032"): 2.0,
    ("tayari", "init", "--force"): 2.0,
    ("tayari", "schema", "target"): 2.0,
    ("tayari", "rules", "list"): 3.0,
    ("tayari", "rules", "show", "C03"): 3.0,
    ("tayari", "scenarios", "list"): 3.0,
}


def cpu_s(command: tuple[str, ...], folder: str) -> float:
    """User and system time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(BIN / command[0]), *command[1:]], cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure, print a table, and judge it."""
    parser = argparse.ArgumentParser(description="CPU time of commands that only print, against `pytest --version`")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    ratios: dict[tuple[str, ...], list[float]] = {command: [] for command in GOALS}
    with tempfile.TemporaryDirectory() as folder:
        for command in (BASE, *GOALS):
            cpu_s(command, folder)  # compiles what was never run
        for _ in range(rounds):
            for command, found in ratios.items():
                found.append(cpu_s(command, folder) / cpu_s(BASE, folder))
    print(f"| command | CPU against `{' '.join(BASE)}` | goal |\n| --- | --- | --- |")
    for command, found in ratios.items():
        print(
            f"| `{' '.join(command)}` | {median(found):.2f} ({min(found):.2f} to {max(found):.2f}) | {GOALS[command]} |"
        )
    return int(any(median(found) > GOALS[command] for command, found in ratios.items()))


if __name__ == "__main__":
    sys.exit(main())
