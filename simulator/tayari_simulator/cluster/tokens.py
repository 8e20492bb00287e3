"""Access tokens that every process can read: signed, not stored.

A token is 28 letters and digits, as Daraja's is (at most 30 are allowed), and holds, from the highest bit on:

    when it was issued   45 bits, tenths of a millisecond since 2010
    when it ends         42 bits, milliseconds since 2010
    its app              24 bits of a keyed hash of the consumer key
    the signature        55 bits of a keyed hash of all that stands before

Times of issue only grow, so no two tokens are equal, and "revoked" is one number: what was issued before is dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final

from tayari_simulator.core.tokens import Token, Tokens

LENGTH: Final = 28
SINCE_S: Final = 1_262_304_000
"""2010."""
_SIGNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLACE: Final = {sign: place for place, sign in enumerate(_SIGNS)}
_ISSUED, _ENDS, _APP, _MARK = 45, 42, 24, 55
_MOST_KNOWN: Final = 50_000


class SignedTokens(Tokens):
    """The tokens of all processes with one secret. What it learns of revocations is told to the others by its owner."""

    def __init__(self, secret: bytes, *, wall_s: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._secret = secret
        self._wall_s = wall_s
        self._last = 0
        self._dead_before = 0
        self._least: dict[str, int] = {}
        """By app: tokens issued before this one are cancelled."""
        self._living = 0
        self.news = False
        """Whether something was revoked or cancelled that the others do not know yet."""

    def __len__(self) -> int:
        return self._living

    def issue(self, text: str, *, app: str, expires_s: float, cancel_old: bool) -> Token:  # noqa: ARG002
        """Make a token; the text that is given is not used, as this one must hold what it says."""
        issued = self._last = max(self._tenths(), self._last + 1, self._dead_before)
        mark = self._hash(b"app", app.encode(), _APP)
        if cancel_old:
            self._least[str(mark)] = issued
            self._forget()
            self.news = True
            self._living = 0
        ends = min(max(0, int((expires_s - SINCE_S) * 1000)), 2**_ENDS - 1)
        facts = ((issued << _ENDS) | ends) << _APP | mark
        self._living += 1
        return Token(_written(facts << _MARK | self._signature(facts)), app, expires_s)

    def find(self, authorization: str, now_s: float) -> Token | None:
        """The living token of this Authorization header, whichever process issued it."""
        token = self._by_header.get(authorization) or self._read(authorization)
        return None if token is None or token.expires_s <= now_s else token

    def revoke(self) -> int:
        """Make all tokens invalid that were issued so far; returns how many of them were issued here."""
        count, self._living = self._living, 0
        self._dead_before = max(self._tenths(), self._last + 1)
        self._forget()
        self.news = True
        return count

    def state(self) -> dict[str, Any]:
        """What is revoked and cancelled."""
        return {"dead_before": self._dead_before, "least": dict(self._least)}

    def learn(self, state: Mapping[str, Any]) -> None:
        """Take over what another process has revoked; nothing comes back to life."""
        if not state:
            return
        self._dead_before = max(self._dead_before, state["dead_before"])
        for app, issued in state["least"].items():
            self._least[app] = max(self._least.get(app, 0), issued)
        self._forget()

    def _forget(self) -> None:
        self._by_header.clear()

    def _read(self, authorization: str) -> Token | None:
        scheme, _, text = authorization.partition(" ")
        number = _number(text.strip())
        if scheme.lower() != "bearer" or number is None:
            return None
        facts, signature = number >> _MARK, number & (2**_MARK - 1)
        app, ends, issued = facts & (2**_APP - 1), facts >> _APP & (2**_ENDS - 1), facts >> _APP + _ENDS
        if signature != self._signature(facts) or issued < max(self._dead_before, self._least.get(str(app), 0)):
            return None
        token = Token(text.strip(), str(app), SINCE_S + ends / 1000)
        if len(self._by_header) >= _MOST_KNOWN:
            self._by_header.popitem(last=False)
        self._by_header[authorization] = token
        return token

    def _tenths(self) -> int:
        return int((self._wall_s() - SINCE_S) * 10_000)

    def _signature(self, facts: int) -> int:
        return self._hash(b"token", facts.to_bytes((_ISSUED + _ENDS + _APP + 7) // 8, "big"), _MARK)

    def _hash(self, use: bytes, value: bytes, bits: int) -> int:
        digest = blake2b(value, key=self._secret, person=use, digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 64 - bits


def _written(number: int) -> str:
    signs = []
    for _ in range(LENGTH):
        number, rest = divmod(number, 62)
        signs.append(_SIGNS[rest])
    return "".join(reversed(signs))


def _number(text: str) -> int | None:
    if len(text) != LENGTH:
        return None
    number = 0
    for sign in text:
        place = _PLACE.get(sign)
        if place is None:
            return None
        number = number * 62 + place
    return number if number < 2 ** (_ISSUED + _ENDS + _APP + _MARK) else None
