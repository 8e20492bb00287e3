"""U02: nobody is told that nothing was taken before that is known."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import promises_in
from tayari_contracts.context.payment import Payment

WATCH_S = 10.0
OFTEN_S = 0.5
IN_FLIGHT = {"in_flight": ["4999"], "for_calls": 8}
UNKNOWN = {**after(0.5, result_code=5999), "result_desc": "The service request could not be completed."}


@check("U02")
def nothing_is_promised_while_nothing_is_known(context: CheckContext) -> None:
    """One payment gets 1037 while queries say "in flight", one an unknown code, and one no result at all."""
    payments = {
        "after 1037, which no query has confirmed": context.actions.pay_accepted(
            situation("inline/u02-no-answer", outcome=after(0.5, result_code=1037), query=IN_FLIGHT)
        ),
        "after an unknown code": context.actions.pay_accepted(situation("inline/u02-unknown-code", outcome=UNKNOWN)),
        "while no result has come": context.actions.pay_accepted(
            situation("inline/u02-silence", outcome=after(0.5, callback=False), query=IN_FLIGHT)
        ),
    }
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end:
        for when, payment in payments.items():
            judge(context, payment, when)
        context.time.pause(OFTEN_S)


def judge(context: CheckContext, payment: Payment, when: str) -> None:
    """Expect no promise in the message to the customer now. `when`: the circumstances.

    Raises:
        Failed: there is one.
    """
    if promises := promises_in(context.observations.outcome_message(payment)):
        raise Failed(f"{when} the customer was told {quote(promises[0])}; expected that the payment is being checked")
