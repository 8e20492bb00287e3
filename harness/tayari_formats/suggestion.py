"""The known word that a mistyped word is nearest to."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LISTED: Final = 12
"""More known words than this are not listed in a message."""


def nearest(found: str, known: Iterable[str]) -> str | None:
    """The nearest known word, or None when no word is near."""
    words = sorted(known)
    near = get_close_matches(found, words, n=1, cutoff=0.6) or _same_letters(found, words)
    return near[0] if near else None


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or an empty text when no word is near. All words count that go on after a dot."""
    words = sorted(known)
    begun = [word for word in words if found and word.startswith(f"{found}.")]
    near = " or ".join(begun) or nearest(found, words)
    return f"did you mean {near}?" if near else ""


def suggestion(found: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or an empty text when no word is near."""
    near = did_you_mean(found, known)
    return f"; {near}" if near else ""


def suggest(found: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: `; did you mean X?`, or the known words when no word is near."""
    words = sorted(known)
    near = did_you_mean(found, words)
    if near:
        return f"; {near}"
    return f"; known: {', '.join(words)}" if 0 < len(words) <= _LISTED else ""


def _same_letters(found: str, words: Iterable[str]) -> list[str]:
    lowered = found.lower()
    return [word for word in words if len(lowered) > 2 and (lowered in word.lower() or word.lower() in lowered)]
