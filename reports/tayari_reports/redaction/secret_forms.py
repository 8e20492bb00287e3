"""The forms in which a known secret may turn up: as it is, escaped, or anywhere inside base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "[redacted]"
SHORTEST: Final = 4
"""Shorter secrets are not searched for: they would blot out half of the report."""

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")


@dataclass(frozen=True, slots=True)
class Known:
    """Finds given secrets in texts. Built once for a run."""

    exact: re.Pattern[str] | None
    inside: re.Pattern[str] | None

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Known:
        """Prepare the search for these secrets; those that are empty or shorter than `SHORTEST` are passed over."""
        usable = {secret for secret in secrets if len(secret) >= SHORTEST and secret not in REDACTED}
        return cls(
            _any(form for secret in usable for form in _forms(secret)),
            _any(form for secret in usable for form in _fragments(secret)),
        )

    def redact(self, text: str) -> str:
        """Replace each secret, and each base64 word that carries one (`Password`, `Basic ...`)."""
        if self.inside is not None:
            text = _replace_words(self.inside, text)
        return self.exact.sub(REDACTED, text) if self.exact is not None else text


def _any(forms: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted({form for form in forms if form}, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _forms(secret: str) -> Iterator[str]:
    for plain in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield plain
        yield plain.replace("/", "\\/")
    yield html.escape(secret)
    for quoted in (quote(secret, safe=""), quote_plus(secret), quote(secret)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), quoted)
    as_hex = secret.encode().hex()
    yield as_hex
    yield as_hex.upper()


def _fragments(secret: str) -> Iterator[str]:
    """What base64 makes of the secret wherever it stands in the encoded bytes: one fragment per alignment."""
    for before in range(3):
        data = bytes(before) + secret.encode()
        encoded = base64.b64encode(data).decode()
        spoilt_end = {0: 0, 1: 3, 2: 2}[len(data) % 3]
        fragment = encoded[(0, 2, 3)[before] : len(encoded) - spoilt_end]
        if len(fragment) >= 6:
            url_safe = fragment.translate(str.maketrans("+/", "-_"))
            yield from (fragment, url_safe, quote(fragment, safe=""), fragment.replace("/", "\\/"))


def _replace_words(fragment: re.Pattern[str], text: str) -> str:
    """Blot out the whole base64 word around each fragment: what is left of it would give the rest away."""
    parts: list[str] = []
    done = 0
    for found in fragment.finditer(text):
        start, end = found.span()
        if end <= done:
            continue
        while start > done and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        parts += [text[done:start], REDACTED]
        done = end
    return "".join([*parts, text[done:]])
