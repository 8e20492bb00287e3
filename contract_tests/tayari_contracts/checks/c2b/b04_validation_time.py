"""B04: a validation is answered in time, also when several come at once."""

from __future__ import annotations

from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.steps.c2b_payments import VALIDATION_S, ask_validation, new_account

AT_ONCE: Final = 6


@check("B04")
def a_validation_is_answered_in_time(context: CheckContext) -> None:
    """Six validations come at the same moment, which is when a database is slow."""
    accounts = [new_account(context) for _ in range(AT_ONCE)]
    asked = [context.actions.in_background(partial(ask_validation, context, account)) for account in accounts]
    answers = [future.result() for future in asked]
    late = [answer for answer in answers if answer["status"] is None or answer["duration_s"] > VALIDATION_S]
    if late:
        raise Failed(
            f"{len(late)} of {AT_ONCE} validations had no answer within {VALIDATION_S:g} s "
            f"({late[0]['error'] or 'late'}); expected one, else ResponseType decides in place of the merchant"
        )
    context.evidence.notes.append(
        f"the slowest of {AT_ONCE} answers took {max(answer['duration_s'] for answer in answers):.2g} s"
    )
