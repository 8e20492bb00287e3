"""What must have been seen before a check that found nothing is a pass. The catalogue names it (`seen:`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tayari_money.payment_record import PaymentKind

from tayari_contracts.catalogue.rules import Seen
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.journal_reader import status_of
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.c2b_registration import registrations
from tayari_contracts.steps.payouts import payout_requests
from tayari_contracts.steps.refunds import refund_requests

CRASH: Final = 500
QUERY: Final = "stk_query"


def not_seen(context: CheckContext, seen: Seen) -> str:
    """Why a pass would prove nothing; empty where the condition was met."""
    missing = CONDITIONS[seen](context)
    return f"{missing}, so a pass would prove nothing" if missing else ""


def _answer(context: CheckContext) -> str:
    if any(payment.started.status is not None for payment in context.evidence.payments):
        return ""
    return "the merchant answered no start of a payment"


def _push(context: CheckContext) -> str:
    return (
        "" if any(context.journal.pushes(payment) for payment in context.evidence.payments) else "no STK push was sent"
    )


def _accepted(context: CheckContext) -> str:
    return (
        ""
        if any(context.journal.accepted(payment) for payment in context.evidence.payments)
        else "no STK push was accepted"
    )


def _callback(context: CheckContext) -> str:
    if _takes_one(context):
        return ""
    payments = context.evidence.payments
    if not context.profile.takes_callbacks and all(payment.kind is PaymentKind.STK_PAYMENT for payment in payments):
        return _query(context)
    for payment in payments[-1:]:  # a slow answer may still be on its way
        context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
    return "" if _takes_one(context) else "no callback was taken by the merchant"


def _takes_one(context: CheckContext) -> bool:
    """Whether a callback was answered, and not as a crash is."""
    answers = [status for payment in context.evidence.payments for status in context.journal.callback_statuses(payment)]
    return any(status is not None and status < CRASH for status in answers)


def _query(context: CheckContext) -> str:
    if any(context.journal.queries(payment) for payment in context.evidence.payments):
        return ""
    return "no status query came for any payment of this check"


def _token(context: CheckContext) -> str:
    since = min((payment.since for payment in context.evidence.payments), default=0)
    if any(status_of(entry) is not None for entry in context.journal.token_fetches(since)):
        return ""
    return "no token was fetched while the payments of this check were started: the merchant already had one"


def _state(context: CheckContext) -> str:
    if any(context.run.observations(payment.record_name) for payment in context.evidence.payments):
        return ""
    return "the state of no payment of this check could be read"


def _payout(context: CheckContext) -> str:
    if any(payout_requests(context, payment) for payment in context.evidence.payments):
        return ""
    return "no payout request reached Daraja"


def _refund(context: CheckContext) -> str:
    refunds = [payment for payment in context.evidence.payments if payment.refund_of is not None]
    if any(refund_requests(context, refund) for refund in refunds):
        return ""
    return "no request that gives a payment back reached Daraja"


def _balance(context: CheckContext) -> str:
    asked = context.journal.entries(since=1, endpoint="account_balance", kind="request", limit=1)
    return "" if asked else "the merchant asked M-Pesa for no balance"


def _registration(context: CheckContext) -> str:
    return "" if registrations(context) else "the merchant made no call that registers C2B URLs"


def _pull(context: CheckContext) -> str:
    seen = context.journal.entries(since=1, endpoint="pull_query", kind="request")
    return "" if seen else "the merchant sent no query of pull transactions"


def _met(context: CheckContext) -> str:
    unmet = [
        str(scenario["scenario"])
        for payment, scenario in context.evidence.faulty_scenarios
        if not _is_met(context, payment, scenario)
    ]
    return f"no call of the merchant met {', '.join(dict.fromkeys(unmet))}" if unmet else ""


CONDITIONS: Final[Mapping[Seen, Callable[[CheckContext], str]]] = {
    Seen.ANSWER: _answer,
    Seen.PUSH: _push,
    Seen.ACCEPTED: _accepted,
    Seen.CALLBACK: _callback,
    Seen.QUERY: _query,
    Seen.TOKEN: _token,
    Seen.STATE: _state,
    Seen.PAYOUT: _payout,
    Seen.REGISTRATION: _registration,
    Seen.PULL: _pull,
    Seen.REFUND: _refund,
    Seen.BALANCE: _balance,
    Seen.MET: _met,
}


def _is_met(context: CheckContext, payment: Payment, scenario: Mapping[str, Any]) -> bool:
    """Whether each call that the scenario's faults answer was made for this payment."""
    for fault in scenario.get("faults") or ():
        asked = _calls_of(fault)
        calls = context.journal.queries(payment) if QUERY in asked else []
        if not asked or asked - {QUERY}:
            calls = [*calls, *context.journal.pushes(payment)]
        if not any(_names(entry, scenario) for entry in calls):
            return False
    return True


def _names(entry: Entry, scenario: Mapping[str, Any]) -> bool:
    return bool(entry.get("scenario") == scenario["scenario"])


def _calls_of(fault: object) -> frozenset[object]:
    """The calls that a fault is put on; none where it is put on those of its scenario."""
    if not isinstance(fault, Mapping):
        return frozenset()
    where = [keys["on"] for keys in fault.values() if isinstance(keys, Mapping) and "on" in keys]
    return frozenset(name for on in where for name in (on if isinstance(on, list | tuple) else [on]))
