"""S05: an amount above M-Pesa's limit is refused before Daraja has to."""

from __future__ import annotations

import re
from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.checks.s04_whole_amount import amount_of
from tayari_contracts.context.customer_messages import crash_of, raw_words_of
from tayari_contracts.context.findings import Failed, Unjudged, Warned, quote
from tayari_contracts.context.journal_reader import body_of
from tayari_contracts.context.probe import FAILED, PAID, REVIEW, Probe
from tayari_contracts.steps.pushes import calm_pushes

TOTAL: Final = 300_000
"""M-Pesa takes 250 000 at most (reference 3.1)."""

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
