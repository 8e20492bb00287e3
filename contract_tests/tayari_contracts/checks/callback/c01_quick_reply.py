"""C01: callbacks are answered 200 at once; the work comes later."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.payment import Entry

QUICK_S = 5.0


@check("C01")
def callbacks_are_answered_at_once(context: CheckContext) -> None:
    """The answers to a success and to a failure are timed."""
    payments = [
        context.actions.pay_accepted(situation("inline/c01-success", outcome=after(0.5))),
        context.actions.pay_accepted(situation("inline/c01-cancelled", outcome=after(0.5, result_code=1032))),
    ]
    odd: list[int] = []
    for payment in payments:
        if not context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S):
            raise Untested("no callback was delivered, so its answer could not be timed")
        odd += [judge(entry) for entry in context.journal.callbacks(payment)]
    others = sorted({status for status in odd if status != 200})
    if others:
        raise Warned(f"the callback was answered {', '.join(map(str, others))}; Safaricom expects 200")


def judge(entry: Entry) -> int:
    """The HTTP status of the answer to one callback.

    Raises:
        Failed: there is no answer, an error or a redirect, or it came after five seconds or more.
    """
    status: int | None = (entry.get("response") or {}).get("status")
    took_s = float(entry.get("duration_s") or 0.0)
    if status is None:
        raise Failed(f"the callback got no answer in {took_s:.1f} s ({entry.get('error')}); expected 200")
    if not 200 <= status < 300:
        raise Failed(f"the callback was answered {status}; expected 200")
    if took_s >= QUICK_S:
        raise Failed(f"the callback was answered after {took_s:.1f} s; expected less than {QUICK_S:g} s")
    return status
