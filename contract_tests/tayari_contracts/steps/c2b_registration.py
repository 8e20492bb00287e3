"""Registrations of C2B URLs: what Daraja has of them, and how a check makes the merchant register."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tayari_money.daraja_records import REGISTRATION_CALLS
from tayari_target.target_file.target_model import C2b
from tayari_target.views import Started

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Untested, key_missing, quote
from tayari_contracts.context.payment import Entry

REGISTER: Final = REGISTRATION_CALLS[0]
"""The call that scenarios name; they play under the other version of it as well."""
REGISTERED_WITHIN_S: Final = 5.0
"""A merchant that registers in the background has done so within this time after it was asked."""
CALLED_WITHIN_S: Final = 10.0
"""A merchant that registers when it starts has called within this time."""


def section(context: CheckContext) -> C2b:
    """`merchant.c2b` of the target file."""
    return context.target.merchant.c2b or C2b()


def urls(context: CheckContext) -> Mapping[str, str]:
    """The registered URLs: `confirmation`, `validation` and `response_type`. If there are none, it makes them register.

    Raises:
        Untested: the merchant did not register.
    """
    with context.run.registering:
        found = registered(context)
        if found is None:
            found = _register(context)
    return found


def registered(context: CheckContext) -> Mapping[str, str] | None:
    """The URLs that Daraja has for this short code; None: it has none."""
    return context.control.c2b_urls(context.target.c2b_short_code)


def _register(context: CheckContext) -> Mapping[str, str]:
    message = _nothing_registered(context)
    if section(context).register is None:
        raise Untested(f"{message}; add merchant.c2b.register to the target file", enable="merchant.c2b.register")
    started = context.driver.register_c2b()
    found = context.time.until(lambda: registered(context), within_s=REGISTERED_WITHIN_S)
    if found is None:
        answer = started.error or f"{started.status}, {quote(started.body, most=100)}"
        raise Untested(f"{_nothing_registered(context)}; merchant.c2b.register was answered {answer}")
    return found


def _nothing_registered(context: CheckContext) -> str:
    refused = [entry for entry in registrations(context) if (entry.get("response") or {}).get("status") != 200]
    why = f"; Daraja answered {quote(str(answer_of(refused[-1])), most=120)}" if refused else ""
    return f"the merchant has no C2B URLs registered for {context.target.c2b_short_code}{why}"


def registrations(context: CheckContext, *, since: int = 1) -> list[Entry]:
    """Every call that registers URLs, by either version, refused ones included."""
    found = [
        entry
        for call in REGISTRATION_CALLS
        for entry in context.journal.entries(since=since, endpoint=call, kind="request")
    ]
    return sorted(found, key=lambda entry: int(entry["seq"]))


def watch_registrations(context: CheckContext, *, since: int) -> None:
    """Keep these calls as evidence."""
    for call in REGISTRATION_CALLS:
        context.evidence.watch_since(since, endpoint=call)


@contextlib.contextmanager
def registering(context: CheckContext, scenario: Mapping[str, Any], *, times: int = 1) -> Iterator[Started | None]:
    """Make the merchant register while the scenario plays, as a context manager.

    It gives the merchant's answer, or None for a merchant that registers when it starts. `times`: how many calls play.

    Raises:
        Untested: the merchant made no call. Failed: it did not start again.
    """
    since = context.control.play_next(scenario, endpoint=REGISTER, times=times)
    try:
        if section(context).register is not None:
            started: Started | None = context.driver.register_c2b()
        elif context.environment.can_restart:
            context.actions.restart_merchant()
            started = None
        else:
            raise key_missing("the merchant cannot be made to register", "merchant.c2b.register or merchant.start")
        if not context.time.until(lambda: _calls_under(context, scenario, since), within_s=CALLED_WITHIN_S):
            raise Untested("the merchant made no call that registers URLs")
        yield started
    finally:
        context.control.clear_next()
        watch_registrations(context, since=since)


def _calls_under(context: CheckContext, scenario: Mapping[str, Any], since: int) -> list[Entry]:
    """The registrations that played this scenario."""
    return [call for call in registrations(context, since=since) if call.get("scenario") == scenario["scenario"]]
