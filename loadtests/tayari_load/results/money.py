"""The money of a load run: both sides of every payment, judged by `tayari_money.invariants`, and the checks of it.

The load itself decides which payments can be judged at all. A merchant may still have time to reconcile. The simulator
may have forgotten payments. And the load sees only what the merchant shows.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tayari_control.client import ControlError
from tayari_money.daraja_records import C2B
from tayari_money.invariants import Violation, is_unsettled, judge
from tayari_money.payment_record import (
    DarajaTransaction,
    Observation,
    PaymentKind,
    PaymentRecord,
    PaymentResult,
    PaymentState,
    ReceivedResult,
)
from tayari_reports.model import Check, Exchange, NotTested, State

from tayari_load.load_run import LoadRun
from tayari_load.statistics.payments import LoadPayment, PaymentOutcome

SimulatorPayment = Mapping[str, Any]
"""As `GET /v1/payments` lists it (`docs/control-api.md`)."""
CREDITED_ONCE: Final = "M01"
PROVEN: Final = "M02"
FINAL: Final = "M03"
WHOLE_SUM: Final = "M04"
NOT_STUCK: Final = "M05"
PAID_OUT_ONCE: Final = "M06"
PAID_OUT_ON_RESULT: Final = "M07"
_SHOWN: Final = 3
"""Broken payments that a check shows."""
_ANY_TIME: Final = 0.0
"""Generators and simulator may run on machines whose clocks differ, so their times are not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyResult:
    """How one rule about money came out."""

    rule: str
    judged: int
    """Payments it was judged on; 0: it could not be seen."""
    broken: tuple[str, ...] = ()
    """One sentence for each payment that breaks it."""
    msisdns: tuple[str, ...] = ()
    """MSISDNs of those payments."""
    unseen: str = ""
    """Why it could not be judged, where nothing was."""
    key: str = ""
    """The target-file key that would let it be seen."""
    open: str = ""
    """Why it cannot be passed though nothing is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoney:
    """Both sides of all payments of one run."""

    payments: Sequence[LoadPayment]
    rows: Mapping[str, Sequence[SimulatorPayment]]
    """Of the simulator, by MSISDN: every order has a number of its own."""
    complete: bool = True
    """The simulator remembers every payment of the run."""
    young_s: float = 0.0
    """A payment whose callback was not answered is given this long to be reconciled."""
    in_line_s: float = 0.0
    """How long a pending payment may wait for its query, where the merchant promises a limit of queries."""
    now: float = 0.0
    looked_again: Mapping[str, str] = field(default_factory=dict)
    """Reference -> state, of orders in a final state that were looked at once more when the load was over."""

    def paid(self, payment: LoadPayment) -> list[SimulatorPayment]:
        """What Daraja was paid for this order."""
        return [row for row in self.rows.get(payment.order.msisdn, ()) if row["state"] == "paid"]

    def is_reported(self, payment: LoadPayment) -> bool:
        """Whether M-Pesa's message of the payment was answered."""
        return any(is_answered(row) for row in self.paid(payment))

    def record(self, payment: LoadPayment) -> PaymentRecord:
        """One order, as the judge takes it."""
        return PaymentRecord(
            reference=payment.order.reference,
            ordered=float(payment.order.amount),
            transactions=tuple(transaction(row) for row in self.rows.get(payment.order.msisdn, ())),
            observations=tuple(self._looks(payment)),
            credits=payment.credits,
            total=payment.credited,
            receipt=payment.receipt or None,
            kind=payment.order.kind,
        )

    def _looks(self, payment: LoadPayment) -> Iterable[Observation]:
        again = self.looked_again.get(payment.order.reference)
        for state, at in ((payment.state, payment.at), (PaymentState(again) if again else None, self.now)):
            if state is not None:
                yield Observation(payment_id=payment.payment_id, state=state, began=at, ended=at)


