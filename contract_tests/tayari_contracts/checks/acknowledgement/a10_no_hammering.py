"""A10: after a temporary refusal the push is not sent again at once, nor without end."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, gateway, page, refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.payment import Entry
from tayari_contracts.steps.pushes import calm_pushes
from tayari_contracts.steps.retry_intervals import Trend, say_gaps, trend_of
from tayari_contracts.steps.timed_acts import side_by_side

REFUSALS = 12
"""So many refusals, after which Daraja accepts: that ends a loop without an end of its own."""

FORMS: Final[dict[str, Fault]] = {
    "HTTP 429": gateway("spike_arrest", times=REFUSALS),
    "500.003.02": refused("500.003.02.system_busy", times=REFUSALS),
    "HTTP 503": page("imperva_503", times=REFUSALS),
}

AT_ONCE_S: Final = 0.2
"""A resend within this time helps nobody."""

TRIES_ALLOWED: Final = 4
TOO_MANY_TRIES: Final = 7
WATCHED_S: Final = 20.0


@check("A10")
def does_not_hammer(context: CheckContext) -> None:
    """One payment for each form of a temporary refusal; Daraja goes on refusing."""
    pushes = side_by_side(context, FORMS, lambda name: _pushes(context, FORMS[name]))
    if not any(pushes.values()):
        raise Untested("the merchant sent no push at all, so none could be refused")
    judge_tries({name: gaps_s(entries) for name, entries in pushes.items() if entries})


def judge_tries(gaps: dict[str, list[float]]) -> None:
    """Judge the gaps in seconds between the tries of each payment; a payment that was pushed once has none.

    Raises:
        Failed: the push was sent again at once, or too often. Warned: it was sent often.
    """
    series = [found for found in gaps.values() if found]
    tight = [name for name, found in gaps.items() if _is_tight(found)]
    if tight:
        raise Failed(
            f"after {tight[0]} the push was sent again and again without a pause ({say_gaps([gaps[tight[0]]])}); "
            "expected growing pauses"
        )
    if series and all(found[0] < AT_ONCE_S for found in series):
        raise Failed(f"a refused push was sent again at once (gaps of {say_gaps(series)}); expected a pause")
    most = max((len(found) + 1 for found in gaps.values()), default=0)
    if most >= TOO_MANY_TRIES and trend_of(series) is not Trend.GROWS:
        raise Failed(f"{most} pushes were sent for one payment while Daraja refused; expected 3, and then an end")
    if most > TRIES_ALLOWED:
        raise Warned(f"{most} pushes were sent for one payment while Daraja refused; expected 3, and then an end")


def _is_tight(gaps: list[float]) -> bool:
    return any(first < AT_ONCE_S and second < AT_ONCE_S for first, second in pairwise(gaps))


def _pushes(context: CheckContext, fault: Fault) -> list[Entry]:
    payment = context.actions.pay(situation("inline/service-refuses-on", fault))
    pushes = calm_pushes(context, payment, calm_s=3.0, within_s=WATCHED_S)
    longest_s = max(gaps_s(pushes), default=0.0)
    if longest_s > 1.2 and len(pushes) < REFUSALS:
        return calm_pushes(context, payment, calm_s=2.5 * longest_s, within_s=WATCHED_S)
    return pushes
