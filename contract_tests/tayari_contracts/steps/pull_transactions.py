"""Pull transactions: how a merchant finds a payment whose confirmation was lost."""

from __future__ import annotations

from typing import Final

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, say
from tayari_contracts.context.payment import PAID, REVIEW, Entry, Payment
from tayari_contracts.steps.c2b_registration import section

PULL: Final = "pull_query"
DUE_WITHIN_S: Final = 15.0
"""By then M-Pesa has made a payment."""


def wait_until_paid(context: CheckContext, payment: Payment) -> None:
    """The money has moved.

    Raises:
        Untested: it has not, so that there is nothing to find.
    """

    def paid() -> bool | None:
        rows = context.control.payments(checkout_request_id=payment.transaction_id)
        return any(row["state"] == "paid" for row in rows) or None

    if context.time.until(paid, within_s=DUE_WITHIN_S) is None:
        raise Untested("M-Pesa did not make the payment")


def expect_recovered(context: CheckContext, payment: Payment, why: str) -> None:
    """The merchant finds the payment by its own pull, or by the one that the target file asks for.

    Raises:
        Failed: the payment is lost.
    """
    context.driver.recover_c2b()
    asked = section(context).recover is not None
    within_s = context.time.settle_s if asked else context.time.settled_s
    view = context.observations.until(payment, (PAID, REVIEW), within_s=within_s)
    context.evidence.watch_since(payment.since, endpoint=PULL)
    if view.state in (PAID, REVIEW):
        return
    pulls = pull_queries(context, payment.since)
    how = f"{len(pulls)} queries of pull transactions came" if pulls else "no query of pull transactions came"
    raise Failed(
        f"{why}, pull transactions list it, and {within_s:.3g} s later the payment is {say(view)}: {how}; expected it "
        "to be found and credited"
    )


def pull_queries(context: CheckContext, since: int) -> list[Entry]:
    """The queries of pull transactions from there on."""
    return context.journal.entries(since=since, endpoint=PULL, kind="request")
