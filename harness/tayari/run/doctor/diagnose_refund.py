"""The preflight of a merchant that gives payments back: one refund of a small payment, as far as its result.

Nothing that Daraja refuses stops the run: the rules judge that. What the target file says wrongly does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from tayari_money.daraja_records import PAYOUT_CALLS, REVERSAL
from tayari_money.payment_record import PaymentState
from tayari_target.answers import MerchantAnswer
from tayari_target.target_file.target_model import Refund, StatusSource
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started, StatusView

from tayari.run.doctor.diagnose_initiator import failed_because, fix_of
from tayari.run.doctor.diagnose_instances import KnownPayment
from tayari.run.doctor.diagnose_merchant import callback, last_view, nothing_found, unread_state
from tayari.run.doctor.doctor_findings import DoctorFinding, good, warning

_CALL_S: Final = 5.0
"""A merchant may send refunds from a queue."""
_RESULT_S: Final = 10.0
_STATUS_S: Final = 5.0
_CRASH: Final = 500
_SUCCESS: Final[Mapping[str, Any]] = {
    "scenario": "preflight/refund",
    "about": "The preflight's refund: made after a moment.",
    "when": {"endpoint": REVERSAL},
    "outcome": {"result_code": 0, "after_s": 0.3},
}


def refund(environment: TestEnvironment, known: Sequence[KnownPayment], *, amount: int) -> Iterator[DoctorFinding]:
    """Ask for the refund of a payment of the preflight that is paid, and look at each step of it."""
    asked = environment.target.merchant.refund
    paid = next((one for one in known if one.msisdn and one.view.state is PaymentState.PAID), None)
    if asked is None or paid is None:
        return
    since = environment.control.journal_end()
    environment.control.play_next(_SUCCESS, endpoint=REVERSAL)
    try:
        started = environment.driver.start_refund(
            payment_id=paid.payment_id, msisdn=paid.msisdn, amount=amount, reference=paid.reference
        )
        silent = _not_started(started, asked, has_receipt=environment.target.merchant.takes_callbacks)
        if silent is not None:
            yield silent
            return
        call = _call(environment, since)
    finally:
        environment.control.clear_next()
    if call is None:
        found = f"the merchant answered {started.status}, and no reversal and no payout came within {_CALL_S:g} s"
        fix = "see that the merchant sends refunds at once, or let the rules say `not tested`"
        yield warning("refund", found, fix)
        return
    yield from _outcome(environment, asked, started, paid, call)


def _not_started(started: Started, asked: Refund, *, has_receipt: bool) -> DoctorFinding | None:
    """The merchant did not take the refund, or did not say which one it is.

    A payment that was settled by a status query alone has no receipt, so a merchant may refuse to give it back.
    """
    if started.status is None or not started.accepted:
        answer = started.error or f"{started.status}: {started.body[:200]}"
        if not has_receipt and started.status is not None and started.status < _CRASH:
            return good("refund", f"a payment without a receipt is not given back ({answer})")
        fix = "correct merchant.refund, so that it sends what your staff's page sends; the rules will judge the rest"
        return warning("refund", f"the refund of a paid payment was not taken ({answer})", fix)
    if started.payment_id is None and asked.refund_id is not None:
        where = f"the answer to the refund ({started.status})"
        return nothing_found("merchant.refund.refund_id", asked.refund_id, MerchantAnswer(body=started.body), where)
    return None


def _call(environment: TestEnvironment, since: int) -> Mapping[str, Any] | None:
    """The request that gives the money back; None: none came."""
    until = time.monotonic() + _CALL_S
    while True:
        for endpoint in (REVERSAL, *PAYOUT_CALLS):
            entries = environment.control.journal(since=since, endpoint=endpoint, kind="request")["entries"]
            if entries:
                found: Mapping[str, Any] = entries[-1]
                return found
        if time.monotonic() > until:
            return None
        time.sleep(0.1)


def _outcome(
    environment: TestEnvironment, asked: Refund, started: Started, paid: KnownPayment, call: Mapping[str, Any]
) -> Iterator[DoctorFinding]:
    conversation_id, how = str(call.get("checkout_request_id") or ""), f"by {call.get('endpoint')}"
    if not conversation_id:
        answered = call.get("response") or {}
        found = f"Daraja refused the refund {how} ({answered.get('status')}): {str(answered.get('body') or '')[:200]}"
        yield warning("refund", found, "correct what the merchant sends; the rules will judge that")
        return
    waited = environment.control.wait("callback_answered", checkout_request_id=conversation_id, timeout_s=_RESULT_S)
    row = environment.control.payments(checkout_request_id=conversation_id)[0]
    if row["state"] == "failed":
        code = str(row["result_code"])
        why = failed_because(code, str(row["result_desc"]), call, environment.control.organisations())
        yield warning("refund", f"the refund {how} ended with {code}: {why}", fix_of(code))
        return
    if not waited["met"]:
        yield warning("refund", f"its result was not delivered within {_RESULT_S:g} s", "let the merchant listen there")
        return
    yield replace(callback(waited["entries"][-1], environment.target.callbacks), name="refund result")
    if asked.status is None:
        yield good("refund", f"Daraja took it {how}; without merchant.refund.status most refund rules are not tested")
        return
    refund_id = started.payment_id or paid.payment_id
    read = partial(environment.driver.read_refund, refund_id, payment_id=paid.payment_id, reference=paid.reference)
    yield _status(last_view(read, _STATUS_S), asked.status, how)


def _status(view: StatusView, status: StatusSource, how: str) -> DoctorFinding:
    """Whether the refund's state could be read, and is what it should be."""
    unread = unread_state(view, status, "refund", fix="correct merchant.refund.status")
    if unread is not None:
        return unread
    if view.state is not PaymentState.PAID:
        found = f"the money is back with the customer, and the merchant says {view.raw_state!r} ({view.state})"
        return warning("refund status", found, "correct merchant.refund.status.states, or let the rules judge it")
    return good("refund", f"a payment was given back {how}, and the merchant shows it")
