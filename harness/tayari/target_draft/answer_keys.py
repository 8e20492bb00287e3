"""The keys of a merchant's answer, read from the code that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari.target_draft.source_files import compiled

_KEYS: Final = r"\b(?:json:\")?(\w+)[\"']?\s*(?::|=>|,omitempty|\"`)"
_OF_AN_ERROR: Final = r"(?m)^.*(?:\b40\d\b|(?i:not.?found|no such|error)).*$"
"""Lines about a payment that is not there: what they hold is no part of an ordinary answer."""


def answer_keys(answer: str) -> list[str]:
    """Each key once, in the order of the code; what an error holds is left out."""
    answer = compiled(_OF_AN_ERROR).sub("", answer)
    keys: list[str] = compiled(_KEYS).findall(answer)
    for names in compiled(r"\{([^{}()]*)\}").findall(answer):  # `{ id, receipt }`
        keys += compiled(r"(?:^|,)\s*(\w+)\s*(?=,|$)").findall(names)
    for arguments in compiled(r"\b(?:jsonify|dict)\(((?:[^()]|\([^()]*\))*)\)").findall(answer):  # `jsonify(id=1)`
        keys += compiled(r"(?:^|,)\s*(\w+)\s*=(?!=)").findall(arguments)
    return list(dict.fromkeys(keys))


def first_key(keys: Sequence[str], pattern: str) -> str:
    """The first key of a pattern; empty where there is none."""
    return next((key for key in keys if compiled(pattern).search(key)), "")
