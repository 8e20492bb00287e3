"""U10: another customer's order cannot be read by counting up."""

from __future__ import annotations

import re
from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Untested, Warned
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import PAID, Payment

NEAR: Final = 200
"""Ids that lie so close together count up, while other checks start payments too."""


@check("U10")
def an_order_is_no_number_in_a_row(context: CheckContext) -> None:
    """Two payments; where one id leads to the other, a stranger's device asks for the second one."""
    merchant = context.target.merchant
    if merchant.pay.payment_id is None:
        raise Inapplicable("the order's own name is its identifier, which Tayari chose")
    if merchant.status is None or merchant.status.call is None:
        raise Untested("the state is read past the merchant's pages", enable="merchant.status.request")
    first, second = (context.actions.pay_accepted(situation("inline/u10-paid", outcome=after(0.5))) for _ in range(2))
    if not counts_up(first.payment_id, second.payment_id):
        return
    context.observations.until(second, PAID, within_s=context.time.settled_s)
    if merchant.login:
        raise Untested("the log-in of the target file is one customer's, so no stranger could ask", certain=True)
    view = context.actions.other_device().read_status(second.payment_id, second.reference)
    sentence = f"the payments {first.payment_id} and {second.payment_id} count up, and a stranger reads the second one"
    if shown := shown_of(context, second, view.body):
        raise Failed(f"{sentence} with {shown}; expected a part of the address that cannot be guessed, or a log-in")
    if view.state is not None:
        raise Warned(f"{sentence} ({view.state}); expected a part of the address that cannot be guessed, or a log-in")


def counts_up(first: str, second: str) -> bool:
    """Whether one id is found from the other: the same text around numbers that lie close together."""
    numbers = [re.fullmatch(r"(\D*)(\d{1,12})(\D*)", one) for one in (first, second)]
    one, other = numbers
    if one is None or other is None or (one[1], one[3]) != (other[1], other[3]):
        return False
    return 0 < abs(int(one[2]) - int(other[2])) <= NEAR


def shown_of(context: CheckContext, payment: Payment, body: str) -> str:
    """What of the customer the answer shows; empty where it is nothing."""
    receipt = str(context.journal.record(payment).get("receipt") or "")
    known = {"the payer's number": payment.msisdn[-9:], "M-Pesa's receipt": receipt, "the order": payment.reference}
    return " and ".join(name for name, text in known.items() if text and text in body)
