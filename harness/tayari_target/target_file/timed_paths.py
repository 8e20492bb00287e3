"""JSONPath by the library, with a time limit for its filters. Loaded only for paths that need more than members."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import regex
from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.function_extensions import Match, Search

__all__ = ["JSONPathError", "compile_path"]

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class _TimedPaths(JSONPathEnvironment):
    """JSONPath whose filters match texts within a limit: an answer is the merchant's, and may take years."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        super().__init__()

    def setup_function_extensions(self) -> None:
        """`match` and `search` of RFC 9535 have the limit as well."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _TimedMatch(self._limit_s)
        self.function_extensions["search"] = _TimedSearch(self._limit_s)

    def compare(self, left: object, operator: str, right: object) -> bool:
        """As in the library, but for its own `=~`."""
        if operator != "=~" or not isinstance(left, str) or not isinstance(right, re.Pattern):
            return super().compare(left, operator, right)
        letters = "".join(letter for letter, flag in _FLAGS.items() if right.flags & flag)
        return _found_in_time(
            f"(?{letters}:{right.pattern})" if letters else right.pattern, left, whole=True, limit_s=self._limit_s
        )


class _TimedMatch(Match):
    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        return _found_in_time(pattern, value, whole=True, limit_s=self._limit_s)


class _TimedSearch(Search):
    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        return _found_in_time(pattern, value, whole=False, limit_s=self._limit_s)


def _found_in_time(pattern: str, text: str, *, whole: bool, limit_s: float) -> bool:
    """Raises TimeoutError: the pattern ran out of time. One that is wrong finds nothing, as RFC 9535 wants it."""
    try:
        compiled = regex.compile(pattern)
    except regex.error:
        return False
    look = compiled.fullmatch if whole else compiled.search
    return look(text, timeout=limit_s) is not None


@lru_cache(maxsize=1)
def _environment(limit_s: float) -> _TimedPaths:
    return _TimedPaths(limit_s)


def compile_path(written: str, limit_s: float) -> JSONPath | CompoundJSONPath:
    """Compile a path whose filters may take this long, in seconds.

    Raises:
        JSONPathError: it is no path.
    """
    return _environment(limit_s).compile(written)
