"""Where a value is found in an answer: `$.path`, `regex:...`, `header:Name`, `url:...`, `text`, `status`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import jsonpath
from jsonpath.function_extensions import Match, Search

FORMS: Final = (
    "`$.json.path`, `regex:PATTERN`, `header:NAME`, `header:NAME PATTERN`, `url:PATTERN`, `text`, `status`, or several "
    "JSON paths with ` + ` between them"
)


PATTERN_S: Final = 2.0
"""A pattern of the target file has so long for one text: with a repetition in a repetition it could take years."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_MEMBERS_ONLY: Final = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


class Kind(StrEnum):
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

    kind: Kind
    written: str
    path: jsonpath.JSONPath | jsonpath.CompoundJSONPath | None = None
    pattern: Any = None
    """Compiled by `regex`, whose searches have a time limit, or None."""
    members: tuple[str, ...] = ()
    """Of a path that only names members, such as `$.payment.status`: looked up without the library, in a tenth of its
    time. A load reads several of them from each answer."""
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
        return Extractor(kind=Kind(written), written=written)
    parts = tuple(part.strip() for part in written.split(" + "))
    if len(parts) > 1 and all(part.startswith("$") or part == "status" for part in parts):
        for part in parts:
            compile_extractor(part)
        return Extractor(kind=Kind.JOINED, written=written, parts=parts)
    if written.startswith("$"):
        members = tuple(written.split(".")[1:]) if _MEMBERS_ONLY.fullmatch(written) else ()
        return Extractor(kind=Kind.JSON, written=written, path=_json_path(written), members=members)
    kind, colon, rest = written.partition(":")
    if colon and kind in {"regex", "url"} and rest:
        return Extractor(kind=Kind(kind), written=written, pattern=_pattern(rest))
    if colon and kind == "header" and rest.strip():
        name, _, pattern = rest.strip().partition(" ")
        found = _pattern(pattern.strip()) if pattern.strip() else None
        return Extractor(kind=Kind.HEADER, written=written, header=name, pattern=found)
    raise ExtractorError("is none of the forms")


class _TimedPaths(jsonpath.JSONPathEnvironment):
    """JSONPath whose filters match texts within `PATTERN_S`: an answer is the merchant's, and may take years."""

    def setup_function_extensions(self) -> None:
        """`match` and `search` of RFC 9535 have the limit as well."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _TimedMatch()
        self.function_extensions["search"] = _TimedSearch()

    def compare(self, left: object, operator: str, right: object) -> bool:
        """As in the library, but for its own `=~`."""
        if operator != "=~" or not isinstance(left, str) or not isinstance(right, re.Pattern):
            return super().compare(left, operator, right)
        letters = "".join(letter for letter, flag in _FLAGS.items() if right.flags & flag)
        return _found_in_time(f"(?{letters}:{right.pattern})" if letters else right.pattern, left, whole=True)


class _TimedMatch(Match):
    def __call__(self, value: object, pattern: object) -> bool:
        return isinstance(value, str) and isinstance(pattern, str) and _found_in_time(pattern, value, whole=True)


class _TimedSearch(Search):
    def __call__(self, value: object, pattern: object) -> bool:
        return isinstance(value, str) and isinstance(pattern, str) and _found_in_time(pattern, value, whole=False)


def _found_in_time(pattern: str, text: str, *, whole: bool) -> bool:
    """Raises TimeoutError: the pattern ran out of time. One that is wrong finds nothing, as RFC 9535 wants it."""
    import regex  # noqa: PLC0415 - as in `_pattern`

    try:
        compiled = regex.compile(pattern)
    except regex.error:
        return False
    look = compiled.fullmatch if whole else compiled.search
    return look(text, timeout=PATTERN_S) is not None


_PATHS: Final = _TimedPaths()


def _json_path(written: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    try:
        return _PATHS.compile(written)
    except (jsonpath.JSONPathError, re.error) as error:
        raise ExtractorError(f"is not a JSONPath: {str(error).splitlines()[0]}") from error


def _pattern(written: str) -> Any:
    import regex  # noqa: PLC0415 - it takes 25 ms, and few target files have a pattern

    try:
        return regex.compile(written, regex.DOTALL)
    except regex.error as error:
        raise ExtractorError(f"holds a pattern that is not a regular expression: {error}") from error
