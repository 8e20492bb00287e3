"""YAML text as plain data with a line for each key, or the problems that stopped the reading.

Scalars follow YAML 1.2: `on`, `no` and `0712345678` stay text, as their authors meant them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from tayari_simulator.reading.record import Complaint, Path, dotted

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 20
MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a scenario file, as one line for its author."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"

    def to_dict(self) -> dict[str, str | int]:
        """The problem as the control API shows it."""
        return {"file": self.file, "line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The data of one file, and on which line each key or list member stands."""

    file: str
    value: object
    lines: Mapping[Path, int] = field(default_factory=dict)

    def problem(self, complaint: Complaint) -> Problem:
        """The complaint with its file and line; a path without a line takes its parent's."""
        path = complaint.path
        while path and path not in self.lines:
            path = path[:-1]
        place = dotted(complaint.path)
        message = f"{place}: {complaint.message}" if place else complaint.message
        return Problem(file=self.file, line=self.lines.get(path, 1), message=message)


class _Refused(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes, refusing what a scenario never needs and an attacker might use."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it untyped
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(line, "anchors and aliases (&, *) are not allowed; write the value out")
        if getattr(event, "tag", None):
            raise _Refused(line, f"the tag {event.tag} is not allowed; write a plain value")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused(line, f"nested deeper than {MAX_DEPTH} levels; a scenario needs about six")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_SCALARS: Final[tuple[tuple[str, str, str], ...]] = (
    ("null", r"~|null|", "~n\0"),
    ("bool", r"true|false", "tf"),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
)
_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in _SCALARS:
    _firsts = ["" if character == "\0" else character for character in _first]
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _firsts)


def read_document(text: str, *, file: str) -> tuple[Document | None, list[Problem]]:
    """Read the YAML text of one file: its data, or the problems that prevent it. Duplicate keys are all reported."""
    if len(text.encode()) > MAX_BYTES:
        message = f"the file has {len(text.encode())} bytes; a scenario may have {MAX_BYTES}"
        return None, [Problem(file=file, line=1, message=message)]
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        gathered = _Gathered(loader=loader)
        value = gathered.plain(node, ())
    except _Refused as refused:
        return None, [Problem(file=file, line=refused.line, message=str(refused))]
    except yaml.YAMLError as error:
        return None, [_syntax_problem(error, file)]
    document = Document(file=file, value=value, lines=gathered.lines)
    return document, [document.problem(complaint) for complaint in gathered.complaints]


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    return Problem(file=file, line=mark.line + 1 if mark else 1, message=f"not readable as YAML: {said}")


def _check_text(node: yaml.Node) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in str(node.value)):
        message = "a text holds half a character (a lone surrogate); write the whole one"
        raise _Refused(node.start_mark.line + 1, message)


@dataclass(slots=True)
class _Gathered:
    loader: _Loader
    lines: dict[Path, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def plain(self, node: yaml.Node | None, path: Path) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            found = []
            for place, member in enumerate(node.value):
                self.lines[(*path, place)] = member.start_mark.line + 1
                found.append(self.plain(member, (*path, place)))
            return found
        return self._scalar(node) if node is not None else None

    def _scalar(self, node: yaml.Node) -> object:
        """One value, if JSON can hold it as well: the control API shows scenarios as JSON."""
        line = node.start_mark.line + 1
        try:
            value: object = self.loader.construct_object(node)
        except ValueError:  # Python reads no number of more than 4300 digits
            value = MOST + 1
        if isinstance(value, int | float) and not -MOST <= value <= MOST:
            raise _Refused(line, "a number has more digits than JSON readers keep; write it as text, in quotes")
        _check_text(node)
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(line, "a key must be a plain word")
            _check_text(key)
            here = (*path, key.value)
            if key.value in found:
                self.complaints.append(Complaint(here, f"the key stands twice, first on line {self.lines[here]}"))
            self.lines[here] = line
            found[key.value] = self.plain(value, here)
        return found
