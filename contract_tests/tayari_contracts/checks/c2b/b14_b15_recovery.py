"""B14 and B15: payments whose confirmation was lost are found again by pull transactions."""

from __future__ import annotations

from typing import Final

from tayari_reports.model import NotTested

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, say
from tayari_contracts.context.journal_reader import answer_of
from tayari_contracts.context.payment import PAID, REVIEW, Entry, Payment
from tayari_contracts.steps.c2b_payments import new_account, pay_in, section, short_code, tell, unconfirmed

PULL: Final = "pull_query"
PAGE: Final = 100
"""Rows of one answer. Source: reference 3.12, the documentation's example."""
FILLER: Final = 10
"""Shillings of each of the payments that fill the first page."""
DUE_WITHIN_S: Final = 15.0
NOTHING: Final = "1001"


@check("B14")
def a_lost_confirmation_is_made_up_for(context: CheckContext) -> None:
    """The payment is made, no confirmation comes, and pull transactions list it; later the confirmation comes too."""
    payment = pay_in(context, unconfirmed("inline/b14-lost"))
    _wait_until_paid(context, payment)
    _expect_recovered(context, payment, "its confirmation was lost")
    context.driver.recover_c2b()
    tell(context, payment)
    context.expectations.credits(payment, 1, because="a lost payment was pulled twice, and then confirmed after all")


def _wait_until_paid(context: CheckContext, payment: Payment) -> None:
    """The money has moved.

    Raises:
        Untested: it has not, so that there is nothing to find.
    """

    def paid() -> bool | None:
        rows = context.control.payments(checkout_request_id=payment.transaction_id)
        return any(row["state"] == "paid" for row in rows) or None

    if context.time.until(paid, within_s=DUE_WITHIN_S) is None:
        raise Untested("M-Pesa did not make the payment")


def _expect_recovered(context: CheckContext, payment: Payment, why: str) -> None:
    """By its own pull, or by the one that the target file asks for.

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
    pulls = _pulls(context, payment.since)
    how = f"{len(pulls)} queries of pull transactions came" if pulls else "no query of pull transactions came"
    raise Failed(
        f"{why}, pull transactions list it, and {within_s:.3g} s later the payment is {say(view)}: {how}; expected it "
        "to be found and credited"
    )


def _pulls(context: CheckContext, since: int) -> list[Entry]:
    return context.journal.entries(since=since, endpoint=PULL, kind="request")


@check("B15")
def every_page_of_a_pull_is_read(context: CheckContext) -> None:
    """A hundred lost payments fill the first page; the next lost one stands on the second."""
    filled = new_account(context, due=FILLER)
    payer = context.allocation.msisdn()
    context.control.play_next(unconfirmed("inline/b15-first-page"), msisdn=payer, times=PAGE)
    for _ in range(PAGE):
        context.control.pay_c2b(
            short_code=short_code(context), msisdn=payer, amount=FILLER, reference=filled.payment_id
        )  # fmt: skip

    def all_paid() -> bool | None:
        return all(row["state"] == "paid" for row in context.control.payments(msisdn=payer)) or None

    if context.time.until(all_paid, within_s=DUE_WITHIN_S) is None:
        raise Untested("M-Pesa did not make the payments of the first page")
    last = pay_in(context, unconfirmed("inline/b15-second-page"))
    _wait_until_paid(context, last)
    try:
        _expect_recovered(context, last, f"its confirmation was lost after {PAGE} others")
    except Failed as error:
        if not _pulls(context, last.since):
            raise Untested(f"blocked by B14: {error}", why=NotTested.BLOCKED) from error
        raise
    empty = [call for call in _pulls(context, 1) if str(answer_of(call).get("ResponseCode")) == NOTHING]
    context.evidence.notes.append(
        f"{len(empty)} answers were empty (1001 and [[]])" if empty else "no answer was empty (1001 and [[]])"
    )
