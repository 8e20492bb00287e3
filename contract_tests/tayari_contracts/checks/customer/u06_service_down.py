"""U06: when M-Pesa is down the customer is told so, and offered another way."""

from __future__ import annotations

from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, quote
from tayari_contracts.context.message_topics import offers_another_way, problems_of
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.pushes import first_push

TOPIC = "service_unavailable"
WAIT_S = 20.0
"""A merchant may try again a few times before it shows a message."""

OUTAGES: Final = {
    "503 with HTML": {"html": {"page": "imperva_503", "times": "always"}},
    "500.003.02 System is busy": {"api_error": {"error": "500.003.02.system_busy", "times": "always"}},
}


@check("U06")
def an_outage_is_named_and_another_way_offered(context: CheckContext) -> None:
    """All pushes of two customers are refused, each in another way."""
    started = {
        what: context.actions.in_background(partial(context.actions.pay, situation("inline/u06-outage", fault)))
        for what, fault in OUTAGES.items()
    }
    later_only = ""
    for what, future in started.items():
        payment = future.result()
        first_push(context, payment)
        context.time.until(partial(_is_named, context, payment), within_s=WAIT_S)
        text = context.observations.outcome_message(payment)
        if problems := problems_of(text, TOPIC):
            raise Failed(
                f"while M-Pesa was down ({what}) the customer was told {quote(text)}: {'; '.join(problems)}; "
                "expected that M-Pesa is unavailable, and another way (PayBill by hand, card, cash, later)"
            )
        context.expectations.never(payment, PAID, for_s=0.0, because=f"every push was refused ({what})")
        later_only = later_only or ("" if offers_another_way(text) else f"({what}) the customer was told {quote(text)}")
    if later_only:
        raise Warned(
            f"while M-Pesa was down {later_only}: a later try is the only way on; "
            "expected another way to pay as well (PayBill by hand, till, card, cash, bank)"
        )


def _is_named(context: CheckContext, payment: Payment) -> bool:
    return not problems_of(context.observations.outcome_message(payment), TOPIC)
