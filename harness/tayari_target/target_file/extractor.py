"""Where a value is found in an answer: `$.path`, `regex:...`, `header:Name`, `url:...`, `text`, `status`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath

FORMS: Final = (
    "`$.json.path`, `regex:PATTERN`, `header:NAME`, `header:NAME PATTERN`, `url:PATTERN`, `text`, `status`, or several "
    "JSON paths with ` + ` between them"
)

PATTERN_S: Final = 2.0
"""The time that a pattern of the target file has for one text: nested repetitions could take years."""

_STEP: Final = r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\*)\]"
_PLAIN_PATH: Final = re.compile(rf"\$(?:{_STEP})+")


class ExtractorKind(StrEnum):
    """Where an extractor looks."""

    JSON = "json"
    REGEX = "regex"
    """In the body; group 1 if there is one."""
    HEADER = "header"
    """In a header of the answer, or of a redirect on the way to it."""
    URL = "url"
    """In the address the answer came from, after redirects."""
    TEXT = "text"
    """All visible text."""
    STATUS = "status"
    """The HTTP status of the answer."""
    JOINED = "joined"
    """Several values, with blanks between them; `-` stands for one that is missing."""


class ExtractorError(ValueError):
    """An extractor that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """A compiled extractor."""

    kind: ExtractorKind
    written: str
    path: JSONPath | CompoundJSONPath | None = None
    pattern: Any = None
    """Compiled by `regex`, whose searches have a time limit, or None."""
    members: tuple[str, ...] = ()
    """Of a path that names members, or all of them, such as `$.payments[*].status`: looked up without the library, in a
    tenth of its time. A load reads several of them from each answer."""
    header: str = ""
    parts: tuple[str, ...] = ()
    """Of a joined one."""


@lru_cache(maxsize=256)
def compile_extractor(written: str) -> Extractor:
    """Compile the text of a target file.

    Raises:
        ExtractorError: not one of the forms, or the JSONPath or pattern in it is wrong.
    """
    if written in {"text", "status"}:
        return Extractor(kind=ExtractorKind(written), written=written)
    parts = tuple(part.strip() for part in written.split(" + "))
    if len(parts) > 1 and all(part.startswith("$") or part == "status" for part in parts):
        for part in parts:
            compile_extractor(part)
        return Extractor(kind=ExtractorKind.JOINED, written=written, parts=parts)
    if written.startswith("$"):
        if _PLAIN_PATH.fullmatch(written):
            members = tuple(name or every for name, every in re.findall(_STEP, written))
            return Extractor(kind=ExtractorKind.JSON, written=written, members=members)
        return Extractor(kind=ExtractorKind.JSON, written=written, path=_json_path(written))
    kind, colon, rest = written.partition(":")
    if colon and kind in {"regex", "url"} and rest:
        return Extractor(kind=ExtractorKind(kind), written=written, pattern=_pattern(rest))
    if colon and kind == "header" and rest.strip():
        name, _, pattern = rest.strip().partition(" ")
        found = _pattern(pattern.strip()) if pattern.strip() else None
        return Extractor(kind=ExtractorKind.HEADER, written=written, header=name, pattern=found)
    raise ExtractorError("is none of the forms")


def _json_path(written: str) -> JSONPath | CompoundJSONPath:
    from tayari_target.target_file.timed_paths import JSONPathError, compile_path  # noqa: PLC0415 - it takes 80 ms

    try:
        return compile_path(written, PATTERN_S)
    except (JSONPathError, re.error) as error:
        raise ExtractorError(f"is not a JSONPath: {str(error).splitlines()[0]}") from error


def _pattern(written: str) -> Any:
    import regex  # noqa: PLC0415 - it takes 25 ms, and few target files have a pattern

    try:
        return regex.compile(written, regex.DOTALL)
    except regex.error as error:
        raise ExtractorError(f"holds a pattern that is not a regular expression: {error}") from error
