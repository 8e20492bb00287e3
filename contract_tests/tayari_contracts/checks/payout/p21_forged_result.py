"""P21: a payout's result that M-Pesa never sent decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tayari_money.daraja_records import B2B
from tayari_money.payment_record import PaymentState
from tayari_target.driver import StatusView

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Unjudged, Untested, Warned, WrongCredit, say
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.forged_callback import (
    callers,
    delivered_anywhere,
    forged_result,
    forged_url,
    guessed_id,
    known_to_payer,
    require_decided,
    written_address,
)
from tayari_contracts.steps.payees import NO_M_PESA, new_payee, no_payee
from tayari_contracts.steps.payouts import (
    LOOK_EVERY_S,
    expect_one_id,
    expect_results_taken,
    pay_out_sent,
    payout_situation,
    readable_balance,
    transactions,
)

TRUE_END_S: Final = 1.0
HELD_S: Final = 120.0
"""Seconds that M-Pesa's own result is held: longer than this check looks at what the forgery did."""
ACCEPTED_S: Final = 20.0
"""Daraja accepts a payout within this time."""
WATCHED_S: Final = 3.0
"""A merchant with a queue deals with a message within this time."""
ANSWER_S: Final = 30.0
OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A payout about which a stranger sends the opposite of its true result."""

    payment: Payment
    before: float | None
    """The balance before the payout was taken from it; None: it was not taken, or cannot be read."""
    row: Mapping[str, Any]
    """Daraja's record."""


@check("P21")
def a_forged_result_decides_nothing(context: CheckContext) -> None:
    """A stranger reports one payout as paid, and another as failed; then M-Pesa reports the opposite.

    The stranger knows what the receiver of a payout is told, and the address of another payout's results. Parts of the
    address and of the ids that cannot be guessed from that are replaced.
    """
    bystander = pay_out_sent(context, payout_situation("inline/p21-bystander", outcome=after(0.5)))
    other = _accepted(context, bystander)
    believed, answers = _play(context, other, name="failing", forged=PAID)
    believed_failure, more = _play(context, other, name="paying", forged=FAILED)
    require_decided([*answers, *more], serves=OK in context.journal.callback_statuses(bystander))
    if text := believed or believed_failure:
        raise Warned(text)


def _play(
    context: CheckContext, other: Mapping[str, Any], *, name: str, forged: PaymentState
) -> tuple[str, list[dict[str, Any]]]:
    """Play one payout: a stranger reports the state `forged`, and then M-Pesa reports the opposite.

    Returns the reason for a warning if the forgery was believed for a while, or an empty text, and the merchant's
    answers to the forgery.
    """
    of_stranger, of_m_pesa = (0, NO_M_PESA) if forged is PAID else (no_payee(context), 0)
    victim = _victim(context, name, after(TRUE_END_S, result_code=of_m_pesa))
    try:
        how, answers = _forge(context, victim, other, result_code=of_stranger)
        believed = _believed(context, victim, forged, how)
    finally:
        context.control.hold(victim.payment.msisdn, for_s=0)
    expect_opposite = _expect_failure_wins if forged is PAID else _expect_success_wins
    expect_opposite(context, victim, how)
    if believed is None:
        return "", answers
    return (
        f"an open payout was {say(believed)} until M-Pesa's own result came: {how}; expected it to stay pending, "
        "because people act on what they read"
    ), answers


def _accepted(context: CheckContext, payment: Payment) -> Mapping[str, Any]:
    """Daraja's record of a payout.

    Raises:
        Untested: it has accepted none.
    """
    rows = context.time.until(lambda: transactions(context, payment), within_s=ACCEPTED_S)
    if not rows:
        raise Untested("Daraja accepted no payout, so no result could be forged")
    row: Mapping[str, Any] = rows[0]
    return row


def _victim(context: CheckContext, name: str, outcome: Mapping[str, Any]) -> Victim:
    msisdn = new_payee(context)
    before = readable_balance(context, msisdn)
    context.control.hold(msisdn, for_s=HELD_S)
    payment = pay_out_sent(context, payout_situation(f"inline/p21-{name}", outcome=outcome), msisdn=msisdn)
    row = _accepted(context, payment)
    during = readable_balance(context, msisdn)
    is_taken = before is not None and during is not None and during < before  # else P20 has the reason
    return Victim(payment=payment, before=before if is_taken else None, row=row)


