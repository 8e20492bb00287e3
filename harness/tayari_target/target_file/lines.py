"""YAML read with line numbers: what every message about a target file needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 20


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Problem:
    """One thing wrong in a file: where, and what was found, expected and to be done."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class TargetError(Exception):
    """A target file that cannot be used; `problems` has one entry for each thing to mend."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


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


def read_file(path: Path) -> tuple[str, Found]:
    """The text of a YAML file, and its values with their lines.

    Raises:
        TargetError: missing, too big, not UTF-8, not YAML, anchors, nested too deeply, a key twice.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _stop(path, 1, f"{reason}; expected a target file; `tayari init` writes one") from error
    if len(raw) > MAX_BYTES:
        raise _stop(path, 1, f"{len(raw)} bytes; expected at most {MAX_BYTES}; give a target file")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _stop(path, line, f"byte {error.start} is not UTF-8; expected UTF-8; save it so") from error
    return text, read_text(text, path)


def read_text(text: str, path: Path) -> Found:
    """The values of a YAML text, `path` being the name that messages use."""
    try:
        _refuse_bombs(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise _stop(path, line, f"not YAML: {what}; expected `key: value` lines; mend this line") from error
    except yaml.YAMLError as error:
        raise _stop(path, 1, f"not YAML: {error}; expected `key: value` lines; mend the file") from error
    if node is None:
        raise _stop(path, 1, "empty; expected the key `merchant`; `tayari init --force` writes a start")
    return _found(node, path)


def _refuse_bombs(text: str, path: Path) -> None:
    """Before composing: anchors make small files unfold without end, deep nesting exhausts the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _stop(path, line, "an anchor or alias (& or *); expected plain values; write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _stop(path, line, f"nested more than {MAX_DEPTH} deep; expected less; check brackets")


def _found(node: yaml.Node, path: Path) -> Found:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Found(line=line, value=_entries(node, path))
    if isinstance(node, yaml.SequenceNode):
        return Found(line=line, value=[_found(member, path) for member in node.value])
    return Found(line=line, value=_scalar(node, path), text=str(node.value))


def _entries(node: yaml.MappingNode, path: Path) -> dict[str, Found]:
    entries: dict[str, Found] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _stop(path, line, "a key that is not a word; expected `key: value`; quote braces in values")
        key = str(key_node.value)
        if key in entries:
            first = entries[key].line
            raise _stop(path, line, f"{key}: written twice; expected once; the first is on line {first}")
        found = _found(value_node, path)
        entries[key] = Found(line=line, value=found.value, text=found.text)
    return entries


def _scalar(node: yaml.Node, path: Path) -> object:
    plain = ("bool", "int", "float", "null")
    if node.tag not in {f"tag:yaml.org,2002:{name}" for name in plain}:
        if node.tag in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"}:
            return str(node.value)
        raise _stop(path, node.start_mark.line + 1, f"tag {node.tag}; expected a plain value; remove the tag")
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError as error:
        raise _stop(path, node.start_mark.line + 1, f"{node.value!r}: {error}; expected a value; quote it") from error


def _stop(path: Path, line: int, message: str) -> TargetError:
    return TargetError([Problem(file=str(path), line=line, message=message)])
