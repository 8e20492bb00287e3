"""One callback path for each payment, which nobody can guess: callbacks carry no signature, so the path is one."""

from __future__ import annotations

import hashlib
import hmac

PREFIX = "/hooks"
"""Daraja refuses some words anywhere in a callback URL (mpesa, exec, ...); hexadecimal digits cannot spell them."""


class CallbackPaths:
    """Payment -> URL, and back."""

    def __init__(self, public_url: str, secret: str) -> None:
        self.public_url = public_url.rstrip("/")
        self._secret = secret.encode()

    def url(self, payment_id: str) -> str:
        return f"{self.public_url}{PREFIX}/{payment_id}/{self.mark(payment_id)}"

    def payment_id(self, path: str) -> str | None:
        """The payment that a called path belongs to; None: the path is not one of ours."""
        payment_id, _, mark = path.removeprefix(PREFIX).strip("/").partition("/")
        return payment_id if hmac.compare_digest(mark.encode(), self.mark(payment_id).encode()) else None

    def mark(self, payment_id: str) -> str:
        return hmac.new(self._secret, payment_id.encode(), hashlib.sha256).hexdigest()[:32]
