"""C16: a success without a receipt is not the end of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari_target.driver import StatusView

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, say
from tayari_contracts.context.inline_scenarios import ITEM, Fault, after, situation
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, SETTLED, Payment

NO_RECEIPT: Final[Fault] = {"mutate": {"drop": [f"{ITEM}[MpesaReceiptNumber]"]}}
WATCH_S = 6.0
IN_FLIGHT = 1000
"""This many queries say that the payment is in flight: more than any merchant sends while this check looks."""


@check("C16")
def a_success_without_receipt_is_not_final(context: CheckContext) -> None:
    """The callback says 0 and brings no receipt, and the query does not confirm it. For two more it does."""
    twins = [
        context.actions.pay_accepted(situation("inline/c16-confirmed", NO_RECEIPT, outcome=after(0.5)))
        for _ in range(2)
    ]
    payment = context.actions.pay_accepted(
        situation(
            "inline/c16-no-receipt",
            NO_RECEIPT,
            outcome=after(0.5),
            query={"in_flight": ["4999"], "for_calls": IN_FLIGHT},
        )
    )
    context.expectations.callback_taken(payment)
    context.observations.until(payment, (PAID, FAILED, REVIEW), within_s=WATCH_S)
    view = context.expectations.status_after_queue(payment)
    if view.state is PAID:
        raise Failed("a success without a receipt was final; expected pending until a query confirms it")
    if view.state is FAILED:
        raise Failed("a success without a receipt made the payment failed, although the money may have been taken")
    context.expectations.require_callback_read(payment)
    if context.profile.shows_credits:
        context.expectations.credits(payment, 0, quiet_s=0.0, because="no receipt came, and no query confirmed it")
    expect_equal_ends(context, twins)


def expect_equal_ends(context: CheckContext, twins: Sequence[Payment]) -> None:
    """What settles one payment without a receipt settles another: a missing receipt is no key that both share.

    Raises:
        Failed: one of them is settled, and the other one failed. Missing: the other one is still pending.
    """
    views: list[StatusView] = []
    for payment in twins:
        no_twin_is_settled = bool(views) and views[0].state not in SETTLED
        within_s = 0.0 if no_twin_is_settled else context.time.settled_s
        views.append(context.observations.until(payment, SETTLED, within_s=within_s))
    if views[0].state not in SETTLED and views[1].state in SETTLED:  # the query about the second one came first
        views[0] = context.observations.until(twins[0], SETTLED, within_s=context.time.settled_s)
    settled = [view.state in (PAID, REVIEW) for view in views]
    if any(settled) and not all(settled):
        left = views[settled.index(False)]
        kind = Failed if left.state is FAILED else Missing
        raise kind(
            f"of two payments whose callback named no receipt, one is settled and the other one {say(left)}; "
            "expected the same for both: is a missing receipt stored where each value may stand once?"
        )
