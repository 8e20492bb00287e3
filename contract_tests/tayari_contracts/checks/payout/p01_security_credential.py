"""P01: the SecurityCredential opens to the initiator's password."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.payouts import (
    REQUEST_WITHIN_S,
    expect_results_taken,
    pay_out,
    payout_requests,
    refused_credentials,
    transactions,
)


@check("P01")
def the_credential_opens(context: CheckContext) -> None:
    """One payout; the simulator decrypts its SecurityCredential and compares the password.

    If an earlier payout was refused for its credential, the merchant may have stopped, and that one is judged.
    """
    payment = pay_out(context)
    context.time.until(
        lambda: payout_requests(context, payment) or refused_credentials(context), within_s=REQUEST_WITHIN_S
    )
    if payout_requests(context, payment):
        if not transactions(context, payment):
            raise Untested(f"Daraja refused the payout: {payout_requests(context, payment)[0].get('response')}")
        expect_results_taken(context, payment)
    if found := refused_credentials(context):
        raise Failed(
            f"an ordinary payout ended with {found[0]['result_code']}: the SecurityCredential does not open to the "
            "initiator's password; expected the password, encrypted with the environment's certificate by RSA PKCS#1 "
            "v1.5, as base64"
        )
