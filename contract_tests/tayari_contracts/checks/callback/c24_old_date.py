"""C24: Safaricom's times are not compared with the merchant's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.forged_callback import EAT

EARLIER = timedelta(minutes=10)
"""As a capture of 2020 shows it: TransactionDate before the push itself. Source: reference 3.1."""


@check("C24")
def an_old_date_is_no_reason_to_refuse(context: CheckContext) -> None:
    """The success has a TransactionDate ten minutes before the push."""
    date = int((datetime.now(UTC) + EAT - EARLIER).strftime("%Y%m%d%H%M%S"))
    old = {"mutate": {"set": {f"{ITEM}[TransactionDate].Value": date}}}
    payment = context.actions.pay_accepted(situation("inline/c24-old-date", old, outcome=after(0.5)))
    context.expectations.callback_taken(payment)
    context.expectations.paid_once(
        payment,
        within_s=context.time.settled_s,
        because="its TransactionDate lies ten minutes before the push, as clocks differ",
    )
