"""S11: the phone that is prompted is the payer's."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.pushes import first_push

CUSTOMERS: Final = 2
"""Two customers who both see another number prompted: that is the number for all."""


@check("S11")
def prompts_the_payer(context: CheckContext) -> None:
    """The two numbers of one push; nobody pays for somebody else here."""
    payment, push = _pushed(context)
    if context.run.prompted:
        raise Failed("every push goes to the same number; expected the number that the customer typed")
    body = body_of(push)
    party_a, phone = str(body.get("PartyA")), str(body.get("PhoneNumber"))
    if party_a != phone:
        stranger = "PartyA" if phone[-9:] == payment.msisdn[-9:] else "PhoneNumber"
        raise Failed(
            f"PartyA and PhoneNumber differ, and {stranger} is not the customer who pays; expected the same number"
        )


def _pushed(context: CheckContext) -> tuple[Payment, Entry]:
    """A payment and its push; a second one where the first one's went to a stranger."""
    for _ in range(CUSTOMERS):
        payment = context.actions.pay()
        try:
            return payment, first_push(context, payment)
        except Untested:
            continue
    payment = context.actions.pay()
    return payment, first_push(context, payment)
