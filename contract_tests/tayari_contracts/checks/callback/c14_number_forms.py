"""C14: amounts, dates and phone numbers are understood in each form."""

from __future__ import annotations

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import ITEM, after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.payment import Payment

PLACES = ("TransactionDate", "PhoneNumber")


@check("C14")
def numbers_are_understood_in_each_form(context: CheckContext) -> None:
    """The amount comes as `350.0` and as `350.00`; once date and phone come as text."""
    amount = context.allocation.amount()
    as_text = {f"{ITEM}[{name}].Value": {"$text": f"{ITEM}[{name}].Value"} for name in PLACES}
    forms = {
        f"{amount}.0": {f"{ITEM}[Amount].Value": {"$json": f"{amount}.0"}},
        f"{amount}.00": {f"{ITEM}[Amount].Value": {"$json": f"{amount}.00"}, **as_text},
    }
    payments = {
        form: context.actions.pay_accepted(
            situation("inline/c14-number-form", {"mutate": {"set": places}}, outcome=after(0.5)), amount=amount
        )
        for form, places in forms.items()
    }
    for form, payment in payments.items():
        context.expectations.callback_read(payment, because=f"the callback wrote the amount as {form}")
        expect_no_float_dates(context, payment)


def expect_no_float_dates(context: CheckContext, payment: Payment) -> None:
    """Expect that the payment's page shows no date as a floating-point number, such as 2.02e+13.

    Raises:
        Failed: it does.
    """
    shown = context.observations.status(payment).body.lower()
    if "e+13" in shown or "e+11" in shown:
        raise Failed("the payment's page shows a date or a phone number as a floating-point number; expected digits")
