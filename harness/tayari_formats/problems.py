"""What is wrong in a file: where, and what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the data: keys and list positions from the top."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Problem:
    """One mistake in a file, as one line for its author."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"

    def to_dict(self) -> dict[str, str | int]:
        """The problem as JSON shows it."""
        return {"file": self.file, "line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake in data: where it is, and what was found and expected."""

    path: Path
    message: str

    def __str__(self) -> str:
        place = dotted(self.path)
        return f"{place}: {self.message}" if place else self.message


class FileError(Exception):
    """A file that cannot be used; `problems` has one entry for each mistake."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def dotted(path: Path) -> str:
    """The path as people write it: `outcome.after_s`, `faults[0].duplicate`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def describe(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)[:60]
