"""Payees of payouts: a person (B2C, B2Pochi) or another organisation (B2B), and the scenarios of these calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_money.daraja_records import B2B, B2C, B2POCHI

from tayari_contracts.context.check_context import CheckContext

NO_M_PESA: Final = 2040
"""The result of a payout to a person who has no M-Pesa. Source: reference 4."""
NO_ORGANISATION: Final = "SFC_IC0003"
"""The result of a payment to an organisation that does not exist. Source: reference 3.6."""
FOLDERS: Final[Mapping[str, str]] = {B2C: "payout/", B2POCHI: "pochi/", B2B: "b2b/"}
"""Where the shipped scenarios of each call are; they have the same names there."""
RENAMED: Final[Mapping[tuple[str, str], str]] = {(B2B, "payout/operator-missing"): "b2b/receiver-invalid"}
"""Scenarios that have another name for a call."""


def pays_businesses(context: CheckContext) -> bool:
    """Whether the merchant's payouts go to other organisations (B2B), by its target file."""
    payout = context.target.merchant.payout
    return payout is not None and payout.pays_businesses


def new_payee(context: CheckContext) -> str:
    """A payee who was not paid before: an MSISDN or, for B2B, the short code of another organisation."""
    if not pays_businesses(context):
        return context.allocation.msisdn()
    daraja = context.target.daraja
    own = {daraja.short_code, daraja.till, *(str(row["short_code"]) for row in daraja.organisations)}
    return next(code for code in iter(context.allocation.short_code, "") if code not in own)


def queue_payout(context: CheckContext, scenario: str | Mapping[str, Any], payee: str, *, times: int = 1) -> int:
    """Queue a scenario, which is written for B2C, for the next `times` payouts to this payee.

    The merchant decides which call pays a person, so the scenario is queued for both. Returns the number of the next
    journal entry.
    """
    calls = (B2B,) if pays_businesses(context) else (B2POCHI, B2C)
    return [context.control.play_next(scenario_of(call, scenario), msisdn=payee, times=times) for call in calls][-1]


def no_payee(context: CheckContext) -> int | str:
    """The result code of a payout to a receiver who cannot be paid."""
    return NO_ORGANISATION if pays_businesses(context) else NO_M_PESA


def scenario_of(call: str, scenario: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
    """The scenario of a B2C payout, changed for this call (`b2c`, `b2pochi`, `b2b`)."""
    if isinstance(scenario, Mapping):
        made = {**scenario, "when": {**scenario.get("when", {}), "endpoint": call}}
        if call == B2B and "outcome" in scenario:
            made["outcome"] = _of_business(scenario["outcome"])
        if call == B2B and "then" in scenario:
            made["then"] = [_of_business(step) for step in scenario["then"]]
        return made
    return RENAMED.get((call, scenario)) or scenario.replace(FOLDERS[B2C], FOLDERS[call], 1)


def _of_business(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**step, "result_code": NO_ORGANISATION} if step.get("result_code") == NO_M_PESA else step
