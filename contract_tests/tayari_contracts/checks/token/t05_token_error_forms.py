"""T05: every form of the token error is known for what it is."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, gateway, refused
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.steps.pushes import play_token_refusal
from tayari_contracts.steps.timed_acts import side_by_side

FORMS: Final[dict[str, Fault]] = {
    "404.001.03 with HTTP 401": refused("404.001.03.invalid_access_token.status_401"),
    "401.002.01": refused("401.002.01"),
    "400.003.01": refused("400.003.01"),
    "the gateway's fault invalid_access_token": gateway("invalid_access_token"),
}
"""Sources: reference 1.4; HTTP 401 for 404.001.03 is disputed there, and expected by some clients."""

PRODUCT: Final = "401.003.01.no_apiproduct_match"
"""Says "Invalid Access Token" too, but may mean that the product is missing from the app: a new token helps only if
the product was added after the old one was issued."""


@check("T05")
def knows_all_token_errors(context: CheckContext) -> None:
    """One payment for each form; each form comes once."""
    forms = {**FORMS, PRODUCT: refused(PRODUCT)}
    problems = side_by_side(context, forms, lambda name: _problem(context, forms[name]))
    missed = [name for name in FORMS if problems[name]]
    if missed:
        raise Failed(f"a refused token was not renewed after {', '.join(missed)}: {problems[missed[0]]}")
    if problems[PRODUCT]:
        raise Warned(f"a refused token was not renewed after {PRODUCT}: {problems[PRODUCT]}")


def _problem(context: CheckContext, fault: Fault) -> str:
    try:
        return play_token_refusal(context, fault)[1]
    except Untested as nothing:
        return str(nothing)
