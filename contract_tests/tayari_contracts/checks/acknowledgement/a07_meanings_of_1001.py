"""A07: each meaning of 500.001.1001 has its own reaction."""

from __future__ import annotations

import re
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, quote
from tayari_contracts.context.message_topics import crash_of, leak_of, problems_of, raw_words_of
from tayari_contracts.context.payment import FAILED, REVIEW
from tayari_contracts.steps.pushes import first_push
from tayari_contracts.steps.timed_acts import side_by_side

REFUSALS = 6
LOCKED: Final = "Unable to lock subscriber"
SET_UP: Final = ("Merchant does not exist", "Wrong credentials")
ERRORS: Final = {
    LOCKED: "500.001.1001.unable_to_lock_subscriber",
    SET_UP[0]: "500.001.1001.merchant_does_not_exist",
    SET_UP[1]: "500.001.1001.wrong_credentials",
    "no message": "500.001.1001.no_message",
}


@check("A07")
def distinguishes_the_meanings(context: CheckContext) -> None:
    """One payment for each message of 500.001.1001."""
    messages = side_by_side(context, ERRORS, lambda name: _outcome_message(context, ERRORS[name]))
    for name, text in messages.items():
        leak = leak_of(text) or raw_words_of(text)
        if leak:
            raise Failed(f"500.001.1001 ({name}): the customer was told {quote(text)}; expected words of your own")
    for set_up in SET_UP:
        if same_words(messages[LOCKED], messages[set_up]):
            raise Failed(
                f"a busy phone ({LOCKED}) and the shop's own mistake ({set_up}) get the same words: "
                f"{quote(messages[LOCKED])}; expected a message for each"
            )
    problems = problems_of(messages[LOCKED], "subscriber_busy")
    if problems:
        raise Failed(f"500.001.1001 ({LOCKED}): the customer was told {quote(messages[LOCKED])}: {problems[0]}")
    for set_up in SET_UP:
        problems = problems_of(messages[set_up], "merchant_problem")
        if problems:
            raise Warned(f"500.001.1001 ({set_up}): the customer was told {quote(messages[set_up])}: {problems[0]}")


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same but for numbers and references."""
    return _words(one) == _words(other)


def _words(text: str) -> str:
    without_names = re.sub(r"\S*\d\S*", " ", text)
    return " ".join(re.sub(r"[^\w ]", " ", without_names).lower().split())


def _outcome_message(context: CheckContext, error: str) -> str:
    payment = context.actions.pay(situation("inline/ack-500-001-1001", refused(error, times=REFUSALS)))
    first_push(context, payment)
    if crash := crash_of(payment.started):
        raise Failed(f"the push was refused with {error}, and {crash}; expected a message to the customer")
    if payment.started.accepted and context.profile.shows_state:
        context.observations.until(payment, FAILED, REVIEW, within_s=5.0)
    message = context.observations.outcome_message(payment)
    if not message.strip() and not context.profile.shows_messages:
        raise Untested("what the customer is told cannot be seen", enable="merchant.pay.message")
    return message
