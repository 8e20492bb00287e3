"""What a check must have seen before it passes, if it found nothing wrong. The catalogue names it (`seen:`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tayari_money.payment_record import PaymentKind

from tayari_contracts.catalogue.rules import Seen
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.evidence import status_of
from tayari_contracts.context.findings import credits_not_countable
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.c2b_registration import registrations
from tayari_contracts.steps.payouts import payout_requests
from tayari_contracts.steps.refunds import refund_requests

QUERY: Final = "stk_query"

Condition = Callable[[CheckContext], str]
"""What was not seen, as a clause; empty where the condition was met."""


def not_seen(context: CheckContext, seen: Seen) -> str:
    """Why a pass would prove nothing; empty where the condition was met."""
    missing = CONDITIONS[seen](context)
    return f"{missing}, so a pass would prove nothing" if missing else ""


def _of_payments(look: Callable[[CheckContext, Payment], object], missing: str) -> Condition:
    """The condition that `look` finds something for at least one payment of the check."""
    return lambda context: "" if any(look(context, payment) for payment in context.evidence.payments) else missing


def _of_calls(endpoint: str, missing: str) -> Condition:
    """The condition that the merchant made this call, at any time in the run."""
    return lambda context: (
        "" if context.journal.entries(since=1, endpoint=endpoint, kind="request", limit=1) else missing
    )


def _takes_one(context: CheckContext, payment: Payment) -> bool:
    """Whether a callback was answered with a status below 500."""
    return any(status is not None and status < CRASH for status in context.journal.callback_statuses(payment))


_query = _of_payments(
    lambda context, payment: context.journal.queries(payment), "no status query came for any payment of this check"
)
_callback_taken = _of_payments(_takes_one, "no callback was taken by the merchant")


def _callback(context: CheckContext) -> str:
    payments = context.evidence.payments
    missing = _callback_taken(context)
    if not missing:
        return ""
    if not context.profile.takes_callbacks and all(payment.kind is PaymentKind.STK_PAYMENT for payment in payments):
        return _query(context)
    for payment in payments[-1:]:  # a slow answer may still be on its way
        context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
    return _callback_taken(context)


def _token(context: CheckContext) -> str:
    since = min((payment.since for payment in context.evidence.payments), default=0)
    if any(status_of(entry) is not None for entry in context.journal.token_fetches(since)):
        return ""
    return "no token was fetched while the payments of this check were started: the merchant already had one"


def _met(context: CheckContext) -> str:
    unmet = [
        str(scenario["scenario"])
        for payment, scenario in context.evidence.faulty_scenarios
        if not _is_met(context, payment, scenario)
    ]
    return f"no call of the merchant met {', '.join(dict.fromkeys(unmet))}" if unmet else ""


def _credits(context: CheckContext) -> str:
    """Nothing is missing where a second credit can be seen.

    Raises:
        Untested: it cannot; the target file can say more.
    """
    if not context.run.credits_are_countable:
        raise credits_not_countable("a second credit")
    return ""


CONDITIONS: Final[Mapping[Seen, Condition]] = {
    Seen.ANSWER: _of_payments(
        lambda _, payment: payment.started.status is not None, "the merchant answered no start of a payment"
    ),
    Seen.PUSH: _of_payments(lambda context, payment: context.journal.pushes(payment), "no STK push was sent"),
    Seen.ACCEPTED: _of_payments(lambda context, payment: context.journal.accepted(payment), "no STK push was accepted"),
    Seen.CALLBACK: _callback,
    Seen.QUERY: _query,
    Seen.TOKEN: _token,
    Seen.STATE: _of_payments(
        lambda context, payment: context.run.observations(payment.record_name),
        "the state of no payment of this check could be read",
    ),
    Seen.PAYOUT: _of_payments(payout_requests, "no payout request reached Daraja"),
    Seen.REGISTRATION: lambda context: (
        "" if registrations(context) else "the merchant made no call that registers C2B URLs"
    ),
    Seen.PULL: _of_calls("pull_query", "the merchant sent no query of pull transactions"),
    Seen.REFUND: _of_payments(
        lambda context, payment: payment.refund_of is not None and refund_requests(context, payment),
        "no request that gives a payment back reached Daraja",
    ),
    Seen.BALANCE: _of_calls("account_balance", "the merchant asked M-Pesa for no balance"),
    Seen.CREDITS: _credits,
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
    """The calls that a fault names in `on`; empty where it applies to its scenario's own call."""
    if not isinstance(fault, Mapping):
        return frozenset()
    where = [keys["on"] for keys in fault.values() if isinstance(keys, Mapping) and "on" in keys]
    return frozenset(name for on in where for name in (on if isinstance(on, list | tuple) else [on]))
