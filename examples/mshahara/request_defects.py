"""The payroll that sends a request as M-Pesa does not read it, or gives up one that only needs another token."""

from __future__ import annotations

import json
from typing import Any

from bank import Answer, Bank
from books import Books
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from payroll import Payroll


class OneTokenBank(Bank):
    """Fetches a token when the last one should have ended, and at no other time."""

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return self._call(path, json.dumps(body).encode(), {"Authorization": f"Bearer {self._bearer()}"})


class TokenIsCredential(Payroll):
    """P11: a token that has ended is taken for a refusal of the payout."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, OneTokenBank(bank.settings))


class OaepBank(Bank):
    """Encrypts with OAEP."""

    pad = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class OtherPadding(Payroll):
    """P01: the password is encrypted with OAEP padding, as is modern, and as M-Pesa does not read it."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, OaepBank(bank.settings))


class SpellingBank(Bank):
    """Says Occasion."""

    occasion = "Occasion"


class CorrectedSpelling(Payroll):
    """P13: the occasion is sent under the key that looks right."""

    def __init__(self, books: Books, bank: Bank) -> None:
        super().__init__(books, SpellingBank(bank.settings))
