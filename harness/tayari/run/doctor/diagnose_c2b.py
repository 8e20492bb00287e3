"""The preflight of a merchant whose customers pay by themselves (C2B): its URLs, and one small payment.

Nothing that Daraja refuses stops the run: the rules judge that. What the target file says wrongly does.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from tayari_money.daraja_records import C2B, REGISTRATION_CALLS
from tayari_target.answers import MerchantAnswer
from tayari_target.target_file.target_model import C2b
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import LedgerView

from tayari.run.doctor.diagnose_merchant import callback, nothing_found, without_secrets
from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

MSISDN_RANGE: Final = "25479996"
"""The preflight's customers: 254 79996 0000 to 9999, a range that no suite uses."""
AMOUNT: Final = 10
_CONFIRMED_S: Final = 10.0
_BOOKED_S: Final = 3.0
_SOON: Final[Mapping[str, Any]] = {
    "scenario": "preflight/c2b",
    "about": "The preflight's payment by a customer: made after a moment.",
    "when": {"endpoint": C2B},
    "outcome": {"result_code": 0, "after_s": 0.3},
}


def c2b(environment: TestEnvironment) -> Iterator[DoctorFinding]:
    """Look at the registered URLs, pay once, and see the account credited."""
    asked = environment.target.merchant.c2b
    if asked is None:
        return
    short_code = environment.target.c2b_short_code
    urls = environment.c2b_urls()
    if urls is None:
        yield _not_registered(environment, asked, short_code)
        return
    yield good("C2B URLs", f"{short_code} has URLs, ResponseType {urls['response_type']}")
    yield from _payment(environment, asked, short_code)


def _not_registered(environment: TestEnvironment, asked: C2b, short_code: str) -> DoctorFinding:
    others = [row["short_code"] for row in environment.control.organisations() if row["urls"] is not None]
    if others:
        fix = f"set merchant.c2b.short_code to {others[0]}, or let the merchant register {short_code}"
        return warning("C2B URLs", f"URLs are registered for {', '.join(others)}, not for {short_code}", fix)
    calls = [
        entry
        for call in REGISTRATION_CALLS
        for entry in environment.control.journal(endpoint=call, kind="request")["entries"]
    ]
    if calls:
        answer = calls[-1].get("response") or {}
        note = calls[-1].get("note")
        found = f"Daraja refused the registration ({answer.get('status')}): {str(answer.get('body') or '')[:200]}"
        found += f"; {note}" if note else ""
        return warning("C2B URLs", found, "correct what the merchant sends; rule B01 judges its ResponseType")
    how = "merchant.c2b.register" if asked.register is None else "the request of merchant.c2b.register"
    fix = f"see {how}, and that the merchant has the Daraja base URL {environment.daraja_url}"
    return warning("C2B URLs", f"the merchant made no call that registers URLs for {short_code}", fix)


def _payment(environment: TestEnvironment, asked: C2b, short_code: str) -> Iterator[DoctorFinding]:
    msisdn, reference = f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}", f"TC{secrets.token_hex(4).upper()}"
    number = asked.accounts[0] if asked.accounts else ""
    if asked.open_account is not None:
        opened = environment.driver.open_account(msisdn=msisdn, amount=AMOUNT, reference=reference)
        if opened.status is None or not opened.accepted:
            answer = opened.error or f"{opened.status}: {opened.body[:200]}"
            yield bad("account", f"no account was opened ({answer})", "correct merchant.c2b.open_account")
            return
        if opened.payment_id is None:
            where = f"the answer to the opening of an account ({opened.status})"
            key = "merchant.c2b.open_account.account"
            yield nothing_found(key, asked.open_account.account, MerchantAnswer(body=opened.body), where)
            return
        number = opened.payment_id
    if not number:
        yield good("account", "the target file has no account to pay into: most rules about C2B are not tested")
        return
    before = environment.driver.read_account(number, reference)
    environment.control.play_next(_SOON, msisdn=msisdn)
    environment.control.pay_c2b(short_code=short_code, msisdn=msisdn, amount=AMOUNT, reference=number)
    waited = environment.control.wait("callback_answered", msisdn=msisdn, timeout_s=_CONFIRMED_S)
    if not waited["met"]:
        where = without_secrets(str(environment.control.payments(msisdn=msisdn)[-1]["callback_url"]))
        fix = "let the merchant listen there, or redirect it with callbacks.rewrite"
        yield bad("confirmation", f"no confirmation was delivered to {where} within {_CONFIRMED_S:g} s", fix)
        return
    yield replace(callback(waited["entries"][-1], environment.target.callbacks), name="confirmation")
    if asked.account is not None:
        yield _credited(environment, number, reference, before)
    yield from _lists(environment, asked, number, reference)


def _credited(environment: TestEnvironment, number: str, reference: str, before: LedgerView) -> DoctorFinding:
    """Whether the account can be read, and shows the payment."""
    until = time.monotonic() + _BOOKED_S
    while True:
        now = environment.driver.read_account(number, reference)
        error = before.error or now.error
        if error:
            return bad("account", f"the account {number} could not be read: {error}", "correct merchant.c2b.account")
        if (now.credits or 0) > (before.credits or 0) or (now.total or 0.0) > (before.total or 0.0):
            return good("account", f"the account {number} was credited")
        if time.monotonic() > until:
            found = f"{AMOUNT} shillings were paid into the account {number}, and it shows no credit"
            return warning("account", found, "correct merchant.c2b.account, or let rule B16 judge it")
        time.sleep(0.1)


def _lists(environment: TestEnvironment, asked: C2b, number: str, reference: str) -> Iterator[DoctorFinding]:
    if asked.unallocated is not None and environment.driver.read_unallocated() is None:
        yield bad("unallocated", "merchant.c2b.unallocated could not be read", "correct merchant.c2b.unallocated")
    if asked.statement is not None and environment.driver.read_statement(number, reference) is None:
        yield bad("statement", "merchant.c2b.statement could not be read", "correct merchant.c2b.statement")
