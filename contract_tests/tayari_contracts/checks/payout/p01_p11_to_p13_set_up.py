"""P01 and P11 to P13: the initiator's credential, and what happens when Daraja or M-Pesa refuses it."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.journal_reader import body_of
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.payouts import (
    error_of,
    expect_results_taken,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    refused_credentials,
    require_readable,
    transactions,
)

NOT_ENABLED: Final = "403.002.1001"
STOPPED_S: Final = 6.0
"""So long no payout may be sent after the first that was refused for the credential."""
SENT_WITHIN_S: Final = 20.0
ALERT_WITHIN_S: Final = 5.0


@check("P01")
def the_credential_opens(context: CheckContext) -> None:
    """An ordinary payout: Daraja decrypts the SecurityCredential and compares the password.

    A merchant that stopped its queue at an earlier refusal is judged by that one.
    """
    payment = pay_out(context)
    context.time.until(
        lambda: payout_requests(context, payment) or refused_credentials(context), within_s=SENT_WITHIN_S
    )
    if payout_requests(context, payment):
        if not transactions(context, payment):
            raise Untested(f"Daraja refused the payout: {payout_requests(context, payment)[0].get('response')}")
        expect_results_taken(context, payment)
    found = refused_credentials(context)
    if found:
        raise Failed(
            f"an ordinary payout ended with {found[0]['result_code']}: the SecurityCredential does not open to the "
            "initiator's password; expected the password, encrypted with the environment's certificate by RSA PKCS#1 "
            "v1.5, as base64"
        )


@check("P13")
def keys_are_spelt_as_the_api_wants_them(context: CheckContext) -> None:
    """B2C knows `Occassion`; `Occasion` is ignored."""
    payment = pay_out_sent(context)
    sent = body_of(payout_requests(context, payment)[0])
    if "Occasion" in sent and "Occassion" not in sent:
        raise Failed(
            "the payout request has the key Occasion, which B2C ignores; expected Occassion, misspelt as it is"
        )
    if "Occassion" not in sent:
        raise Untested("the payout request sends no occasion, so its key was not seen", certain=True)


@check("P11")
def a_refused_credential_stops_the_queue(context: CheckContext) -> None:
    """M-Pesa answers 2001 once; further requests would fail too, and lock the user."""
    before = context.driver.read_alerts()
    payment = pay_out_sent(context, payout_situation("inline/p11-refused", outcome=after(0.5, result_code=2001)))
    expect_results_taken(context, payment)
    context.time.pause(1.0)
    try:
        _expect_stopped(context, before)
    finally:
        _go_on(context)


def _expect_stopped(context: CheckContext, before: tuple[str, ...] | None) -> None:
    later = pay_out(context)
    context.time.until(lambda: payout_requests(context, later), within_s=STOPPED_S)
    if payout_requests(context, later):
        raise Failed(
            "a payout ended with 2001 (initiator, password or certificate is wrong), and the next one was sent all the "
            "same; expected the queue to stop until a person has mended it"
        )
    if before is not None and not _alerted(context, before):
        raise Failed("a payout ended with 2001, the queue stopped, and no alert tells staff why")


def _alerted(context: CheckContext, before: tuple[str, ...]) -> bool:
    return context.time.until(lambda: len(context.driver.read_alerts() or ()) > len(before), within_s=ALERT_WITHIN_S)


def _go_on(context: CheckContext) -> None:
    """Let the merchant pay again, and what waits be sent."""
    text = context.driver.resume_payouts()
    if text:
        context.evidence.notes.append(f"the queue may still be stopped: {text}")
        return
    waiting = context.evidence.payments[-1]
    context.time.until(lambda: _is_sent(context, waiting), within_s=SENT_WITHIN_S)


def _is_sent(context: CheckContext, payment: Payment) -> bool:
    return any(row["state"] != "pending" for row in transactions(context, payment))


@check("P12")
def a_product_that_is_not_enabled_is_told_to_staff(context: CheckContext) -> None:
    """Daraja answers 403.002.1001: the app may not use this API."""
    before = context.driver.read_alerts()
    payment = pay_out_sent(context, "payout/not-enabled")
    try:
        if error_of(payout_requests(context, payment)[0]) != NOT_ENABLED:
            raise Untested(f"the request was not answered {NOT_ENABLED}")
        context.time.pause(2.0)
        view = context.observations.status(payment)
        require_readable(view)
        if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
            raise Failed(f"Daraja answered {NOT_ENABLED}, so nothing was paid, and the payout is {say(view)}")
        if view.state is None:
            raise Failed(f"Daraja answered {NOT_ENABLED}, and the payout cannot be read any more: {say(view)}")
        if before is not None and not _alerted(context, before):
            raise Warned(f"Daraja answered {NOT_ENABLED}, a mistake of the set-up, and no alert tells staff so")
    finally:
        text = context.driver.resume_payouts()
        if text:
            context.evidence.notes.append(f"the queue may still be stopped: {text}")
