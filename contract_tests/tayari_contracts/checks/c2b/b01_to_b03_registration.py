"""B01 to B03: how the merchant registers its C2B URLs, and what it makes of a refusal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tayari_reports.model import NotTested
from tayari_target.views import Started

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, quote
from tayari_contracts.context.inline_scenarios import refused, situation
from tayari_contracts.context.journal_reader import body_of
from tayari_contracts.context.payment import PAID, Entry
from tayari_contracts.steps.c2b_payments import REGISTER, c2b_situation, pay_in_told, registrations, section, urls

RESPONSE_TYPES: Final = ("Completed", "Cancelled")
ALREADY: Final = "500.003.1001.urls_already_registered"
OTHER_VERSION: Final = "401.003.01.no_apiproduct_match"
CALLED_WITHIN_S: Final = 10.0
"""A merchant that registers when it starts has called by then."""
MOST_CALLS: Final = 6
"""Two versions, each with a second token, and one more try of each."""
WATCHED_S: Final = 6.0


@check("B01")
def the_response_type_is_one_of_two_words(context: CheckContext) -> None:
    """Every registration of the run, at least one."""
    with contextlib.suppress(Untested):  # Daraja may refuse the registration: its ResponseType is judged all the same
        urls(context)
    calls = registrations(context)
    context.evidence.watch_since(1, endpoint=REGISTER)
    for call in calls:
        response_type = body_of(call).get("ResponseType")
        if response_type not in RESPONSE_TYPES:
            raise Failed(
                f"the URLs are registered with ResponseType {response_type!r}; expected exactly Completed or "
                "Cancelled: "
                "Daraja refuses another spelling, or takes it for one that nobody chose"
            )


@check("B02")
def registered_already_is_no_error(context: CheckContext) -> None:
    """Daraja answers 500.003.1001, "Urls are already registered", as production does from the second start on."""
    urls(context)
    with _registering(
        context, situation("inline/b02-already", refused(ALREADY), when={"endpoint": REGISTER})
    ) as started:
        if started is not None and (started.status is None or started.status >= 500):
            found = f"{started.status}, {quote(started.body, most=100)}" if started.status else started.error
            raise Failed(
                f'Daraja said "Urls are already registered", and the merchant answered {found}; expected success'
            )
        if started is not None and started.status is not None and started.status >= 400:
            raise Warned(f'Daraja said "Urls are already registered", and the merchant answered {started.status}')
    payment = pay_in_told(context, c2b_situation("inline/b02-after"))
    if section(context).account is not None:
        context.expectations.state(payment, PAID, because="the URLs were registered before")


@check("B03")
def another_version_is_told_or_taken(context: CheckContext) -> None:
    """Daraja answers 401.003.01 to each version: the app's product is for none that the merchant calls."""
    urls(context)
    scenario = situation("inline/b03-version", refused(OTHER_VERSION), when={"endpoint": REGISTER})
    since = context.journal.now()
    with _registering(context, scenario, times=100) as started:
        context.time.pause(WATCHED_S)
        calls = registrations(context, since=since)
        if len(calls) > MOST_CALLS:
            raise Failed(
                f"Daraja said that the app has another version of C2B (401.003.01), and the merchant called "
                f"{len(calls)} times in {WATCHED_S:g} s; expected it to try the other version, then to stop and say so"
            )
        if started is not None and started.accepted:
            raise Failed(
                f"Daraja refused every registration (401.003.01), and the merchant answered {started.status}, "
                f"{quote(started.body, most=100)}; expected it to say that nothing is registered"
            )


@contextlib.contextmanager
def _registering(context: CheckContext, scenario: Mapping[str, Any], *, times: int = 1) -> Iterator[Started | None]:
    """Make the merchant register while the scenario plays: its answer, or None where it registers when it starts.

    Raises:
        Untested: it made no call. Failed: it did not start again.
    """
    since = context.journal.now()
    context.control.play_next(scenario, endpoint=REGISTER, times=times)
    try:
        if section(context).register is not None:
            started: Started | None = context.driver.register_c2b()
        elif context.stage.can_restart:
            context.actions.restart_merchant()
            started = None
        else:
            raise Untested(
                "the merchant cannot be made to register",
                why=NotTested.TARGET_KEY_MISSING,
                enable="merchant.c2b.register or merchant.start",
            )
        if not context.time.until(lambda: _met(context, scenario, since), within_s=CALLED_WITHIN_S):
            raise Untested("the merchant made no call that registers URLs")
        yield started
    finally:
        context.control.clear_next()
        context.evidence.watch_since(since, endpoint=REGISTER)


def _met(context: CheckContext, scenario: Mapping[str, Any], since: int) -> list[Entry]:
    return [call for call in registrations(context, since=since) if call.get("scenario") == scenario["scenario"]]
