"""A01: an acknowledgement is not a payment."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Unjudged, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.probe import Probe

WATCHED_S = 3.0


@check("A01")
def waits_for_the_result(probe: Probe) -> None:
    """Daraja accepts the push, and then nothing more is heard; a query says that the payment is under way."""
    payment = probe.pay_accepted(
        situation(
            "ack/nothing-after",
            outcome=after(300, result_code=1037, callback=False),
            query={"in_flight": ["4999"]},
        )
    )
    probe.expect_unpaid(payment, for_s=WATCHED_S, because="Daraja only acknowledged it, and no money moved")
    view = probe.status(payment)
    if view.state is None:
        raise Unjudged(f"the payment is {say(view)}")
