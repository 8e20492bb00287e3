"""P13: keys are spelt as the API wants them."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.payouts import pay_out_sent, payout_requests


@check("P13")
def keys_are_spelt_as_the_api_wants_them(context: CheckContext) -> None:
    """The key of the occasion in one payout request: B2C and B2B read `Occassion` and ignore `Occasion`."""
    payment = pay_out_sent(context)
    sent = body_of(payout_requests(context, payment)[0])
    if "Occasion" in sent and "Occassion" not in sent:
        raise Failed(
            "the payout request has the key Occasion, which is ignored there; expected Occassion, as Daraja spells it"
        )
    if "Occassion" not in sent:
        raise Untested("the payout request sends no occasion, so its key was not seen", certain=True)
