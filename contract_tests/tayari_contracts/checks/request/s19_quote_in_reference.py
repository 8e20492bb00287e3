"""S19: a quote in an order's name harms nothing."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, quote
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.c2b_payments import mutated, new_account, pay_in
from tayari_contracts.steps.pushes import order

NAMES: Final = ("{}'S", '{}"S')
"""Names with each quote, as in O'Brien; they do no harm where values are bound."""

PAYER: Final = "Ng'ang'a"
"""A Kenyan name with the quotes that it is written with."""

OF_DATABASES: Final = re.compile(
    r"syntax error|SQLSTATE|sqlite|unrecognized token|unterminated|ORA-\d{5}|PG::|psycopg|mysql|mariadb", re.IGNORECASE
)


@check("S19")
def a_quote_is_a_letter_like_others(context: CheckContext) -> None:
    """Orders have an apostrophe and a quotation mark in their names; each is paid, or refused in plain words.

    Account numbers that customers type (C2B), and a payer's name, have them too: nothing breaks.
    """
    if context.target.merchant.c2b is not None:
        with contextlib.suppress(*([Untested] if context.target.merchant.takes_payments else [])):
            _type_quotes(context)
    if not context.target.merchant.takes_payments:
        return
    context.profile.require_placeholder("reference")
    for form in NAMES:
        reference = form.format(context.allocation.reference())
        payment = order(context, scenario=situation("inline/s19-quote", outcome=after(0.5)), reference=reference)
        what = f"an order named {reference}"
        if found := OF_DATABASES.search(f"{payment.started.body} {payment.started.message}"):
            raise Failed(
                f"{what}: the answer shows {quote(found[0])}; expected values that are bound, not pasted, in SQL"
            )
        if crash := crash_of(payment.started):
            raise Failed(f"{what}: {crash}; expected it to be taken, or refused in plain words")
        if payment.started.accepted and context.journal.accepted(payment):
            expect_paid(context, payment, what)
            expect_readable(context, payment, what)


def _type_quotes(context: CheckContext) -> None:
    """Let customers pay to account numbers with a quote at the end, and one customer whose name has quotes.

    Raises:
        Failed: the confirmation was answered as a crash is, or with words of a database.
        Untested: no URLs are registered, or there is no account to pay into.
    """
    for form in (*NAMES, PAYER):
        account = new_account(context)
        if form == PAYER:
            payment = pay_in(context, mutated("s19-payer", {"set": {"FirstName": PAYER}}), into=account)
            what = f"FirstName was {PAYER}"
        else:
            payment = pay_in(context, into=account, typed=form.format(account.payment_id))
            what = f"BillRefNumber was {form.format(account.payment_id)}"
        try:
            context.expectations.callback_taken(payment)
        except Failed as wrong:
            raise Failed(f"{what}: {wrong}") from wrong
        answers = [str((entry.get("response") or {}).get("body")) for entry in context.journal.callbacks(payment)]
        if found := next(filter(None, map(OF_DATABASES.search, answers)), None):
            raise Failed(
                f"{what}: the confirmation's answer shows {quote(found[0])}; expected values that are bound, not "
                "pasted, in SQL"
            )


def expect_paid(context: CheckContext, payment: Payment, what: str) -> None:
    """Expect that the order is paid and credited once, as any other."""
    if context.profile.shows_state:
        context.expectations.state(payment, PAID, within_s=context.time.settled_s, because=f"it is {what} and was paid")
    context.expectations.credits(payment, 1, quiet_s=0.3, because=what)


def expect_readable(context: CheckContext, payment: Payment, what: str) -> None:
    """Expect that no later answer about the order is HTTP 500, or has words of a database.

    Raises:
        Failed: one is, or has.
    """
    for answer in context.evidence.driver_exchanges:
        if answer.at < payment.began_at or answer.title == "start payment":
            continue
        if answer.status == CRASH or OF_DATABASES.search(answer.response_body):
            raise Failed(
                f"{what}: to {answer.title}, the merchant answered {answer.status}, "
                f"{quote(answer.response_body, most=80)}; expected values that are bound, not pasted, in SQL"
            )
