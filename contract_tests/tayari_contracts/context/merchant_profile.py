"""What a check can send to the merchant, and see of it, by the target file."""

from __future__ import annotations

from tayari_target.adapter import depth_of, sent_by_adapter, shown
from tayari_target.target_file.placeholders import PAYMENT
from tayari_target.target_file.target_model import Target

from tayari_contracts.context.findings import Inapplicable, key_missing


class MerchantProfile:
    """What the merchant receives and shows, by its target file. Made once for all checks on an instance."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.merchant = merchant = target.merchant
        self.depth = depth_of(target)
        """The evidence depth: how much of the merchant the target file lets a check see."""
        self._sent_by_adapter = sent_by_adapter(target)
        asked = frozenset(name for name in PAYMENT if merchant.pay.call.names(name))
        self.receives = asked if self._sent_by_adapter is None else self._sent_by_adapter
        """The names of what the merchant gets when a payment starts (`amount`, `reference`, ...)."""
        self.shown = seen = shown(target)
        """Which parts of a payment the target file or the adapter shows."""
        self.shows_state = seen.state
        self.shows_messages = merchant.pay.message is not None or seen.message
        """Whether the target file or the adapter says where the customer reads what happened."""
        self.shows_credits = seen.ledger or seen.credited
        self.shows_receipt = seen.receipt
        self.takes_payments = merchant.takes_payments
        self.takes_callbacks = merchant.takes_callbacks
        """Whether the merchant learns results by callback; else it settles by status queries alone."""
        self.receives_payout_amount = merchant.payout is None or merchant.payout.call.names("amount")
        """Whether the merchant gets the amount of a payout; else it decides the amount itself."""
        opened = None if merchant.c2b is None else merchant.c2b.open_account
        self.receives_account_amount = opened is not None and opened.call.names("amount")
        """Whether the merchant gets the amount that is due on an account that it opens."""

    def require_payout_amount(self) -> None:
        """Require that the merchant gets the amount of a payout.

        Raises:
            Untested: it does not, so it decides the amount itself.
        """
        if not self.receives_payout_amount:
            raise key_missing(
                "merchant.payout.request sends the merchant no {amount}, so the amounts of its payouts are its own",
                "merchant.payout.request with {amount}",
            )

    def require_placeholder(self, placeholder: str) -> None:
        """Require that the merchant gets this (`amount`, `msisdn`, `reference`) when a payment starts.

        Raises:
            Untested: the target file's `pay` does not use the placeholder, so the merchant decides for itself.
        """
        if placeholder not in self.receives:
            raise key_missing(
                f"{self._sender} sends the merchant no {{{placeholder}}}, so it could not be varied",
                self._written_in_pay(placeholder),
            )

    @property
    def _sender(self) -> str:
        return "the adapter" if self._sent_by_adapter is not None else "merchant.pay"

    def _written_in_pay(self, placeholder: str) -> str:
        """The key of the target file that sends the merchant this when a payment starts."""
        if self._sent_by_adapter is not None:
            return f"merchant.adapter whose `tells` holds {placeholder}"
        call = self.merchant.pay.call
        place = "json" if call.json is not None else "form" if call.form is not None else "request"
        return f"merchant.pay.{place} with {{{placeholder}}}"

    def require_one_order(self, *, by_key: bool = False, by_retry: bool = False) -> None:
        """Require that the merchant can know that two requests are for one order: by the reference.

        `by_key`: or by an idempotency key. `by_retry`: or by a request of its own for the second try
        (`merchant.pay_again`).

        Raises:
            Inapplicable: an account is paid into, which may be topped up as often as its owner likes.
            Untested: the merchant cannot know it.
        """
        if by_key and ("idempotency_key" in self.receives or self.merchant.pay.idempotency_header is not None):
            return
        if "top_up" in self.merchant.capabilities:
            raise Inapplicable(
                "an account may be topped up as often as its owner likes; there is no order to pay twice"
            )
        if by_retry and self.merchant.pay_again is not None:
            return
        if "reference" not in self.receives:
            other = "merchant.pay.idempotency_header" if by_key else "merchant.pay_again" if by_retry else ""
            key = " or ".join(filter(None, [self._written_in_pay("reference"), other]))
            missing = "neither {reference} nor an idempotency header" if by_key else "no {reference}"
            raise key_missing(
                f"nothing shows the merchant that two requests are for one order: {self._sender} has {missing}", key
            )
