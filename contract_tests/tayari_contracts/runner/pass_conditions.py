"""What must have been seen before a check that found nothing is a pass. The catalogue names it (`seen:`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tayari_contracts.catalogue.rules import Seen
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.probe import Probe
from tayari_contracts.steps.payouts import payout_requests
from tayari_contracts.steps.pushes import status_of

CRASH: Final = 500
QUERY: Final = "stk_query"


def not_seen(probe: Probe, seen: Seen) -> str:
    """Why a pass would prove nothing; empty where the condition was met."""
    missing = CONDITIONS[seen](probe)
    return f"{missing}, so a pass would prove nothing" if missing else ""


def _answer(probe: Probe) -> str:
    if any(payment.started.status is not None for payment in probe.payments):
        return ""
    return "the merchant answered no start of a payment"


def _push(probe: Probe) -> str:
    return "" if any(probe.sight.pushes(payment) for payment in probe.payments) else "no STK push was sent"


def _accepted(probe: Probe) -> str:
    return "" if any(probe.sight.accepted(payment) for payment in probe.payments) else "no STK push was accepted"


def _callback(probe: Probe) -> str:
    if not probe.takes_callbacks:
        return _query(probe)
    answers = [status_of(entry) for payment in probe.payments for entry in probe.sight.callbacks(payment)]
    if any(status is not None and status < CRASH for status in answers):
        return ""
    return "no callback was taken by the merchant"


def _query(probe: Probe) -> str:
    if any(probe.sight.queries(payment) for payment in probe.payments):
        return ""
    return "no status query came for any payment of this check"


def _token(probe: Probe) -> str:
    since = min((payment.since for payment in probe.payments), default=0)
    if any(status_of(entry) is not None for entry in probe.sight.token_fetches(since)):
        return ""
    return "no token was fetched while the payments of this check were started: the merchant had one in hand"


def _state(probe: Probe) -> str:
    if any(probe.book.looks(payment.reference) for payment in probe.payments):
        return ""
    return "the state of no payment of this check could be read"


def _payout(probe: Probe) -> str:
    if any(payout_requests(probe, payment) for payment in probe.payments):
        return ""
    return "no payout request reached Daraja"


def _met(probe: Probe) -> str:
    unmet = [
        str(scenario["scenario"]) for payment, scenario in probe.situations if not _is_met(probe, payment, scenario)
    ]
    return f"no call of the merchant met {', '.join(dict.fromkeys(unmet))}" if unmet else ""


CONDITIONS: Final[Mapping[Seen, Callable[[Probe], str]]] = {
    Seen.ANSWER: _answer,
    Seen.PUSH: _push,
    Seen.ACCEPTED: _accepted,
    Seen.CALLBACK: _callback,
    Seen.QUERY: _query,
    Seen.TOKEN: _token,
    Seen.STATE: _state,
    Seen.PAYOUT: _payout,
    Seen.MET: _met,
}


def _is_met(probe: Probe, payment: Payment, scenario: Mapping[str, Any]) -> bool:
    """Whether each call that the scenario's faults answer was made for this payment."""
    for fault in scenario.get("faults") or ():
        calls = probe.sight.queries(payment) if _is_of_query(fault) else probe.sight.pushes(payment)
        if not any(_names(entry, scenario) for entry in calls):
            return False
    return True


def _names(entry: Entry, scenario: Mapping[str, Any]) -> bool:
    return bool(entry.get("scenario") == scenario["scenario"])


def _is_of_query(fault: object) -> bool:
    if not isinstance(fault, Mapping):
        return False
    where = [keys.get("on") for keys in fault.values() if isinstance(keys, Mapping)]
    return any(QUERY in (on if isinstance(on, list | tuple) else [on]) for on in where)
