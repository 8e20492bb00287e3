"""D02: callbacks that come together do not lock the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, Warned, quote
from tayari_contracts.context.overload import lock_named
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import CRASH

ROUNDS: Final = 4
AT_ONCE: Final = 3
"""Callbacks at the same moment: three customers who pay in the same second are nothing unusual."""
RESULT_S: Final = 0.3


@check("D02")
def callbacks_that_come_together_are_all_taken(context: CheckContext) -> None:
    """Three callbacks come at the same moment, four times. If some are lost, one more comes alone."""
    _, mark = context.environment.merchant_printed(0)
    answers: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        answers += _callbacks_at_once(context, [_paid_silently(context) for _ in range(AT_ONCE)])
    answered = " ".join(str(answer.get("body") or "") for answer in answers)
    words = lock_named(answered) or lock_named(context.environment.merchant_printed(mark)[0])
    judge(context, lost=sum(map(_is_lost, answers)), sent=len(answers), words=words)


def judge(context: CheckContext, *, lost: int, sent: int, words: str) -> None:
    """Judge `lost` of `sent` callbacks, and the `words` with which the merchant named a lock (or empty).

    Raises:
        Failed: callbacks were lost, or a lock was named. Warned: only the other checks of the suite caused a lock.
        Untested: the merchant loses a callback that comes alone, too.
    """
    text = f"; the merchant says {quote(words)}" if words else ""
    if lost and not words and _is_lost(_callbacks_at_once(context, [_paid_silently(context)])[0]):
        raise Untested("a callback that comes alone is answered with a crash, too; C01 judges that", certain=True)
    if lost:
        raise Failed(
            f"{lost} of {sent} callbacks that came {AT_ONCE} at a time were answered with a crash or not at all{text}; "
            "expected 200 for each: a request that finds the database locked has to wait for it"
        )
    if words:
        raise Failed(
            f"while callbacks came {AT_ONCE} at a time, the merchant's database was locked{text}; expected each "
            "request to wait for the lock"
        )
    if context.run.overload.locked:
        raise Warned(
            f"while several checks ran side by side the merchant said {quote(context.run.overload.locked)}; "
            f"{sent} callbacks that came {AT_ONCE} at a time were taken"
        )


def _is_lost(answer: Mapping[str, Any]) -> bool:
    status: int | None = answer.get("status")
    return status is None or status >= CRASH


def _paid_silently(context: CheckContext) -> Payment:
    """A payment that is paid; Daraja sends no callback for it by itself."""
    return context.actions.pay_accepted(situation("inline/d02-paid", outcome=after(RESULT_S, callback=False)))


def _callbacks_at_once(context: CheckContext, payments: Sequence[Payment]) -> list[dict[str, Any]]:
    for payment in payments:
        context.observations.wait("result_due", payment)
    sent = [context.actions.in_background(partial(context.actions.send_callback, payment)) for payment in payments]
    return [answer for future in sent for answer in future.result()]
