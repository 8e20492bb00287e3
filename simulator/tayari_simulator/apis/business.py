"""Whose short code, passkey and app are known to this Daraja, and the check of a `Password` against them."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import lru_cache

from tayari_simulator.catalogue.errors import MERCHANT_DOES_NOT_EXIST, WRONG_CREDENTIALS, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """One organisation. `till` None: pay bill only. Key or secret None: any will do."""

    short_code: str
    passkey: str
    till: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    _salt: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_salt", (self.short_code + self.passkey).encode())

    def check(self, short_code: str, password: str, timestamp: str) -> None:
        """Let a request pass whose Password is base64(short code + passkey + Timestamp).

        Raises:
            Refused: 500.001.1001, unknown short code or wrong credentials; its note says which part is wrong.
        """
        if short_code != self.short_code:
            raise Refused(
                MERCHANT_DOES_NOT_EXIST, note=f"BusinessShortCode is {short_code}; known here is {self.short_code}"
            )
        if password_of(self._salt, timestamp) != password:
            raise Refused(WRONG_CREDENTIALS, note=self._why_wrong(password, timestamp))

    def knows_app(self, key: str, secret: str) -> bool:
        """Whether this consumer key and secret are accepted."""
        return self.consumer_key in (None, key) and self.consumer_secret in (None, secret)

    def _why_wrong(self, password: str, timestamp: str) -> str:
        try:
            plain = b64decode(password, validate=True).decode()
        except (binascii.Error, ValueError):
            return "Password is not base64 of text"
        if not plain.startswith(self.short_code):
            return f"Password does not begin with the short code {self.short_code}"
        if not plain.endswith(timestamp):
            return f"Password holds another Timestamp than the {timestamp} beside it"
        if plain == self.short_code + self.passkey + timestamp:
            return "Password decodes rightly, but is not in canonical base64"
        return "Password is made with another passkey"


@lru_cache(maxsize=256)
def password_of(salt: bytes, timestamp: str) -> str:
    """The Password of this second: pushes of one second share it."""
    return b64encode(salt + timestamp.encode()).decode()
