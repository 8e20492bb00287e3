"""P01 and P11 to P13: the initiator's credential, and what happens when Daraja or M-Pesa refuses it."""

from __future__ import annotations

from typing import Any, Final

from tayari_money.daraja_records import PAYOUT_CALLS

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Failed, Untested, Warned, say
from tayari_contracts.context.inline_scenarios import after
from tayari_contracts.context.journal_reader import body_of
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import PAID, Probe
from tayari_contracts.steps.payouts import (
    error_of,
    expect_results_taken,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    require_readable,
    transactions,
    until,
)

CREDENTIAL_REFUSED: Final = ("2001", "8006")
NOT_ENABLED: Final = "403.002.1001"
STOPPED_S: Final = 6.0
"""So long no payout may be sent after the first that was refused for the credential."""
SENT_WITHIN_S: Final = 20.0
ALERT_WITHIN_S: Final = 5.0


@check("P01")
def the_credential_opens(probe: Probe) -> None:
    """An ordinary payout: Daraja decrypts the SecurityCredential and compares the password.

    A merchant that stopped its queue at an earlier refusal is judged by that one.
    """
    payment = pay_out(probe)
    until(probe, lambda: payout_requests(probe, payment) or refused_credentials(probe), within_s=SENT_WITHIN_S)
    if payout_requests(probe, payment):
        if not transactions(probe, payment):
            raise Untested(f"Daraja refused the payout: {payout_requests(probe, payment)[0].get('response')}")
        expect_results_taken(probe, payment)
    found = refused_credentials(probe)
    if found:
        raise Failed(
            f"an ordinary payout ended with {found[0]['result_code']}: the SecurityCredential does not open to the "
            "initiator's password; expected the password, encrypted with the environment's certificate by RSA PKCS#1 "
            "v1.5, as base64"
        )


def refused_credentials(probe: Probe) -> list[dict[str, Any]]:
    """The payouts of the run that M-Pesa itself, and no scenario, refused for the credential."""
    return [
        row
        for row in probe.control.payments()
        if row["kind"] in PAYOUT_CALLS and not row["scenario"] and str(row["result_code"]) in CREDENTIAL_REFUSED
    ]


@check("P13")
def keys_are_spelt_as_the_api_wants_them(probe: Probe) -> None:
    """B2C knows `Occassion`; `Occasion` is ignored."""
    payment = pay_out_sent(probe)
    sent = body_of(payout_requests(probe, payment)[0])
    if "Occasion" in sent and "Occassion" not in sent:
        raise Failed(
            "the payout request has the key Occasion, which B2C ignores; expected Occassion, misspelt as it is"
        )
    if "Occassion" not in sent:
        raise Untested("the payout request sends no occasion, so its key was not seen", certain=True)


@check("P11")
def a_refused_credential_stops_the_queue(probe: Probe) -> None:
    """M-Pesa answers 2001 once; further requests would fail too, and lock the user."""
    before = probe.driver.read_alerts()
    payment = pay_out_sent(probe, payout_situation("inline/p11-refused", outcome=after(0.5, result_code=2001)))
    expect_results_taken(probe, payment)
    probe.quiet(1.0)
    try:
        _expect_stopped(probe, before)
    finally:
        _go_on(probe)


def _expect_stopped(probe: Probe, before: tuple[str, ...] | None) -> None:
    later = pay_out(probe)
    until(probe, lambda: payout_requests(probe, later), within_s=STOPPED_S)
    if payout_requests(probe, later):
        raise Failed(
            "a payout ended with 2001 (initiator, password or certificate is wrong), and the next one was sent all the "
            "same; expected the queue to stop until a person has mended it"
        )
    if before is not None and not _alerted(probe, before):
        raise Failed("a payout ended with 2001, the queue stopped, and no alert tells staff why")


def _alerted(probe: Probe, before: tuple[str, ...]) -> bool:
    return until(probe, lambda: len(probe.driver.read_alerts() or ()) > len(before), within_s=ALERT_WITHIN_S)


def _go_on(probe: Probe) -> None:
    """Let the merchant pay again, and what waits be sent."""
    said = probe.driver.resume_payouts()
    if said:
        probe.notes.append(f"the queue may still be stopped: {said}")
        return
    waiting = probe.payments[-1]
    until(probe, lambda: _is_sent(probe, waiting), within_s=SENT_WITHIN_S)


def _is_sent(probe: Probe, payment: Payment) -> bool:
    return any(row["state"] != "pending" for row in transactions(probe, payment))


@check("P12")
def a_product_that_is_not_enabled_is_told_to_staff(probe: Probe) -> None:
    """Daraja answers 403.002.1001: the app may not use this API."""
    before = probe.driver.read_alerts()
    payment = pay_out_sent(probe, "payout/not-enabled")
    try:
        if error_of(payout_requests(probe, payment)[0]) != NOT_ENABLED:
            raise Untested(f"the request was not answered {NOT_ENABLED}")
        probe.quiet(2.0)
        view = probe.status(payment)
        require_readable(view)
        if view.state is PAID and not any(row["state"] == "paid" for row in transactions(probe, payment)):
            raise Failed(f"Daraja answered {NOT_ENABLED}, so nothing was paid, and the payout is {say(view)}")
        if view.state is None:
            raise Failed(f"Daraja answered {NOT_ENABLED}, and the payout cannot be read any more: {say(view)}")
        if before is not None and not _alerted(probe, before):
            raise Warned(f"Daraja answered {NOT_ENABLED}, a mistake of the set-up, and no alert tells staff so")
    finally:
        said = probe.driver.resume_payouts()
        if said:
            probe.notes.append(f"the queue may still be stopped: {said}")
