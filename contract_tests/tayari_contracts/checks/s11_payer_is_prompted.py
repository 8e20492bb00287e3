"""S11: the phone that is prompted is the payer's."""

from __future__ import annotations

from tayari_contracts.findings import Failed
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.sight import body_of
from tayari_contracts.traffic import first_push


@check("S11")
def prompts_the_payer(probe: Probe) -> None:
    """The two numbers of one push; nobody pays for somebody else here."""
    payment = probe.pay()
    body = body_of(first_push(probe, payment))
    party_a, phone = str(body.get("PartyA")), str(body.get("PhoneNumber"))
    if party_a != phone:
        stranger = "PartyA" if phone[-9:] == payment.msisdn[-9:] else "PhoneNumber"
        raise Failed(
            f"PartyA and PhoneNumber differ, and {stranger} is not the customer who pays; expected the same number"
        )
