"""T10: no call is sent to a Daraja whose certificate no known authority has signed."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.stub_daraja import begin_payment, merchant_with_stub

WATCH_S = 15.0


@check("T10")
def refuses_an_untrusted_certificate(context: CheckContext) -> None:
    """Gives a second process of the merchant a Daraja with a self-signed certificate."""
    with merchant_with_stub(context, trusted=False) as (listener, driver):
        begin_payment(context, driver, reference=context.allocation.reference(), timeout_s=WATCH_S)
        context.time.until(lambda: listener.calls or listener.refused, within_s=WATCH_S)
        if listener.refused and not listener.calls:
            context.time.pause(1.0)
    context.evidence.tries = 1
    if listener.calls:
        raise Failed(
            f"the merchant sent {listener.calls[0]} to a server with a self-signed certificate; expected it to hang up"
        )
    if not listener.refused:
        raise Untested("the merchant did not call the TLS port that it was given as its Daraja")
