"""A12: a temporary refusal is tried again, with growing pauses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, gateway, page, refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Unjudged, Untested, Warned
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.pushes import retried_pushes
from tayari_contracts.steps.retry_intervals import Trend, in_step, say_gaps, trend_of

REFUSALS: Final = 2
"""Then Daraja accepts: three tries recover, and leave two gaps to compare."""

PAGE: Final = "HTTP 503"
FORMS: Final[dict[str, Fault]] = {
    "HTTP 429": gateway("spike_arrest", times=REFUSALS),
    "500.003.02": refused("500.003.02.system_busy", times=REFUSALS),
    PAGE: page("imperva_503", times=REFUSALS),
}

WATCHED_S: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The tries of one payment whose first pushes are refused."""

    form: str
    """The form of the refusal: a key of `FORMS`."""
    gaps_s: list[float]
    recovered: bool
    """Whether a push was accepted in the end."""


@check("A12")
def retries_with_growing_pauses(context: CheckContext) -> None:
    """Several payments at once are refused twice, in each form; then one is started while the port is closed."""
    first = _round(context, [*FORMS, "500.003.02"])
    weakness = judge_recovery(first)
    try:
        _judge_pauses(context, first)
    except Unjudged as unclear:
        raise (Warned(weakness) if weakness else unclear) from None
    if weakness:
        raise Warned(weakness)


def _judge_pauses(context: CheckContext, first: Sequence[Retry]) -> None:
    """Expect that the pauses of these retries grow, and differ, and that a refused connection is tried again.

    Raises:
        Failed: the pauses do not grow, or a refused connection is not tried again. Warned: they have no jitter.
        Unjudged: it is not clear whether they grow.
    """
    retries = first
    if trend_of(_series(first)) is not Trend.GROWS:
        retries = [*first, *_round(context, [*FORMS, *FORMS])]  # chance made some gaps: look at more before judging
    judge_growth(_series(retries))
    _judge_closed_port(context, pause_s=fmean(retry.gaps_s[0] for retry in retries if retry.gaps_s))
    if in_step(_series(retries)) and in_step(_series([*retries, *_round(context, [*FORMS, *FORMS])])):
        raise Warned(
            f"the pauses grow without jitter ({say_gaps(_series(retries))}): all refused customers come back together"
        )


def judge_recovery(retries: Sequence[Retry]) -> str:
    """Expect that each form of refusal was tried again until Daraja accepted.

    After a page it is not certain that nothing arrived, so a merchant may not try again. Returns what to warn of then,
    if nothing worse is found; else an empty text.

    Raises:
        Failed: another form was never tried again. Warned: one retry and no more.
    """
    never = {retry.form for retry in retries if not retry.gaps_s and not retry.recovered}
    if never - {PAGE}:
        raise Failed(
            f"a push that was refused with {', '.join(sorted(never))} was never tried again; expected at least one "
            "retry"
        )
    lost = sorted({retry.form for retry in retries if not retry.recovered} - never)
    if lost:
        raise Warned(
            f"after {', '.join(lost)} the push was tried again once and then given up; expected a third try, which "
            "Daraja would have accepted"
        )
    if not never:
        return ""
    return (
        f"a push that was answered with a page of {PAGE} was never tried again; expected at least one retry, or a "
        "customer who pays while the edge is busy pays by other means"
    )


def judge_growth(series: Sequence[Sequence[float]]) -> None:
    """Expect that the pauses grow from try to try, over all payments together. `series`: seconds.

    Raises:
        Failed: they are fixed. Unjudged: it is not clear.
    """
    match trend_of(series):
        case Trend.FIXED:
            raise Failed(f"the pauses between the tries do not grow ({say_gaps(series)}); expected each clearly longer")
        case Trend.UNCLEAR | Trend.TOO_FEW:
            raise Unjudged(f"the pauses between the tries neither grow clearly nor are fixed ({say_gaps(series)})")


def _series(retries: Sequence[Retry]) -> list[list[float]]:
    return [retry.gaps_s for retry in retries if retry.gaps_s]


def _round(context: CheckContext, forms: Sequence[str]) -> list[Retry]:
    played = [context.actions.in_background(partial(_refused_payment, context, form)) for form in forms]
    return [future.result() for future in played]


def _refused_payment(context: CheckContext, form: str) -> Retry:
    payment = context.actions.pay(situation("inline/service-refuses-twice", FORMS[form]))
    pushes = retried_pushes(context, payment, within_s=WATCHED_S)
    if not pushes:
        raise Untested(f"no STK push was sent, so none could be refused: {context.actions.describe_start(payment)}")
    return Retry(form=form, gaps_s=gaps_s(pushes), recovered=bool(context.journal.accepted(payment)))


def _judge_closed_port(context: CheckContext, *, pause_s: float) -> None:
    """Expect a retry after connections were refused for half of the merchant's usual first pause (`pause_s`)."""
    closed_s = min(max(0.3, 0.5 * pause_s), 3.0)
    opens_at = time.time() + closed_s
    context.control.refuse_connections(for_s=closed_s)
    payment = context.actions.pay()
    pushes = retried_pushes(context, payment, within_s=WATCHED_S)
    if pushes and float(pushes[0]["at"]) < opens_at - 0.1:
        context.evidence.notes.append(
            "the merchant's push got through while the port was closed: refused connections not judged"
        )
    elif not context.journal.accepted(payment):
        raise Failed(_lost(context, payment))


def _lost(context: CheckContext, payment: Payment) -> str:
    answered = f"answered {payment.started.status}" if payment.started.status else "did not answer"
    tried = "tried again without success" if context.journal.pushes(payment) else "never tried again"
    return f"when its connection to Daraja was refused, the merchant {tried} and {answered}; expected a retry"