def transaction(row: SimulatorPayment) -> DarajaTransaction:
    """A payment of the simulator. A query or a pull may have shown the merchant its true state.

    Nobody has to ask: a merchant that got no message about a customer's payment (C2B) need not know it.
    """
    result = {"paid": PaymentResult.SUCCESS, "failed": PaymentResult.FAILURE}.get(str(row["state"]))
    amount, receipt = float(row["amount"]), str(row.get("receipt") or "")
    reported = row.get("kind") != C2B or any(message["sent_at"] is not None for message in result_messages(row))
    return DarajaTransaction(
        transaction_id=str(row.get("checkout_request_id", "")),
        amount=amount,
        completed=result is PaymentResult.SUCCESS,
        due_at=_ANY_TIME,
        receipt=receipt,
        account_reference=str(row.get("account_reference", "")),
        acknowledged=reported,
        messages=()
        if result is None
        else (
            ReceivedResult(
                at=_ANY_TIME, result=result, by_query=True, pulled=not reported, amount=amount, receipt=receipt
            ),
        ),
    )


def result_messages(row: SimulatorPayment) -> Sequence[Mapping[str, Any]]:
    """The messages with the result to the merchant: a validation comes before them, and only asks."""
    return list(row["callbacks"])[1 if row.get("validation") else 0 :]


def is_answered(row: SimulatorPayment) -> bool:
    """Whether the merchant took a message of the result."""
    return any((message["status"] or 0) in range(200, 300) for message in result_messages(row))


def by_msisdn(payments: Iterable[SimulatorPayment], *, since: float) -> Mapping[str, list[SimulatorPayment]]:
    """The payments that were made since then."""
    found: defaultdict[str, list[SimulatorPayment]] = defaultdict(list)
    for payment in payments:
        if float(payment["created_at"]) >= since:
            found[str(payment["msisdn"])].append(payment)
    return found


def judge_money(money: RunMoney) -> tuple[MoneyResult, ...]:
    """The rules of payments, then those of payouts, in the order of their ids. Those of a kind of money that this load
    did not move are left out.
    """
    received = [payment for payment in money.payments if not payment.order.pays_out]
    sent = [payment for payment in money.payments if payment.order.pays_out]
    found = [row(replace(money, payments=received)) for row in OF_PAYMENTS] if received or not sent else []
    return (*found, *(row(replace(money, payments=sent)) for row in OF_PAYOUTS if sent))


def excused(money: RunMoney) -> list[tuple[LoadPayment, PaymentOutcome]]:
    """Orders shown as failed that are no failure of the merchant, and what they count as.

    Daraja knows the order as failed: the customer did not pay. Or Daraja took no push of it while the load disturbed
    Daraja: a merchant may say so at once, or take the order and say so later. A payment that its customer began (C2B)
    is never excused: it fails because the merchant itself rejected it.
    """
    found = []
    for payment in money.payments:
        rows = money.rows.get(payment.order.msisdn, ())
        if payment.outcome is not PaymentOutcome.FAILED or payment.order.pays_in:
            continue
        if any(row["state"] != "failed" for row in rows):
            continue
        if rows:
            found.append((payment, PaymentOutcome.DECLINED))
        elif payment.disturbed and money.complete:
            found.append((payment, PaymentOutcome.TURNED_AWAY))
    return found


def _credited_once(money: RunMoney) -> MoneyResult:
    seen = [
        payment
        for payment in money.payments
        if payment.paid and (payment.credits is not None or payment.credited is not None or payment.receipt)
    ]
    visible = any(payment.credited is not None or payment.credits is not None for payment in seen)
    return _invariant(
        CREDITED_ONCE, money, seen,
        judged=len(seen) if visible else 0,  # a receipt shows one that pays two orders, and no second credit of one
        unseen="no settled payment showed how often, or with what sum, it was credited",
        key="merchant.ledger, or merchant.status.credited with a sum",
    )  # fmt: skip


