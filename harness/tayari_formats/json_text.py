"""JSON that a merchant wrote. Reading it never raises: an absurd text is the merchant's fault and is judged as such."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

_DEEPEST: Final = 100
"""Levels of JSON; no merchant needs more, and Python's own readers give up at some hundreds."""


def read_value(text: object) -> object | None:
    """The value that a text holds; None when it is no JSON, nests too deep, or has a number of thousands of digits."""
    return read(text)[0]


def read_object(text: object) -> dict[str, Any]:
    """The JSON object that a text holds; empty for anything else."""
    value = read_value(text)
    return value if isinstance(value, dict) else {}


def read(text: object) -> tuple[object | None, str]:
    """The value as `read_value` has it, and why a text cannot be read although it may be well-formed JSON, or ""."""
    try:
        value: object = json.loads(text) if isinstance(text, str | bytes) else None
    except RecursionError:
        return None, _TOO_DEEP
    except ValueError as error:
        return None, _TOO_LONG if "integer string conversion" in str(error) else ""
    if _nests_beyond(value, _DEEPEST):
        return None, _TOO_DEEP
    return (_without_halves(value), "") if isinstance(text, str | bytes) and _may_hold_halves(text) else (value, "")


def _may_hold_halves(text: str | bytes) -> bool:
    """Whether there is an escape that can be half a character (a surrogate)."""
    return "\\ud" in text.lower() if isinstance(text, str) else b"\\ud" in text.lower()


def _without_halves(value: object) -> object:
    """The same without halves of characters (lone surrogates), which cannot be sent or written: each becomes `?`."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


_TOO_DEEP: Final = f"found JSON that nests deeper than {_DEEPEST} levels; expected less; let the merchant correct it"
_TOO_LONG: Final = "found a number of thousands of digits; expected at most 15 digits; let the merchant correct it"


def _nests_beyond(value: object, levels: int) -> bool:
    row: list[object] = [value]
    for _ in range(levels):
        row = [member for each in row if isinstance(each, dict | list) for member in _members(each)]
        if not row:
            return False
    return any(isinstance(each, dict | list) for each in row)


def _members(value: dict[str, object] | list[object]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value
