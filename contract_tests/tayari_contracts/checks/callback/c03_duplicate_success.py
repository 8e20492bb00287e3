"""C03: a success that arrives again, later or at the same moment, credits once."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.context.run_record import CRASH

AT_ONCE = 10
TWICE = 2


@check("C03")
def a_repeated_success_credits_once(context: CheckContext) -> None:
    """One success is repeated after a second, and then ten times at once; another comes ten times at once."""
    later = context.actions.pay_accepted(
        situation("inline/c03-later", {"duplicate": {"count": 2, "gap_s": 1.0}}, outcome=after(0.5))
    )
    racing = context.actions.pay_accepted(
        situation("inline/c03-racing", {"duplicate": {"count": AT_ONCE, "parallel": True}}, outcome=after(0.5))
    )
    context.observations.wait("callback_answered", later, count=2, within_s=CALLBACK_WAIT_S)
    context.expectations.require_paid(later)
    context.actions.send_callback(later, times=AT_ONCE, parallel=True)
    context.observations.wait("callback_answered", racing, count=AT_ONCE, within_s=CALLBACK_WAIT_S)
    require_repeated(context, later)
    require_repeated(context, racing)
    context.expectations.state(
        racing, PAID, within_s=context.time.settled_s, because=f"its callback came {AT_ONCE} times at once"
    )
    context.expectations.status_after_queue(later)

    context.expectations.credits(later, 1, quiet_s=1.5, because=f"its callback came {2 + AT_ONCE} times")
    context.expectations.credits(racing, 1, quiet_s=0.0, because=f"its callback came {AT_ONCE} times at once")


def require_repeated(context: CheckContext, payment: Payment) -> None:
    """Require that the merchant took the payment's callback more than once.

    Raises:
        Untested: it did not.
    """
    answers = context.journal.callback_statuses(payment)
    if sum(1 for status in answers if status is not None and status < CRASH) < TWICE:
        raise Untested(f"a success was sent {len(answers)} times, and not taken twice (answers: {answers})")
