"""C20: an unreadable callback does no damage."""

from __future__ import annotations

from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.forged_callback import forged_body

OPEN_S = 4.0
HUGE: Final = 3_000_000

BODIES: Final = {
    "half of a JSON body": '{"Body": {"stkCallback": {"MerchantRequestID": "29115-3462',
    "an empty body": "",
    "text": "Service is currently unreachable",
    "JSON of another shape": '{"Body": {"stkCallback": []}}',
    "a JSON list": "[]",
    "JSON null": "null",
}
"""Broken bodies, as proxies and programming errors make them; none was captured."""

CODES: Final[dict[str, dict[str, Any]]] = {
    "no ResultCode": {},
    "the ResultCode null": {"ResultCode": None},
    "an empty ResultCode": {"ResultCode": ""},
    "a list for a ResultCode": {"ResultCode": []},
}
"""Codes that are not 0, but that many programs take for it: `code or 0`, `$code == 0`, `int(code || 0)`."""


@check("C20")
def unreadable_callbacks_do_no_damage(context: CheckContext) -> None:
    """Broken bodies come while a payment is open; then its genuine success, and then an ordinary payment."""
    codeless = without_code(context)
    payment = context.actions.pay_accepted(situation("inline/c20-open", outcome=after(OPEN_S)))
    for what, raw in BODIES.items():
        judge(context.actions.send_callback(payment, raw=raw), what)
    huge = f'{{"Body": {{"stkCallback": {{"ResultDesc": "{"x" * HUGE}"}}}}}}'
    judge(context.actions.send_callback(payment, raw=huge), "a body of three megabytes", may_hang_up=True)
    expect_unpaid(context, codeless)

    context.expectations.paid_once(
        payment, within_s=OPEN_S + context.time.settled_s, because="unreadable callbacks came before the genuine one"
    )
    later = context.actions.pay_accepted(situation("inline/c20-afterwards", outcome=after(0.5)))
    context.expectations.paid_once(
        later, within_s=context.time.settled_s, because="unreadable callbacks had come for another payment"
    )
    context.expectations.status_after_queue(payment)
    expect_unpaid(context, codeless)


def without_code(context: CheckContext) -> dict[str, Payment]:
    """Payments whose callback has all but a readable ResultCode; in truth nobody answered the prompt."""
    nobody = situation("inline/c20-no-code", outcome=after(OPEN_S, result_code=1037))
    payments = {what: context.actions.pay_accepted(nobody) for what in CODES}
    for what, payment in payments.items():
        body = forged_body(context.journal.record(payment), payment)
        del body["Body"]["stkCallback"]["ResultCode"]
        body["Body"]["stkCallback"].update(CODES[what])
        judge(context.actions.send_callback(payment, body=body), what)
    return payments


def expect_unpaid(context: CheckContext, payments: dict[str, Payment]) -> None:
    """Expect that no payment whose callback had no readable code counts as paid."""
    for what, payment in payments.items():
        context.expectations.unpaid(
            payment, for_s=0.0, because=f"a callback with {what} came for it, and that is not 0"
        )


def judge(answers: list[dict[str, Any]], what: str, *, may_hang_up: bool = False) -> None:
    """Expect that a callback was refused or taken, without a crash. `may_hang_up`: the connection may be closed.

    Raises:
        Failed: it was answered 5xx, or not at all. Untested: it could not be sent.
    """
    for answer in answers:
        status = answer.get("status")
        if status is None and not may_hang_up:
            raise Failed(f"a callback with {what} got no answer ({answer.get('error')}); expected 4xx or 200")
        if status is not None and status >= 500:
            raise Failed(f"a callback with {what} was answered {status}, as a crash is; expected 4xx or 200")
    if not answers:
        raise Untested(f"a callback with {what} could not be sent")
