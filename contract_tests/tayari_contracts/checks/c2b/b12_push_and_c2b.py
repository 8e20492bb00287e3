"""B12: M-Pesa confirms a payment by STK push to the C2B URLs as well: it is credited once."""

from __future__ import annotations

from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, WrongCredit
from tayari_contracts.context.payment import PAID, Payment
from tayari_contracts.steps.c2b_payments import confirm_push, is_unallocated
from tayari_contracts.steps.c2b_registration import urls
from tayari_contracts.steps.timed_acts import Act, play

HELD_S: Final = 20.0
"""Seconds that a callback is held, so that the confirmation comes first."""
BETWEEN_S: Final = 1.0
APART_S: Final = (0.0, 0.02, -0.02)
"""Seconds from the callback to the confirmation."""


@check("B12")
def a_push_and_its_confirmation_credit_once(context: CheckContext) -> None:
    """The callback comes first, the confirmation first, the confirmation alone, and both at once.

    Each confirmation comes twice. One also comes for a payment that a status query settled, which has no receipt.
    """
    require_confirmed_pushes(context)
    silent = context.actions.pay_accepted(situation("inline/b12-query-first", outcome=after(0.5, callback=False)))
    orders = [("callback first", _callback_first), ("confirmation first", _confirmation_first)]
    orders += [("its C2B confirmation came twice, its callback never", _confirmation_alone)]
    orders += [("both at once", partial(_at_once, apart_s=apart_s)) for apart_s in APART_S]
    for sequence, report in orders:
        payment = report(context)
        why = f"a payment by STK push was reported twice under one receipt ({sequence})"
        if context.observations.until(payment, PAID, within_s=context.time.settled_s).state is PAID:
            context.expectations.credits(payment, 1, because=why)
        _expect_one_credit_in_the_account(context, payment, why)
        receipt = str(context.journal.record(payment)["receipt"])
        if is_unallocated(context, receipt) and context.observations.status(payment).state is PAID:
            raise Failed(
                f"{why}; it is credited, and its receipt {receipt} is among the unallocated payments too, from where "
                "staff credit it again; expected it to be absent there"
            )
    _expect_known_after_query(context, silent)


def require_confirmed_pushes(context: CheckContext) -> None:
    """Require that M-Pesa confirms pushes to the C2B URLs: these are of the short code or till that pushes pay.

    Raises:
        Inapplicable: they are of another short code.
    """
    urls(context)
    paid = [code for code in (context.target.daraja.till, context.target.daraja.short_code) if code]
    if not any(context.control.c2b_urls(code) for code in paid):
        raise Inapplicable(
            f"pushes pay {paid[0]}, which has no C2B URLs; those of {context.target.c2b_short_code} get no push "
            "confirmed"
        )


def _expect_known_after_query(context: CheckContext, payment: Payment) -> None:
    """Expect that a payment which a status query settled is not credited again for its receipt, which is new.

    It may be listed as unallocated, for a person.
    """
    view = context.observations.until(payment, PAID, within_s=context.time.patience_s)
    if view.state is not PAID or not context.journal.queries(payment):
        return
    _confirm_twice(context, payment)
    why = "a status query settled a payment by STK push, and then its confirmation came, twice"
    context.expectations.credits(payment, 1, quiet_s=2 * BETWEEN_S, because=why)
    _expect_one_credit_in_the_account(context, payment, why)


def _callback_first(context: CheckContext) -> Payment:
    payment = context.actions.pay_accepted(situation("inline/b12-callback-first", outcome=after(0.5)))
    context.expectations.require_paid(payment)
    _confirm_twice(context, payment)
    return payment


def _confirmation_first(context: CheckContext) -> Payment:
    payment = context.actions.pay_accepted(
        situation("inline/b12-confirmation-first", outcome=after(0.5)), hold_s=HELD_S
    )
    context.observations.wait("result_due", payment)
    _confirm_twice(context, payment)
    context.time.pause(BETWEEN_S)
    context.actions.release_callbacks(payment)
    return payment


def _confirmation_alone(context: CheckContext) -> Payment:
    payment = context.actions.pay_accepted(
        situation("inline/b12-confirmation-alone", outcome=after(0.5, callback=False))
    )
    context.observations.wait("result_due", payment)
    _confirm_twice(context, payment)
    return payment


def _at_once(context: CheckContext, *, apart_s: float) -> Payment:
    """Send the callback, and a confirmation `apart_s` after it, before the first of them is answered."""
    payment = context.actions.pay_accepted(situation("inline/b12-at-once", outcome=after(0.5, callback=False)))
    context.observations.wait("result_due", payment)
    confirm = partial(confirm_push, context, payment)
    callback = partial(context.actions.send_callback, payment)
    later, sooner = max(0.0, apart_s), max(0.0, -apart_s)
    play(context, [Act(sooner, callback), Act(later, confirm), Act(later, confirm)])
    return payment


def _confirm_twice(context: CheckContext, payment: Payment) -> None:
    confirm_push(context, payment)
    confirm_push(context, payment)


def _expect_one_credit_in_the_account(context: CheckContext, payment: Payment, why: str) -> None:
    """Expect one credit in the account, if the order is an account that customers may pay into as well.

    Raises:
        WrongCredit: it has more.
    """
    if context.target.merchant.c2b is None or context.target.merchant.c2b.account is None:
        return
    found = context.driver.read_account(payment.reference, payment.reference)
    if not found.error and ((found.credits or 0) > 1 or (found.total or 0.0) >= 2 * payment.amount):
        raise WrongCredit(f"{why}; the account {payment.reference} has more than one credit of it; expected one")
