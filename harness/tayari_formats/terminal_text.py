"""Texts of others on a terminal and in the log of a CI server: nothing in them moves a cursor, or is taken for a
command.
"""

from __future__ import annotations

import re
from typing import Any, Final, TextIO

_COMMAND: Final = re.compile(r"(?P<begin>(?:^|\n)[^\S\n]*):(?=:)|#(?=#\w*\[)")
"""What GitHub (`::error::`, `##[error]`), Azure (`##vso[`) and TeamCity (`##teamcity[`) take for a command."""


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _written(one: str) -> str:
    if one.isspace():
        return "\n" if one in "\r\u2028\u2029\x85" else " "
    return f"\\x{ord(one):02x}" if ord(one) < 0x100 else f"\\u{ord(one):04x}"
