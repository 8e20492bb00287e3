"""C16: a success without a receipt is not final."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, Fault, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, SETTLED, Payment

NO_RECEIPT: Final[Fault] = {"mutate": {"drop": [f"{ITEM}[MpesaReceiptNumber]"]}}
WATCH_S = 6.0
LATER_S = 5.0
"""Within this time a merchant settles a payment whose query was answered, once a later payment is paid."""
SETTLED_WELL: Final = (PAID, REVIEW)
IN_FLIGHT = 1000
"""So many queries are answered "in flight": more than any merchant sends while this check looks."""


@check("C16")
def a_success_without_receipt_is_not_final(context: CheckContext) -> None:
    """A callback says 0 without a receipt, and no query confirms it. For two more payments a query does."""
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
    context.observations.until(payment, PAID, FAILED, REVIEW, within_s=WATCH_S)
    view = context.expectations.status_after_queue(payment)
    if view.state is PAID:
        raise Failed("a success without a receipt was final; expected pending until a query confirms it")
    if view.state is FAILED:
        raise Failed("a success without a receipt made the payment failed, although the money may have been taken")
    context.expectations.require_callback_read(payment)
    context.expectations.credits(payment, 0, quiet_s=0.0, because="no receipt came, and no query confirmed it")
    expect_equal_ends(context, twins)


def expect_equal_ends(context: CheckContext, twins: Sequence[Payment]) -> None:
    """Expect that two payments without a receipt end in the same way: they share no missing receipt as a key.

    Raises:
        Failed: one of them is settled, and the other one failed, or is pending although a query said that it is paid.
        Missing: the other one is pending, and no query said so.
    """
    context.time.until(lambda: _show_it(context, twins), within_s=context.time.settled_s)
    left_over = [payment for payment in twins if context.observations.status(payment).state not in SETTLED_WELL]
    if len(left_over) != 1:
        return
    (left,) = left_over
    if is_confirmed := context.journal.has_query_result(left, 0):
        context.expectations.status_after_queue(left)
    view = context.observations.until(left, *SETTLED, within_s=LATER_S if is_confirmed else None)
    if view.state in SETTLED_WELL:
        return
    found = (
        f"of two payments whose callback named no receipt, one is settled and the other one {say(view)}; expected the "
        "same for both: is a missing receipt stored where each value may stand once?"
    )
    if view.state is FAILED or context.journal.has_query_result(left, 0):
        raise Failed(found, certain=True)  # in a retry the settled one of these would have taken the key already
    raise Missing(found)


def _show_it(context: CheckContext, twins: Sequence[Payment]) -> bool:
    """Whether both are settled, or one is, and a query said that the other one is paid."""
    open_ones = [payment for payment in twins if context.observations.status(payment).state not in SETTLED]
    return not open_ones or (len(open_ones) == 1 and context.journal.has_query_result(open_ones[0], 0))
