"""The table of a benchmark run as Markdown, with the machine, the versions and the method."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

METHOD: Final = """\
A payment is whole: token, fields in order, password, state, journal, result at its time, callback written, the
merchant's answer recorded. Floor A is an aiohttp server and an aiohttp client that only pass on, with no other work.
All servers share one core in turn, load and merchant have another; what is measured is the CPU time of the server's
process, threads included, over acknowledged payments. Each round loads every contestant, in alternating order, and is
void unless each payment was called back exactly once. The noise is how far two equal floors differ. Only ratios travel
from one machine to another. `daraja-mock` makes no callbacks and checks nothing: its row counts bare acknowledgements.
"""


@dataclass(slots=True)
class Table:
    """What is to be written."""

    command: str
    noise: float
    most_noise: float
    floors: list[float]
    """CPU microseconds of floor A, by round."""
    rows: list[tuple[str, list[float]]] = field(default_factory=list)
    """What else was measured, with its own rounds."""
    remarks: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The page."""
        lines = ["# Benchmarks", "", f"Written by `{self.command}`. {machine()}", ""]
        lines += ["| what | CPU microseconds each | each CPU second | against floor A |", "| --- | --- | --- | --- |"]
        lines += [_row("floor A: passing on, nothing else", self.floors, self.floors)]
        lines += [_row(name, costs, self.floors) for name, costs in self.rows]
        lines += ["", f"Noise of this run: {self.noise:.1%}." + (
            f" That is above {self.most_noise:.0%}: the machine was busy, do not quote these figures."
            if self.noise > self.most_noise else "")]  # fmt: skip
        lines += [f"- {remark}" for remark in self.remarks]
        return "\n".join([*lines, "", METHOD])

    def write(self, path: Path) -> None:
        """Replace the file."""
        path.write_text(self.text(), encoding="utf-8")


def _row(name: str, costs: list[float], floors: list[float]) -> str:
    cost = statistics.median(costs)
    ratios = [floor / own for floor, own in zip(floors, costs, strict=False)]
    span = f" ({min(ratios):.2f} to {max(ratios):.2f})" if costs is not floors and len(ratios) > 1 else ""
    return f"| {name} | {cost:.0f} | {1e6 / cost:,.0f} | {statistics.median(ratios):.2f}{span} |"


def machine() -> str:
    names = ("aiohttp", "uvloop", "orjson", "httptools")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    cpu = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown CPU")
    return (f"{os.cpu_count()} cores of {cpu}, {platform.system()} {platform.release()}, "
            f"Python {platform.python_version()}, {versions}.")  # fmt: skip


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
