"""Magic MSISDNs and amounts: a scenario chosen by what anybody can type into a merchant's form.

A scenario with `magic: 42` is played by the payer 254700000042, and by the amount 42 of the payer 254700000000, and by
no other payer: ordinary numbers and amounts never play it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.scenarios.scenario_model import Scenario

AMOUNT_PAYER: Final = "254700000000"
"""The payer whose amounts choose."""


def magic_msisdn(number: int) -> str:
    """The MSISDN of a magic number."""
    return f"254700000{number:03d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MagicRow:
    """How one scenario is met without the control API; None: not by this."""

    scenario: str
    about: str
    msisdn: str | None
    amount: int | None
    amount_payer: str | None = None
    """The only payer whose `amount` counts; None: every payer's does."""
    reference: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As the control API shows it."""
        return asdict(self)


def magic_rows(scenarios: Iterable[Scenario]) -> list[MagicRow]:
    """The table: magic numbers in order, then scenarios that name an MSISDN, an amount or a reference themselves."""
    numbered, named = [], []
    for row in scenarios:
        when, about = row.when, row.about.strip()
        if row.magic is not None:
            msisdn = magic_msisdn(row.magic)
            numbered.append(
                MagicRow(scenario=row.name, about=about, msisdn=msisdn, amount=row.magic, amount_payer=AMOUNT_PAYER)
            )
        elif when.is_magic and when.endpoint in TRANSACTIONS:
            named.append(
                MagicRow(
                    scenario=row.name, about=about, msisdn=when.msisdn, amount=when.amount, reference=when.reference
                )
            )
    return sorted(numbered, key=lambda row: row.amount or 0) + named


def magic_markdown(rows: Iterable[MagicRow]) -> str:
    """The table as a page of documentation."""
    lines = [
        "# Magic MSISDNs and amounts",
        "",
        "Pay from one of these numbers, and the scenario plays; no control API is needed. If you cannot choose the",
        f"phone number, pay from {AMOUNT_PAYER}: then the amount chooses the scenario. A payout plays the scenario of",
        "the number that is paid, a payment to an organisation (B2B, tax) that of its `Requester`. Other numbers never",
        "play one of these, whatever the amount. The scenario's file says what the merchant must do. This page is made",
        "by `python -m tayari_simulator --scenarios scenarios --magic`; a running simulator shows its own table at",
        "`GET /v1/magic`.",
        "",
        "| payer | or amount | scenario | what happens |",
        "| --- | ---: | --- | --- |",
    ]
    lines += [
        f"| {row.msisdn or 'any'} | {row.amount or 'any'} | `{row.scenario}` | {' '.join(row.about.split())} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
