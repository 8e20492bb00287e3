"""S05: an amount above M-Pesa's limit is refused before Daraja has to, or asked for in parts that add up to it."""

from __future__ import annotations

import re
from typing import Final

from tayari_money.invariants import shillings

from tayari_contracts.checks.registry import check
from tayari_contracts.checks.s04_whole_amount import amount_of
from tayari_contracts.context.customer_messages import crash_of, raw_words_of
from tayari_contracts.context.findings import Failed, Missing, Unjudged, Warned, WrongCredit, quote, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.journal_reader import body_of
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import FAILED, PAID, REVIEW, Probe
from tayari_contracts.steps.pushes import calm_pushes

TOTAL: Final = 300_000
"""M-Pesa takes 250 000 at most (reference 3.1)."""

CANCELLED: Final = 1032
FIRST_PART_S: Final = 2.0
"""So long the first part's prompt is open: enough to prepare what becomes of the next one."""

NAMES_AMOUNT: Final = (
    r"amount|limit|maximum|\bmax\b|at most|too (much|large|big|high)|exceed|above|less than|250[ ,.]?000|split"
    r"|kiasi|kikomo|zaidi|kubwa mno"
)


@check("S05")
def refuses_too_much(probe: Probe) -> None:
    """An order of 300 000 shillings."""
    probe.require_typed("amount")
    payment = probe.pay(amount=TOTAL)
    crash = crash_of(payment.started)
    if crash:
        raise Failed(f"an order of {TOTAL} shillings: {crash}; expected a refusal in plain words")
    pushes = calm_pushes(probe, payment, calm_s=0.5, within_s=2.0)
    if "split_payments" in probe.target.merchant.capabilities and probe.sight.accepted(payment):
        judge_parts(probe, payment)
        judge_unpaid_part(probe)
        return
    for push in pushes:
        amount = amount_of(body_of(push).get("Amount"))
        if amount is not None and amount != TOTAL:
            raise Failed(f"an order of {TOTAL} shillings was pushed with Amount {amount}")
    if probe.sight.accepted(payment):
        raise Unjudged(f"Daraja accepted a push of {TOTAL} shillings: the simulator's limit was raised")
    if payment.started.accepted:
        if not probe.sees_state:
            raise Unjudged("the merchant took the order, and its state cannot be seen")
        view = probe.until(payment, (FAILED, REVIEW, PAID), within_s=5.0)
        if view.state not in (FAILED, REVIEW):
            raise Failed(f"an order of {TOTAL} shillings is {view.state or 'unknown'} after Daraja refused it")
    told = probe.told(payment) or ("" if probe.sees_messages else payment.started.body)
    _judge_word(told, pushed=bool(pushes), unseen=payment.started.accepted and not probe.sees_messages)


def judge_parts(probe: Probe, payment: Payment) -> None:
    """Each part is paid: the parts add up to the order, and so does what is credited.

    Raises:
        Failed: the sum is another one; WrongCredit: more was credited; Missing: the order is not paid.
    """
    view = probe.until(payment, (PAID, FAILED, REVIEW), within_s=2 * probe.settled_s)
    calm_pushes(probe, payment, calm_s=1.0, within_s=3.0)
    parts = [float(one["amount"]) for one in probe.sight.accepted(payment)]
    told = f"an order of {TOTAL} shillings was pushed in parts of {' and '.join(map(shillings, parts))}"
    if sum(parts) != TOTAL and (view.state is PAID or sum(parts) > TOTAL):
        raise Failed(f"{told}, and the payment is {say(view)}; expected parts that add up to the order")
    if probe.sees_state and view.state is not PAID:
        raise Missing(f"{told}, all of them were paid, and the payment is {say(view)}; expected paid")
    expect_total(probe, payment, TOTAL, told)


def judge_unpaid_part(probe: Probe) -> None:
    """The first part is paid, and the next one is cancelled: the order is not paid.

    Raises:
        Failed: it is; WrongCredit: more was credited than was paid.
    """
    payment = probe.pay_accepted(situation("inline/s05-first-part", outcome=after(FIRST_PART_S)), amount=TOTAL)
    probe.control.play_next(
        situation("inline/s05-next-part", outcome=after(0.5, result_code=CANCELLED)), msisdn=payment.msisdn
    )
    probe.wait("callback_answered", payment, count=2, within_s=FIRST_PART_S + 2 * probe.settled_s)
    view = probe.until(payment, (FAILED, REVIEW), within_s=probe.settled_s)
    paid = sum(float(one["amount"]) for one in probe.sight.accepted(payment) if one["state"] == "paid")
    told = f"of an order of {TOTAL} shillings {shillings(paid)} were paid, and the next part was cancelled"
    if view.state is PAID and paid < TOTAL:
        raise Failed(f"{told}; the payment is paid; expected it to stay open, or to be handed to a person")
    expect_total(probe, payment, paid, told, at_most=True)


def expect_total(probe: Probe, payment: Payment, due: float, told: str, *, at_most: bool = False) -> None:
    """What is credited for the order is what its parts add up to.

    Raises:
        WrongCredit: it is more; Missing: it is less.
    """
    if not probe.sees_credits:
        return
    total = probe.credits(payment).total
    if total is None or round(total, 2) == due or (at_most and total < due):
        return
    kind = WrongCredit if total > due else Missing
    raise kind(f"{told}; {shillings(total)} shillings were credited; expected {shillings(due)}")


def _judge_word(told: str, *, pushed: bool, unseen: bool) -> None:
    if raw_words_of(told) or not (unseen or names_amount(told)):
        raise Failed(f"the customer was told {quote(told)}; expected that the amount is above M-Pesa's limit")
    if pushed:
        raise Warned(
            "an amount above M-Pesa's limit was sent to Daraja, which refused it; expected a check before that"
        )


def names_amount(told: str) -> bool:
    """Whether a text says, in any words, that the amount is what is wrong."""
    return re.search(NAMES_AMOUNT, told, re.IGNORECASE) is not None
