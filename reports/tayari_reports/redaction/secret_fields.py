"""Secrets that are known by where they stand: named fields, headers, tokens, keys."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from tayari_reports.redaction.secret_forms import REDACTED

_WORD = (
    r"(?:pass[_-]?word|passwd|pass[_-]?key|passphrase|secret|token|api[_-]?key|consumer[_-]?key|private[_-]?key"
    r"|security[_-]?credential|authorization|cookie|csrf|xsrf|session[_-]?(?:id|key)"
    r"|(?:(?<![A-Za-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:pin|pwd|otp|auth|jwt|session)(?![A-Za-z]))"
)

_NAME: Final = re.compile(_WORD, re.IGNORECASE)
_COOKIE_NAME: Final = re.compile(r"cookie", re.IGNORECASE)
_SCHEME: Final = re.compile(r"^(Bearer|Basic|Digest|Token)\s", re.IGNORECASE)

_STEMS: Final = (
    *("pass", "secret", "token", "api", "consumer", "private", "credential"),
    *("auth", "cookie", "csrf", "xsrf", "session", "pin", "pwd", "otp", "jwt"),
)
"""Without one of these in a text no named field can match: a plain search that saves most texts the patterns."""


def _compiled(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE | re.MULTILINE), replacement) for pattern, replacement in rows)


_SHAPES: Final = _compiled(
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", REDACTED),
    (r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*", REDACTED),
    (r"(://)[^/\s:@\"'<>]+:[^/\s@\"'<>]+@", rf"\1{REDACTED}@"),
)
"""What is a secret by its own form: private keys, JSON web tokens, a password in an address."""

_FIELDS: Final = _compiled(
    (r"^([ \t>]*(?:proxy-)?authorization|[ \t>]*(?:set-)?cookie)([ \t]*:[ \t]*)(?!\[)\S[^\r\n]*", rf"\1\2{REDACTED}"),
    (rf'({_WORD}"\s*:\s*\[?\s*)"(?:[^"\\]|\\.)*"?', rf'\1"{REDACTED}"'),
    (rf'({_WORD}"\s*:\s*)-?\d[\d.eE+-]*', rf'\1"{REDACTED}"'),
    (rf'({_WORD}(\\+)"\s*:\s*)\\+"[^"\\]*(?:\\+"|\Z)', rf'\1\2"{REDACTED}\2"'),
    (rf"({_WORD}'\s*:\s*)'[^']*'?", rf"\1'{REDACTED}'"),
    (rf"({_WORD}>)[^<]+(?=</)", rf"\1{REDACTED}"),
    (
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
    """Blot out what stands in a field, a header line or a token position that carries secrets."""
    text = _replaced(_SHAPES, text)
    lowered = text.lower()
    if any(stem in lowered for stem in _STEMS):
        text = _TAG.sub(_masked_tag, _masked_lists(text))
        text = _replaced(_FIELDS, text)
        text = _PLAIN.sub(_if(lambda word: bool(re.search(r"\d", word) and re.search(r"[A-Za-z]", word))), text)
    text = _BEARER.sub(_if(lambda word: len(word) >= 20 or any(char.isdigit() for char in word)), text)
    return _BASIC.sub(_if(_is_pair), text)


def _replaced(rows: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    for pattern, replacement in rows:
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


def _is_pair(word: str) -> bool:
    try:
        return b":" in base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_" if "-" in word else None)
    except (binascii.Error, ValueError):
        return False
