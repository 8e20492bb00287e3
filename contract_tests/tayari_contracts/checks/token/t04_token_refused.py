"""T04: a refused token is dropped, another is fetched, and the push is sent once more."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, times
from tayari_contracts.context.inline_scenarios import Fault, refused, situation
from tayari_contracts.context.journal_reader import header
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.pushes import calm_pushes, first_push

RECOVERY_S = 8.0


@check("T04")
def renews_a_refused_token(context: CheckContext) -> None:
    """One push is refused with 404.001.03; the next one is Daraja's to accept."""
    payment, problem = play_token_refusal(context, refused("404.001.03"))
    if problem:
        raise Failed(f"one STK push was answered 404 with 404.001.03 (Invalid Access Token); {problem}")
    if context.profile.shows_state:
        context.expectations.paid_once(
            payment, within_s=context.time.settled_s, because="its push was sent again with a new token"
        )


def play_token_refusal(context: CheckContext, refusal: Fault) -> tuple[Payment, str]:
    """Refuse the token of one push, and say what was wrong with the merchant's reaction; empty when nothing was.

    Raises:
        Untested: no push was sent at all.
    """
    payment = context.actions.pay(situation("token/refused-once", refusal))
    first = first_push(context, payment)
    pushes = calm_pushes(context, payment, calm_s=0.5, within_s=RECOVERY_S, at_least=2)
    if len(pushes) < 2:
        return payment, "the merchant gave up; expected a new token and the push sent again"
    if header(pushes[1], "Authorization") == header(first, "Authorization"):
        return payment, "the push was sent again with the very token that was refused; expected a new one"
    if len(pushes) > 2:
        return payment, f"the push was sent {times(len(pushes))}; expected once more with a new token"
    if not context.journal.accepted(payment):
        return payment, "the second push was not accepted either"
    return payment, ""
