"""P19: a payout that is asked for twice is paid out once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, cast

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Untested, key_missing
from tayari_contracts.context.payment import REVIEW, Payment
from tayari_contracts.steps.payees import NO_M_PESA, new_payee, queue_payout
from tayari_contracts.steps.payouts import (
    answered,
    await_request,
    expect_one_id,
    expect_results_taken,
    originator_ids,
    pay_out,
    payout_requests,
    payout_situation,
)
from tayari_contracts.steps.timed_acts import Act, play

WATCHED_S: Final = 4.0
"""Longer than a click that is handled in the background takes."""

CLICKS_AFTER_S: Final = (1.0, 1.5, 1.5)
"""Seconds before each click: at the last one even a slow merchant has noted that its request got no answer."""
UNCLEAR_S: Final = 15.0
"""Seconds until the result of the payout whose acknowledgement is lost: after the clicks."""


@check("P19")
def a_payout_asked_for_twice_is_paid_once(context: CheckContext) -> None:
    """One payout is asked for three times at the same moment, and once more when it has its result.

    Another payout, whose acknowledgement is lost, is asked for again while its outcome is unknown. Then the same person
    is to get the same amount under a reference that differs at its end, which is another payout.
    """
    _require_reference(context)
    unclear = context.actions.in_background(partial(_expect_unclear_sent_once, context))
    payment, click = _ask_three_times(context, f"{context.allocation.reference()}-1")
    if not payment.started.accepted:  # it may take no reference that is so long, or that has a dash
        payment, click = _ask_three_times(context, context.allocation.reference())
    await_request(context, payment)
    if not payout_requests(context, payment):
        raise Untested(f"no payout request reached Daraja: {answered(payment)}")
    expect_results_taken(context, payment)
    click()
    context.time.pause(WATCHED_S)
    expect_one_id(context, payment, "one payout was asked for four times, with one reference")
    unclear.result()
    _expect_another_is_sent(context, payment)


def _ask_three_times(context: CheckContext, reference: str) -> tuple[Payment, Callable[[], object]]:
    """Ask for one payout three times at the same moment. Returns it, and what asks for it once more."""
    msisdn, amount = new_payee(context), context.allocation.amount()
    scenario = payout_situation("inline/p19-clicked", outcome=after(0.5))
    since = queue_payout(context, scenario, msisdn)
    context.evidence.name_scenario(scenario)
    first = partial(pay_out, context, msisdn=msisdn, amount=amount, reference=reference, since=since)
    click = partial(context.driver.start_payout, msisdn=msisdn, amount=amount, reference=reference)
    return cast("Payment", play(context, [Act(0.0, first), Act(0.0, click), Act(0.0, click)])[0]), click


def _expect_unclear_sent_once(context: CheckContext) -> None:
    """Expect that a payout is not sent under another id if its acknowledgement is lost and it is asked for again.

    Raises:
        WrongCredit: it is.
    """
    scenario = payout_situation("inline/p19-unclear", {"ack_lost": {"drop": True}}, outcome=after(UNCLEAR_S))
    payment = pay_out(context, scenario)
    await_request(context, payment)
    for pause_s in CLICKS_AFTER_S:
        context.time.pause(pause_s)
        context.driver.start_payout(msisdn=payment.msisdn, amount=int(payment.amount), reference=payment.reference)
    context.time.pause(WATCHED_S)
    expect_one_id(context, payment, "the acknowledgement of a payout was lost, and somebody asked for it again")


def _expect_another_is_sent(context: CheckContext, first: Payment) -> None:
    """Expect that a second payout of the same amount to the same person is sent too, refused, or in review.

    It fails at M-Pesa, so that no money rule takes it for the first one paid twice.

    Raises:
        Missing: it was accepted, and not sent.
    """
    fails = payout_situation("inline/p19-another", outcome=after(0.5, result_code=NO_M_PESA))
    queue_payout(context, fails, first.msisdn)
    reference = f"{first.reference[:-1]}X"
    started = context.driver.start_payout(msisdn=first.msisdn, amount=int(first.amount), reference=reference)
    if not started.accepted:
        return

    def is_sent() -> bool:
        return len(originator_ids(payout_requests(context, first))) > 1

    await_request(context, first, came=is_sent)
    if is_sent():
        return
    if context.driver.read_payout(started.payment_id or reference, reference).state is not REVIEW:
        raise Missing(
            f"two payouts of {first.amount} shillings to one person were asked for, under two references; the second "
            "was accepted, and not sent; expected both to be paid, because they are two"
        )


def _require_reference(context: CheckContext) -> None:
    """Require that the merchant can know that two requests are for one payout.

    Raises:
        Untested: it cannot.
    """
    payout = context.target.merchant.payout
    if payout is None or not payout.call.names("reference"):
        raise key_missing(
            "the request for a payout names no reference, so that a repeated request looks like a second payout",
            "merchant.payout.request with {reference}",
        )
