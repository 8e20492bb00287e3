"""Nothing secret leaves in a report: secrets and MSISDNs are masked in every text of a run before a writer sees it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

from tayari_reports.model import Check, Exchange, Run
from tayari_reports.model.codec import field_names
from tayari_reports.redaction import msisdn
from tayari_reports.redaction.secret_fields import KnownSecrets, redact_fields, redact_header

T = TypeVar("T")

LONGEST: Final = 65_536
"""Characters of one text that a report keeps; the rest of a huge body is counted and left out."""

_ROUNDS: Final = 8

SECRET_PIECE: Final = 16
"""A piece of a callback address with this length may be what a forger cannot guess."""
_PIECES: Final = re.compile(r"[/?&=;#]")
_CALLBACK_URL: Final = re.compile(r"CallBackURL\\*[\"']\s*:\s*\\*[\"']([^\"'\s]+)", re.IGNORECASE)

_PAIRS: Final = frozenset({"request_headers", "response_headers", "environment"})
_HEX: Final = frozenset({"commit", "config_sha256", "fingerprint", "run_id"})
_DIGESTS: Final = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}(?:\+changes)?|[0-9a-f]{64}")


class Redactor:
    """Masks texts. `secrets` are exact values (passkey, consumer key and secret, ...) to find in any encoding.

    Redacting what is redacted already changes nothing.
    """

    def __init__(self, secrets: Iterable[str] | KnownSecrets = (), subscribers: Iterable[str] = ()) -> None:
        self._known = secrets if isinstance(secrets, KnownSecrets) else KnownSecrets(secrets)
        self._subscribers = frozenset(subscribers)
        self._masked: dict[str, str] = {}
        """Nine in ten of a run's texts are in it more than once."""
        self._headers: dict[tuple[str, str], tuple[str, str]] = {}

    def text(self, text: str) -> str:
        """Mask a body, a URL or a sentence. A JSON body stays JSON."""
        masked = self._masked.get(text)
        if masked is None:
            masked = self._settled(text)
            if masked != text and _is_json(text) and not _is_json(masked):
                masked = msisdn.quote_bare(masked)
            self._masked[text] = self._masked[masked] = masked
        return masked

    def _settled(self, text: str) -> str:
        """Mask until nothing changes: in a torn text, one mask can bring another secret's place to light."""
        for _ in range(_ROUNDS):
            masked = msisdn.mask(redact_fields(self._known.redact(text)), self._subscribers)
            if masked == text:
                break
            text = masked
        return text

    def header(self, name: str, value: str) -> tuple[str, str]:
        """Mask a header, or an environment variable, by its name as well as by its value."""
        masked = self._headers.get((name, value))
        if masked is None:
            masked = self.text(name), self.text(redact_header(name, self._known.redact(value)))
            self._headers[name, value] = masked
        return masked

    def digest(self, text: str) -> str:
        """Mask a field that holds a hash, whose digits must not be taken for a telephone number."""
        return self._known.redact(text) if _DIGESTS.fullmatch(text) else self.text(text)


def redact_record(record: T, secrets: Iterable[str] = ()) -> T:
    """A run with every text masked; or one check, for results that are written before the run has ended.

    MSISDNs that are seen anywhere in the record are also found inside other numbers.
    """
    texts = _texts(record)
    seen = frozenset(number for text in texts for number in msisdn.subscribers(text))
    redactor = _redactor(frozenset(secrets), _callback_secrets(record, texts), seen)
    made: T = _redacted(record, redactor, "")
    return made


def callback_secrets(record: object) -> frozenset[str]:
    """The parts of callback addresses that keep a forger out: long pieces of their path and their query.

    A piece that Tayari itself uses to ask the merchant, such as a payment's identifier, is no secret.
    """
    return _callback_secrets(record, _texts(record))


def _callback_secrets(record: object, texts: Iterable[str]) -> frozenset[str]:
    addresses: set[str] = set()
    asked: set[str] = set()
    for exchange in _exchanges(record):
        if exchange.kind == "callback":
            addresses.add(exchange.url)
        elif exchange.kind == "to_merchant":
            asked.update(_PIECES.split(exchange.url))
    for text in texts:
        if "callbackurl" in text.lower():
            addresses.update(found.replace("\\/", "/") for found in _CALLBACK_URL.findall(text))
    return frozenset(piece for address in addresses for piece in secret_pieces(address)) - asked


def secret_pieces(address: str) -> frozenset[str]:
    """The long pieces of one callback address, after its host."""
    pieces = _PIECES.split(address.partition("://")[2])[1:]
    return frozenset(piece for piece in pieces if len(piece) >= SECRET_PIECE)


def _exchanges(value: object) -> Iterator[Exchange]:
    checks = value.checks if isinstance(value, Run) else (value,)
    for check in checks:
        if isinstance(check, Check):
            yield from check.evidence


@lru_cache(maxsize=8)
def _known(secrets: frozenset[str]) -> KnownSecrets:
    return KnownSecrets(secrets)


@lru_cache(maxsize=2)
def _redactor(secrets: frozenset[str], of_record: frozenset[str], subscribers: frozenset[str]) -> Redactor:
    """A run is redacted for its verdict and for its writers: the second time finds each text masked already."""
    return Redactor(KnownSecrets(of_record, besides=_known(secrets)), subscribers)


def fingerprint(rule: str, reason: str) -> str:
    """Sixteen hexadecimal digits, equal for the same failure in every run: numbers and identifiers are left out."""
    stable = re.sub(r"\S*(?:\d|•|\[redacted\])\S*", "#", reason.lower())
    stable = re.sub(r"#(?:\s+#)*", "#", " ".join(stable.split()))
    return hashlib.sha256(f"{rule}\n{stable}".encode("utf-8", "replace")).hexdigest()[:16]


def _redacted(value: Any, redactor: Redactor, name: str) -> Any:
    if isinstance(value, str):
        if isinstance(value, Enum) or name == "schema":
            return value
        return redactor.digest(value) if name in _HEX else _cut(redactor.text(value))
    if isinstance(value, tuple):
        if name in _PAIRS:
            return tuple(redactor.header(key, text) for key, text in value)
        return tuple(_redacted(item, redactor, name) for item in value)
    names = field_names(value)
    if not names:
        return value
    return replace(value, **{name: _redacted(getattr(value, name), redactor, name) for name in names})


def _texts(record: object) -> set[str]:
    """Every text of a record, once."""
    found: set[str] = set()
    rest: list[Any] = [record]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, tuple):
            rest += value
        else:
            rest += [getattr(value, name) for name in field_names(value)]
    return found


def _cut(text: str) -> str:
    if len(text) <= LONGEST + 64:
        return text
    return f"{text[:LONGEST]} … [{len(text) - LONGEST} more characters left out]"


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
