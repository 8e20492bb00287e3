"""Access tokens: issued, looked up by the whole Authorization header, expired, revoked."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MOST_TOKENS: Final = 50_000
"""Beyond this many the oldest are forgotten: a caller that fetches one for each call must not fill memory."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token, its app (the consumer key), and when it ends."""

    text: str
    app: str
    expires_s: float


class Tokens:
    """All tokens of one simulator."""

    def __init__(self) -> None:
        self._by_header: OrderedDict[str, Token] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_header)

    def issue(self, text: str, *, app: str, expires_s: float, cancel_old: bool) -> Token:
        """Remember a new token; with `cancel_old` the app's other tokens are forgotten."""
        if cancel_old:
            for header in [header for header, token in self._by_header.items() if token.app == app]:
                del self._by_header[header]
        while len(self._by_header) >= MOST_TOKENS:
            self._by_header.popitem(last=False)
        token = Token(text, app, expires_s)
        self._by_header[f"Bearer {text}"] = token
        return token

    def find(self, authorization: str, now_s: float) -> Token | None:
        """The living token of this Authorization header, or None. The scheme's case and extra blanks do not matter."""
        token = self._by_header.get(authorization)
        if token is None:
            scheme, _, text = authorization.partition(" ")
            if scheme.lower() == "bearer":
                token = self._by_header.get(f"Bearer {text.strip()}")
        if token is None or token.expires_s <= now_s:
            return None
        return token

    def revoke(self) -> int:
        """Forget all; returns how many there were."""
        count = len(self._by_header)
        self._by_header.clear()
        return count


def is_bearer(authorization: str | None) -> bool:
    """Whether the header has the form `Bearer TOKEN` at all."""
    if not authorization:
        return False
    scheme, _, text = authorization.partition(" ")
    return scheme.lower() == "bearer" and bool(text.strip())
