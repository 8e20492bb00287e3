"""T08: a merchant survives an OAuth answer without a token: an empty one, HTML or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, page, token_situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.message_topics import crash_of, leak_of
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment

ANSWERS: Final[dict[str, Fault]] = {
    "HTTP 400 without a body": {"empty_body": {"status": 400, "times": "always"}},
    "an HTML page with HTTP 403": page("imperva_403", times="always"),
    "HTTP 200 with a body that is not JSON": {"malformed_json": {"times": "always"}},
    "HTTP 200 without a body": {"empty_body": {"status": 200, "times": "always"}},
    "HTTP 400 with Daraja's error 400.008.01": {
        "api_error": {"error": "400.008.01.invalid_authentication", "times": "always"}
    },
}
"""OAuth's answers, each given until it is cleared, because the merchant may try again as often as it likes."""


@check("T08")
def survives_oauth_without_json(context: CheckContext) -> None:
    """Makes a payment for each kind of answer, then one more while OAuth gives tokens."""
    context.actions.drop_token()
    for answer, fault in ANSWERS.items():  # none of them holds a token, so the merchant asks again each time
        since = context.journal.now()
        try:
            payment = _pay_without_token(context, token_situation("inline/token-no-json", fault), since)
            _expect_clean(context, payment, answer)
        finally:
            context.control.clear_next()
            context.evidence.watch_since(since, endpoint="oauth")
    after = context.actions.pay()
    try:
        context.actions.require_accepted(after)  # a first push may be refused, and the next one accepted at once
    except Untested as refused:
        raise Failed(
            f"OAuth gives tokens again, and still no payment is possible: {refused}; expected the push to be sent"
        ) from None


def _pay_without_token(context: CheckContext, refusal: Mapping[str, Any], since: int) -> Payment:
    """A payment for which the merchant asks for a token and gets none.

    The token of a merchant that holds one, from its start or from a file or table, is revoked.

    Raises:
        Untested: the merchant fetched no token, or would keep a revoked one, which would harm every later check.
    """
    context.control.play_next(refusal, endpoint="oauth")
    payment = context.actions.pay()
    if _was_refused(context, payment, since):
        return payment
    context.control.clear_next()
    context.actions.revoke_token()
    context.control.play_next(refusal, endpoint="oauth")
    payment = context.actions.pay()
    if _was_refused(context, payment, since):
        return payment
    raise Untested("the merchant fetched no token, so OAuth's answer did not matter")


def _was_refused(context: CheckContext, payment: Payment, since: int) -> bool:
    """Whether the merchant got an OAuth answer without a token within 3 s; false as soon as a push is accepted."""
    for _ in range(15):
        if any("access_token" not in answer_of(entry) for entry in context.journal.token_fetches(since)):
            return True
        if context.journal.accepted(payment):
            return False
        context.time.pause(0.2)
    return False


def _expect_clean(context: CheckContext, payment: Payment, answer: str) -> None:
    if crash := crash_of(payment.started):
        raise Failed(f"OAuth answered {answer}, and {crash}; expected a plain message to the customer")
    if not payment.started.accepted and not (payment.started.message or payment.started.body).strip():
        raise Failed(f"OAuth answered {answer}, and the customer was told nothing; expected a plain message")
    if payment.started.accepted and context.profile.shows_state:
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=4.0)
        if view.state is PAID and not context.journal.accepted(payment):
            raise Failed(f"OAuth answered {answer}, no push was accepted, and the payment is paid; expected failed")
    text = context.observations.messages(payment)
    if leak_of(text):
        raise Failed(f"OAuth answered {answer}, and the customer was told {quote(text)}; expected a plain message")
