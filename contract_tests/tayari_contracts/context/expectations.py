"""The expectations of a check: each raises a finding if the merchant does not do what is expected."""

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
    """Compares what the merchant does with one payment with what a rule expects."""

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
        """Expect that the payment reaches one of `states` in time; returns the look that showed it.

        Raises:
            Missing: it is pending, or cannot be read. Failed: it has another state.
            Unjudged: the start was not answered, so the state that was read may be another payment's.
        """
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
        """Require that the state is this payment's.

        Raises:
            Unjudged: it was found by the order's reference alone, because the start was never answered.
        """
        if payment.started.status is None and self._profile.merchant.pay.payment_id is not None:
            raise Unjudged(
                f"the start of the payment was not answered ({payment.started.error}), so its identifier is not known; "
                f"by its reference it is {say(view)}"
            )

    def never(self, payment: Payment, *states: PaymentState, for_s: float, because: str) -> None:
        """Expect that the payment shows none of `states` during `for_s`.

        Raises:
            Failed: it does.
        """
        view = self._observations.until(payment, *states, within_s=for_s)
        if view.state in states:
            raise Failed(f"the payment became {say(view)}: {because}")

    def credits(self, payment: Payment, expected: int, *, quiet_s: float = 1.0, because: str = "") -> None:
        """Expect that the customer is credited exactly so often, and with the right sum, after `quiet_s` seconds.

        Nothing is expected if the target file shows no credits. The credits of a C2B payment are those of its account.

        Raises:
            WrongCredit: too much, or too often. Missing: too little, or too seldom. Failed: another sum.
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
            raise Failed(
                f"{shillings(found.total)} shillings were credited for {shillings(due)} that were paid; expected the "
                f"same sum{tail}"
            )

    def unpaid(self, payment: Payment, *, for_s: float, because: str) -> None:
        """Expect that the payment is not paid during `for_s` and, where credits can be seen, not credited.

        Raises:
            Failed, WrongCredit: it is.
        """
        self.never(payment, PAID, for_s=for_s, because=because)
        self.credits(payment, 0, quiet_s=0.0, because=because)

    def paid_once(self, payment: Payment, *, within_s: float | None = None, because: str = "") -> StatusView:
        """Expect that the payment is paid and, where credits can be seen, credited exactly once.

        Raises:
            as `state` and `credits`.
        """
        view = self.state(payment, PAID, within_s=within_s, because=because)
        self.credits(payment, 1, quiet_s=0.3, because=because)
        return view

    def honoured(self, payment: Payment, *, because: str) -> None:
        """Expect that a success is honoured: paid and credited once, or in review, once the merchant has dealt with it.

        Raises:
            Missing, Failed: it is neither paid nor in review. As `credits`: it is paid and not credited once.
        """
        self._observations.until(payment, PAID, REVIEW, within_s=self._time.settled_s)
        view = self.status_after_queue(payment)
        if view.state not in (PAID, REVIEW):
            kind = Missing if view.state in (PENDING, None) else Failed
            raise kind(f"the payment is {say(view)}; expected paid or review: {because}, and the money has moved")
        if view.state is PAID:
            self.credits(payment, 1, quiet_s=0.3, because=because)

    def callback_read(self, payment: Payment, *, because: str) -> None:
        """Expect that a callback was taken, and its payment paid once with the order's amount and the right receipt.

        The receipt is compared if the merchant shows one.
        """
        self.callback_taken(payment)
        view = self.paid_once(payment, within_s=self._time.settled_s, because=because)
        receipt = self._journal.record(payment).get("receipt")
        if view.receipt and receipt and view.receipt != receipt:
            raise Failed(f"receipt {view.receipt} was stored; expected {receipt}: {because}")

    def callback_taken(
        self, payment: Payment, *, count: int = 1, within_s: float = CALLBACK_WAIT_S, what: str = "the callback"
    ) -> None:
        """Expect that the merchant answered each callback of this payment, and none with a crash (5xx).

        `count`: how many callbacks to wait for. `what`: the callback's name in the reason.

        Raises:
            Failed: one got no answer, or a crash. Untested: none was delivered.
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
        """Expect that the customer reads a message that fits the topic: specific, honest, with a next step.

        Raises:
            Failed: the message does not fit. Untested: it cannot be seen.
        """
        text = self._observations.outcome_message(payment)
        if problems := problems_of(text, topic):
            raise Failed(f"the customer was told {quote(text)}: {'; '.join(problems)}")
        return text

    def require_paid(self, payment: Payment) -> StatusView:
        """Require that the payment is paid, which is how the rule's situation begins.

        Raises:
            Untested: it never was, so nothing can be judged.
        """
        view = self._observations.until(payment, PAID, within_s=self._time.settled_s)
        if view.state is not PAID:
            raise Untested(f"an ordinary payment never became paid (it is {say(view)}), so nothing could be judged")
        return view

    def require_callback_read(self, payment: Payment) -> None:
        """Require a sign that the callback was read, for a payment whose state may rightly not change.

        Raises:
            Unjudged: there is none, and an unchanged state alone proves nothing.
        """
        if self._observations.callback_was_read(payment) or self._reads_callbacks:
            return
        raise Unjudged(
            f"the payment is {say(self._observations.status(payment))} as before its callback, and nothing shows that "
            "the callback was read (no message in merchant.audit, and no ordinary payment that its callback alone "
            "settled); a callback that was lost looks the same"
        )

    def status_after_queue(self, payment: Payment) -> StatusView:
        """The payment's state once the merchant has dealt with all that was sent for it; it may rightly be pending.

        An ordinary payment that is started now shows it. When that one's callback has settled it, the merchant has
        dealt with the earlier messages too. So a quick merchant is judged soon, and a slow one not too soon.

        Raises:
            Unsettled: the later payment is not paid in time, so it is not known what the merchant has dealt with.
            Untested: the state is a word that the target file does not know.
        """
        later = self._actions.pay(situation("inline/after-the-queue", outcome=after(0.5)))
        paid = self._time.until(
            lambda: self._is_paid_by_callback(later),
            within_s=self._time.slow_queue_s,
            pause=self._observations.until_answered(later),
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
        """The final state of a payment: paid, failed or review.

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
        """Whether the callback made the payment paid. A query can make it paid too, but gives no receipt."""
        view = self._observations.status(payment)
        if view.state is not PAID:
            return False
        if not self._profile.takes_callbacks:
            return True
        if view.receipt or (self._profile.shows_receipt and self._run.receipt_seen):
            return view.receipt == self._journal.record(payment).get("receipt")
        return not self._journal.queries(payment)
