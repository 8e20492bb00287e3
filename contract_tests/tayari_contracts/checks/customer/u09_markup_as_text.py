"""U09: text from outside is shown as text, never as markup."""

from __future__ import annotations

import contextlib
from html.parser import HTMLParser
from typing import Final

from tayari_reports.model import Exchange

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Untested
from tayari_contracts.steps.c2b_payments import mutated, pay_in

NAME: Final = "data-tayari"
MARKUP: Final = "<i data-tayari=1>"
"""An element for italic text, which does no harm; a page holds it unchanged only if it is not escaped."""

ATTRIBUTE: Final = '" data-tayari="1'
"""A quote that ends an attribute, and another attribute, if quotes are not escaped; as text it does no harm."""

UNKNOWN: Final = 5999
"""A code in no list: a merchant without words of its own shows M-Pesa's ResultDesc."""

OFTEN_S: Final = 1.0


@check("U09")
def text_from_outside_is_escaped(context: CheckContext) -> None:
    """An order's name, ResultDesc, a payer's name and a BillRefNumber hold markup; then all pages are read."""
    if context.target.merchant.takes_payments:
        _pay(context)
    if context.target.merchant.c2b is not None:
        with contextlib.suppress(*([Untested] if context.target.merchant.takes_payments else [])):
            _pay_in(context)
    pages = [answer for answer in context.evidence.driver_exchanges if is_page(answer)]
    if not pages:
        raise Inapplicable("the answers that the target file reads are data, which no browser shows as a page")
    for page in pages:
        if shown := unescaped(page.response_body):
            raise Failed(
                f"{page.method} {page.url} is a page, and holds {shown} as it was sent in an order's name, a payer's "
                "name, BillRefNumber or ResultDesc; expected &lt;i and &quot;: a script would run in the browser of "
                "each visitor"
            )


def _pay(context: CheckContext) -> None:
    """Make payments by prompt with an element and an attribute in the names of two orders, and both in a ResultDesc."""
    named = [
        context.actions.pay(reference=f"{context.allocation.reference()}{foreign}") for foreign in (MARKUP, ATTRIBUTE)
    ]
    words = f"{MARKUP}busy{ATTRIBUTE}"
    described = context.actions.pay_accepted(
        situation("inline/u09-described", outcome={**after(0.5, result_code=UNKNOWN), "result_desc": words})
    )
    context.observations.wait("callback_answered", described)
    context.time.pause(OFTEN_S)
    for payment in (*named, described):
        if payment.started.accepted and context.profile.shows_state:
            context.observations.status(payment)


def _pay_in(context: CheckContext) -> None:
    """Make two C2B payments, with an element in the payer's name, and in place of the account number.

    Raises:
        Untested: no URLs are registered, or there is no account to pay into.
    """
    greeted = pay_in(context, mutated("u09-greeted", {"set": {"FirstName": MARKUP}}))
    typed = pay_in(context, mutated("u09-typed", {"set": {"BillRefNumber": MARKUP}}))
    for payment in (greeted, typed):
        context.observations.wait("callback_answered", payment)
    context.time.pause(OFTEN_S)
    for payment in (greeted, typed):
        context.observations.status(payment)
    context.driver.read_unallocated()
    context.driver.read_statement(greeted.payment_id, greeted.reference)


def unescaped(body: str) -> str:
    """The element or the attribute that a browser would find in the page; empty if both are text."""
    if MARKUP in body.lower():  # also in a script, which no parser reads as elements
        return MARKUP
    page = Attributes()
    with contextlib.suppress(AssertionError):  # html.parser raises it for a broken declaration
        page.feed(body)
    return ATTRIBUTE if NAME in page.names else ""


class Attributes(HTMLParser):
    """A reader of a page that collects the names of all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as its base
        """Add the attributes of one element."""
        self.names.update(name for name, _ in attrs)


def is_page(answer: Exchange) -> bool:
    """Whether a browser shows the answer as a page, by its content type."""
    kinds = [value.lower() for name, value in answer.response_headers if name.lower() == "content-type"]
    return any("html" in kind for kind in kinds)
