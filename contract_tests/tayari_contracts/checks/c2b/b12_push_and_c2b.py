"""B12: M-Pesa confirms a payment by STK push to the C2B URLs as well: it is credited once."""

from __future__ import annotations

from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, WrongCredit, say
from tayari_contracts.context.payment import PAID, REVIEW, Payment
from tayari_contracts.steps.c2b_payments import c2b_situation, confirm_push, is_unallocated
from tayari_contracts.steps.c2b_registration import section, urls
from tayari_contracts.steps.timed_acts import Act, play

HELD_S: Final = 20.0
"""Seconds that a callback is held, so that the confirmation comes first."""
OPEN_S: Final = 4.0
"""How long a prompt is open while its customer pays by hand."""
BETWEEN_S: Final = 1.0
APART_S: Final = (0.0, 0.02, -0.02)
"""Seconds from the callback to the confirmation."""


@check("B12")
def a_push_and_its_confirmation_credit_once(context: CheckContext) -> None:
    """The callback comes first, the confirmation first, the confirmation alone, and both at once.

    Each confirmation comes twice. One also comes for a payment that a status query settled, which has no receipt. One
    customer pays by hand while the prompt is open, which does not confirm it.
    """
    require_confirmed_pushes(context)
    by_hand = context.actions.in_background(partial(_expect_payment_by_hand_seen, context))
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
    by_hand.result()


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


def _expect_payment_by_hand_seen(context: CheckContext) -> None:
    """The prompt is open, the customer pays its amount and reference by hand, and cancels the prompt.

    Raises:
        Failed: the money is neither credited nor seen by staff, as if it had been the confirmation of the prompt.
    """
    if section(context).unallocated is None:
        context.evidence.notes.append("a payment by hand beside a prompt was not tried: add merchant.c2b.unallocated")
        return
    push = context.actions.pay_accepted(situation("inline/b12-by-hand", outcome=after(OPEN_S, result_code=1032)))
    context.run.leave_out(push.reference)  # two payments are made for it, of which a money rule knows one
    typed = str(context.journal.record(push)["account_reference"])
    before = _in_accounts(context, push, typed)
    context.control.play_next(c2b_situation("inline/b12-paid-by-hand"), msisdn=push.msisdn)
    row = context.control.pay_c2b(
        short_code=context.target.c2b_short_code, msisdn=push.msisdn, amount=int(push.amount), reference=typed,
        buy_goods=context.target.c2b_short_code == context.target.daraja.till,
    )  # fmt: skip
    context.observations.wait("callback_answered", push, count=2, within_s=OPEN_S + context.time.settle_s)
    if all(made["state"] != "paid" for made in context.control.payments(checkout_request_id=row["id"])):
        context.evidence.notes.append("a payment by hand beside a prompt was not made: its validation was rejected")
        return

    def is_seen() -> bool:
        if is_unallocated(context, str(row["id"])) is not False:
            return True
        is_known = context.observations.status(push).state in (PAID, REVIEW)
        return is_known or _in_accounts(context, push, typed) > before

    if not context.time.until(is_seen, within_s=context.time.settle_s):
        raise Failed(
            "a prompt was open, its customer paid the same amount to the same reference by hand and cancelled the "
            f"prompt; the order is {say(context.observations.status(push))}, and the receipt {row['id']} is not among "
            "the unallocated payments; expected one of them: another receipt is another payment"
        )


def _in_accounts(context: CheckContext, push: Payment, typed: str) -> float:
    """The credits, number and sum, of the accounts that the order, or the reference of its prompt, may be."""
    c2b = context.target.merchant.c2b
    if c2b is None or c2b.account is None:
        return 0.0
    found = [context.driver.read_account(name, name) for name in {push.reference, typed}]
    return sum((one.credits or 0) + (one.total or 0.0) for one in found)


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
