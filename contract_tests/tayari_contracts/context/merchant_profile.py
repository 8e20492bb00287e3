"""How deep the target file lets a check look."""

from __future__ import annotations

from typing import Final

from tayari_target.target_file.model import Target

from tayari_contracts.context.run_record import Book

SETTLE_S: Final = 10.0
"""A callback that was answered shows in the merchant's state within this time."""

GRACE_S: Final = 2.0
"""Beyond the promised time: the result itself, and the look at the merchant."""


class Depth:
    """What a check may ask the merchant for, and what it promises."""

    target: Target
    book: Book

    def types(self, placeholder: str) -> bool:
        """Whether the merchant is told this (`amount`, `reference`, ...) when a payment starts."""
        pay = self.target.merchant.pay
        written = f"{pay.call.path} {pay.call.json} {pay.call.form} {pay.call.headers}"
        return self.target.merchant.adapter is not None or f"{{{placeholder}" in written

    @property
    def takes_callbacks(self) -> bool:
        """Whether the merchant hears results by callback; else it settles by status queries alone."""
        return self.target.merchant.takes_callbacks

    @property
    def settle_s(self) -> float:
        """Within this time the merchant's state shows a result: by its callback, or else by the next query."""
        return SETTLE_S if self.takes_callbacks else max(SETTLE_S, self.reconcile_s + GRACE_S)

    @property
    def sees_state(self) -> bool:
        """Whether the target file says how a payment's state is read."""
        return self.target.merchant.status is not None

    @property
    def sees_messages(self) -> bool:
        """Whether the target file says where the customer reads what happened."""
        merchant = self.target.merchant
        return merchant.pay.message is not None or (merchant.status is not None and merchant.status.message is not None)

    @property
    def sees_credits(self) -> bool:
        """Whether the target file shows credits."""
        merchant = self.target.merchant
        return merchant.ledger is not None or (merchant.status is not None and merchant.status.credited is not None)

    @property
    def sees_receipt(self) -> bool:
        """Whether the target file shows receipts."""
        return self.target.merchant.status is not None and self.target.merchant.status.receipt is not None

    @property
    def no_receipt(self) -> str:
        """How a receipt that is not there is named: in the merchant, or perhaps in the target file."""
        if self.book.receipt_seen or not self.sees_receipt:
            return "no receipt"
        return "no receipt (merchant.status.receipt found none in the whole run: is it written as the merchant has it?)"

    @property
    def reconcile_s(self) -> float:
        """By when the merchant promises to have settled a payment whose callback never came."""
        return self.target.merchant.promises.reconcile_within_s
