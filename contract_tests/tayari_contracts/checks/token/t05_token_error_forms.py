"""T05: every form of the token error is recognised."""

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
"""The answers of reference 1.4; 404.001.03 with HTTP 401 is disputed there, and some clients expect it."""

PRODUCT: Final = "401.003.01.no_apiproduct_match"
"""A form that gives only a warning: it may also mean that the app lacks the product.

Then a new token helps only if the product was added after the old one was issued.
"""


@check("T05")
def knows_all_token_errors(context: CheckContext) -> None:
    """Makes one payment for each form; its first push is refused in this form."""
    forms = {**FORMS, PRODUCT: refused(PRODUCT)}
    problems = side_by_side(context, forms, lambda name: _problem(context, forms[name]))
    missed = [name for name in FORMS if problems[name]]
    if missed:
        raise Failed(f"a refused token was not renewed after {', '.join(missed)}: {problems[missed[0]]}")
    if problems[PRODUCT]:
        raise Warned(f"a refused token was not renewed after {PRODUCT}: {problems[PRODUCT]}")


def _problem(context: CheckContext, fault: Fault) -> str:
    """What went wrong after this refusal, also where nothing could be tried; empty when the push was sent again."""
    try:
        return play_token_refusal(context, fault)[1]
    except Untested as nothing:
        return str(nothing)
