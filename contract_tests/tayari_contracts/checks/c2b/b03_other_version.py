"""B03: a refusal of the API's version is reported, not repeated."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.steps.c2b_registration import REGISTER, registering, registrations, urls

OTHER_VERSION: Final = "401.003.01.no_apiproduct_match"
MOST_CALLS: Final = 6
"""Calls of two versions, each with a second token, and one more try of each."""
WATCHED_S: Final = 6.0


@check("B03")
def another_version_is_reported_or_used(context: CheckContext) -> None:
    """Daraja answers 401.003.01 to both versions: the app's product allows neither."""
    urls(context)
    scenario = situation("inline/b03-version", refused(OTHER_VERSION), when={"endpoint": REGISTER})
    since = context.journal.now()
    with registering(context, scenario, times=100) as started:
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
