"""The rules for a `CallBackURL` (reference 1.9): what is refused at once, and what is only unwise."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from tayari_simulator.apis.fields import LONGEST_TEXT, Read
from tayari_simulator.catalogue.options import Options

WORDS: Final = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
"""Words that the documentation forbids anywhere in a URL, in any case."""

_USABLE: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s<>/?#\x00-\x20\x7f]+(?:[/?#][^\s<>\x00-\x20\x7f]*)?")
_LOOPBACK: Final = re.compile(r"https?://(?:[^@/]*@)?(?:localhost|127\.[\d.]+|\[::1\])(?:[:/?#]|$)", re.IGNORECASE)
_WORD: Final = re.compile("|".join(re.escape(word) for word in WORDS), re.IGNORECASE)


def callback_url(options: Options, *, words: str = "callback_url_words") -> Read:
    """Read a callback URL under these switches; `words` is the one that speaks of forbidden words."""
    refused = []
    if options.says("loopback_callback_url", "refuse"):
        refused.append(_LOOPBACK.match)
    if options.says(words, "refuse"):
        refused.append(_WORD.search)

    @lru_cache(maxsize=1024)
    def judged(url: str) -> str | None:
        """The URL, the same object for equal ones, as payments keep it; None: refused."""
        return None if _USABLE.fullmatch(url) is None or any(finds(url) for finds in refused) else url

    def read(value: Any) -> str | None:
        return judged(value) if type(value) is str and len(value) <= LONGEST_TEXT else None

    return read
