"""B08: TransAmount is read as decimal text."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, WrongCredit
from tayari_contracts.steps.c2b_payments import credited_shillings, expect_credited, mutated, pay_in, pay_in_confirmed

AMOUNTS: Final = ("{}", "{}.00")
"""Forms of one amount. Source: reference 3.3."""
WITH_COMMA: Final = "1,000.00"


@check("B08")
def amounts_are_decimal_text(context: CheckContext) -> None:
    """Amounts come as `500` and `500.00`, and once as `1,000.00`, which was never seen and must crash nothing."""
    for number, form in enumerate(AMOUNTS):
        amount = context.allocation.amount()
        payment = pay_in_confirmed(
            context, mutated(f"b08-{number}", {"set": {"TransAmount": form.format(amount)}}), amount=amount
        )
        expect_credited(context, payment, f"TransAmount was {form.format(amount)!r}")
    payment = pay_in(context, mutated("b08-comma", {"set": {"TransAmount": WITH_COMMA}}), amount=1000)
    context.observations.wait("callback_answered", payment, within_s=context.time.slow_queue_s)
    context.expectations.callback_taken(payment)
    context.time.pause(1.0)
    total = credited_shillings(context, payment)
    if total is not None and round(total, 2) not in (0.0, 1000.0):
        kind = WrongCredit if total > payment.amount else Failed
        raise kind(f"TransAmount was {WITH_COMMA!r}, and {total:g} shillings were credited; expected 1000, or a person")
