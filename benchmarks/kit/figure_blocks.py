"""The figures of a benchmark run as Markdown, in blocks of the pages that show them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill
from typing import Final

BEGIN: Final = "<!-- bench: written by `make bench`, not by hand -->"
END: Final = "<!-- bench: end -->"


def replace_block(path: Path, begin: str, end: str, lines: list[str]) -> None:
    """Put these lines between two marks of a page, prose wrapped.

    Raises:
        ValueError: the page has not both marks.
    """
    text = path.read_text(encoding="utf-8")
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path} has no block between {begin!r} and {end!r}; add both marks where the table belongs")
    wrapped = [line if line.startswith("|") else fill(line, 120) for line in lines]
    path.write_text("\n".join([head + begin, "", *wrapped, "", end + tail]), encoding="utf-8")


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

    def lines(self) -> list[str]:
        """The tables."""
        lines = ["| what | CPU microseconds each | each CPU second | against floor A |", "| --- | --- | --- | --- |"]
        lines += [_row(*row) for row in self.costs]
        lines += ["", "| beside it | measured | goal |", "| --- | --- | --- |"]
        lines += [f"| {what} | {figure} | {goal} |" for what, figure, goal in self.figures]
        return [
            *lines,
            "",
            f"Noise {self.noise:.1%} over {self.rounds} rounds. {machine()}",
            f"Written by `{self.command}`.",
        ]

    def write(self, *pages: Path) -> None:
        """Replace the tables in each page."""
        for page in pages:
            replace_block(page, BEGIN, END, self.lines())


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
