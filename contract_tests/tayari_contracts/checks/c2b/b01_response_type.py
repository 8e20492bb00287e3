"""B01: the URLs are registered with a ResponseType that Daraja knows."""

from __future__ import annotations

import contextlib
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.c2b_registration import registrations, urls, watch_registrations

RESPONSE_TYPES: Final = ("Completed", "Cancelled")


@check("B01")
def the_response_type_is_one_of_two_words(context: CheckContext) -> None:
    """Every registration of the run; one is made if there is none."""
    with contextlib.suppress(Untested):  # Daraja may refuse the registration: its ResponseType is judged all the same
        urls(context)
    calls = registrations(context)
    watch_registrations(context, since=1)
    for call in calls:
        response_type = body_of(call).get("ResponseType")
        if response_type not in RESPONSE_TYPES:
            raise Failed(
                f"the URLs are registered with ResponseType {response_type!r}; expected exactly Completed or "
                "Cancelled: Daraja refuses another spelling, or takes it for a word that you did not mean"
            )
