"""B15: every page of a pull is read, and what it lists credits once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from tayari_money.daraja_records import pulled_receipts

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import answer_of, body_of
from tayari_contracts.context.findings import Failed, Untested, blocked_by
from tayari_contracts.context.payment import PAID, Entry, Payment
from tayari_contracts.steps.c2b_payments import (
    DUE_WITHIN_S,
    expect_recovered,
    new_account,
    pay_in,
    pull_queries,
    pushes_pulled,
    unconfirmed,
    wait_until_paid,
)
from tayari_contracts.steps.c2b_registration import section

PAGE: Final = 100
"""Rows of one answer. Assumed: the documentation's example steps by this number (reference 3.12)."""
FILLER: Final = 10
"""Shillings of each of the payments that fill the first page."""
NOTHING: Final = "1001"
"""The ResponseCode of an empty answer."""
WINDOW_H: Final = 48.0
"""Hours; pull transactions list no older payments. Source: reference 3.12."""
TIME_FORM: Final = "%Y-%m-%d %H:%M:%S"


@check("B15")
def every_page_of_a_pull_is_read(context: CheckContext) -> None:
    """A hundred lost payments fill the first page; the next lost one is on the second. Then a pull lists a payment by
    STK push as well, which its callback has settled.
    """
    filled = new_account(context, due=FILLER)
    payer = context.allocation.msisdn()
    context.control.play_next(unconfirmed("inline/b15-first-page"), msisdn=payer, times=PAGE)
    for _ in range(PAGE):
        context.control.pay_c2b(
            short_code=context.target.c2b_short_code, msisdn=payer, amount=FILLER, reference=filled.payment_id
        )  # fmt: skip

    def all_paid() -> bool | None:
        return all(row["state"] == "paid" for row in context.control.payments(msisdn=payer)) or None

    if context.time.until(all_paid, within_s=DUE_WITHIN_S) is None:
        raise Untested("M-Pesa did not make the payments of the first page")
    last = pay_in(context, unconfirmed("inline/b15-second-page"))
    wait_until_paid(context, last)
    try:
        expect_recovered(context, last, f"its confirmation was lost after {PAGE} others")
    except Failed as error:
        if not pull_queries(context, last.since):
            raise blocked_by("B14", str(error)) from error
        raise
    empty = [call for call in pull_queries(context, 1) if str(answer_of(call).get("ResponseCode")) == NOTHING]
    context.evidence.notes.extend(asked_back(pull_queries(context, last.since)))
    context.evidence.notes.append(
        f"{len(empty)} answers were empty (1001 and [[]])" if empty else "no answer was empty (1001 and [[]])"
    )
    _expect_push_credited_once(context)


def _expect_push_credited_once(context: CheckContext) -> None:
    """A payment that its callback has settled is not credited again because a pull lists it.

    Raises:
        WrongCredit: it is.
    """
    daraja, profile = context.target.daraja, context.profile
    is_listed = profile.takes_payments and context.target.c2b_short_code in (daraja.till, daraja.short_code)
    if not is_listed or not (profile.shows_state and profile.shows_credits):
        return
    if section(context).recover is None:
        context.evidence.notes.append("a payment by STK push that is pulled was not tried: add merchant.c2b.recover")
        return
    payment = context.actions.pay(situation("inline/b15-push", outcome=after(0.5)))
    if context.observations.until(payment, PAID, within_s=context.time.settled_s).state is not PAID:
        context.evidence.notes.append("a payment by STK push that is pulled was not tried: it never became paid")
        return
    with pushes_pulled(context):
        context.driver.recover_c2b()
        listed = context.time.until(lambda: _lists(context, payment), within_s=context.time.settle_s)
    if listed:
        because = "its callback settled a payment by STK push, and pull transactions list it too"
        context.expectations.credits(payment, 1, quiet_s=0.5, because=because)
    else:
        context.evidence.notes.append("no pull listed a payment by STK push")


def _lists(context: CheckContext, payment: Payment) -> bool:
    """Whether an answer of pull transactions names the payment."""
    receipt = str(context.journal.record(payment)["receipt"])
    return any(receipt in pulled_receipts(call) for call in pull_queries(context, payment.since))


def asked_back(queries: Sequence[Entry]) -> list[str]:
    """Notes on how far back the merchant asked at most; M-Pesa gives the payments of the last 48 hours."""
    spans = [span for query in queries if (span := _hours(body_of(query))) is not None]
    if not spans:
        return []
    more = f", of which M-Pesa gives the last {WINDOW_H:g}" if max(spans) > WINDOW_H else ""
    return [f"a query asked for {max(spans):.3g} hours{more}"]


def _hours(query: Mapping[str, object]) -> float | None:
    """Hours from `StartDate` to `EndDate`; None: they cannot be read."""
    try:
        start, end = (datetime.strptime(str(query.get(key)), TIME_FORM) for key in ("StartDate", "EndDate"))
    except ValueError:
        return None
    return (end - start).total_seconds() / 3600
