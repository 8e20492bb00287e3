"""YAML read with line numbers: what every message about a target file needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tayari_formats import yaml_document
from tayari_formats.problems import FileError, Problem
from tayari_formats.problems import Path as DataPath
from tayari_formats.yaml_document import Document

TargetError = FileError
"""A file that cannot be used; `problems` has one entry for each thing to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One YAML value and its line. Mappings and lists hold `Found` again."""

    line: int
    value: object
    text: str = ""
    """A scalar as it was written: `0712345678` would otherwise be read as an octal number, `NO` as false."""

    @property
    def entries(self) -> Mapping[str, Found] | None:
        """The keys of a mapping, or None."""
        return self.value if isinstance(self.value, dict) else None

    @property
    def items(self) -> Sequence[Found] | None:
        """The members of a list, or None."""
        return self.value if isinstance(self.value, list) else None

    def plain(self) -> object:
        """The value without lines."""
        if self.entries is not None:
            return {key: member.plain() for key, member in self.entries.items()}
        if self.items is not None:
            return [member.plain() for member in self.items]
        return self.value

    def kind(self) -> str:
        """What it is, in a reader's words."""
        if self.entries is not None:
            return "a mapping"
        if self.items is not None:
            return "a list"
        return "nothing" if self.value is None else repr(self.text)


def read_file(path: Path, missing: str) -> tuple[str, Found, list[Problem]]:
    """The text of a YAML file, its values with their lines, and the keys that stand twice.

    Raises:
        TargetError: missing, too big, not UTF-8, not YAML, anchors, nested too deeply, empty.
    """
    text, document, problems = yaml_document.read_file(path, missing=missing)
    if document.value is None:
        message = f"empty; expected {missing}"
        raise TargetError([Problem(file=str(path), line=1, message=message)])
    return text, _found(document, document.value, ()), problems


def _found(document: Document, value: object, path: DataPath) -> Found:
    line = document.line(path)
    if isinstance(value, dict):
        return Found(line=line, value={key: _found(document, each, (*path, key)) for key, each in value.items()})
    if isinstance(value, list):
        return Found(line=line, value=[_found(document, each, (*path, place)) for place, each in enumerate(value)])
    return Found(line=line, value=value, text=document.text(path, value))
