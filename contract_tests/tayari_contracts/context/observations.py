"""The observations of a check: the merchant's state of a payment, its credits, and what the customer reads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from tayari_control.client import ControlClient
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.driver import MerchantDriver, StatusView

from tayari_contracts.context.check_time import CheckTime
from tayari_contracts.context.evidence import JournalReader
from tayari_contracts.context.findings import Unjudged, key_missing, unknown_word
from tayari_contracts.context.message_topics import message_at_start, problems_of
from tayari_contracts.context.payment import SETTLED, Credits, Entry, Payment
from tayari_contracts.context.run_record import RunRecord, untranslated

LOOK_EVERY_S: Final = 0.25
REFRESH_EVERY_S: Final = 2.0
"""Seconds between two refreshes of the customer's page, which make some merchants ask Daraja.

If the merchant takes callbacks, the page is refreshed only while a check waits for a query, and the pauses grow.
"""
_UNREAD: Final = "it was not read before the payment"


def require_readable(payment: Payment, view: StatusView) -> StatusView:
    """The look, if its state is a word that the target file knows.

    Raises:
        Untested: it is not.
    """
    if word := untranslated(view):
        raise unknown_word(word, payment.kind)
    return view


class Observations:
    """Reads the merchant, and waits on the simulator. Every look at a payment is kept in the record of the run."""

    def __init__(
        self,
        driver: MerchantDriver,
        control: ControlClient,
        *,
        run: RunRecord,
        journal: JournalReader,
        time: CheckTime,
    ) -> None:
        self._driver = driver
        self._control = control
        self._profile = run.profile
        self._run = run
        self._journal = journal
        self._time = time
        self._pages: dict[str, tuple[float, float]] = {}
        """By payment: when its page was last refreshed (monotonic clock), and seconds until the next time."""

    def status(self, payment: Payment) -> StatusView:
        """Read the merchant's state of a payment, a payout or a refund now.

        An account (C2B) has no state of its own. Its payment is paid if the account was credited, in review if staff
        see it as unallocated, else pending.
        """
        began = time.time()
        if payment.refund_of is not None:
            of = payment.refund_of
            view = self._driver.read_refund(payment.payment_id, payment_id=of.payment_id, reference=of.reference)
        elif payment.kind is PaymentKind.C2B_PAYMENT:
            view = self._account_view(payment)
        else:
            read = self._driver.read_payout if payment.kind is PaymentKind.PAYOUT else self._driver.read_status
            view = read(payment.payment_id, payment.reference)
        self._run.add_observation(payment, view, began=began, ended=time.time())
        return view

    def readable(self, payment: Payment) -> StatusView:
        """Like `status`, for a state that the target file knows.

        Raises:
            Untested: the merchant's word for the state is not in the target file.
        """
        return require_readable(payment, self.status(payment))

    def _account_view(self, payment: Payment) -> StatusView:
        before = payment.before
        if before is None or before.error:
            return StatusView(state=None, error=_UNREAD if before is None else before.error)
        return self._driver.read_c2b_payment(
            payment.payment_id, payment.reference, receipt=payment.transaction_id, before=before
        )

    def refresh(self, payment: Payment) -> None:
        """Refresh the payment as its customer's page does, which makes some merchants ask Daraja.

        From now on `until` refreshes it too. After an answer such as "still in flight" these merchants ask again only
        at the next refresh.
        """
        self._refresh(payment, REFRESH_EVERY_S)
        self.status(payment)

    def _refresh(self, payment: Payment, pause_s: float) -> None:
        self._driver.refresh(payment.payment_id, payment.reference)
        self._pages[payment.record_name] = time.monotonic(), pause_s

    def _refresh_when_due(self, payment: Payment, began: float) -> None:
        seldom = self._profile.takes_callbacks
        if seldom and payment.record_name not in self._pages:
            return
        last, pause_s = self._pages.get(payment.record_name, (began, REFRESH_EVERY_S))
        if time.monotonic() - last >= pause_s:
            self._refresh(payment, 2 * pause_s if seldom else pause_s)

    def until(self, payment: Payment, *states: PaymentState, within_s: float | None = None) -> StatusView:
        """Look until the payment is in one of `states`, or time is up; returns the last look.

        Raises:
            Untested: its state is a word that the target file does not know.
        """
        seen: list[StatusView] = []
        began = time.monotonic()

        def look() -> StatusView | None:
            self._refresh_when_due(payment, began)
            seen.append(self.status(payment))
            return seen[-1] if seen[-1].state in states else None

        within = self._time.settle_s if within_s is None else within_s
        self._time.until(look, within_s=within, pause=self.until_answered(payment))
        return require_readable(payment, seen[-1])

    def until_answered(self, payment: Payment) -> Callable[[float], bool] | None:
        """A pause that ends early when the merchant has answered the next callback of this payer: a state may change.

        It takes seconds, and returns whether it ended early. None for a merchant without callbacks.
        """
        answered = 0

        def pause(seconds: float) -> bool:
            nonlocal answered
            waited = self._control.wait(
                "callback_answered", msisdn=payment.msisdn, since=payment.since, count=answered + 1, timeout_s=seconds,
                stop=self._time.stop,
            )  # fmt: skip
            answered = max(answered, len(waited["entries"]))
            return bool(waited["met"])

        return pause if self._profile.takes_callbacks else None

    def wait(self, condition: str, payment: Payment, *, count: int = 1, within_s: float | None = None) -> bool:
        """Wait until the simulator reports a condition for this payer, `count` times; whether it did in time.

        `condition`: `push_seen`, `query_seen`, `callback_answered` or `result_due`.
        """
        within = min(self._time.settle_s if within_s is None else within_s, self._time.left_s)
        which: Entry = {"msisdn": payment.msisdn, "since": payment.since, "count": count}
        return bool(self._control.wait(condition, **which, timeout_s=within, stop=self._time.stop)["met"])

    def credits(self, payment: Payment) -> Credits:
        """How often, and how much, the merchant credited. The payment's page gives a sum that the ledger lacks.

        Raises:
            Unjudged: it cannot be read.
        """
        if payment.kind is PaymentKind.C2B_PAYMENT:
            return self._account_credits(payment)
        ledger = self._driver.read_ledger(payment_id=payment.payment_id, reference=payment.reference)
        if ledger is not None and ledger.credits is not None:
            if ledger.total is not None or not self._profile.shown.credited:
                return Credits(ledger.credits, ledger.total)
            return Credits(ledger.credits, self.status(payment).total)
        view = self.status(payment)
        credited = view.credited
        if credited is None:
            key = "merchant.ledger" if self._profile.shown.ledger else "merchant.status.credited"
            expected = "a number, 0 where nothing was credited (in SQL: COALESCE(SUM(amount), 0))"
            raise Unjudged(f"{key} gave nothing for {payment.reference}; expected {expected}")
        self._run.credits_are_countable = self._run.credits_are_countable and not view.says_only_credited
        count, is_more_seen = math.ceil(credited / payment.amount), not view.says_only_credited
        return Credits(count, credited, counted=False, can_show_more=is_more_seen)

    def _account_credits(self, payment: Payment) -> Credits:
        """What the account of a C2B payment was credited since before it."""
        now, before = self._driver.read_account(payment.payment_id, payment.reference), payment.before
        if now.error or before is None or before.error:
            why = now.error or (_UNREAD if before is None else before.error)
            raise Unjudged(f"the account {payment.payment_id} could not be read: {why}")
        found = now.since(before)
        if found.credits is not None:
            return Credits(found.credits, found.total)
        return Credits(math.ceil((found.total or 0.0) / payment.amount), found.total, counted=False)

    def messages(self, payment: Payment) -> str:
        """All that the customer reads: at the start, and on the payment's page now."""
        texts = [message_at_start(payment.started)]
        by_reference_only = payment.started.payment_id is None and self._profile.merchant.pay.payment_id is not None
        if by_reference_only:  # the start gave no identifier: what the order's page says may be of another payment
            return texts[0]
        if self._profile.shown.message:
            texts.append(self.status(payment).message or "")
        return "\n".join(text for text in dict.fromkeys(texts) if text)

    def outcome_message(self, payment: Payment, view: StatusView | None = None) -> str:
        """The message to the customer about the outcome, now or at the look `view`.

        For an acknowledged payment only its page counts: "enter your PIN", at the start, says nothing of the outcome.

        Raises:
            Untested: Daraja acknowledged the payment, and the target file does not show its page's text.
        """
        if not self._journal.acknowledged(payment):
            return self.messages(payment)
        if not self._profile.shown.message:
            raise key_missing("what the customer is told of the outcome cannot be seen", "merchant.status.message")
        return (view or self.status(payment)).message or ""

    def last_message(self, payment: Payment, topic: str) -> str:
        """The last message to the customer: the first that fits the topic, else the one once the payment is settled.

        Text and state come from one look: between two looks the payment may have been settled.
        """
        self.wait("callback_answered", payment)
        last_look_at = payment.began_at + self._time.slow_queue_s
        while True:
            view = self.status(payment)
            text = self.outcome_message(payment, view)
            if not problems_of(text, topic):
                return text
            if view.state in SETTLED or time.time() >= last_look_at or not self._time.remains:
                break
            self._time.pause(LOOK_EVERY_S)
        self._time.pause(LOOK_EVERY_S)
        return self.outcome_message(payment)

    def callback_was_read(self, payment: Payment) -> bool:
        """Whether the merchant showed that it read the payment's callback: it decided, or stored the message."""
        if self.status(payment).state in SETTLED:
            return True
        return any("ResultCode" in message for message in self.kept_messages(payment) or ())

    def kept_messages(self, payment: Payment) -> list[str] | None:
        """The messages that the merchant has stored of this payment; None: there is no `audit` that can be read.

        Its CheckoutRequestID is taken out of them, because its digits could be read as a result code.
        """
        kept = self._driver.read_audit(payment_id=payment.payment_id, reference=payment.reference)
        if kept is None:
            return None
        wanted = str(self._journal.record(payment).get("checkout_request_id"))
        return [text.replace(wanted, "") for text in kept if wanted in text]
