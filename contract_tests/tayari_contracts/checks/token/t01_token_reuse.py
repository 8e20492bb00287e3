"""T01: one token serves many payments."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned
from tayari_contracts.steps.pushes import first_push

PAYMENTS = 10
FETCHES_ALLOWED = 2


@check("T01")
def fetches_few_tokens(context: CheckContext) -> None:
    """Makes ten payments, one after the other, and counts the tokens that were fetched for them."""
    since = context.journal.now()
    for _ in range(PAYMENTS):
        first_push(context, context.actions.pay())
    context.evidence.watch_since(since, endpoint="oauth")
    fetched = len(context.journal.token_fetches(since))
    if fetched >= PAYMENTS - 2:
        raise Failed(f"{PAYMENTS} payments fetched {fetched} tokens; expected at most {FETCHES_ALLOWED}")
    if fetched > FETCHES_ALLOWED:
        raise Warned(
            f"{PAYMENTS} payments fetched {fetched} tokens; {FETCHES_ALLOWED} are enough "
            "(does each worker process keep a token of its own?)"
        )
