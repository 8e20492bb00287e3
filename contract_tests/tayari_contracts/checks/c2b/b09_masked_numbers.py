"""B09: customers are not identified by MSISDN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.c2b_payments import expect_credited, mutated, pay_in_confirmed

NUMBERS: Final[Mapping[str, str]] = {
    "masked, with blanks": "2547 ***** 126",
    "a SHA-256": "ac8a12d6d6d9d9bfbb4fd013bda857f3618adb54f93a9b21eae45a345cf3ef4e",
    "masked as in the old documentation": "25470****149",
    "empty": "",
}
"""Forms of MSISDN in confirmations. Source: reference 3.3; that it can be empty is assumed."""


@check("B09")
def a_number_identifies_nobody(context: CheckContext) -> None:
    """MSISDN comes in each form, and the account that was typed is credited; two payers are masked alike."""
    for number, (form, text) in enumerate(NUMBERS.items()):
        payment = pay_in_confirmed(context, mutated(f"b09-{number}", {"set": {"MSISDN": text}}))
        expect_credited(context, payment, f"MSISDN was {form}")
    masked = {"set": {"MSISDN": "2547 ***** 126"}}
    pair = [pay_in_confirmed(context, mutated(f"b09-{place}", masked)) for place in ("first", "second")]
    for payment in pair:
        expect_credited(context, payment, "two accounts were paid from numbers that are masked alike")
