"""T08: a merchant survives an OAuth answer without a token: empty, HTML or an error."""

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
"""Until they are cleared: the merchant may try again as often as it likes."""


@check("T08")
def survives_oauth_without_json(context: CheckContext) -> None:
    """A payment for each kind of answer, then one more when OAuth is well again."""
    context.actions.drop_token()
    for answer, fault in ANSWERS.items():  # none of them is a token, so that the merchant asks anew for each
        since = context.journal.now()
        try:
            payment = _pay_without_token(context, token_situation("token/no-json", fault), since)
            _expect_clean(context, payment, answer)
        finally:
            context.control.clear_next()
            context.evidence.watch_since(since, endpoint="oauth")
    after = context.actions.pay()
    try:
        context.actions.require_accepted(after)  # a first push may be refused, and the next one accepted at once
    except Untested as refused:
        raise Failed(f"OAuth answers well again, and still no payment is possible: {refused}") from None


def _pay_without_token(context: CheckContext, refusal: Mapping[str, Any], since: int) -> Payment:
    """A payment for which the merchant asks for a token and gets none.

    One that holds a token, from its start or from a file or table, is made to ask anew.

    Raises:
        Untested: it fetched no token, or would hold on to a revoked one, which every later check would meet.
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
    """Whether OAuth refused the merchant, waiting for one that works in the background; not if a push is accepted."""
    for _ in range(15):
        if any("access_token" not in answer_of(entry) for entry in context.journal.token_fetches(since)):
            return True
        if context.journal.accepted(payment):
            return False
        context.time.pause(0.2)
    return False


def _expect_clean(context: CheckContext, payment: Payment, answer: str) -> None:
    if crash := crash_of(payment.started):
        raise Failed(f"OAuth answered {answer}, and {crash}; expected a plain word to the customer")
    if not payment.started.accepted and not (payment.started.message or payment.started.body).strip():
        raise Failed(f"OAuth answered {answer}, and the customer was told nothing; expected a plain word")
    if payment.started.accepted and context.profile.shows_state:
        view = context.observations.until(payment, FAILED, REVIEW, PAID, within_s=4.0)
        if view.state is PAID and not context.journal.accepted(payment):
            raise Failed(f"OAuth answered {answer}, no push was accepted, and the payment is paid")
    text = context.observations.messages(payment)
    if leak_of(text):
        raise Failed(f"OAuth answered {answer}, and the customer was told {quote(text)}")
