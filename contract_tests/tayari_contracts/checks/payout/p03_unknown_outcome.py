"""P03: a payout whose outcome is not known is repeated under the same id."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, say
from tayari_contracts.context.payment import FAILED, Payment
from tayari_contracts.steps.payees import pays_businesses
from tayari_contracts.steps.payouts import (
    asked_about,
    expect_one_id,
    originator_ids,
    pay_out_sent,
    payout_requests,
    payout_situation,
)

RESULT_AFTER_S: Final = 15.0
"""Seconds until the result of a payout whose acknowledgement is lost: a merchant tries again before it."""

LATE_S: Final = 5.0
"""Seconds until the late answer: before it, a job that is locked for a few seconds goes to another worker."""

LOSSES: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "a closed connection": {"ack_lost": {"drop": True}},
    "HTTP 504": {"ack_lost": {"status": 504}},
    "an answer that is no JSON": {"malformed_json": {}},
    f"an answer after {LATE_S:g} s": {"ack_late": {"by_s": LATE_S}},
}
"""Ways in which the acknowledgement of an accepted payout does not arrive as it should.

After the last one nothing needs to be repeated, so a merchant may wait."""

LOOKED_BEFORE_S: Final = 2.0
"""Seconds before the result at which the wait for the merchant's reaction ends."""

DONE_S: Final = 1.0
"""A merchant stores within this time what the answer to its repetition, or to its status query, means."""


@check("P03")
def an_unknown_outcome_is_repeated_under_the_same_id(context: CheckContext) -> None:
    """Daraja accepts four payouts; the merchant gets no answer, a 504, an answer without JSON, or one after 5 s."""
    played = [
        (
            name,
            pay_out_sent(context, payout_situation(f"inline/p03-{number}", loss, outcome=after(RESULT_AFTER_S))),
        )
        for number, (name, loss) in enumerate(LOSSES.items(), 1)
    ]
    late_at = time.monotonic() + LATE_S
    context.time.until(lambda: _have_reacted(context, played), within_s=RESULT_AFTER_S - LOOKED_BEFORE_S)
    context.time.pause(max(0.0, late_at - time.monotonic()) + DONE_S)
    _have_reacted(context, played)
    for name, payment in played:
        first_two = payout_requests(context, payment)[:2]
        if len(originator_ids(first_two)) > 1:
            expect_one_id(context, payment, f"the acknowledgement did not arrive as it should ({name})")
    if not pays_businesses(context) and not any(reacted(context, payment) for _, payment in played[:-1]):
        raise Untested(
            f"the merchant neither sent the payout again nor asked about it within {RESULT_AFTER_S:g} s, so it was "
            "not seen under which id it repeats"
        )


def _have_reacted(context: CheckContext, played: Sequence[tuple[str, Payment]]) -> bool:
    """Whether the merchant reacted to each unknown outcome. It must call no payout failed before its result.

    Raises:
        Failed: it does; a later result could hide that.
    """
    for name, payment in played:
        view = context.observations.readable(payment)
        if view.state is FAILED:
            why = f"the acknowledgement did not arrive as it should ({name})"
            raise Failed(f"{why}, and the payout is {say(view)}; expected pending or review, because M-Pesa pays it")
    return all(reacted(context, payment) for _, payment in played[:-1])


def reacted(context: CheckContext, payment: Payment) -> bool:
    """Whether the merchant sent the payout again, or asked about it."""
    return len(payout_requests(context, payment)) > 1 or asked_about(context, payment)
