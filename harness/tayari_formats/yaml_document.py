"""YAML text as plain data with a line for each key, or the problems that stopped the reading.

Scalars follow YAML 1.2: `on`, `NO` and `0712345678` stay text, as their authors meant them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isinf
from pathlib import Path as FilePath
from typing import Any, Final

import yaml

from tayari_formats.problems import Complaint, FileError, Path, Problem

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 20
_MOST: Final = 2**63 - 1
_MOST_DIGITS: Final = 400
"""Longer numbers are refused before Python converts them: it raises an error above 4,300 digits."""

_LOADERS: Final[tuple[Any, ...]] = tuple({getattr(yaml, "CSafeLoader", yaml.SafeLoader): 0, yaml.SafeLoader: 0})
"""The fast parser first. The slow one reads again what the fast one refuses, because its messages are clearer."""

_INT: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"-?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The data of one file, and the line of each key or list member."""

    file: str
    value: object
    lines: Mapping[Path, int] = field(default_factory=dict)
    written: Mapping[Path, str] = field(default_factory=dict)
    """Numbers, `true` and the like as their author wrote them."""

    def line(self, path: Path) -> int:
        """The line of a path; a path without a line takes the line of its parent."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, complaint: Complaint) -> Problem:
        """The complaint with its file and line."""
        return Problem(file=self.file, line=self.line(complaint.path), message=str(complaint))

    def text(self, path: Path, value: object) -> str:
        """A scalar as its author wrote it."""
        return self.written.get(path, str(value))


def _line_of(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _Refused(Exception):
    def __init__(self, event: Any, message: str) -> None:
        super().__init__(message)
        self.line = _line_of(event)


def read_shipped(text: str) -> Any:
    """The data of a YAML text that ships with Tayari, by the rules of YAML 1.1 and without lines.

    The parser in C takes an eighth of the time: the rules alone cost each process 0.13 s without it.
    """
    return yaml.load(text, Loader=_LOADERS[0])


def read_file(path: FilePath, *, missing: str) -> tuple[str, Document, list[Problem]]:
    """The text of a file and its data, with the problems that leave the data readable (a key twice).

    Raises:
        FileError: the file cannot be read as YAML; `missing` says what is expected there and what to do.
    """
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
        text = raw.decode("utf-8")
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}; expected {missing}"
        raise FileError([Problem(file=str(path), line=1, message=message)]) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"cannot be read: byte {error.start} is not UTF-8; expected UTF-8; save the file as UTF-8"
        raise FileError([Problem(file=str(path), line=line, message=message)]) from error
    if size > MAX_BYTES:
        raise FileError([_too_large(str(path), size)])
    document, problems = read_document(text, file=str(path))
    if document is None:
        raise FileError(problems)
    if document.value is None:
        raise FileError([Problem(file=str(path), line=1, message=f"empty; expected {missing}")])
    return text, document, problems


def read_document(text: str, *, file: str) -> tuple[Document | None, list[Problem]]:
    """Read the YAML text of one file: its data, or the problems that prevent it.

    Repeated keys are problems, too, but the data is there.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return None, [_too_large(file, size)]
    failure: yaml.YAMLError | None = None
    for loader in _LOADERS:
        reading = _EventReading()
        try:
            value = reading.whole(yaml.parse(text, Loader=loader))
        except _Refused as refused:
            return None, [Problem(file=file, line=refused.line, message=str(refused))]
        except UnicodeEncodeError:
            continue  # libyaml takes no lone surrogate; the slow parser names its line
        except yaml.YAMLError as error:
            failure = error
            continue
        document = Document(file=file, value=value, lines=reading.lines, written=reading.written)
        return document, [document.problem(complaint) for complaint in reading.complaints]
    return None, [_syntax_problem(failure, file)]


def _too_large(file: str, size: int) -> Problem:
    message = f"the file has {size} bytes; expected at most {MAX_BYTES}; give a smaller file"
    return Problem(file=file, line=1, message=message)


def _syntax_problem(error: yaml.YAMLError | None, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    message = f"not readable as YAML: {reason}; expected `key: value` lines; correct this line"
    return Problem(file=file, line=mark.line + 1 if mark else 1, message=message)


@dataclass(slots=True)
class _EventReading:
    """The events of one text, made into data. It refuses what no file needs and an attacker might use."""

    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def whole(self, events: Iterator[Any]) -> object:
        """The data of the only document."""
        value: object = None
        seen = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _Refused(event, "found a second document; expected one; remove the line `---`")
                value, seen = self._value(next(events), events, ()), True
        return value

    def _value(self, event: Any, events: Iterator[Any], path: Path, depth: int = 1) -> object:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _Refused(event, "found an anchor or alias (&, *); expected plain values; write the value out")
        if event.tag and event.tag != "!":
            raise _Refused(event, f"found the tag {event.tag}; expected a plain value; remove the tag")
        if depth > MAX_DEPTH:
            raise _Refused(event, f"nested deeper than {MAX_DEPTH} levels; expected less; check the brackets")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, path, depth)
        return self._scalar(event, path)

    def _list(self, events: Iterator[Any], path: Path, depth: int) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*path, len(found))
            self.lines[here] = _line_of(event)
            found.append(self._value(event, events, here, depth + 1))
        return found

    def _mapping(self, events: Iterator[Any], path: Path, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused(event, "found a key that is not a word; expected `key: value`; quote braces in values")
            if event.anchor or (event.tag and event.tag != "!"):
                self._value(event, events, path)
            key = _whole_text(event)
            here = (*path, key)
            if key in found:
                first = self.lines[here]
                self.complaints.append(
                    Complaint(here, f"written twice, first on line {first}; expected once; remove one")
                )
            self.lines[here] = _line_of(event)
            found[key] = self._value(next(events), events, here, depth + 1)
        return found

    def _scalar(self, event: Any, path: Path) -> object:
        """One value, if JSON can hold it as well: the control API shows scenarios as JSON."""
        text = _whole_text(event)
        if not event.implicit[0]:
            return text
        value = _plain(text)
        if isinstance(value, str):
            return text
        if isinstance(value, int | float) and (isinf(value) or not -_MOST <= value <= _MOST):
            raise _Refused(
                event, "found a number with more digits than JSON readers keep; expected text; write it in quotes"
            )
        self.written[path] = text
        return value


def _plain(text: str) -> object:
    """The value that an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else float("inf")
    return float(text) if _FLOAT.fullmatch(text) else text


def _whole_text(event: Any) -> str:
    text = str(event.value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _Refused(event, "found half a character (a lone surrogate); expected text; write the whole character")
    return text
