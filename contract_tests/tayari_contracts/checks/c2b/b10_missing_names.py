"""B10: missing names and unknown keys do no harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.steps.c2b_payments import expect_credited, mutated, pay_in_confirmed

FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "without MiddleName and LastName": {"drop": ["MiddleName", "LastName"]},
    "without any name": {"drop": ["FirstName", "MiddleName", "LastName"]},
    "with a key that is new": {"set": {"Item": "new"}},
    "with empty names": {"set": {"FirstName": "", "MiddleName": "", "LastName": ""}},
}


@check("B10")
def names_may_be_missing(context: CheckContext) -> None:
    """Confirmations come with empty and with missing names, and one with a new key, which is assumed."""
    for number, (form, change) in enumerate(FORMS.items()):
        payment = pay_in_confirmed(context, mutated(f"b10-{number}", change))
        expect_credited(context, payment, f"the confirmation came {form}")
