"""Texts of others on a terminal and in the log of a CI server: nothing in them moves a cursor, or is taken for a
command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final, TextIO

_COMMAND: Final = re.compile(r"(?P<begin>(?:^|\n)[^\S\n]*):(?=:)|#(?=#\w*\[)")
"""What GitHub (`::error::`, `##[error]`), Azure (`##vso[`) and TeamCity (`##teamcity[`) take for a command."""

_APART: Final = "  "


def printable(text: str) -> str:
    """The text with control characters written out (`\\x1b`); line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else _written(one) for one in text)


def without_commands(text: str, *, begins_line: bool = True) -> str:
    """The text in which no line is a command for a CI server; `begins_line`: it begins a line itself."""
    if "::" not in text and "##" not in text:
        return text

    def apart(found: re.Match[str]) -> str:
        if found["begin"] is None:
            return "# "
        continues = found.start() == 0 and not begins_line and not found["begin"].startswith("\n")
        return found[0] if continues else f"{found['begin']}: "

    return _COMMAND.sub(apart, text)


class LogStream:
    """A text stream on which no line is a command for a CI server, however the texts are broken into lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begins_line = True

    def write(self, text: str) -> int:
        """Write the text."""
        if text:
            self._stream.write(without_commands(text, begins_line=self._begins_line))
            self._begins_line = text.endswith("\n")
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the texts, each as `write` does."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _written(one: str) -> str:
    if one.isspace():
        return "\n" if one in "\r\u2028\u2029\x85" else " "
    return f"\\x{ord(one):02x}" if ord(one) < 0x100 else f"\\u{ord(one):04x}"


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> list[str]:
    """Columns of text, two blanks apart. Where they are wider than `width`, the widest are folded."""
    cells = [[printable(cell).expandtabs() for cell in row] for row in (columns, *rows)]
    widths = [max(len(line) for row in cells for line in row[n].split("\n")) for n in range(len(columns))]
    _narrow(widths, width - len(_APART) * (len(columns) - 1))
    lines = []
    for row in cells:
        folded = [_folded(cell, most) for cell, most in zip(row, widths, strict=True)]
        for parts in zip_longest(*folded, fillvalue=""):
            padded = (part.ljust(most) for part, most in zip(parts, widths, strict=True))
            lines.append(_APART.join(padded).rstrip())
    return lines


def _narrow(widths: list[int], most: int) -> None:
    """Take from the widest columns what is too much."""
    while (excess := sum(widths) - most) > 0 and max(widths) > 1:
        widest = max(widths)
        next_widest = max((width for width in widths if width < widest), default=1)
        wide = [n for n, width in enumerate(widths) if width == widest]
        taken = max(1, min(widest - next_widest, -(-excess // len(wide))))
        for n in wide:
            widths[n] = max(1, widest - taken)


def _folded(cell: str, most: int) -> list[str]:
    if len(cell) <= most and "\n" not in cell:
        return [cell]
    fold = partial(wrap, width=max(1, most), break_on_hyphens=False, replace_whitespace=False)
    return [part for line in cell.split("\n") for part in fold(line) or [""]]
