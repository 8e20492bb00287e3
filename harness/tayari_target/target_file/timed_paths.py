"""JSONPath by the library, with a time limit for its filters. Loaded only for paths that need more than members."""

from __future__ import annotations

import re
from typing import Final

import regex
from jsonpath import JSONPathEnvironment, JSONPathError
from jsonpath.function_extensions import Match, Search

from tayari_target.target_file.extractor import PATTERN_S

__all__ = ["JSONPathError", "compile_path"]

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class _TimedPaths(JSONPathEnvironment):
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
    try:
        compiled = regex.compile(pattern)
    except regex.error:
        return False
    look = compiled.fullmatch if whole else compiled.search
    return look(text, timeout=PATTERN_S) is not None


compile_path: Final = _TimedPaths().compile
"""Compile a path. Raises `JSONPathError` where it is none."""
