"""T07: `expires_in` is understood as a string and as a number."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import token_situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.steps.pushes import pay_with_new_token

FORMS = {"string": str, "number": int}
LIFE_S = 3599
FETCHES = 20
"""How many tokens have the form: a query of another payment may fetch one before the push that is judged."""


@check("T07")
def understands_both_forms(context: CheckContext) -> None:
    """Makes a payment with a token of each form."""
    problems = {form: _problem(context, form) for form in FORMS}
    broken = [form for form, problem in problems.items() if problem]
    if len(broken) == len(FORMS):
        raise Untested(f"no payment was accepted with either form: {problems['string']}")
    if broken:
        raise Failed(
            f"no payment is possible when expires_in is a {broken[0]}: {problems[broken[0]]}; expected both forms to "
            "be understood"
        )


def _problem(context: CheckContext, form: str) -> str:
    """How the start of the payment ended; empty when its push was accepted."""
    scenario = token_situation(f"inline/token-expires-in-{form}", {"token_life": {"expires_in": LIFE_S, "as": form}})
    since = context.control.play_next(scenario, endpoint="oauth", times=FETCHES)
    try:
        payment = pay_with_new_token(context)
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint="oauth")
    issued = [answer_of(entry).get("expires_in") for entry in context.journal.token_fetches(since)]
    if not any(isinstance(value, FORMS[form]) for value in issued):
        raise Untested(f"no token with expires_in as a {form} was fetched")
    if context.journal.accepted(payment):
        return ""
    return context.actions.describe_start(payment)
