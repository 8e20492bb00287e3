"""P20: the balance that a payout is taken from is right, whatever becomes of the payout."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, refused
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Inapplicable, Untested, WrongCredit, say
from tayari_contracts.context.payment import FAILED, SETTLED, Payment
from tayari_contracts.steps.payees import NO_M_PESA, new_payee
from tayari_contracts.steps.payouts import (
    LOOK_EVERY_S,
    expect_one_id,
    expect_results_taken,
    has_result,
    pay_out,
    pay_out_sent,
    payout_situation,
    transactions,
)
from tayari_contracts.steps.timed_acts import Act, play

TWICE: Final = {"duplicate": {"count": 2, "gap_s": 0.5}}
HEARD_S: Final = 2.0
"""Seconds until the result: before it the amount is reserved."""
LATE_S: Final = 3.0
"""Seconds from the queue time-out, or from a first result, to the result after it."""
TIMED_OUT: Final[Mapping[str, Any]] = {"queue_timeout": True, "after_s": 0.5}
SITUATIONS: Final[Mapping[str, tuple[int, Mapping[str, Any]]]] = {
    "its success came twice": (2, payout_situation("inline/p20-paid", TWICE, outcome=after(HEARD_S))),
    "its failure came twice": (
        2,
        payout_situation("inline/p20-failed", TWICE, outcome=after(HEARD_S, result_code=NO_M_PESA)),
    ),
    "M-Pesa called the QueueTimeOutURL, and then came a success": (
        2,
        payout_situation("inline/p20-late-paid", outcome=TIMED_OUT, then=[{"result_code": 0, "after_s": LATE_S}]),
    ),
    "M-Pesa called the QueueTimeOutURL, and then came a failure": (
        2,
        payout_situation(
            "inline/p20-late-failed", outcome=TIMED_OUT, then=[{"result_code": NO_M_PESA, "after_s": LATE_S}]
        ),
    ),
    "M-Pesa said that it had failed, and then that it was paid": (
        2,
        payout_situation(
            "inline/p20-paid-after-all",
            outcome=after(HEARD_S, result_code=NO_M_PESA),
            then=[{"result_code": 0, "after_s": LATE_S}],
        ),
    ),
    "Daraja refused the request (400.002.02)": (
        0,
        payout_situation("inline/p20-refused", refused("400.002.02.invalid_remarks")),
    ),
}
"""By the end of a payout in words: how many messages report it, and the scenario."""
STEADY_S: Final = 1.0
"""A merchant that gives money back, or takes it, a second time does so within this time."""
AT_ONCE: Final = 3
MOST_OVERDRAWING: Final = 12
"""The most payouts that are too much together. More keep a merchant busy for longer than this check looks."""
OVERDRAWN_S: Final = 12.0
"""Seconds until their results: before them all are sent that are not refused."""
LEAST: Final = 10
MOST: Final = 250_000
"""Shillings of one payout. Source: reference 3.4."""
SENT_WITHIN_S: Final = 10.0
"""A merchant with a queue sends a payout that is too much, and not refused, within this time."""
CENTS: Final = 2
"""Decimals of a balance. Without rounding, 1026.10 - 5 is not 1021.10."""


@check("P20")
def a_wallet_is_right_whatever_becomes_of_the_payout(context: CheckContext) -> None:
    """One payout has each end, and several are asked for at once; the balance is read before, during and after."""
    _require_wallet(context)
    context.profile.require_payout_amount()
    _play_at_once(context)
    _play_overdrawn(context)
    for why, (messages, scenario) in SITUATIONS.items():
        _play(context, why, messages, scenario)


def _play(context: CheckContext, why: str, messages: int, scenario: Mapping[str, Any]) -> None:
    msisdn = new_payee(context)
    before = _available(context, msisdn)
    payment = pay_out_sent(context, scenario, msisdn=msisdn)
    left = _without(before, payment.amount)
    if messages and scenario["outcome"] is not TIMED_OUT:
        _expect_reserved(context, payment, left, "it was asked for, and nothing has come of it yet")
    if scenario.get("outcome") is TIMED_OUT:
        expect_results_taken(context, payment)
        context.time.pause(STEADY_S)
        _expect_reserved(context, payment, left, "M-Pesa called the QueueTimeOutURL, which decides nothing")
    if messages:
        expect_results_taken(context, payment, count=messages)
    view = context.observations.until(payment, *SETTLED, within_s=context.time.settled_s)
    expect_one_id(context, payment, why)
    is_back = view.state is FAILED and not any(row["state"] == "paid" for row in transactions(context, payment))
    wanted, fee_below = (before, 0) if is_back else (left, payment.amount)
    _expect(context, payment, wanted, f"{why}, and it is {say(view)}", fee_below=fee_below)


def _play_at_once(context: CheckContext) -> None:
    """Expect that several payouts at the same moment are all taken from the balance.

    A merchant that reads the balance, reduces it and writes it back loses one of them.
    """
    msisdn = new_payee(context)
    before = _available(context, msisdn)
    made = play(context, [Act(0.0, lambda: pay_out(context, "payout/success", msisdn=msisdn))] * AT_ONCE)
    payments = [one for one in made if isinstance(one, Payment) and one.started.accepted]
    if not payments:
        raise Untested(f"the merchant took none of {AT_ONCE} payouts, so its balance could not be judged")
    for payment in payments:
        context.observations.until(payment, *SETTLED, within_s=context.time.settled_s)
    taken = sum(one.amount for one in payments if context.observations.status(one).state is not FAILED)
    why = f"{len(payments)} payouts were asked for at the same moment"
    least = min(one.amount for one in payments)
    _expect(context, payments[-1], _without(before, taken), why, fee_below=least)


def overdrawing(balance: float) -> tuple[int, ...]:
    """Amounts of payouts that are too much together, though all but one fit; then one more amount, a little smaller.

    Empty if the balance is too low or too high for that.
    """
    for number in range(2, MOST_OVERDRAWING + 1):
        each = int(balance * _share(number) / number)
        if each <= MOST:
            amounts = tuple(each - less for less in range(number + 1))
            return amounts if amounts[-1] >= LEAST else ()
    return ()


def _share(number: int) -> float:
    """The sum of so many payouts, as a share of a balance that is enough for one less."""
    return min(1.2, 1 + 0.5 / (number - 1))


def _play_overdrawn(context: CheckContext) -> None:
    """Expect that no more is sent than the balance allows: payouts that are too much together are asked for at once.

    M-Pesa makes none of them, so that this check does not use up a budget that all share.

    Raises:
        WrongCredit: more is sent.
    """
    msisdn = new_payee(context)
    before = _available(context, msisdn)
    amounts = overdrawing(before)
    if not amounts:
        most = int(MOST_OVERDRAWING * MOST / _share(MOST_OVERDRAWING))
        context.evidence.notes.append(
            f"{before:.15g} shillings can be paid out to one person, so no payouts were tried that are too much "
            f"together; begin with {int((LEAST + 2) * 2 / _share(2))} to {most}"
        )
        return
    scenario = payout_situation("inline/p20-overdrawn", outcome=after(OVERDRAWN_S, result_code=NO_M_PESA))
    asked = [partial(pay_out, context, scenario, msisdn=msisdn, amount=amount) for amount in amounts]
    made = [one for one in play(context, [Act(0.0, ask) for ask in asked[:-1]]) if isinstance(one, Payment)]
    made.append(asked[-1]())
    sent: list[float] = []

    def is_overdrawn() -> bool:
        sent[:] = [float(row["amount"]) for row in transactions(context, made[0]) if row.get("state") != "failed"]
        return sum(sent) > before

    if context.time.until(is_overdrawn, within_s=SENT_WITHIN_S):
        written = ", ".join(f"{amount:.15g}" for amount in sent)
        raise WrongCredit(
            f"{before:.15g} shillings could be paid out, and payouts of {written} were sent, {sum(sent) - before:.15g} "
            f"more than there was; the first {len(amounts) - 1} were asked for at the same moment; expected the "
            "balance to be enough"
        )
    for payment in made:
        if payment.started.accepted:
            context.observations.until(payment, *SETTLED, within_s=OVERDRAWN_S + context.time.settled_s)


def _expect_reserved(context: CheckContext, payment: Payment, left: float, why: str) -> None:
    """Expect that the amount is not available for another payout until M-Pesa has a result.

    A merchant may act on a message before it is answered and in the journal.

    Raises:
        WrongCredit: it is available.
    """
    wrong: float | None = None
    while not _is_right(found := _available(context, payment.msisdn), left, fee_below=payment.amount):
        if has_result(context, payment) or not context.time.remains:
            break
        wrong = found  # and there was no result when it was read
        context.time.pause(LOOK_EVERY_S)
    else:
        return
    if wrong is not None:
        raise _wrong(payment, wrong, left, why)


def _expect(context: CheckContext, payment: Payment, wanted: float, why: str, *, fee_below: float) -> None:
    """Expect that the balance becomes `wanted`, or less by a fee, and stays so.

    Raises:
        WrongCredit: it does not.
    """

    def is_right() -> bool:
        return _is_right(_available(context, payment.msisdn), wanted, fee_below=fee_below)

    context.time.until(is_right, within_s=context.time.settle_s)
    context.time.pause(STEADY_S)
    if not _is_right(found := _available(context, payment.msisdn), wanted, fee_below=fee_below):
        raise _wrong(payment, found, wanted, why)


def _is_right(found: float, wanted: float, *, fee_below: float) -> bool:
    """Whether the balance is what it should be, or less by a fee for a payout that is below `fee_below`."""
    return found == wanted or 0 < wanted - found < fee_below


def _wrong(payment: Payment, found: float, wanted: float, why: str) -> WrongCredit:
    more = "more" if found > wanted else "less"
    return WrongCredit(
        f"a payout of {payment.amount} shillings: {why}; {found:.15g} shillings can still be paid out, "
        f"{round(abs(found - wanted), CENTS):.15g} {more} than there should be; expected {wanted:.15g}"
    )


def _available(context: CheckContext, msisdn: str) -> float:
    """Shillings that can still be paid out to this person.

    Raises:
        Untested: it cannot be read.
    """
    found, why = context.driver.read_wallet(msisdn)
    if found is None:
        raise Untested(f"what can still be paid out cannot be read: {why}", enable="merchant.payout.wallet")
    return round(found, CENTS)


def _without(balance: float, amount: float) -> float:
    """The balance less this amount, rounded to cents."""
    return round(balance - amount, CENTS)


def _require_wallet(context: CheckContext) -> None:
    """Require that the target file says where the balance is read.

    Raises:
        Inapplicable: it does not; many merchants that pay out keep no balances.
    """
    payout = context.target.merchant.payout
    if payout is None or payout.wallet is None:
        raise Inapplicable("the target file has no merchant.payout.wallet, which a merchant that keeps balances names")
