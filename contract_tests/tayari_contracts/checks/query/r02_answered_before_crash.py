"""R02: a callback that was answered survives a crash, and is credited once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.findings import Untested, Warned
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.c2b_payments import c2b_situation, confirm_again, pay_in
from tayari_contracts.steps.timed_acts import QUIET_S, Act, expect_one_credit, play

BEFORE_S: Final = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.01)
"""Seconds from each callback to the crash, so that the merchant has received one and not yet credited it."""
MOMENT_S: Final = max(BEFORE_S)
QUICK_S: Final = MOMENT_S / 2
"""A merchant that answers within this time has answered some of the callbacks when it is killed."""
RESULT_S: Final = 0.3
READ_WITHIN_S: Final = 5.0
"""A merchant reads the stored callback of a payment that a query has settled within this time after its start."""


@check("R02")
def an_answered_callback_survives_a_crash(context: CheckContext) -> None:
    """Seven callbacks come within a second; then the process is killed, and started again.

    After that the callback of a payment that was credited before comes again, and so does a C2B confirmation.
    """
    paid_in = _paid_in_earlier(context)
    earlier = context.actions.pay_accepted(situation("inline/r02-earlier", outcome=after(RESULT_S)))
    was_paid = context.observations.until(earlier, PAID).state is PAID
    slow_s = answer_s(context, earlier)
    silent = situation("inline/r02-crash", outcome=after(RESULT_S, callback=False))
    payments = [context.actions.pay_accepted(silent) for _ in BEFORE_S]
    for payment in payments:
        context.observations.wait("result_due", payment)
    context.time.pause(context.journal.seconds_until_stored())
    acts = [
        Act(MOMENT_S - before_s, partial(context.actions.send_callback, payment))
        for payment, before_s in zip(payments, BEFORE_S, strict=True)
    ]
    answers = play(context, [*acts, Act(MOMENT_S + slow_s, context.environment.kill_merchant)])
    context.actions.restart_merchant()
    if was_paid:
        context.actions.send_callback(earlier)
    answered = [payment for payment, answer in zip(payments, answers, strict=False) if is_taken(answer)]
    if not answered:
        raise Untested("no callback was answered before the process was killed")
    expect_one_credit(
        context, answered, because="its callback was answered 200, and the process died within a second of it"
    )
    if was_paid:
        expect_one_credit(context, [earlier], because="its callback came again after the process had died")
    if paid_in is not None:
        confirm_again(context, paid_in)
        context.expectations.credits(
            paid_in, 1, quiet_s=QUIET_S, because="its confirmation came again after the process had died"
        )
    expect_receipts(context, answered)


def answer_s(context: CheckContext, payment: Payment) -> float:
    """Seconds that the merchant took to answer the callback of a payment; 0 if it is quick, or if that is not known.

    A merchant that works before it answers is killed that much later; else no callback would have been answered.
    """
    context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
    took_s = max((float(entry.get("duration_s") or 0.0) for entry in context.journal.callbacks(payment)), default=0.0)
    return took_s if took_s > QUICK_S else 0.0


def _paid_in_earlier(context: CheckContext) -> Payment | None:
    """A C2B payment that is credited; None if the merchant has none that can be followed."""
    c2b = context.target.merchant.c2b
    if c2b is None or not c2b.can_be_followed:
        return None
    with suppress(Untested):
        payment = pay_in(context, c2b_situation("inline/r02-c2b-earlier"))
        if context.observations.until(payment, PAID, within_s=context.time.settle_s).state is PAID:
            return payment
    return None


def expect_receipts(context: CheckContext, answered: Sequence[Payment]) -> None:
    """Expect that these payments show their receipts: one that a query settled has none, so its callback is lost.

    Raises:
        Warned: some show none.
    """
    if not context.profile.shows_receipt:
        return
    context.time.until(lambda: not _without_receipt(context, answered), within_s=READ_WITHIN_S)
    if lost := _without_receipt(context, answered):
        raise Warned(
            f"{len(lost)} of {len(answered)} callbacks that were answered 200 within a second of the crash left no "
            "receipt: a status query settled their payments; expected a callback to be stored before the 200, and "
            "worked on after the start"
        )


def _without_receipt(context: CheckContext, payments: Sequence[Payment]) -> list[Payment]:
    """The payments that do not show M-Pesa's receipt."""
    return [
        payment
        for payment in payments
        if context.observations.status(payment).receipt != context.journal.record(payment).get("receipt")
    ]


def is_taken(answer: object) -> bool:
    """Whether the merchant answered a callback with 2xx, so that it is not sent again."""
    deliveries = cast("list[dict[str, Any]]", answer)
    return bool(deliveries) and 200 <= (deliveries[0].get("status") or 0) < 300
