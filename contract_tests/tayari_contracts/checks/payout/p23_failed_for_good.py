"""P23: a payout that has failed is not sent again and again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import gaps_s
from tayari_contracts.context.findings import Failed, Missing, Warned, say
from tayari_contracts.context.payment import FAILED, PAID, PENDING, Payment
from tayari_contracts.steps.control_payments import watched_s
from tayari_contracts.steps.payees import NO_M_PESA, new_payee, no_payee, queue_payout
from tayari_contracts.steps.payouts import (
    LOOK_EVERY_S,
    await_request,
    error_of,
    expect_results_taken,
    originator_ids,
    pay_out,
    payout_requests,
    payout_situation,
    require_sent,
    resume,
    transactions,
)
from tayari_contracts.steps.retry_intervals import Trend, say_gaps, trend_of

RESULTS: Final[Mapping[int, str]] = {
    NO_M_PESA: "nobody can be paid under this number ({no_payee})",
    1: "the organisation's account is too low (1), and nothing was paid in since",
}
"""Results after which no money has moved, in words. Source: reference 4, which says "after top-up" and "after fix".

A merchant may stop all payouts at 1, which is right. So 1 comes last: to resume the payouts says that there is money.
"""
TRIES_ALLOWED: Final = 3
"""The most requests for one payout while nothing changes. Assumed: reference 4 gives no number; A10 allows as many."""
REACHED_M_PESA: Final = ("", "500.002.1001")
"""Error codes of requests that count: none, and a duplicate. A request whose token had ended is rightly sent again."""
ENDLESS: Final = 50
"""So many requests end in the same way: more than a merchant sends while it is watched."""
SHOWN_S: Final = 1.0
"""A person may have paid a payout by hand that was shown as failed for so long."""


@dataclass(slots=True)
class FailedPayout:
    """A payout that has failed, and what was seen of it since."""

    payment: Payment
    result: str
    """In words."""
    failed_at: float | None = None
    """When it was first read as failed, epoch seconds."""


@check("P23")
def a_failed_payout_is_not_sent_again_and_again(context: CheckContext) -> None:
    """Two payouts fail, one for a receiver without M-Pesa and one for a low account, and would fail again each time."""
    try:
        watched = [
            FailedPayout(_pay_out_in_vain(context, code), result.format(no_payee=no_payee(context)))
            for code, result in RESULTS.items()
        ]
        for one in watched:
            expect_results_taken(context, one.payment)
        end = time.monotonic() + watched_s(context)
        while time.monotonic() < end and context.time.remains:
            for one in watched:
                _look(context, one)
            context.time.pause(LOOK_EVERY_S)
        warnings = [text for one in watched if (text := _judge(context, one))]
    finally:
        _go_on(context)
    if warnings:
        raise Warned("; ".join(warnings))


def _go_on(context: CheckContext) -> None:
    """Let a merchant that has stopped its payouts pay again; no request fails any more."""
    payout = context.target.merchant.payout
    if payout is not None and payout.resume is not None:
        context.control.clear_next()
        resume(context)


def _pay_out_in_vain(context: CheckContext, code: int) -> Payment:
    msisdn = new_payee(context)
    scenario = payout_situation(f"inline/p23-{code}", outcome=after(0.5, result_code=code))
    queue_payout(context, scenario, msisdn, times=ENDLESS)
    context.evidence.name_scenario(scenario)
    payment = pay_out(context, msisdn=msisdn)
    await_request(context, payment)
    require_sent(context, payment)
    return payment


def _look(context: CheckContext, one: FailedPayout) -> None:
    if one.failed_at is None and context.observations.status(one.payment).state is FAILED:
        one.failed_at = time.time()


def _judge(context: CheckContext, one: FailedPayout) -> str:
    """The reason for a warning; empty if the payout was sent once.

    Raises:
        Failed: it is paid without a result, or was sent again too often, or while people saw it as failed.
        Missing: it stays pending, though no result will come.
    """
    requests = [entry for entry in payout_requests(context, one.payment) if error_of(entry) in REACHED_M_PESA]
    if len(requests) < 2:
        return ""
    ids, gaps = originator_ids(requests), gaps_s(requests)
    how = _repeated_as(ids)
    sent = f"a payout failed: {one.result}; it was sent {len(requests)} times, {how}, after {say_gaps([gaps])}"
    view = context.observations.status(one.payment)
    if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, one.payment)):
        raise Failed(f"{sent}; it is {say(view)}, and M-Pesa has paid nothing; expected failed")
    if one.failed_at is not None and float(requests[-1]["at"]) > one.failed_at + SHOWN_S:
        raise Failed(
            f"{sent}, though it was shown as failed before; expected it to stay failed: a person who reads that pays "
            "it by hand, and the next request pays it again"
        )
    if len(requests) > TRIES_ALLOWED and trend_of([gaps]) is not Trend.GROWS:
        raise Failed(f"{sent}; expected {TRIES_ALLOWED} times at most, and then a person who looks at the cause")
    if len(ids) == 1 and view.state is PENDING:
        raise Missing(
            f"{sent}, which Daraja refuses as a duplicate; it is {say(view)}, and no result will come; expected "
            "failed or review, and a new payout after the cause is gone"
        )
    return f"{sent}; expected it to be sent again after the cause is gone"


def _repeated_as(ids: Sequence[str]) -> str:
    """The words of a reason for the ids of a payout's requests. `ids`: as of `originator_ids`."""
    if len(ids) < 2:
        return "under the same OriginatorConversationID"
    if any(one.startswith("none") for one in ids):
        return "each time as a payout of its own, because the call reads no OriginatorConversationID"
    return f"under {len(ids)} OriginatorConversationIDs"
