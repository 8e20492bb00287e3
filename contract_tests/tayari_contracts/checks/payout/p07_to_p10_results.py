"""P07 to P10: a payout ends by its result, in each form that M-Pesa gives it, and once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, Untested, quote, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.journal_reader import answer_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.payouts import (
    expect_one_id,
    expect_results_taken,
    pay_out_sent,
    payout_requests,
    payout_situation,
    require_readable,
    transactions,
    watch,
)

PLACEHOLDERS: Final = ("UJ70000000", "0000000000000000")
"""What TransactionID holds where no transaction was made. Source: reference 3.0."""
FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as M-Pesa sends it today": {},
    "with ResultCode as text": {"set": {"Result.ResultCode": "0", "Result.ResultType": "0"}},
    "with one parameter that is no list": {
        "set": {"Result.ResultParameters.ResultParameter": {"Key": "TransactionAmount", "Value": 100}}
    },
    "with a parameter without Value": {
        "drop": ["Result.ResultParameters.ResultParameter[ReceiverPartyPublicName].Value"]
    },
}
"""Forms of one success. Source: reference 1.6."""


@check("P07")
def an_acknowledgement_is_no_payment(context: CheckContext) -> None:
    """Daraja acknowledges, and the result takes its time."""
    payment = pay_out_sent(context, payout_situation("inline/p07-acknowledged", outcome=after(6.0)))
    if str(answer_of(payout_requests(context, payment)[0]).get("ResponseCode")) != "0":
        raise Untested("the payout request was not acknowledged")
    view = watch(context, payment, for_s=3.0, why="the request was acknowledged, and no result has come", unpaid=True)
    require_readable(view)


@check("P08")
def each_form_of_a_result_is_read(context: CheckContext) -> None:
    """One success in four forms, a failure whose code is text, and a code that leaves it open."""
    succeeded = {
        name: pay_out_sent(context, _success(number, form)) for number, (name, form) in enumerate(FORMS.items())
    }
    refused = pay_out_sent(context, "payout/operator-missing")
    unclear = pay_out_sent(context, "payout/system-error")
    for name, payment in succeeded.items():
        _expect(context, payment, {PAID}, f"a success {name}")
    _expect(context, refused, {FAILED, REVIEW}, "a failure whose code is text, SFC_IC0003")
    expect_results_taken(context, unclear)
    context.time.pause(1.0)
    view = context.observations.status(unclear)
    require_readable(view)
    if view.state in (PAID, FAILED):
        raise Failed(
            f"the result was 17, an internal failure that does not say whether money moved, and the payout is "
            f"{say(view)}; expected pending or review"
        )


def _success(number: int, form: Mapping[str, Any]) -> dict[str, Any]:
    faults = [{"mutate": dict(form)}] if form else []
    return payout_situation(f"inline/p08-{number}", *faults, outcome=after(0.5))


def _expect(context: CheckContext, payment: Payment, states: set[Any], what: str) -> None:
    expect_results_taken(context, payment)
    view = context.observations.until(payment, states, within_s=context.time.settle_s)
    require_readable(view)
    if view.state not in states:
        wanted = " or ".join(sorted(states))
        raise Missing(f"the result was {what}, and the payout is {say(view)}; expected {wanted}")


@check("P09")
def a_placeholder_is_no_receipt(context: CheckContext) -> None:
    """A success whose TransactionID is a placeholder; its receipt stands in the parameters, as always."""
    played = [
        (text, pay_out_sent(context, payout_situation(f"inline/p09-{number}", _with_id(text), outcome=after(0.5))))
        for number, text in enumerate(PLACEHOLDERS)
    ]
    settled = 0
    for text, payment in played:
        expect_results_taken(context, payment)
        view = context.observations.until(payment, (PAID, FAILED, REVIEW), within_s=context.time.settle_s)
        require_readable(view)
        if view.receipt == text:
            raise Failed(f"the payout shows the receipt {text}, which is a placeholder of M-Pesa's, and no receipt")
        settled += view.state is PAID
    if not settled:
        raise Untested("no payout whose TransactionID is a placeholder was settled, so no receipt was stored")


def _with_id(text: str) -> dict[str, Any]:
    return {"mutate": {"set": {"Result.TransactionID": text}}}


@check("P10")
def a_result_settles_once(context: CheckContext) -> None:
    """A success comes twice, and a failure after it."""
    payment = pay_out_sent(context, "payout/result-twice")
    expect_results_taken(context, payment, count=2)
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.state is not PAID:
        raise Untested(f"an ordinary payout was not paid (it is {say(view)}), so nothing could be settled twice")
    conversation_id = transactions(context, payment)[0]["checkout_request_id"]
    answers = context.control.send_callback(checkout_request_id=conversation_id, result_code=1)
    context.time.pause(1.0)
    view = context.observations.status(payment)
    if view.state not in (PAID, REVIEW):
        raise Failed(
            f"a success came twice, and then a failure (answered {quote(str(answers[:1]), most=80)}); now the payout "
            f"is {say(view)}; expected it to stay paid"
        )
    expect_one_id(context, payment, "its result came twice")
    if len(payout_requests(context, payment)) > 1:
        raise Failed("a result came twice, and the payout was sent again; expected it to be settled once")
