"""Mistyped words: which known word was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LISTED: Final = 12
"""More known words than this are not listed in a message."""


def suggest(found: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: `; did you mean X?`, or the known words when none is near."""
    words = sorted(known)
    begun = [word for word in words if found and word.startswith(f"{found}.")]
    if begun:
        return f"; did you mean {' or '.join(begun)}?"
    near = get_close_matches(found, words, n=1, cutoff=0.6) or _same_letters(found, words)
    if near:
        return f"; did you mean {near[0]}?"
    if 0 < len(words) <= _LISTED:
        return f"; known: {', '.join(words)}"
    return ""


def _same_letters(found: str, words: Iterable[str]) -> list[str]:
    lowered = found.lower()
    return [word for word in words if len(lowered) > 2 and (lowered in word.lower() or word.lower() in lowered)]