def _proven(money: RunMoney) -> MoneyResult:
    settled = [payment for payment in money.payments if payment.paid]
    known = [
        payment
        for payment in settled
        if payment.order.msisdn in money.rows or (money.complete and not payment.order.pays_in)
    ]
    return _invariant(PROVEN, money, known, unseen="no payment was shown as paid")


def _final(money: RunMoney) -> MoneyResult:
    """Paid stays paid, to the end of the run."""
    again = [payment for payment in money.payments if payment.paid and payment.order.reference in money.looked_again]
    return _invariant(FINAL, money, again, unseen="no payment that was shown as paid was looked at again")


def _whole_sum(money: RunMoney) -> MoneyResult:
    """In a load every order is one payment: one that its customer paid twice breaks it, too."""
    seen = [payment for payment in money.payments if money.paid(payment)]
    visible = any(payment.credited is not None or payment.credits is not None for payment in seen)
    return _invariant(
        WHOLE_SUM, money, seen,
        more=lambda payment: _paid_twice(money, payment),
        judged=len(seen) if visible else 0,
        unseen="no settled payment showed what was credited",
        key="merchant.ledger, or merchant.status.credited with a sum",
    )  # fmt: skip


def _paid_twice(money: RunMoney, payment: LoadPayment) -> str:
    rows = money.paid(payment)
    total = sum(float(row["amount"]) for row in rows)
    credited = "an unknown sum" if payment.credited is None else f"{payment.credited:g}"
    return f"was paid {len(rows)} times, {total:g} shillings, and credited {credited}" if len(rows) > 1 else ""


def _not_stuck(money: RunMoney) -> MoneyResult:
    paid = [payment for payment in money.payments if money.paid(payment) and not payment.order.may_stay_open]
    unread = [payment for payment in paid if payment.state is None]
    young = [
        payment
        for payment in paid
        if is_unsettled(money.record(payment)) and not any(_is_due(payment, row, money) for row in money.paid(payment))
    ]
    left_out = {payment.order.reference for payment in (*young, *unread)}
    known = [payment for payment in paid if payment.order.reference not in left_out]
    waits = [f"{len(young)} paid payments were not settled yet when the run ended, and had time left"] if young else []
    waits += [f"{len(unread)} paid payments showed no state that could be read"] if unread else []
    return _invariant(NOT_STUCK, money, known, unseen="; ".join(waits) or "no customer paid", open="; ".join(waits))


def _paid_out_once(money: RunMoney) -> MoneyResult:
    """Each payout that the load asked for moved money once at most."""
    paid = [payment for payment in money.payments if money.paid(payment)]
    return _invariant(PAID_OUT_ONCE, money, paid, unseen="M-Pesa paid no payout of this load")


def _paid_out_on_result(money: RunMoney) -> MoneyResult:
    """A payout that the merchant shows as paid is one that M-Pesa paid."""
    shown = [payment for payment in money.payments if payment.paid and payment.order.msisdn in money.rows]
    return _invariant(PAID_OUT_ON_RESULT, money, shown, unseen="no payout was shown as paid")


OF_PAYMENTS: Final = (_credited_once, _proven, _final, _whole_sum, _not_stuck)
OF_PAYOUTS: Final = (_paid_out_once, _paid_out_on_result)


def _is_due(payment: LoadPayment, row: SimulatorPayment, money: RunMoney) -> bool:
    """Daraja's callback was answered, or the merchant's own promise to reconcile has run out.

    A pending STK payment of a merchant that confirms callbacks by queries may wait for a query, too.
    """
    waits_in_line = payment.state is PaymentState.PENDING and payment.order.kind is PaymentKind.STK_PAYMENT
    in_line_s = money.in_line_s if waits_in_line else 0.0
    if is_answered(row) and not in_line_s:
        return True
    patience_s = in_line_s if is_answered(row) else in_line_s + money.young_s
    return money.now - float(row["result_due_at"]) > patience_s


