"""C06: the amount paid is compared with the order."""

from __future__ import annotations

import time
from functools import partial

from tayari_money.invariants import shillings
from tayari_target.driver import StatusView

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import SLOW_S
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Finding, Unjudged, Untested, WrongCredit, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, SETTLED, Payment
from tayari_contracts.steps.pushes import amount_of, taken_pushes
from tayari_contracts.steps.status_queries import on_query

ORDERED, PAID_AMOUNT = 1000, 1
CANCELLED = 1032
MORE = 50
"""Shillings by which an order costs more at its second try."""
LATE_S = 8.0
"""Seconds until the success of a first try comes: after its customer has cancelled the second one."""
AMOUNT = f"{ITEM}[Amount].Value"
UNCONFIRMED_S = SLOW_S
"""Seconds for which queries are answered "in flight", so that only the callback has a result."""


@check("C06")
def the_amount_paid_is_compared(context: CheckContext) -> None:
    """The callback of an order of 1000 shillings says that 1 was paid; at first queries are answered "in flight".

    The callback of another order says so as text. No capture has that form, so a merchant that cannot read it, and
    waits for a query, is not judged by it.

    A third order costs more at its second try. Its customer cancels that one, and the success of the first try comes.
    """
    changed = context.actions.in_background(partial(_judge_changed_order, context))
    as_number, as_text = _pay_less(context, PAID_AMOUNT), _pay_less(context, str(PAID_AMOUNT))
    _judge(context, as_number, f"says {PAID_AMOUNT}")
    try:
        _judge(context, as_text, f'says "{PAID_AMOUNT}", as text', by_query=False)
    except (Unjudged, Untested) as unclear:
        context.evidence.notes.append(f"an amount as text was not judged: {unclear}")
    changed.result()


def _judge_changed_order(context: CheckContext) -> None:
    """Expect that the success of a first try does not pay an order that costs more since then.

    Nothing is expected if the first try does not end as failed, or if the second one does not ask for more.

    Raises:
        WrongCredit: it does.
    """
    try:
        context.profile.require_one_order(by_retry=True)
    except Finding:
        return
    late = [{"result_code": 0, "after_s": LATE_S}]
    first = context.actions.pay_accepted(
        situation("inline/c06-cheaper", outcome=after(0.5, result_code=CANCELLED), then=late)
    )
    try:
        if context.observations.until(first, FAILED, REVIEW).state is FAILED:
            _expect_dearer_unpaid(context, first)
    finally:  # its tries have different amounts, which the money rules do not allow for one order
        context.run.leave_out(first.reference)


def _expect_dearer_unpaid(context: CheckContext, first: Payment) -> None:
    dearer = context.actions.pay(
        situation("inline/c06-dearer", outcome=after(0.5, result_code=CANCELLED)),
        msisdn=first.msisdn, amount=int(first.amount) + MORE, reference=first.reference, again=first.payment_id,
    )  # fmt: skip
    asked = [amount_of(body_of(push).get("Amount")) for push in taken_pushes(context, dearer)]
    if dearer.amount not in asked:
        return
    if not context.observations.wait("callback_answered", first, count=3, within_s=2 * LATE_S):
        context.evidence.notes.append("the success of a cheaper first try was not answered, so it may not be judged")
    view = context.expectations.status_after_queue(dearer)
    credited = context.observations.credits(dearer).total if context.profile.shows_credits else None
    if view.state is PAID or (credited or 0.0) > first.amount:
        shown = "" if credited is None else f", with {shillings(credited)} credited"
        raise WrongCredit(
            f"an order of {first.amount} shillings failed, its customer was asked for {dearer.amount} at the second "
            f"try and cancelled, then the success of the first try came, and the order is {say(view)}{shown}; expected "
            "review, or the rest to be asked for"
        )


def _pay_less(context: CheckContext, written: int | str) -> Payment:
    in_flight = on_query("api_error", error="500.001.1001.processing", until_s=UNCONFIRMED_S)
    less = {"mutate": {"set": {AMOUNT: written}}}
    return context.actions.pay_accepted(
        situation("inline/c06-one-shilling", less, in_flight, outcome=after(0.5)), amount=ORDERED
    )


def _judge(context: CheckContext, payment: Payment, says: str, *, by_query: bool = True) -> None:
    context.expectations.callback_taken(payment)
    view = decided(context, payment, by_query=by_query)
    if context.profile.shows_credits:
        judge_credits(context, payment, says)
    if view.state is PAID and "top_up" not in context.target.merchant.capabilities:
        judge_paid(context, payment, says)


def decided(context: CheckContext, payment: Payment, *, by_query: bool = True) -> StatusView:
    """The state that the merchant gave the payment after its callback; `by_query`: or after a later query.

    Raises:
        Unjudged: it decided nothing, or a query may have been answered before the merchant read the callback.
    """
    view = context.expectations.status_after_queue(payment)
    heard_in_time = time.time() < payment.began_at + UNCONFIRMED_S
    if view.state not in SETTLED and by_query:
        view = context.observations.until(payment, *SETTLED, within_s=2 * UNCONFIRMED_S + context.time.patience_s)
    if view.state not in SETTLED:
        raise Unjudged(f"the payment is still {say(view)}: its end was not seen")
    if view.state is PAID and not heard_in_time and context.journal.queries(payment):
        raise Unjudged("the payment is paid, and a query that names no amount may have come before the callback did")
    return view


def judge_paid(context: CheckContext, payment: Payment, says: str) -> None:
    """Report a partly paid order that is shown as paid, whatever sum is beside it: staff who read "paid" deliver.

    Raises:
        Failed: always, unless the merchant ignores callbacks. Unjudged: it does.
    """
    if context.profile.shows_credits and context.observations.credits(payment).total == PAID_AMOUNT:
        raise Failed(
            f"of {ORDERED} shillings {PAID_AMOUNT} was paid and credited, and the order is shown as paid, as if "
            "nothing were owed any more; expected review, or the rest to be asked for; where any amount may be paid "
            "in, name top_up in merchant.capabilities"
        )
    refuse_unless_it_ignores_callbacks(context, payment, says)


def judge_credits(context: CheckContext, payment: Payment, says: str) -> None:
    """Expect that at most what was paid is credited, whatever the state is."""
    found = context.observations.credits(payment)
    if (found.total if found.total is not None else found.count * ORDERED) > PAID_AMOUNT:
        refuse_unless_it_ignores_callbacks(context, payment, says)


def refuse_unless_it_ignores_callbacks(context: CheckContext, payment: Payment, says: str) -> None:
    """Raise the finding, unless the merchant refuses all callbacks and queries alone settle its payments.

    Raises:
        Failed: it counts the order as paid. Unjudged: it refuses callbacks.
    """
    answers = [status or 0 for status in context.journal.callback_statuses(payment)]
    if answers and context.journal.queries(payment) and all(400 <= status < 500 for status in answers):
        raise Unjudged(f"the callback was refused ({answers[-1]}), and the query that settled it names no amount")
    raise Failed(
        f"an order of {ORDERED} shillings counts as paid although the callback {says}; "
        "expected review, or at most what was paid to be credited"
    )
