"""T03: a token is renewed before it expires."""

from __future__ import annotations

import time

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import token_situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.pushes import calm_pushes, first_push, pay_with_new_token

LIFE_S = 2
DEAD_AFTER_S = LIFE_S + 0.8
FETCHES = 8
"""How many tokens live for `LIFE_S`: a merchant that cannot be restarted fetches two before its first payment."""


@check("T03")
def renews_before_expiry(context: CheckContext) -> None:
    """Makes one payment with a token of two seconds, and another after it has expired."""
    since = context.control.play_next(
        token_situation("inline/token-short-life", {"token_life": {"expires_in": LIFE_S}}),
        endpoint="oauth",
        times=FETCHES,
    )
    try:
        first = pay_with_new_token(context)
        first_push(context, first)
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint="oauth")
    issued = context.journal.token_fetches(since)
    if not issued or not _is_short_lived(issued[-1]):
        raise Untested(f"the merchant fetched no token of {LIFE_S} s, or a longer one after it, and uses that")
    context.time.pause(max(0.0, float(issued[-1]["at"]) + DEAD_AFTER_S - time.time()))
    second = context.actions.pay()
    first_push(context, second)
    accepted = context.journal.accepted(second) or calm_pushes(context, second, calm_s=1.5, within_s=6.0)
    dead = _refused(context, second)
    if dead and not context.journal.accepted(second):
        raise Failed(
            f"a token with expires_in {LIFE_S} was used {DEAD_AFTER_S:g} s after it was issued, "
            "was refused with 404.001.03, and the payment was lost; expected a new token before that"
        )
    if not dead and _refused(context, first):
        raise Untested(
            f"the first push came more than {LIFE_S} s after its token was issued, so the merchant had fetched "
            "another token before the second payment"
        )
    if not accepted:
        raise Untested(f"the second payment was not accepted: {context.actions.describe_start(second)}")
    if dead:
        raise Warned(
            f"a token with expires_in {LIFE_S} was used {DEAD_AFTER_S:g} s after it was issued; it was refused, "
            "replaced, and the push sent again; expected a new token before that"
        )


def _refused(context: CheckContext, payment: Payment) -> list[Entry]:
    """The pushes of the payment that Daraja refused because of their token."""
    return [entry for entry in context.journal.pushes(payment) if "Invalid Access Token" in str(answer_of(entry))]


def _is_short_lived(entry: Entry) -> bool:
    return str(answer_of(entry).get("expires_in")) == str(LIFE_S)
