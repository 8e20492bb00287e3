"""The preflight of a merchant that pays out: one small payout, as far as its result.

Nothing that Daraja refuses stops the run: the rules judge that. What the target file says wrongly does.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tayari_formats.exit_codes import Exit
from tayari_money.daraja_records import PAYOUT_CALLS
from tayari_money.payment_record import PaymentState
from tayari_target.answers import MerchantAnswer
from tayari_target.target_file.target_model import Payout, StatusSource, Target
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started, StatusView

from tayari.run.doctor import diagnose_daraja as daraja
from tayari.run.doctor.diagnose_initiator import failed_because, fix_of
from tayari.run.doctor.diagnose_instances import KnownPayment
from tayari.run.doctor.diagnose_merchant import callback, last_view, nothing_found, unread_state, without_secrets
from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

MSISDN_RANGE: Final = "25479997"
"""The preflight's payouts: 254 79997 0000 to 9999, a range that no suite uses."""
SHORT_CODES: Final = range(600_900, 601_000)
"""The organisations that the preflight pays (B2B), which no suite does. Source: reference 1.8."""
AMOUNT: Final = 10
"""M-Pesa's minimum of a payout. Source: reference 3.4."""
_DARAJA_CALL_S: Final = 10.0
_EACH_CALL_S: Final = 0.2
"""How long one API is waited for before the next one is looked at."""
"""A merchant may pay out from a queue."""
_RESULT_S: Final = 10.0
_STATUS_S: Final = 5.0


def payout(environment: TestEnvironment, known: list[KnownPayment]) -> Iterator[DoctorFinding]:
    """Ask for one payout, and look at each step of it; `known` gets what the merchant shows of it."""
    asked = environment.target.merchant.payout
    if asked is None:
        return
    since = environment.control.journal_end()
    msisdn, reference = _payee(environment.target), f"TP{secrets.token_hex(4).upper()}"
    if asked.pays_businesses:
        environment.control.play_next("b2b/success", msisdn=msisdn)
    started = environment.driver.start_payout(msisdn=msisdn, amount=AMOUNT, reference=reference)
    silent = _not_started(started, asked, environment.base_url)
    if silent is not None:
        yield silent
        return
    entry = _first_request(environment, msisdn, since)
    if entry is None:
        yield from _never_asked(environment, started, since)
        return
    if not entry.get("checkout_request_id"):
        answered = entry.get("response") or {}
        found = f"Daraja refused the payout ({answered.get('status')}): {str(answered.get('body') or '')[:200]}"
        yield warning("payout", found, "correct what the merchant sends; the rules will judge that")
        return
    yield good("payout", f"a payout was started as {started.payment_id}, and Daraja took it")
    yield from _outcome(environment, asked, started, entry, reference)
    yield from _wallet(environment, msisdn)
    if asked.status is not None:
        payout_id = started.payment_id or reference
        view = environment.driver.read_payout(payout_id, reference)
        known.append(KnownPayment(payment_id=payout_id, reference=reference, view=view, is_payout=True))


def _payee(target: Target) -> str:
    """Somebody whom no suite pays: an MSISDN or, where the merchant pays organisations, another one's short code."""
    payout = target.merchant.payout
    if payout is None or not payout.pays_businesses:
        return f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}"
    own = {target.daraja.short_code, *(str(row["short_code"]) for row in target.daraja.organisations)}
    return secrets.choice([code for code in map(str, SHORT_CODES) if code not in own])


def _first_request(environment: TestEnvironment, msisdn: str, since: int) -> Mapping[str, Any] | None:
    """The request that pays this person, by whichever API: B2C of either version, B2Pochi or B2B; None: none came."""
    until = time.monotonic() + _DARAJA_CALL_S
    while time.monotonic() < until:
        for call in PAYOUT_CALLS:
            waited = environment.control.wait(f"{call}_seen", msisdn=msisdn, timeout_s=_EACH_CALL_S, since=since)
            if waited["met"]:
                entry: Mapping[str, Any] = waited["entries"][-1]
                return entry
    return None


