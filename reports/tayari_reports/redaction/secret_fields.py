"""Secrets that are known by their place, and known values in any form: as they are, escaped, or inside base64."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "[redacted]"
SHORTEST: Final = 4
"""Shorter secrets are not searched for: they would blot out half of the report."""

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")


_Patterns = tuple[tuple[re.Pattern[str] | None, re.Pattern[str] | None], ...]


class KnownSecrets:
    """Finds given secrets in texts. Built once for a run, and added to for what one check alone shows."""

    def __init__(self, secrets: Iterable[str] = (), *, besides: KnownSecrets | None = None) -> None:
        """Prepare the search for these secrets, and for those of `besides`, whose patterns are not made again.

        Those that are empty or shorter than `SHORTEST` are passed over.
        """
        usable = {secret for secret in secrets if len(secret) >= SHORTEST and secret not in REDACTED}
        before = besides._secrets if besides is not None else frozenset()
        patterns = besides._patterns if besides is not None else ()
        usable -= before
        if any(one in other for one in usable for other in before) or _any_holds(usable, patterns):
            # One pattern for all of them: the longest is to be found first, or a part of it would stay.
            usable, before, patterns = usable | before, frozenset(), ()
        self._secrets: frozenset[str] = before | usable
        inside = _any(form for secret in usable for form in _fragments(secret))
        exact = _any(form for secret in usable for form in _forms(secret))
        self._patterns: _Patterns = (*patterns, (inside, exact))

    def redact(self, text: str) -> str:
        """Replace each secret, and each base64 word that carries one (`Password`, `Basic ...`)."""
        for inside, exact in self._patterns:
            if inside is not None:
                text = _replace_words(inside, text)
            if exact is not None:
                text = exact.sub(REDACTED, text)
        return text


def _any_holds(secrets: Iterable[str], patterns: _Patterns) -> bool:
    """Whether one of these secrets holds a form of another one. What is inside base64 is found first in any case."""
    return any(exact.search(secret) for secret in secrets for _, exact in patterns if exact is not None)


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
    """What base64 makes of the secret at any place in the encoded bytes: one fragment per alignment."""
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


_LONG_WORDS = (
    r"pass[_-]?word|passwd|pass[_-]?key|passphrase|secret|token|api[_-]?key|consumer[_-]?key|private[_-]?key"
    r"|security[_-]?credential|authorization|cookie|csrf|xsrf|session[_-]?(?:id|key)"
)
_SHORT_WORDS = r"pin|pwd|otp|auth|jwt|session"
_WORD = (
    rf"(?=[acjopstx])(?:{_LONG_WORDS}"
    rf"|(?:(?<![A-Za-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:{_SHORT_WORDS})(?![A-Za-z]))"
)

_NAME: Final = re.compile(_WORD, re.IGNORECASE)
_COOKIE_NAME: Final = re.compile(r"cookie", re.IGNORECASE)
_SCHEME: Final = re.compile(r"^(Bearer|Basic|Digest|Token)\s", re.IGNORECASE)

_NAMED: Final = re.compile(rf"(?:{_LONG_WORDS}|{_SHORT_WORDS})(?:s?(\\?)\\*([\"'])\s*:\s*(\[?)|([>=])|\s*(:))")
"""A name, in small letters, and the sign after it by which `_FIELDS` knows the form of the field. Found in no text in
which one of those would match nothing: one search saves the others, each of which looks for every name again.
"""


def _compiled(*rows: tuple[str, str, str]) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Rows of a sign that the text must have, a pattern, and what to write instead."""
    return tuple(
        (sign, re.compile(pattern, re.IGNORECASE | re.MULTILINE), replacement) for sign, pattern, replacement in rows
    )


