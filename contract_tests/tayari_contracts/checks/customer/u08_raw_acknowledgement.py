"""U08: Daraja's acknowledgement is no text for a customer."""

from __future__ import annotations

import re
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.message_topics import is_raw
from tayari_contracts.context.payment import FAILED, REVIEW, Payment

RAW: Final = re.compile(
    r"(Merchant|Checkout)[ _]?Request[ _]?ID|Response[ _]?(Code|Description)|CustomerMessage|\brequestId\b|\bws_CO_\w+"
    r"|\{\s*[\"']\w+[\"']\s*:",
    re.IGNORECASE,
)
"""Names of the acknowledgement's fields, the form of its identifiers, or an object of JSON or Python."""


@check("U08")
def the_acknowledgement_is_put_into_words(context: CheckContext) -> None:
    """The messages at the start, while the prompt is open, and at a second try after a cancelled one are read."""
    first = context.actions.pay_accepted(situation("inline/u08-cancelled", outcome=after(1.0, result_code=1032)))
    read = {"at the start": first.started.message, "while the prompt is open": context.observations.messages(first)}
    context.observations.until(first, FAILED, REVIEW, within_s=context.time.settled_s)
    again = context.actions.pay_again(first, situation("inline/u08-again", outcome=after(0.5)))
    read["at the second try"] = again.started.message
    if not any(text.strip() for text in read.values()):
        raise Untested("nothing that the customer reads could be seen", enable="merchant.pay.message")
    ids = [str(context.journal.record(first)[name]) for name in ("merchant_request_id", "checkout_request_id")]
    for when, text in read.items():
        if RAW.search(text) or any(one in text for one in ids):
            raise Failed(f"{when} the customer reads Daraja's acknowledgement: {quote(text)}; expected plain words")
        if any(is_raw(text, words) for words in _words_of(context, first)):
            raise Failed(
                f"{when} the customer reads Daraja's words {quote(text)}; expected what to do: look at the phone, and "
                "enter the PIN"
            )


def _words_of(context: CheckContext, payment: Payment) -> list[str]:
    """The texts of the payment's acknowledgements, which say that a request was accepted."""
    answers = [answer_of(entry) for entry in context.journal.pushes(payment)]
    return [str(answer.get(name) or "") for answer in answers for name in ("CustomerMessage", "ResponseDescription")]
