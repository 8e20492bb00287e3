"""A11: an HTML page of the edge never reaches the customer."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import page, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, quote
from tayari_contracts.context.message_topics import crash_of, leak_of, machine_words
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import first_push
from tayari_contracts.steps.timed_acts import side_by_side

REFUSALS = 8
PAGES: Final = {"HTTP 403": "imperva_403", "HTTP 503": "imperva_503"}


@check("A11")
def keeps_pages_of_the_edge_away(context: CheckContext) -> None:
    """One payment for each page; every push is answered with it."""
    problems = side_by_side(context, PAGES, lambda status: _problem(context, status, PAGES[status]))
    if found := next(filter(None, problems.values()), ""):
        raise Failed(found)


def _problem(context: CheckContext, status: str, name: str) -> str:
    payment = context.actions.pay(situation(f"inline/service-{name.replace('_', '-')}", page(name, times=REFUSALS)))
    first_push(context, payment)
    if crash := crash_of(payment.started):
        return f"the push was answered {status} with an HTML page, and {crash}; expected a plain message"
    texts = [payment.started.message]
    if context.profile.shows_state and payment.started.accepted:
        view = context.observations.until(payment, FAILED, REVIEW, PAID)
        if view.state is PAID:
            return f"the push was answered {status} with an HTML page, and the payment is paid; expected failed"
        if leak := leak_of(view.body):
            return f"the payment's page shows {quote(leak)} of the edge's answer ({status})"
        texts.append(view.message)
    shown = [text for text in texts if leak_of(text) or machine_words(text)]
    return (
        f"the push was answered {status} with an HTML page, and the customer reads {quote(shown[0])}" if shown else ""
    )