_SHAPES: Final = _compiled(
    ("-----begin ", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", REDACTED),
    ("eyj", r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*", REDACTED),
    ("@", r"(://)[^/\s:@\"'<>]+:[^/\s@\"'<>]+@", rf"\1{REDACTED}@"),
)
"""What is a secret by its own form: private keys, JSON web tokens, a password in an address."""

_FIELDS: Final = _compiled(
    (
        ":",
        r"^([ \t>]*(?:proxy-)?authorization|[ \t>]*(?:set-)?cookie)([ \t]*:[ \t]*)(?!\[)\S[^\r\n]*",
        rf"\1\2{REDACTED}",
    ),
    ('"', rf'({_WORD}"\s*:\s*\[?\s*)"(?:[^"\\]|\\.)*"?', rf'\1"{REDACTED}"'),
    ('"', rf'({_WORD}"\s*:\s*)-?\d[\d.eE+-]*', rf'\1"{REDACTED}"'),
    ("\\", rf'({_WORD}(\\+)"\s*:\s*)\\+"[^"\\]*(?:\\+"|\Z)', rf'\1\2"{REDACTED}\2"'),
    ("'", rf"({_WORD}'\s*:\s*)'[^']*'?", rf"\1'{REDACTED}'"),
    (">", rf"({_WORD}>)[^<]+(?=</)", rf"\1{REDACTED}"),
    (
        "=",
        rf"({_WORD}=)(?!\[redacted\](?:[^\w]|$))(?:\"[^\"]*\"|'[^']*'|(?:(?:Bearer|Basic)\s)?[^\s&\"'<>;,]+)",
        rf"\1{REDACTED}",
    ),
)
"""What is a secret by the name before it: header lines, JSON, nested JSON, Python, XML, forms."""

_TAG: Final = re.compile(r"<(?:input|meta)\b[^>]*", re.IGNORECASE)
_TAG_NAME: Final = re.compile(r"\b(?:name|id|type)=[\"']?([^\"'\s>]*)", re.IGNORECASE)
_TAG_VALUE: Final = re.compile(r"\b((?:value|content)=)(?:\"[^\"]*\"?|'[^']*'?|[^\s\"'>]+)", re.IGNORECASE)

_LIST: Final = re.compile(rf"{_WORD}s?(\\*[\"'])\s*:\s*\[", re.IGNORECASE)
_LIST_PART: Final = re.compile(r"\\*\"(?:[^\"\\]|\\[^\"])*\\*\"|'[^']*'|[\[\]]")

_BEARER: Final = re.compile(r"\b(Bearer)(\s+|%20|\+)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_BASIC: Final = re.compile(r"\b(Basic)(\s+|%20|\+)([A-Za-z0-9+/=_-]{8,})", re.IGNORECASE)
_PLAIN: Final = re.compile(rf"({_WORD})(\s*:\s*)([A-Za-z0-9+/=_~.-]{{8,}})", re.IGNORECASE)


def redact_fields(text: str) -> str:
    """Mask the value of a field, a header line or a token position that carries secrets."""
    lowered = text.casefold()
    text = _replaced(_SHAPES, text, {sign for sign, _, _ in _SHAPES if sign in lowered})
    text = _without_named(text, {sign for found in _NAMED.findall(text.casefold()) for sign in found})
    if "bearer" in lowered:
        text = _BEARER.sub(_if(_is_token), text)
    return _BASIC.sub(_if(_is_pair), text) if "basic" in lowered else text


def _without_named(text: str, signs: Collection[str]) -> str:
    """The text without the values of its named fields. `signs`: those that come after a name in it."""
    if "[" in signs:
        text = _masked_lists(text)
    if "<" in text:
        text = _TAG.sub(_masked_tag, text)
    text = _replaced(_FIELDS, text, signs)
    if ":" not in signs:
        return text
    return _PLAIN.sub(_if(_has_letters_and_digits), text)


def _replaced(rows: tuple[tuple[str, re.Pattern[str], str], ...], text: str, signs: Collection[str]) -> str:
    for sign, pattern, replacement in rows:
        if sign in signs:
            text = pattern.sub(replacement, text)
    return text


def _masked_tag(found: re.Match[str]) -> str:
    """An HTML input or meta tag without its value, where its name says that the value is a secret."""
    tag = found.group()
    if not any(_NAME.search(name) for name in _TAG_NAME.findall(tag)):
        return tag
    return _TAG_VALUE.sub(rf'\1"{REDACTED}"', tag)


def _masked_lists(text: str) -> str:
    """The text without the members of each list whose name says that they are secrets. One pass over the text."""
    parts: list[str] = []
    done = 0
    while (found := _LIST.search(text, done)) is not None:
        quote = found.group(1)
        end = _list_end(text, found.end())
        parts += [text[done : found.end()], quote, REDACTED, quote, "]"]
        done = end
    return "".join([*parts, text[done:]])


def _list_end(text: str, start: int) -> int:
    """Where the list ends that is open at `start`; the end of the text where it is torn."""
    open_lists = 1
    for part in _LIST_PART.finditer(text, start):
        open_lists += {"[": 1, "]": -1}.get(part.group(), 0)
        if open_lists == 0:
            return part.end()
    return len(text)


def redact_header(name: str, value: str) -> str:
    """A header's value: of secrets only the scheme or the cookie's name and attributes are left."""
    if not _NAME.search(name):
        return redact_fields(value)
    if _COOKIE_NAME.search(name):
        return re.sub(
            r"(^|;\s*+|,\s++)((?!path=|domain=|max-age=|expires=|samesite=)[^=;,\s]+)"
            r'=(?:"[^"]*"|(?:(?!,\s+[^=;,\s]+=)[^;])*)',
            rf"\1\2={REDACTED}",
            value,
            flags=re.I,
        )
    scheme = _SCHEME.match(value)
    return f"{scheme.group(1)} {REDACTED}" if scheme else REDACTED


def _if(secret: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    """Replace the third group where it looks like a secret and not like a word of a sentence."""

    def replacement(found: re.Match[str]) -> str:
        return found.group(1) + found.group(2) + REDACTED if secret(found.group(3)) else found.group()

    return replacement


def _is_token(word: str) -> bool:
    return len(word) >= 20 or any(char.isdigit() for char in word)


def _has_letters_and_digits(word: str) -> bool:
    return bool(re.search(r"\d", word) and re.search(r"[A-Za-z]", word))


def _is_pair(word: str) -> bool:
    try:
        return b":" in base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_" if "-" in word else None)
    except (binascii.Error, ValueError):
        return False
