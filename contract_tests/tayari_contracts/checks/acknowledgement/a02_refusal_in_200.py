"""A02: a ResponseCode other than "0" is a refusal, though the HTTP status is 200."""

from __future__ import annotations

import re

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, say
from tayari_contracts.context.message_topics import crash_of, message_at_start
from tayari_contracts.context.payment import FAILED, PAID, REVIEW
from tayari_contracts.steps.pushes import first_push

REFUSALS = 6

GOES_ON = r"\W*(ok(ay)?|success(ful|fully)?|accepted|done|sent|true|sawa)\W*"
"""A message that tells the customer that all is well."""


@check("A02")
def reads_the_response_code(context: CheckContext) -> None:
    """Every push of the payment is answered 200 with ResponseCode "1"."""
    payment = context.actions.pay(situation("inline/ack-rejected-in-200", {"ack_refused": {"times": REFUSALS}}))
    first_push(context, payment)
    if crash := crash_of(payment.started):
        raise Failed(f'the push was answered 200 with ResponseCode "1", and {crash}; expected a message')
    text = message_at_start(payment.started)
    if payment.started.accepted and payment.started.payment_id is None and re.fullmatch(GOES_ON, text, re.IGNORECASE):
        raise Failed(
            f'the push was answered 200 with ResponseCode "1" (Rejected), and the merchant answered '
            f'{payment.started.status} "{text.strip()}" without an identifier; expected a word to the customer'
        )
    if payment.started.accepted:
        view = context.observations.until(payment, FAILED, REVIEW, PAID)
        if view.state is None:
            raise Unjudged(f"the payment is {say(view)}")
        if view.state not in (FAILED, REVIEW):
            raise Failed(
                f'the push was answered 200 with ResponseCode "1" (Rejected), and the payment is {say(view)} after '
                f"{context.time.settle_s:g} s; expected failed, and a word to the customer"
            )
    if not context.observations.messages(payment).strip() and context.profile.shows_messages:
        raise Failed(
            'the push was answered 200 with ResponseCode "1", and the customer is told nothing; expected a message'
        )
