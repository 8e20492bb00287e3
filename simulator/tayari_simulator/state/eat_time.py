"""Times in East Africa: the `Timestamp` that a merchant sends, 14 digits that are a real time, and the day."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any


def timestamp(value: Any) -> str | None:
    """`YYYYMMDDHHmmss`. Its time zone and its age are not checked. Source: reference 3.1, 6-6."""
    text = str(value) if type(value) is int else value
    return text if type(text) is str and _is_time(text) else None


@lru_cache(maxsize=256)
def _is_time(text: str) -> bool:
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return False
    parts = (int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2)))
    try:
        datetime(*parts)  # type: ignore[arg-type]  # six whole numbers; no zone is meant
    except ValueError:
        return False
    return True


def eat_day(now_s: float) -> int:
    """The number of the day in EAT that this second lies in."""
    return int(now_s + 3 * 3600) // 86_400
