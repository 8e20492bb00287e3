"""The figures of a benchmark run as Markdown: a page with the method, and the short table that the README shows too."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

METHOD: Final = """\
A payment is whole: token, fields in order, password, state, journal, result at its time, callback written, the
merchant's answer recorded. Floor A is an aiohttp server and an aiohttp client that only pass on, with no other work.
All servers share one core in turn, load and merchant have another; what is measured is the CPU time of the server's
process, threads included, over acknowledged payments. Each round loads every contestant, in alternating order, and is
void unless each payment was called back exactly once. Rounds are added until two equal floors differ by at most 5 %,
up to 18; how far they differ is the noise, and with more than 10 % nothing is written. Only ratios travel from one
machine to another. `daraja-mock` makes no callbacks and checks nothing: its row counts bare acknowledgements, and its
server closes each connection after one.

Lateness is the write of a callback to the socket minus its planned time, by the monotonic clock, in open loop: pushes
come at planned times whether or not the last were answered. The rate is a share of what the CPU time of a payment
allows, which is more than a wall clock allows on a machine that others use too; so each run says for which part of it
the simulator had no core, and runs with more than a tenth are not counted. Memory is what the system counts (RSS).
"""

BEGIN: Final = "<!-- bench: written by `make bench`, not by hand -->"
END: Final = "<!-- bench: end -->"
_BLOCK: Final = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)


@dataclass(slots=True)
class Report:
    """What is to be written."""

    command: str
    noise: float
    rounds: int
    costs: list[tuple[str, list[float], list[float]]] = field(default_factory=list)
    """A name, CPU microseconds by round, ratios to floor A by round."""
    figures: list[tuple[str, str, str]] = field(default_factory=list)
    """What else was measured, the figure, and the goal."""
    remarks: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The page."""
        return "\n".join(["# Benchmarks", "", self.block(), "", *(f"{remark}\n" for remark in self.remarks), METHOD])

    def block(self) -> str:
        """The table between its marks."""
        lines = ["| what | CPU microseconds each | each CPU second | against floor A |", "| --- | --- | --- | --- |"]
        lines += [_row(*row) for row in self.costs]
        lines += ["", "| beside it | measured | goal |", "| --- | --- | --- |"]
        lines += [f"| {what} | {figure} | {goal} |" for what, figure, goal in self.figures]
        lines += [
            "",
            f"Noise {self.noise:.1%} over {self.rounds} rounds. {machine()}",
            f"Written by `{self.command}`.",
        ]
        return "\n".join([BEGIN, "", *lines, "", END])

    def write(self, page: Path, readme: Path) -> None:
        """Replace the page, and the block of the README."""
        page.write_text(self.text(), encoding="utf-8")
        text = readme.read_text(encoding="utf-8")
        readme.write_text(_BLOCK.sub(lambda _: self.block(), text, count=1), encoding="utf-8")


def block_of(text: str) -> str:
    """The block of a page; empty when it has none."""
    found = _BLOCK.search(text)
    return found[0] if found else ""


def _row(name: str, costs: list[float], ratios: list[float]) -> str:
    cost, ratio = statistics.median(costs), statistics.median(ratios)
    span = f" ({min(ratios):.2f} to {max(ratios):.2f})" if max(ratios) > min(ratios) else ""
    return f"| {name} | {cost:.0f} | {1e6 / cost:,.0f} | {ratio:.2f}{span} |"


def machine() -> str:
    names = ("aiohttp", "uvloop", "orjson", "httptools")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    cpu = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown CPU")
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{os.cpu_count()} cores of {cpu}, {system}, Python {platform.python_version()}, {versions}."


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
