"""T04: a refused token is dropped, another is fetched, and the push is sent once more."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.pushes import play_token_refusal


@check("T04")
def renews_a_refused_token(context: CheckContext) -> None:
    """Refuses one push with 404.001.03, and accepts the next one."""
    payment, problem = play_token_refusal(context, refused("404.001.03"))
    if problem:
        raise Failed(f"one STK push was answered 404 with 404.001.03 (Invalid Access Token); {problem}")
    if context.profile.shows_state:
        context.expectations.paid_once(
            payment, within_s=context.time.settled_s, because="its push was sent again with a new token"
        )