def _forge(
    context: CheckContext, victim: Victim, other: Mapping[str, Any], *, result_code: int | str
) -> tuple[str, list[dict[str, Any]]]:
    """Send the forged result as each kind of caller. Returns the forgery in words, and the merchant's answers.

    Raises:
        Untested: the target file delivers every path, so a secret path cannot protect the merchant.
    """
    row, payment = victim.row, victim.payment
    context.time.pause(LOOK_EVERY_S)  # until the merchant has written down what Daraja answered
    known = known_to_payer(context, payment)
    url = forged_url(row["callback_url"], other=other["callback_url"], known=known)
    if url != row["callback_url"] and context.target.callbacks.deliver_to is not None:
        raise delivered_anywhere("the path of results")
    keys = {"OriginatorConversationID": "merchant_request_id", "ConversationID": "checkout_request_id"}
    ids = {name: guessed_id(row[key], other=other[key], known=known) for name, key in keys.items()}
    context.run.add_forged(row["merchant_request_id"])
    bill = str(row["account_reference"]) if row["kind"] == B2B else ""
    body = forged_result(ids, payment, result_code=result_code, bill=bill)
    answers: list[dict[str, Any]] = []
    for caller in callers(context.target.callbacks.source_header):
        answers += context.control.send_callback(
            checkout_request_id=row["checkout_request_id"], url=url, body=body, source=caller.source,
            headers=dict(caller.headers), timeout_s=ANSWER_S,
        )  # fmt: skip
    guessed = [name for name, key in keys.items() if ids[name] == row[key]]
    address = written_address(is_guessed=url != row["callback_url"])
    named = f"it names the payout's true {' and '.join(guessed)}" if guessed else "it names no payout of the merchant"
    return f"a result that anybody could send was believed ({address}; {named})", answers


def _believed(context: CheckContext, victim: Victim, forged: PaymentState, how: str) -> StatusView | None:
    """Look at the payout before M-Pesa's result; returns a look that shows that the forgery was believed, or None."""
    believed: list[StatusView] = []

    def look() -> bool:
        view = context.observations.readable(victim.payment)
        expect_one_id(context, victim.payment, how)
        if forged is FAILED:
            _expect_money_kept(context, victim, how)
        if view.state is forged:
            believed.append(view)
        return False

    context.time.until(look, within_s=WATCHED_S)
    return believed[-1] if believed else None


def _expect_money_kept(context: CheckContext, victim: Victim, how: str) -> None:
    """Expect that the balance does not have the payout's amount back, because M-Pesa pays it.

    Raises:
        WrongCredit: it has.
    """
    found = readable_balance(context, victim.payment.msisdn)
    if victim.before is not None and found is not None and found >= victim.before:
        raise WrongCredit(
            f"a payout of {victim.payment.amount} shillings was open, a stranger said that it failed, "
            f"and {found:.15g} shillings can be paid out again, as before it: {how}; M-Pesa pays this payout"
        )


def _expect_failure_wins(context: CheckContext, victim: Victim, how: str) -> None:
    """Expect that M-Pesa's failure wins over a stranger's success: failed or review.

    Raises:
        WrongCredit: the payout stays paid. Unjudged: it is pending.
    """
    expect_results_taken(context, victim.payment)
    view = context.observations.until(victim.payment, FAILED, REVIEW, within_s=context.time.settled_s)
    if view.state is PAID:
        raise WrongCredit(
            f"a stranger said that a payout was paid, then M-Pesa said that it had failed, and it is "
            f"{say(view)}: {how}; expected failed, because nobody was paid"
        )
    if view.state not in (FAILED, REVIEW):
        raise Unjudged(f"M-Pesa said that a payout had failed, and it is still {say(view)}; P18 judges that")


def _expect_success_wins(context: CheckContext, victim: Victim, how: str) -> None:
    """Expect that M-Pesa's success wins over a stranger's failure: paid or review.

    Raises:
        WrongCredit: the payout stays failed, or its amount is given back. Unjudged: it is pending.
    """
    expect_results_taken(context, victim.payment)
    view = context.observations.until(victim.payment, PAID, REVIEW, within_s=context.time.settled_s)
    expect_one_id(context, victim.payment, how)
    _expect_money_kept(context, victim, how)
    if view.state is FAILED:
        raise WrongCredit(
            f"a stranger said that a payout had failed, then M-Pesa said that it was paid, and it is "
            f"{say(view)}: {how}; expected paid or review, because the person has the money"
        )
    if view.state not in (PAID, REVIEW):
        raise Unjudged(f"M-Pesa said that a payout was paid, and it is still {say(view)}; P18 judges that")
