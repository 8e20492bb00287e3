"""B02: URLs that are registered already are no error."""

from __future__ import annotations

from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Warned, quote
from tayari_contracts.context.payment import PAID
from tayari_contracts.steps.c2b_payments import c2b_situation, pay_in_confirmed
from tayari_contracts.steps.c2b_registration import REGISTER, registering, section, urls

ALREADY: Final = "500.003.1001.urls_already_registered"


@check("B02")
def registered_already_is_no_error(context: CheckContext) -> None:
    """Daraja answers 500.003.1001, "Urls are already registered", as production does from the second start on."""
    urls(context)
    with registering(
        context, situation("inline/b02-already", refused(ALREADY), when={"endpoint": REGISTER})
    ) as started:
        if started is not None and (started.status is None or started.status >= 500):
            found = f"{started.status}, {quote(started.body, most=100)}" if started.status else started.error
            raise Failed(
                f'Daraja said "Urls are already registered", and the merchant answered {found}; expected success'
            )
        if started is not None and started.status is not None and started.status >= 400:
            raise Warned(
                f'Daraja said "Urls are already registered", and the merchant answered {started.status}; '
                "expected success"
            )
    payment = pay_in_confirmed(context, c2b_situation("inline/b02-after"))
    if section(context).account is not None:
        context.expectations.state(payment, PAID, because="the URLs were registered before")
