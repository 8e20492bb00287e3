"""B07 to B10 and B16: a confirmation credits its account once, in each form that M-Pesa gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, Untested, WrongCredit, quote, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.c2b_payments import (
    EARLY_S,
    c2b_situation,
    credited_shillings,
    pay_in,
    pay_in_told,
    tell,
)
from tayari_contracts.steps.control_payments import judge_control

AT_ONCE: Final = 4
CRASH: Final = 500
AMOUNTS: Final = ("{}", "{}.00")
"""Forms of one amount. Source: reference 3.3."""
WITH_COMMA: Final = "1,000.00"
NUMBERS: Final[Mapping[str, str]] = {
    "masked, with blanks": "2547 ***** 126",
    "a SHA-256": "ac8a12d6d6d9d9bfbb4fd013bda857f3618adb54f93a9b21eae45a345cf3ef4e",
    "masked as in 2019": "25470****149",
    "empty": "",
}
"""MSISDN in confirmations. Source: reference 3.3."""
NAMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "without MiddleName and LastName": {"drop": ["MiddleName", "LastName"]},
    "without any name": {"drop": ["FirstName", "MiddleName", "LastName"]},
    "with empty names": {"set": {"FirstName": "", "MiddleName": "", "LastName": ""}},
}


@check("B16")
def an_ordinary_payment_is_credited(context: CheckContext) -> None:
    """One payment, told by its confirmation; the other rules about C2B stand on the same payment."""
    judge_control(context, Control.C2B)


@check("B07")
def a_receipt_is_credited_once(context: CheckContext) -> None:
    """The confirmation comes three times, then four times at once."""
    payment = pay_in(context, c2b_situation("inline/b07-thrice", {"duplicate": {"count": 3, "gap_s": 0.3}}))
    if not context.observations.wait("callback_answered", payment, count=3, within_s=context.time.slow_queue_s):
        raise Untested("fewer than 3 confirmations of one payment were answered, so none was a repetition")
    context.expectations.callback_taken(payment)
    credited_first(context, payment)
    tell(context, payment, times=AT_ONCE, parallel=True)
    context.expectations.credits(
        payment, 1, because=f"one payment was confirmed {3 + AT_ONCE} times with the same TransID"
    )


def credited_first(context: CheckContext, payment: Payment) -> None:
    """The payment is credited, as the situation of the rule wants it to begin.

    Raises:
        Untested: it never was, so that nothing can be judged.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Untested(f"the account was never credited (the payment is {say(view)}), so nothing could be judged")


@check("B08")
def amounts_are_decimal_text(context: CheckContext) -> None:
    """`500` and `500.00` are one amount; `1,000.00` must not happen, and crashes nothing."""
    for number, form in enumerate(AMOUNTS):
        amount = context.allocation.amount()
        payment = pay_in_told(
            context, _mutated(f"b08-{number}", {"set": {"TransAmount": form.format(amount)}}), amount=amount
        )
        expect_credited(context, payment, f"TransAmount was {form.format(amount)!r}")
    payment = pay_in(context, _mutated("b08-comma", {"set": {"TransAmount": WITH_COMMA}}), amount=1000)
    context.observations.wait("callback_answered", payment, within_s=context.time.slow_queue_s)
    context.expectations.callback_taken(payment)
    context.time.pause(1.0)
    total = credited_shillings(context, payment)
    if total is not None and round(total, 2) not in (0.0, 1000.0):
        kind = WrongCredit if total > payment.amount else Failed
        raise kind(f"TransAmount was {WITH_COMMA!r}, and {total:g} shillings were credited; expected 1000, or a person")


def _mutated(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    return c2b_situation(f"inline/{name}", {"mutate": dict(change)}, outcome=after(EARLY_S))


def expect_credited(context: CheckContext, payment: Payment, why: str) -> None:
    """The account of the payment is credited with it, once.

    Raises:
        Missing: it is not. WrongCredit: it is, too often.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Missing(
            f"{why}; the confirmation was answered {_answer(context, payment)}, and the payment is {say(view)}; "
            f"expected {payment.amount} shillings in the account that was typed"
        )
    context.expectations.credits(payment, 1, quiet_s=0.3, because=why)


def _answer(context: CheckContext, payment: Payment) -> str:
    callbacks = context.journal.callbacks(payment)
    answer = (callbacks[-1].get("response") or {}) if callbacks else {}
    return f"{answer.get('status')}, {quote(str(answer.get('body') or ''), most=80)}"


@check("B09")
def a_number_identifies_nobody(context: CheckContext) -> None:
    """Whatever MSISDN holds, the account that was typed is credited; one masked number pays into two accounts."""
    for number, (form, text) in enumerate(NUMBERS.items()):
        payment = pay_in_told(context, _mutated(f"b09-{number}", {"set": {"MSISDN": text}}))
        expect_credited(context, payment, f"MSISDN was {form}")
    masked = {"set": {"MSISDN": "2547 ***** 126"}}
    first, second = (
        pay_in_told(context, _mutated("b09-first", masked)),
        pay_in_told(context, _mutated("b09-second", masked)),
    )
    for payment in (first, second):
        expect_credited(context, payment, "two accounts were paid from numbers that are masked alike")


@check("B10")
def names_may_be_missing(context: CheckContext) -> None:
    """MiddleName and LastName are empty or absent; FirstName proves nothing either."""
    for number, (form, change) in enumerate(NAMES.items()):
        payment = pay_in_told(context, _mutated(f"b10-{number}", change))
        expect_credited(context, payment, f"the confirmation came {form}")
