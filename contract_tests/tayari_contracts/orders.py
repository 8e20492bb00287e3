"""Whether a merchant can know that two requests are for one order."""

from __future__ import annotations

from tayari_reports.model import NotTested

from tayari_contracts.findings import Inapplicable, Untested
from tayari_contracts.probe import Probe


def require_one_order(probe: Probe, *, by_key: bool = False) -> None:
    """The reference tells it; with `by_key`, an idempotency key does too.

    Raises:
        Inapplicable: what is paid for is an account, which may be topped up as often as its owner likes.
        Untested: nothing tells it.
    """
    pay = probe.target.merchant.pay
    if by_key and (probe.types("idempotency_key") or pay.idempotency_header is not None):
        return
    if "top_up" in probe.target.merchant.capabilities:
        raise Inapplicable("an account may be topped up as often as its owner likes; there is no order to pay twice")
    if not probe.types("reference"):
        key = "merchant.pay.idempotency_header" if by_key else "merchant.pay"
        missing = "neither {reference} nor an idempotency header" if by_key else "no {reference}"
        raise Untested(
            f"nothing tells the merchant that two requests are for one order: merchant.pay has {missing}",
            why=NotTested.TARGET_KEY_MISSING,
            enable=key,
        )