def line_s(payments: int, queries_per_minute: float | None, took_s: float) -> float:
    """How long after the end of a load of `took_s` a merchant still sends status queries about its STK payments.

    It asks about each once. Zero where it promises no limit, or one under which it has asked about all by then.
    """
    return max(0.0, payments * 60.0 / queries_per_minute - took_s) if queries_per_minute else 0.0


def _invariant(
    rule: str,
    money: RunMoney,
    payments: Sequence[LoadPayment],
    *,
    unseen: str,
    more: Callable[[LoadPayment], str] = lambda _: "",
    judged: int | None = None,
    key: str = "",
    open: str = "",
) -> MoneyResult:
    """What the judge says of these payments; and what `more` says of those that the judge finds right."""
    by_reference = {payment.order.reference: payment for payment in payments}
    found = list(judge(rule, [money.record(payment) for payment in payments]).violations)
    known = {one.reference for one in found}
    found += [
        Violation(reference=payment.order.reference, description=what)
        for payment in payments
        if payment.order.reference not in known and (what := more(payment))
    ]
    number = len(payments) if judged is None else judged
    return MoneyResult(
        rule=rule,
        judged=number,
        broken=tuple(_sentence(by_reference[one.reference], one.description) for one in found),
        msisdns=tuple(by_reference[one.reference].order.msisdn for one in found),
        unseen="" if number or found else unseen,
        key=key,
        open=open,
    )


_NOUNS: Final = {PaymentKind.PAYOUT: "payout", PaymentKind.C2B_PAYMENT: "C2B payment"}


def _sentence(payment: LoadPayment, what: str) -> str:
    noun = _NOUNS.get(payment.order.kind, "order")
    return f"{noun} {payment.order.reference} over {payment.order.amount} shillings {what}"


def money_checks(invariants: Iterable[MoneyResult], run: LoadRun, repeat: str) -> tuple[Check, ...]:
    """One check for each rule about money; whatever is doubtful about the run's speed does not touch them."""
    return tuple(_money_check(row, run, repeat) for row in invariants)


def _money_check(row: MoneyResult, run: LoadRun, repeat: str) -> Check:
    state, reason, not_tested = _money_state(row)
    return Check(
        rule=row.rule,
        state=state,
        reason=reason,
        not_tested=not_tested,
        enable=row.key if not_tested is NotTested.TARGET_KEY_MISSING else "",
        evidence=_evidence(row, run) if state is State.FAIL else (),
        tries=row.judged or 1,
        started_at=run.started_at,
        duration_s=round(run.finished_at - run.started_at, 3),
        repeat=repeat,
    )


def _money_state(row: MoneyResult) -> tuple[State, str, NotTested | None]:
    if row.broken:
        more = f", and {len(row.broken) - _SHOWN} more" if len(row.broken) > _SHOWN else ""
        return State.FAIL, f"{'; '.join(row.broken[:_SHOWN])}{more} (of {row.judged} payments)", None
    if row.open:
        return State.UNKNOWN, row.open, None
    if not row.judged:
        missing = NotTested.TARGET_KEY_MISSING if row.key else NotTested.SET_UP_FAILED
        return State.NOT_TESTED, row.unseen, missing
    return State.PASS, "", None


def _evidence(row: MoneyResult, run: LoadRun) -> tuple[Exchange, ...]:
    """The payments as Daraja has them, and those of the merchant that were kept."""
    proof = []
    for msisdn in row.msisdns[:_SHOWN]:
        url = f"{run.test_environment.control_url}/v1/payments?msisdn={msisdn}"
        found: Any = None
        problem = ""
        try:
            found = run.test_environment.control.payments(msisdn=msisdn)
        except ControlError as error:
            problem = str(error)
        proof.append(
            Exchange(
                at=time.time(),
                kind="to_daraja",
                title="the payment as Daraja has it",
                method="GET",
                url=url,
                status=None if problem else 200,
                response_body="" if problem else json.dumps(found, ensure_ascii=False),
                error=problem,
            )
        )
    return (*proof, *run.samples.of((PaymentOutcome.CREDITED_TWICE,)))
