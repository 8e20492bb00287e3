"""JSON bodies taken apart and put together again with their numbers as written: `1.00` stays `1.00`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


class WireNumber:
    """A JSON number by its text, for the forms that a float would lose."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def loads(body: bytes | str) -> Any:
    """Parse JSON; numbers with a point or an exponent become `WireNumber`.

    Raises:
        ValueError: the text is not JSON.
    """
    return json.loads(body, parse_float=WireNumber)


def dumps(value: object) -> bytes:
    """Write JSON, each `WireNumber` as it was."""
    return orjson.dumps(value, default=_number)


def _number(value: object) -> object:
    if isinstance(value, WireNumber):
        return orjson.Fragment(value.text)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def text_of(value: object) -> str:
    """A JSON value as the text that would hold the same: numbers by their digits, text as it is."""
    return value if isinstance(value, str) else dumps(value).decode()
