"""U09: what comes from outside is shown as text, never as markup."""

from __future__ import annotations

from typing import Final

from tayari_target.views import DriverExchange

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable
from tayari_contracts.context.inline_scenarios import after, situation

MARKUP: Final = "<i data-tayari=1>"
"""Slanted text: it does nothing, and stands in an answer as it was written only where nobody escapes."""

UNKNOWN: Final = 5999
"""A code that is in no list: a merchant without words of its own shows what M-Pesa wrote."""

OFTEN_S: Final = 1.0


@check("U09")
def text_from_outside_is_escaped(context: CheckContext) -> None:
    """The order's name, and M-Pesa's ResultDesc, hold an element; the customer's pages are read."""
    named = context.actions.pay(reference=f"{context.allocation.reference()}{MARKUP}")
    described = context.actions.pay_accepted(
        situation("inline/u09-described", outcome={**after(0.5, result_code=UNKNOWN), "result_desc": f"{MARKUP}busy"})
    )
    context.observations.wait("callback_answered", described)
    context.time.pause(OFTEN_S)
    for payment in (named, described):
        if payment.started.accepted and context.profile.shows_state:
            context.observations.status(payment)
    pages = [answer for answer in context.evidence.driver_exchanges if is_page(answer)]
    if not pages:
        raise Inapplicable("the answers that the target file reads are data, which no browser shows as a page")
    for page in pages:
        if MARKUP in page.response_body:
            raise Failed(
                f"{page.method} {page.url} is a page, and holds {MARKUP} as it was sent in an order's name or in "
                "ResultDesc; expected &lt;i: a script would run in the browser of whoever opens the page"
            )


def is_page(answer: DriverExchange) -> bool:
    """Whether a browser shows the answer as a page, whatever it was meant to be."""
    kinds = [value.lower() for name, value in answer.response_headers if name.lower() == "content-type"]
    return any("html" in kind for kind in kinds)
