"""Q11: while nothing is known, nobody is asked to pay again."""

from __future__ import annotations

import time

from tayari_contracts.asking import unanswered
from tayari_contracts.findings import Failed
from tayari_contracts.messages import invites_payment
from tayari_contracts.probe import PENDING, Probe
from tayari_contracts.registry import check
from tayari_contracts.wording import quote

WATCH_S = 60.0
OFTEN_S = 1.0
IN_FLIGHT = 30


@check("Q11")
def silence_asks_for_no_second_payment(probe: Probe) -> None:
    """No callback, and the query says in flight: the customer waits, and is told so."""
    payment = probe.pay_accepted(
        unanswered("inline/q11-silence", query={"in_flight": ["4999"], "for_calls": IN_FLIGHT})
    )
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end and probe.status(payment).state is PENDING:
        text = probe.told_of_outcome(payment)
        if invites_payment(text):
            raise Failed(
                f"the first payment may still arrive, and the customer was told {quote(text)}; "
                "expected that it is being checked"
            )
        probe.quiet(OFTEN_S)
