"""Q01: a payment whose callback never comes is settled by asking."""

from __future__ import annotations

from tayari_contracts.asking import patience_s, unanswered
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check


@check("Q01")
def a_lost_callback_is_made_up_for(probe: Probe) -> None:
    """The customer has paid, no callback comes, and the query says so."""
    payment = probe.pay_accepted(unanswered("inline/q01-lost-callback"))
    probe.expect_paid_once(
        payment,
        within_s=patience_s(probe),
        because="its callback never came, and a status query would have said that it is paid",
    )
