"""What is wrong in a file: where, what was found, what was expected, what to do, and the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

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


_LISTED: Final = 12
"""More known words than this are not listed in a message."""


def nearest(found: str, known: Iterable[str]) -> str | None:
    """The nearest known word, or None when no word is near."""
    words = sorted(known)
    near = get_close_matches(found, words, n=1, cutoff=0.6) or _same_letters(found, words)
    return near[0] if near else None


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or an empty text when no word is near. All words count that go on after a dot."""
    words = sorted(known)
    begun = [word for word in words if found and word.startswith(f"{found}.")]
    near = " or ".join(begun) or nearest(found, words)
    return f"did you mean {near}?" if near else ""


def suggestion(found: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or an empty text when no word is near."""
    near = did_you_mean(found, known)
    return f"; {near}" if near else ""


def suggest(found: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: `; did you mean X?`, or the known words when no word is near."""
    words = sorted(known)
    near = did_you_mean(found, words)
    if near:
        return f"; {near}"
    return f"; known: {', '.join(words)}" if 0 < len(words) <= _LISTED else ""


def _same_letters(found: str, words: Iterable[str]) -> list[str]:
    lowered = found.lower()
    return [word for word in words if len(lowered) > 2 and (lowered in word.lower() or word.lower() in lowered)]
