"""A scenario that answers another call than the push: it says something only when the merchant makes that call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.findings import Untested
from tayari_contracts.payment import Payment
from tayari_contracts.probe import Probe

Document = Mapping[str, Any]

PUSH: Final = "stk_push"
TOKEN: Final = "oauth"
TOKEN_WITHIN_S: Final = 5.0
"""A merchant without a token fetches one for its next payment within this time."""
LOOK_EVERY_S: Final = 0.2


def token_part(document: Document) -> Document | None:
    """What a scenario of a push says of the token besides: its faults `on: oauth`; None where it says nothing of it."""
    if endpoint_of(document) != PUSH:
        return None
    faults = [fault for fault in document.get("faults") or () if _is_of_token(fault)]
    if not faults:
        return None
    return {**{key: document[key] for key in ("scenario", "about")}, "when": {"endpoint": TOKEN}, "faults": faults}


def endpoint_of(document: Document) -> str:
    """The call that a scenario is for."""
    return str((document.get("when") or {}).get("endpoint", PUSH))


def pay_until_met(probe: Probe, document: Document, elsewhere: Document) -> Payment:
    """A payment that plays `document`, whose merchant made the call that `elsewhere` answers.

    Raises:
        Untested: it made none; the sentence says why not.
    """
    endpoint, since = endpoint_of(elsewhere), probe.sight.now()
    push = document if endpoint_of(document) == PUSH else None
    if endpoint == TOKEN:
        probe.forget_token()
    probe.control.play_next(elsewhere, endpoint=endpoint)
    try:
        payment = probe.pay(push)
        if endpoint == TOKEN and not _met(probe, elsewhere, since):
            probe.control.revoke_tokens()
            payment = probe.pay(push)
        if not _met(probe, elsewhere, since):
            why = "it holds a token and fetched no other" if endpoint == TOKEN else "it had no need to"
            raise Untested(f"the fault was never met: the merchant made no call ({endpoint}) meanwhile; {why}")
    finally:
        probe.control.clear_next()
    probe.watch_since(since, endpoint=endpoint)
    return payment


def _met(probe: Probe, elsewhere: Document, since: int) -> bool:
    """Whether a call met the scenario, waiting for one that comes in the background."""
    endpoint = endpoint_of(elsewhere)
    end = time.monotonic() + (TOKEN_WITHIN_S if endpoint == TOKEN else probe.reconcile_s)
    while True:
        calls = probe.sight.entries(since=since, endpoint=endpoint, kind="request")
        if any(entry.get("scenario") == elsewhere["scenario"] for entry in calls):
            return True
        if time.monotonic() >= end or not probe.has_time:
            return False
        probe.quiet(LOOK_EVERY_S)


def _is_of_token(fault: object) -> bool:
    if not isinstance(fault, Mapping):
        return False
    return any(isinstance(keys, Mapping) and TOKEN in _listed(keys.get("on")) for keys in fault.values())


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]
