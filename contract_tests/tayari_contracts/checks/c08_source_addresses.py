"""C08: an allow-list of source addresses holds all that Safaricom names."""

from __future__ import annotations

from typing import Final

from tayari_reports.model import NotTested

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.inline_scenarios import after, situation

ADDRESSES: Final = (
    "196.201.212.69", "196.201.212.74", "196.201.212.127", "196.201.212.129", "196.201.212.136", "196.201.212.138",
    "196.201.213.44", "196.201.213.114",
    "196.201.214.200", "196.201.214.206", "196.201.214.207", "196.201.214.208",
)  # fmt: skip
"""Source: reference 1.9."""


@check("C08")
def every_address_of_safaricom_is_let_in(context: CheckContext) -> None:
    """One genuine success from each of the three networks, repeated from all their addresses."""
    if context.target.callbacks.source_header is None:
        raise Untested(
            "whether the merchant checks the caller's address cannot be seen",
            why=NotTested.TARGET_KEY_MISSING,
            enable="callbacks.source_header",
        )
    for network in sorted({address.rpartition(".")[0] for address in ADDRESSES}):
        payment = context.actions.pay_accepted(situation("inline/c08-genuine", outcome=after(0.3, callback=False)))
        context.observations.wait("result_due", payment)
        for address in (known for known in ADDRESSES if known.startswith(f"{network}.")):
            for answer in context.actions.send_callback(payment, source=address):
                if answer.get("status") in (401, 403, 404):
                    raise Failed(f"a genuine callback from {address} was answered {answer['status']}; expected 200")
        context.expectations.paid_once(
            payment, within_s=context.time.settled_s, because=f"its callback came from {network}.x"
        )
