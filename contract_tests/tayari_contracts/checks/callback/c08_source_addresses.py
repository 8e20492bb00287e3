"""C08: an allow-list of source addresses holds all that Safaricom names."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, key_missing
from tayari_contracts.context.payment import PAID, Payment

ADDRESSES: Final = (
    "196.201.212.69", "196.201.212.74", "196.201.212.127", "196.201.212.129", "196.201.212.136", "196.201.212.138",
    "196.201.213.44", "196.201.213.114",
    "196.201.214.200", "196.201.214.206", "196.201.214.207", "196.201.214.208",
)  # fmt: skip
"""Safaricom's addresses. Source: reference 1.9."""

INSIDE: Final = "10.184.17.4"
"""The private address of a gateway."""


@check("C08")
def every_address_of_safaricom_is_let_in(context: CheckContext) -> None:
    """One genuine success comes from each of the three networks, and again from all their other addresses.

    C03 judges how often it is credited.
    """
    if context.target.callbacks.source_header is None:
        raise key_missing(
            "whether the merchant checks the caller's address cannot be seen; name the header that its proxy writes, "
            "such as X-Forwarded-For, also if it checks no address",
            "callbacks.source_header",
        )
    for network in sorted({address.rpartition(".")[0] for address in ADDRESSES}):
        payment = context.actions.pay_accepted(situation("inline/c08-genuine", outcome=after(0.3, callback=False)))
        context.observations.wait("result_due", payment)
        for address in (known for known in ADDRESSES if known.startswith(f"{network}.")):
            for answer in context.actions.send_callback(payment, source=address):
                if answer.get("status") in (401, 403, 404):
                    raise Failed(f"a genuine callback from {address} was answered {answer['status']}; expected 200")
        if context.target.callbacks.source_header.lower() == "x-forwarded-for":
            expect_chain_admitted(context, payment, network)
        context.expectations.state(
            payment, PAID, within_s=context.time.settled_s, because=f"its callback came from {network}.x"
        )


def expect_chain_admitted(context: CheckContext, payment: Payment, network: str) -> None:
    """Expect that a list of addresses is admitted, as of a call that came through a gateway inside Safaricom.

    Raises:
        Warned: it is refused. It is assumed that Safaricom sends such lists (reference 9 has one test file).
    """
    source = f"{INSIDE}, {next(address for address in ADDRESSES if address.startswith(network))}"
    for answer in context.actions.send_callback(payment, source=source):
        if answer.get("status") in (401, 403, 404):
            raise Warned(
                f"a genuine callback with X-Forwarded-For: {source} was answered {answer['status']}; expected 200: "
                "the last address is that of the caller, and the ones before it may be anything"
            )
