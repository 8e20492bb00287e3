"""B04 to B06: M-Pesa asks before a payment is made. The answer comes in time, is right, and credits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tayari_formats.json_text import read_object

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, WrongCredit, quote
from tayari_contracts.steps.c2b_payments import VALIDATION_S, ask, new_account, section

AT_ONCE: Final = 6
UNKNOWN_ACCOUNT: Final = "C2B00012"
WRONG_AMOUNT: Final = "C2B00013"
ACCEPTED: Final = "0"
NOBODY: Final = "NOBODY-404"
MORE: Final = 37
"""Shillings above what is due."""


@check("B04")
def a_validation_is_answered_in_time(context: CheckContext) -> None:
    """Several customers pay in one moment, which is when a database is slow."""
    accounts = [new_account(context) for _ in range(AT_ONCE)]
    asked = [context.actions.in_background(partial(ask, context, account)) for account in accounts]
    answers = [future.result() for future in asked]
    late = [answer for answer in answers if answer["status"] is None or answer["duration_s"] > VALIDATION_S]
    if late:
        raise Failed(
            f"{len(late)} of {AT_ONCE} validations had no answer within {VALIDATION_S:g} s "
            f"({late[0]['error'] or 'late'}); expected one, else ResponseType decides in place of the merchant"
        )
    context.evidence.notes.append(
        f"the slowest of {AT_ONCE} answers took {max(answer['duration_s'] for answer in answers):.2g} s"
    )


@check("B05")
def a_payment_that_cannot_be_booked_is_rejected(context: CheckContext) -> None:
    """A good payment, an account that nobody has, and an amount that nobody asked for."""
    account = new_account(context)
    _expect(ask(context, account), ACCEPTED, "a payment of what is due into an account that is open")
    _expect(
        ask(context, account, typed=NOBODY), UNKNOWN_ACCOUNT, f"a payment to the account {NOBODY}, which is not there"
    )
    if not section(context).tells_amount:
        context.evidence.notes.append("amounts were not tried: merchant.c2b.open_account tells no {amount}")
        return
    wrong = int(account.amount) + MORE
    _expect(ask(context, account, amount=wrong), WRONG_AMOUNT, f"a payment of {wrong} where {account.amount} are due")


def _expect(answer: Mapping[str, Any], code: str, what: str) -> None:
    text = read_object(answer["body"]) if answer["status"] == 200 else {}
    if str(text.get("ResultCode")).strip() == code:
        return
    found = (
        f"{answer['status']}, {quote(str(answer['body']), most=100)}" if answer["status"] is not None else "not at all"
    )
    meaning = (
        "which lets it through" if code == ACCEPTED else "which rejects it with the reason that the customer is told"
    )
    raise Failed(f'{what} was validated with {found}; expected 200 and ResultCode "{code}", {meaning}')


@check("B06")
def a_validation_credits_nothing(context: CheckContext) -> None:
    """M-Pesa asks twice, and the customer does not pay after all."""
    account = new_account(context)
    answers = [ask(context, account), ask(context, account)]
    if not any(answer["status"] == 200 for answer in answers):
        raise Untested(f"no validation was taken: it was answered {answers[-1]['status']}")
    context.time.pause(1.5)
    found = context.observations.credits(account)
    if found.count:
        credited = "with it" if found.total is None else f"{found.total:g} shillings"
        raise WrongCredit(
            f"M-Pesa asked whether a payment may be made, nothing was paid, and the account was credited {credited}; "
            "expected nothing before a confirmation"
        )
