"""What a check expects: each of these raises a finding when the merchant does not do so."""

from __future__ import annotations

import time

from tayari_money.invariants import shillings
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.driver import StatusView

from tayari_contracts.context.actions import Actions, after, situation
from tayari_contracts.context.check_time import CALLBACK_WAIT_S, CheckTime
from tayari_contracts.context.evidence import JournalReader
from tayari_contracts.context.findings import (
    Failed,
    Missing,
    Unjudged,
    Unsettled,
    Untested,
    WrongCredit,
    quote,
    say,
    times,
)
from tayari_contracts.context.message_topics import problems_of
from tayari_contracts.context.observations import Observations, require_readable
from tayari_contracts.context.payment import PAID, PENDING, REVIEW, SETTLED, Payment
from tayari_contracts.context.run_record import RunRecord


class Expectations:
    """Holds the merchant to what a rule says of one payment."""

    def __init__(
        self,
        actions: Actions,
        observations: Observations,
        *,
        journal: JournalReader,
        run: RunRecord,
        time: CheckTime,
    ) -> None:
        self._profile = run.profile
        self._actions = actions
        self._observations = observations
        self._journal = journal
        self._run = run
        self._time = time
        self._reads_callbacks = False
        """Whether an ordinary payment of this check was settled by its callback."""

    def state(
        self, payment: Payment, *states: PaymentState, within_s: float | None = None, because: str = ""
    ) -> StatusView:
        """The payment reaches one of `states`, or the rule is broken."""
        view = self._observations.until(payment, *states, within_s=within_s)
        if view.state in states:
            return view
        names = " or ".join(sorted(states))
        lasted_s = time.time() - payment.began_at
        self._require_own_state(payment, view)
        kind = Missing if view.state in (PENDING, None) else Failed
        raise kind(
            f"the payment is {say(view)} {lasted_s:.0f} s after its start; expected {names}"
            + (f": {because}" if because else "")
        )

    def _require_own_state(self, payment: Payment, view: StatusView) -> None:
        """A state that was looked up by the order's reference, because the start was never answered, may be nobody's.

        Raises:
            Unjudged: it is such a one.
        """
        if payment.started.status is None and self._profile.merchant.pay.payment_id is not None:
            raise Unjudged(
                f"the start of the payment was not answered ({payment.started.error}), so its identifier is not known; "
                f"by its reference it is {say(view)}"
            )

    def never(self, payment: Payment, *states: PaymentState, for_s: float, because: str) -> None:
        """During `for_s` the payment shows none of `states`."""
        view = self._observations.until(payment, *states, within_s=for_s)
        if view.state in states:
            raise Failed(f"the payment became {say(view)}: {because}")

    def credits(self, payment: Payment, expected: int, *, quiet_s: float = 1.0, because: str = "") -> None:
        """After `quiet_s` of calm, the customer is credited exactly so often, and with the right sum.

        Nothing is expected where the target file shows no credits; those of an account (C2B) are the account's own.
        """
        if payment.kind is not PaymentKind.C2B_PAYMENT and not self._profile.shows_credits:
            return
        self._time.pause(quiet_s)
        found = self._observations.credits(payment)
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

    def unpaid(self, payment: Payment, *, for_s: float, because: str) -> None:
        """Not paid and, where credits can be seen, not credited."""
        self.never(payment, PAID, for_s=for_s, because=because)
        self.credits(payment, 0, quiet_s=0.0, because=because)

    def paid_once(self, payment: Payment, *, within_s: float | None = None, because: str = "") -> StatusView:
        """Paid and, where credits can be seen, credited exactly once."""
        view = self.state(payment, PAID, within_s=within_s, because=because)
        self.credits(payment, 1, quiet_s=0.3, because=because)
        return view

    def honoured(self, payment: Payment, *, because: str) -> None:
        """Paid and credited once, or in the hands of a person, when the merchant has dealt with the success."""
        self._observations.until(payment, PAID, REVIEW, within_s=self._time.settled_s)
        view = self.status_after_queue(payment)
        if view.state not in (PAID, REVIEW):
            kind = Missing if view.state in (PENDING, None) else Failed
            raise kind(f"the payment is {say(view)}; expected paid or review: {because}, and the money has moved")
        if view.state is PAID:
            self.credits(payment, 1, quiet_s=0.3, because=because)

    def callback_read(self, payment: Payment, *, because: str) -> None:
        """Taken, paid once with the order's amount and, where receipts can be seen, with the callback's receipt."""
        self.callback_taken(payment)
        view = self.paid_once(payment, within_s=self._time.settled_s, because=because)
        receipt = self._journal.record(payment).get("receipt")
        if view.receipt and receipt and view.receipt != receipt:
            raise Failed(f"receipt {view.receipt} was stored; expected {receipt}: {because}")

    def callback_taken(
        self, payment: Payment, *, count: int = 1, within_s: float = CALLBACK_WAIT_S, what: str = "the callback"
    ) -> None:
        """The merchant answered each callback of this payment, and none with a crash (5xx).

        `count` of them are waited for; `what` is for the reason.
        """
        self._observations.wait("callback_answered", payment, count=count, within_s=within_s)
        callbacks = self._journal.callbacks(payment)
        if not callbacks:
            raise Untested("no callback was delivered for this payment, so nothing could be judged")
        for entry in callbacks:
            status = (entry.get("response") or {}).get("status")
            if status is None:
                raise Failed(f"{what} got no answer ({entry.get('error') or 'connection closed'}); expected 200")
            if status >= 500:
                raise Failed(f"{what} was answered {status}, as a crash is; expected 200")

    def message(self, payment: Payment, topic: str) -> str:
        """What the customer reads fits the topic: specific, honest, with a next step."""
        text = self._observations.outcome_message(payment)
        if problems := problems_of(text, topic):
            raise Failed(f"the customer was told {quote(text)}: {'; '.join(problems)}")
        return text

    def require_paid(self, payment: Payment) -> StatusView:
        """The payment is paid, as the situation of the rule wants it to begin.

        Raises:
            Untested: it never was, so that nothing can be judged.
        """
        view = self._observations.until(payment, PAID, within_s=self._time.settled_s)
        if view.state is not PAID:
            raise Untested(f"an ordinary payment never became paid (it is {say(view)}), so nothing could be judged")
        return view

    def require_callback_read(self, payment: Payment) -> None:
        """For a payment that may stay as it was: that it did so with its callback read.

        Raises:
            Unjudged: nothing shows that the callback was read, so that nothing having happened proves nothing.
        """
        if self._observations.callback_was_read(payment) or self._reads_callbacks:
            return
        raise Unjudged(
            f"the payment is {say(self._observations.status(payment))} as before its callback, and nothing shows that "
            "the callback was read (no message in merchant.audit, and no ordinary payment that its callback alone "
            "settled); a callback that was lost looks the same"
        )

    def status_after_queue(self, payment: Payment) -> StatusView:
        """The merchant's word on a payment of which pending may be right, when it has dealt with what was sent for it.

        That it has is seen from an ordinary payment that comes later: once the merchant shows what that one's callback
        said, it has passed what lay before it. So a quick merchant is judged soon, and a slow one not too soon.

        Raises:
            Unsettled: the later payment is not paid in time, so that it is not known what the merchant has dealt with.
        """
        later = self._actions.pay(situation("inline/after-the-queue", outcome=after(0.5)))
        paid = self._time.until(
            lambda: self._is_paid_by_callback(later),
            within_s=self._time.slow_queue_s,
            pause=self._observations.until_told(later),
        )
        self._reads_callbacks = self._reads_callbacks or bool(paid)
        view = self._observations.status(payment)
        if view.state is not PAID and (last := self._observations.status(later)).state is not PAID:
            raise Unsettled(
                f"the payment is {say(view)}, but an ordinary one begun after it is {say(last)} after "
                f"{self._time.slow_queue_s:.3g} s, so the merchant may not have dealt with either yet"
            )
        return require_readable(payment, view)

    def final_status(self, payment: Payment) -> StatusView:
        """The merchant's last word on a payment for which pending is no answer.

        Raises:
            Unjudged: it is pending, or cannot be read, when even a slow merchant would have decided.
        """
        view = self.status_after_queue(payment)
        if view.state not in SETTLED:
            view = self._observations.until(payment, *SETTLED, within_s=self._time.slow_queue_s)
        if view.state in SETTLED:
            return view
        lasted_s = time.time() - payment.began_at
        raise Unjudged(f"the payment is still {say(view)} after {lasted_s:.0f} s: its end was not seen")

    def _is_paid_by_callback(self, payment: Payment) -> bool:
        """Whether the merchant shows what the payment's callback said. A query makes it paid too, without a receipt."""
        view = self._observations.status(payment)
        if view.state is not PAID:
            return False
        if not self._profile.takes_callbacks:
            return True
        if view.receipt or (self._profile.shows_receipt and self._run.receipt_seen):
            return view.receipt == self._journal.record(payment).get("receipt")
        return not self._journal.queries(payment)