def _not_started(started: Started, asked: Payout, base_url: str) -> DoctorFinding | None:
    """The merchant did not take the payout, or did not say which one it is."""
    if started.status is None:
        fix = f"see that the merchant serves {base_url}, and that merchant.payout.request is right"
        return bad("payout", f"starting a payout failed: {started.error}", fix, Exit.MERCHANT_UNREACHABLE)
    if started.accepted and started.payment_id is None and asked.payout_id is not None:
        where = f"the answer to the payout ({started.status})"
        return nothing_found("merchant.payout.payout_id", asked.payout_id, MerchantAnswer(body=started.body), where)
    if not started.accepted and started.status < 400:
        found = f"a payout was asked for, and its approval was refused: {started.error}"
        return bad("payout", found, "correct merchant.payout.approve, so that it does what a second person does")
    if not started.accepted and started.status < 500:
        found = f"the merchant refused a payout of {AMOUNT} shillings ({started.status}): {started.body[:200]}"
        return bad("payout", found, "correct merchant.payout, so that it sends what your own page sends")
    return None


def _never_asked(environment: TestEnvironment, started: Started, since: int) -> Iterator[DoctorFinding]:
    entries = environment.control.journal(since=since)["entries"]
    refused = [found for found in daraja.diagnose(entries, environment.target.daraja) if not found.ok]
    if refused:
        yield from refused
        return
    found = f"the merchant answered {started.status}, and no payout request for it came within {_DARAJA_CALL_S:g} s"
    fix = (
        f"give the merchant the Daraja base URL {environment.daraja_url} (merchant.start.env can do it: "
        "{daraja_url}), and let it pay out at once, not in a nightly batch"
    )
    yield bad("Daraja base URL", found, fix)


def _outcome(
    environment: TestEnvironment, asked: Payout, started: Started, call: Mapping[str, Any], reference: str
) -> Iterator[DoctorFinding]:
    conversation_id = str(call["checkout_request_id"])
    waited = environment.control.wait("callback_answered", checkout_request_id=conversation_id, timeout_s=_RESULT_S)
    row = environment.control.payments(checkout_request_id=conversation_id)[0]
    yield from _result(environment, row, call)
    if not waited["met"]:
        where = without_secrets(str(row["callback_url"]))
        found = f"the result was not delivered to {where} within {_RESULT_S:g} s"
        yield bad("result URL", found, "let the merchant listen there, or redirect its results with callbacks.rewrite")
        return
    yield callback(waited["entries"][-1], environment.target.callbacks)
    if asked.status is None:
        yield good("payout status", "the target file has no merchant.payout.status: most payout rules are not tested")
        return
    payout_id = started.payment_id or reference
    view = last_view(lambda: environment.driver.read_payout(payout_id, reference), _STATUS_S)
    yield _status(view, asked.status, is_paid=row["state"] == "paid")
    if asked.alerts is not None and environment.driver.read_alerts() is None:
        yield bad("alerts", "merchant.payout.alerts could not be read", "correct merchant.payout.alerts")
    if asked.balance is not None:
        yield from _balance(environment)


def _wallet(environment: TestEnvironment, msisdn: str) -> Iterator[DoctorFinding]:
    """Whether the balance can be read that the payout was taken from."""
    payout = environment.target.merchant.payout
    if payout is None or payout.wallet is None:
        return
    shown, why = environment.driver.read_wallet(msisdn)
    if shown is None:
        yield bad("wallet", why, "correct merchant.payout.wallet")
    else:
        yield good("wallet", f"{shown:.15g} shillings can still be paid out")


def _balance(environment: TestEnvironment) -> Iterator[DoctorFinding]:
    """Whether the balance can be read, once the merchant has asked for it."""
    asked = environment.driver.refresh_balance()
    until = time.monotonic() + _STATUS_S
    while environment.driver.read_balance()[0] is None and not asked and time.monotonic() < until:
        time.sleep(0.1)
    shown, why = environment.driver.read_balance()
    if shown is None:
        yield bad("balance", asked or why, "correct merchant.payout.balance")
    else:
        yield good("balance", f"the merchant shows {shown:g} shillings on its utility account")


def _result(environment: TestEnvironment, row: Mapping[str, Any], call: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    """Why M-Pesa did not pay."""
    code = str(row["result_code"])
    if code != "0":
        why = failed_because(code, str(row["result_desc"]), call, environment.control.organisations())
        yield warning("initiator", f"the payout ended with {code}: {why}", fix_of(code))


def _status(view: StatusView, status: StatusSource, *, is_paid: bool) -> DoctorFinding:
    """Whether the payout's state could be read, and is what it should be."""
    unread = unread_state(view, status, "payout", fix="correct merchant.payout.status, or merchant.payout.payout_id")
    if unread is not None:
        return unread
    if is_paid and view.state is not PaymentState.PAID:
        found = f"the payout is paid, and the merchant says {view.raw_state!r}, which is mapped to {view.state}"
        return warning("payout status", found, "correct merchant.payout.status.states, or let the rules judge it")
    return good("payout status", f"the payout is {view.state}")
