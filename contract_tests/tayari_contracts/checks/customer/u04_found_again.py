"""U04: the customer can see the state later, and on another device."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, say
from tayari_contracts.context.payment import PAID


@check("U04")
def the_state_is_found_from_another_device(context: CheckContext) -> None:
    """A payment is paid, and is looked at twice; then another device, without the first one's cookies, asks."""
    payment = context.actions.pay_accepted(situation("inline/u04-paid", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    again = context.observations.status(payment)
    if again.state is not PAID:
        raise Failed(f"a second look at a paid payment says {say(again)}; expected paid, however often it is asked")
    other = context.actions.other_device()
    view = other.read_status(payment.payment_id, payment.reference)
    if view.state is not PAID:
        raise Failed(
            f"from another device the paid payment is {say(view)} (HTTP {view.http_status}); expected its customer to "
            "find it from wherever the order is opened"
        )
