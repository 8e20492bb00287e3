"""What a check works with: hands and eyes, and the judgements that raise a finding when the rule is broken."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from tayari_money.invariants import shillings
from tayari_money.payment_state import PaymentState
from tayari_reports.model import NotTested
from tayari_target.driver import DriverExchange, MerchantDriver, StatusView

from tayari_contracts.context.customer_messages import problems_of
from tayari_contracts.context.findings import (
    Failed,
    Inapplicable,
    Missing,
    Unjudged,
    Unsettled,
    Untested,
    WrongCredit,
    quote,
    say,
    times,
    unknown_word,
)
from tayari_contracts.context.hands import Hands
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Credits, Payment, states_of
from tayari_contracts.context.run_record import untranslated

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW

CALLBACK_WAIT_S = 33.0
"""After this a callback was answered or given up: the simulator waits 30 s for the merchant's answer."""

QUEUE = 8
"""So many queries of other checks may stand in line before one of this check."""

QUEUE_MOST_S = 60.0

SLOW_S = 20.0
"""At least so long an answered callback may wait in a merchant's own queue before anything is said of the outcome."""

SETTLED = frozenset({PAID, FAILED, REVIEW})


class Probe(Hands):
    """What one check is given."""

    @property
    def queue_s(self) -> float:
        """What a merchant that limits its own queries may need more, while other payments make it ask too.

        A promised limit allows for the payments of other checks. A limit that was learned does not: then the check
        runs alone, and only its own payments wait for each other.
        """
        limit = self.book.queries_per_minute
        if limit is None:
            return 0.0
        promised = self.target.merchant.promises.queries_per_minute is not None
        before = QUEUE if promised else 2 * (len(self._payments) - 1)
        return min(QUEUE_MOST_S, max(0, before) * 60.0 / limit)

    @property
    def settled_s(self) -> float:
        """By when a payment with a genuine callback is settled, even where the merchant asks Daraja first."""
        return max(self.settle_s, self.reconcile_s) + self.queue_s

    @property
    def worked_off_s(self) -> float:
        """By when even a merchant that takes its callbacks from a slow queue has dealt with one."""
        return max(SLOW_S, self.settled_s)

    def after_the_queue(self, payment: Payment) -> StatusView:
        """The merchant's word on a payment of which pending may be right, when it has dealt with what was sent for it.

        That it has is seen from an ordinary payment that comes later: once the merchant shows what that one's callback
        said, it has passed what lay before it. So a quick merchant is judged soon, and a slow one not too soon.

        Raises:
            Unsettled: the later payment is not paid in time, so that it is not known what the merchant has dealt with.
        """
        later = self.pay(situation("inline/after-the-queue", outcome=after(0.5)))
        self._poll(lambda: self._heard(later) or None, self.worked_off_s)
        view = self.status(payment)
        if view.state is not PAID and (last := self.status(later)).state is not PAID:
            raise Unsettled(
                f"the payment is {say(view)}, but an ordinary one begun after it is {say(last)} after "
                f"{self.worked_off_s:.3g} s, so the merchant may not have dealt with either yet"
            )
        if word := untranslated(view):
            raise unknown_word(word)
        return view

    def dealt_with(self, payment: Payment) -> bool:
        """Whether the merchant showed that it read the payment's callback: it decided, asked Daraja, or kept it."""
        called_at = max((float(entry["at"]) for entry in self.sight.callbacks(payment)), default=math.inf)
        if self.status(payment).state in SETTLED:
            return True
        if any(float(entry["at"]) > called_at for entry in self.sight.queries(payment)):
            return True
        kept = self.driver.read_audit(payment_id=payment.payment_id, reference=payment.reference) or ()
        wanted = str(self.sight.record(payment).get("checkout_request_id"))
        return any(wanted in message and "ResultCode" in message for message in kept)

    def require_dealt_with(self, payment: Payment) -> None:
        """For a payment that may stay as it was: that it did so with its callback read.

        Raises:
            Unjudged: nothing shows that the callback was read, so that nothing having happened proves nothing.
        """
        if not self.dealt_with(payment):
            raise Unjudged(
                f"the payment is {say(self.status(payment))} as before its callback, and nothing shows that the "
                "callback was read (no status query, no message in merchant.audit); a callback that was lost looks the "
                "same"
            )

    def settled(self, payment: Payment) -> StatusView:
        """The merchant's last word on a payment for which pending is no answer.

        Raises:
            Unjudged: it is pending, or cannot be read, when even a slow merchant would have decided.
        """
        view = self.after_the_queue(payment)
        if view.state not in SETTLED:
            view = self.until(payment, SETTLED, within_s=self.worked_off_s)
        if view.state in SETTLED:
            return view
        lasted_s = time.time() - payment.began_at
        raise Unjudged(f"the payment is still {say(view)} after {lasted_s:.0f} s: what becomes of it was not seen")

    def _heard(self, payment: Payment) -> bool:
        """Whether the merchant shows what the payment's callback said. A query makes it paid too, without a receipt."""
        view = self.status(payment)
        if view.state is not PAID:
            return False
        if not self.takes_callbacks:
            return True
        if view.receipt or (self.sees_receipt and self.book.receipt_seen):
            return view.receipt == self.sight.record(payment).get("receipt")
        return not self.sight.queries(payment)

    def told_of_outcome(self, payment: Payment, view: StatusView | None = None) -> str:
        """What the customer is told now, or was at the look `view`. Of an acknowledged payment only its page counts:
        "enter your PIN", said at the start, is no word on the outcome.

        Raises:
            Untested: Daraja acknowledged the payment, and the target file does not show its page's text.
        """
        if not self.sight.acknowledged(payment):
            return self.told(payment)
        status = self.target.merchant.status
        if status is None or status.message is None:
            raise Untested(
                "what the customer is told of the outcome cannot be seen",
                why=NotTested.TARGET_KEY_MISSING,
                enable="merchant.status.message",
            )
        return (view or self.status(payment)).message or ""

    def expect_state(
        self,
        payment: Payment,
        states: PaymentState | Iterable[PaymentState],
        *,
        within_s: float | None = None,
        because: str = "",
    ) -> StatusView:
        """The payment reaches one of `states`, or the rule is broken."""
        wanted = states_of(states)
        view = self.until(payment, wanted, within_s=within_s)
        if view.state in wanted:
            return view
        names = " or ".join(sorted(wanted))
        limit = self.settle_s if within_s is None else within_s
        self._require_own_state(payment, view)
        kind = Missing if view.state in (PENDING, None) else Failed
        raise kind(
            f"the payment is {say(view)} after {limit:.3g} s; expected {names}" + (f": {because}" if because else "")
        )

    def _require_own_state(self, payment: Payment, view: StatusView) -> None:
        """A state that was looked up by the order's reference, because the start was never answered, may be nobody's.

        Raises:
            Unjudged: it is such a one.
        """
        if payment.started.status is None and self.target.merchant.pay.payment_id is not None:
            raise Unjudged(
                f"the start of the payment was not answered ({payment.started.error}), so its identifier is not known; "
                f"by its reference it is {say(view)}"
            )

    def expect_never(
        self, payment: Payment, states: PaymentState | Iterable[PaymentState], *, for_s: float, because: str
    ) -> None:
        """For so many seconds the payment shows none of `states`."""
        unwanted = states_of(states)
        view = self.until(payment, unwanted, within_s=for_s)
        if view.state in unwanted:
            raise Failed(f"the payment became {say(view)}: {because}")

    def expect_credits(self, payment: Payment, expected: int, *, quiet_s: float = 1.0, because: str = "") -> Credits:
        """After `quiet_s` of calm, the customer is credited exactly so often, and with the right sum."""
        self.quiet(quiet_s)
        found = self.credits(payment)
        tail = f": {because}" if because else ""
        due = expected * payment.amount
        if not found.counted and found.total is not None and round(found.total, 2) != round(due, 2):
            kind = WrongCredit if found.total > due else Missing
            raise kind(f"{shillings(found.total)} shillings were credited; expected {shillings(due)}{tail}")
        if found.counted and found.count != expected:
            kind = WrongCredit if found.count > expected else Missing
            raise kind(f"the customer was credited {times(found.count)}; expected {times(expected)}{tail}")
        if expected and found.total is not None and round(found.total, 2) != round(due, 2):
            raise Failed(f"{shillings(found.total)} shillings were credited for {shillings(due)} that were paid{tail}")
        return found

    def expect_unpaid(self, payment: Payment, *, for_s: float, because: str) -> None:
        """Not paid and, where credits can be seen, not credited."""
        self.expect_never(payment, PAID, for_s=for_s, because=because)
        if self.sees_credits:
            self.expect_credits(payment, 0, quiet_s=0.0, because=because)

    def expect_paid_once(self, payment: Payment, *, within_s: float | None = None, because: str = "") -> StatusView:
        """Paid and, where credits can be seen, credited exactly once."""
        view = self.expect_state(payment, PAID, within_s=within_s, because=because)
        if self.sees_credits:
            self.expect_credits(payment, 1, quiet_s=0.3, because=because)
        return view

    def paid_first(self, payment: Payment) -> StatusView:
        """The payment is paid, as the situation of the rule wants it to begin.

        Raises:
            Untested: it never was, so that nothing can be judged.
        """
        view = self.until(payment, PAID, within_s=self.settled_s)
        if view.state is not PAID:
            raise Untested(f"an ordinary payment never became paid (it is {say(view)}), so nothing could be judged")
        return view

    @property
    def exchanges(self) -> tuple[DriverExchange, ...]:
        """Everything that this check asked the merchant, with its answers, as on the wire."""
        return tuple(self._exchanges)

    def other_device(self) -> MerchantDriver:
        """A driver with its own log-in and no cookies of this check's; what it does is evidence too."""
        return self.stage.new_driver(record=self._record)

    def another_merchant(self, work_dir: Path, *, daraja_url: str) -> AbstractContextManager[MerchantDriver]:
        """A second process of the merchant with another Daraja; what it is asked is evidence too."""
        return self.stage.another_merchant(work_dir, record=self._record, daraja_url=daraja_url)

    def require_typed(self, placeholder: str) -> None:
        """The merchant is told this when a payment starts.

        Raises:
            Untested: the target file's `pay` does not use the placeholder, so the merchant decides for itself.
        """
        if not self.types(placeholder):
            raise Untested(
                f"merchant.pay tells the merchant no {{{placeholder}}}, so it could not be varied",
                why=NotTested.TARGET_KEY_MISSING,
                enable="merchant.pay",
            )

    def expect_callback_taken(self, payment: Payment) -> None:
        """The merchant answered each callback of this payment, and none with a crash (5xx)."""
        self.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
        callbacks = self.sight.callbacks(payment)
        if not callbacks:
            raise Untested("no callback was delivered for this payment, so nothing could be judged")
        for entry in callbacks:
            status = (entry.get("response") or {}).get("status")
            if status is None:
                raise Failed(f"the callback got no answer ({entry.get('error') or 'connection closed'}); expected 200")
            if status >= 500:
                raise Failed(f"the callback was answered {status}, as a crash is; expected 200")

    def expect_message(self, payment: Payment, topic: str) -> str:
        """What the customer was told fits the topic: specific, honest, with a next step."""
        text = self.told_of_outcome(payment)
        problems = problems_of(text, topic)
        if problems:
            raise Failed(f"the customer was told {quote(text)}: {'; '.join(problems)}")
        return text


def require_one_order(probe: Probe, *, by_key: bool = False) -> None:
    """The reference tells it; with `by_key`, an idempotency key does too.

    Raises:
        Inapplicable: what is paid for is an account, which may be topped up as often as its owner likes.
        Untested: nothing tells it.
    """
    pay = probe.target.merchant.pay
    if by_key and (probe.types("idempotency_key") or pay.idempotency_header is not None):
        return
    if "top_up" in probe.target.merchant.capabilities:
        raise Inapplicable("an account may be topped up as often as its owner likes; there is no order to pay twice")
    if not probe.types("reference"):
        key = "merchant.pay.idempotency_header" if by_key else "merchant.pay"
        missing = "neither {reference} nor an idempotency header" if by_key else "no {reference}"
        raise Untested(
            f"nothing tells the merchant that two requests are for one order: merchant.pay has {missing}",
            why=NotTested.TARGET_KEY_MISSING,
            enable=key,
        )
