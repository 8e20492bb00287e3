"""C03: a success that arrives again, later or at the same moment, credits once."""

from __future__ import annotations

from tayari_contracts.checks.registry import check
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.probe import CALLBACK_WAIT_S, PAID, Probe

AT_ONCE = 10
TWICE = 2
CRASH = 500


@check("C03")
def a_repeated_success_credits_once(probe: Probe) -> None:
    """One payment hears it again a second later, then ten times at once; another hears ten at once from the start."""
    later = probe.pay_accepted(
        situation("inline/c03-later", {"duplicate": {"count": 2, "gap_s": 1.0}}, outcome=after(0.5))
    )
    racing = probe.pay_accepted(
        situation("inline/c03-racing", {"duplicate": {"count": AT_ONCE, "parallel": True}}, outcome=after(0.5))
    )
    probe.paid_first(later)
    probe.wait("callback_answered", later, count=2, within_s=CALLBACK_WAIT_S)
    probe.send_callback(later, times=AT_ONCE, parallel=True)
    probe.wait("callback_answered", racing, count=AT_ONCE, within_s=CALLBACK_WAIT_S)
    require_repeated(probe, later)
    require_repeated(probe, racing)
    probe.expect_state(racing, PAID, within_s=probe.settled_s, because=f"its callback came {AT_ONCE} times at once")
    probe.after_the_queue(later)

    probe.expect_credits(later, 1, quiet_s=1.5, because=f"its callback came {2 + AT_ONCE} times")
    probe.expect_credits(racing, 1, quiet_s=0.0, because=f"its callback came {AT_ONCE} times at once")


def require_repeated(probe: Probe, payment: Payment) -> None:
    """The merchant took the payment's callback more than once.

    Raises:
        Untested: it did not, so that it could not have credited it twice.
    """
    answers = [(entry.get("response") or {}).get("status") for entry in probe.sight.callbacks(payment)]
    if sum(1 for status in answers if status is not None and status < CRASH) < TWICE:
        raise Untested(f"a success was sent {len(answers)} times, and not taken twice (answers: {answers})")
