"""The end of a load run: read again what was open, judge thresholds and money, write what was asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tayari_control.client import ControlError
from tayari_money.daraja_records import C2B, PAYOUT_CALLS, STK_PUSH
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_reports.model import Check, Load, State
from tayari_target.views import LedgerView, StatusView

from tayari_load.load_run import LoadRun
from tayari_load.results.money import (
    MoneyResult,
    RunMoney,
    by_msisdn,
    excused,
    judge_money,
    line_s,
    money_checks,
    result_messages,
)
from tayari_load.results.summary import checks, load_record, repeat_command, write_checks, write_load
from tayari_load.simulator_monitor import SimulatorMonitor
from tayari_load.statistics.latencies import Span
from tayari_load.statistics.payments import LoadPayment, PaymentOutcome
from tayari_load.users.checkout import judge_credit, read_state

LOOK_AGAIN_S: Final = 10.0
"""How long paid payments that were not settled are looked at once more."""
_MOST_LOOKS: Final = 50
_MOST_SECOND_LOOKS: Final = 200
"""How many paid payments are read again when the load is over."""
_FEW: Final = 3
"""With more unsettled payments than this, each is read only once."""
_CLOCK_SLACK_S: Final = 2.0


def finalize(run: LoadRun) -> Load | None:
    """Judge the run, write what was asked for, and return its record; None if that has been done already."""
    if not run.begin_finalizing():
        return None
    money = _read_money(run)
    results: tuple[MoneyResult, ...] = ()
    if money is not None:
        money = look_again(run, money)
        for payment, outcome in excused(money):
            run.tally.excuse(payment, outcome)
        _record_callback_lag(run, money)
        results = judge_money(money)
    limits = run.target.thresholds
    load = load_record(run.tally, limits, run)
    if run.judged_seconds is not None:
        load = judged_by(load, load_record(run.tally.part(*run.judged_seconds), limits, run))
    if run.out is not None:
        write_load(load, run.out)
    if run.events is not None:
        repeat = f"{repeat_command(load, run)} --seed {run.seed}"
        found = (*checks(load, run), *money_checks(results, run, repeat))
        write_checks(_believed(found, run.monitor), run.events, secrets=run.test_environment.secrets)
    run.finalized = True
    return load


def judged_by(load: Load, part: Load) -> Load:
    """The load with the thresholds of the part that is judged, and with that part's times.

    The times of the whole load could contradict the thresholds beside them.
    """
    times = {name: getattr(part, name) for name in ("settled_p50_s", "settled_p95_s", "settled_p99_s")}
    return replace(load, thresholds=part.thresholds, **times)


def _believed(found: Iterable[Check], monitor: SimulatorMonitor | None) -> Iterator[Check]:
    """The checks as they are; where the fake's own counts do not add up, each is an error of ours."""
    broken = monitor.broken if monitor is not None else ""
    for check in found:
        if not broken:
            yield check
            continue
        shown = f"; what it showed, and proves nothing: {check.reason}" if check.state is State.FAIL else ""
        reason = f"our failure, not the merchant's: the fake Daraja cannot be believed: {broken}{shown}"
        yield replace(check, state=State.ERROR, reason=reason, not_tested=None, enable="")


def _read_money(run: LoadRun) -> RunMoney | None:
    """Read the money of both sides; None where no simulator can be read, as in a test of the load itself."""
    monitor = run.monitor
    if monitor is None or not monitor.watching:
        return None
    try:
        listed = run.test_environment.control.payments()
    except ControlError as error:
        monitor.problem = f"the simulator's payments could not be read, so the money is not judged: {error}"
        return None
    accepted = monitor.counted("tayari_pushes_accepted_total")
    since = run.started_at - _CLOCK_SLACK_S
    pushes = by_msisdn((row for row in listed if row["kind"] == STK_PUSH), since=since)
    payouts = by_msisdn((row for row in listed if row["kind"] in PAYOUT_CALLS), since=since)
    paid_in = by_msisdn((row for row in listed if row["kind"] == C2B), since=since)
    remembered = sum(len(rows) for rows in pushes.values())
    by_kind = {PaymentKind.STK_PAYMENT: pushes, PaymentKind.PAYOUT: payouts, PaymentKind.C2B_PAYMENT: paid_in}
    orders = [payment.order for payment in run.log.payments]
    pushed = sum(order.kind is PaymentKind.STK_PAYMENT for order in orders)
    made = {order.msisdn: by_kind[order.kind].get(order.msisdn, []) for order in orders}
    return RunMoney(
        payments=tuple(run.log.payments),
        rows={msisdn: rows for msisdn, rows in made.items() if rows},
        complete=accepted is None or remembered >= accepted,
        young_s=run.patience_s,
        in_line_s=line_s(pushed, run.target.merchant.promises.queries_per_minute, run.finished_at - run.started_at),
        now=time.time(),
    )


def look_again(run: LoadRun, money: RunMoney, *, within_s: float = LOOK_AGAIN_S) -> RunMoney:
    """Read paid payments that the merchant had not settled once more, now that the load is over."""
    unsettled = [
        payment for payment in money.payments if not payment.paid and payment.payment_id and money.paid(payment)
    ]
    until = time.monotonic() + within_s
    reported: list[LoadPayment] = []
    unreported: list[LoadPayment] = []
    for payment in unsettled:
        known = money.is_reported(payment) or not payment.order.pays_in
        (reported if known else unreported).append(payment)
    _wait_for(run, reported, until)
    if unreported:
        # After the confirmed payments: a pull also finds those whose confirmation the merchant got and lost.
        run.test_environment.driver.recover_c2b()
        _wait_for(run, unreported, time.monotonic() + within_s)
    for payment in money.payments:
        if payment.order.kind is not PaymentKind.STK_PAYMENT or time.monotonic() >= until:
            continue
        if payment.outcome is PaymentOutcome.REFUSED and money.paid(payment):
            _read_refused(run, payment)
    again = _final_states(run, [payment for payment in money.payments if payment.paid and payment.payment_id])
    return replace(money, now=time.time(), looked_again=again)


def _wait_for(run: LoadRun, unsettled: Sequence[LoadPayment], until: float) -> None:
    """Read each payment until it is settled; where there are many, only once."""
    for payment in unsettled[:_MOST_LOOKS]:
        while time.monotonic() < until and not _settled_by_now(run, payment):
            if len(unsettled) > _FEW:
                break
            time.sleep(0.5)


def _settled_by_now(run: LoadRun, payment: LoadPayment) -> bool:
    seen = read_state(run.test_environment.driver, payment)
    if seen.state is not PaymentState.PAID:
        return False
    payment.outcome, payment.state = PaymentOutcome.SETTLED, seen.state
    payment.credits, payment.credited = seen.credits, seen.total
    return True


def _read_refused(run: LoadRun, payment: LoadPayment) -> None:
    """The start was answered with an error, and the customer paid nevertheless: only the ledger shows its state."""
    ledger = run.test_environment.driver.read_ledger(payment_id=payment.payment_id, reference=payment.order.reference)
    if ledger is None or ledger.credits is None:
        return
    payment.state = PaymentState.PAID if ledger.credits else PaymentState.FAILED
    payment.credits, payment.credited = ledger.credits, ledger.total


def _final_states(run: LoadRun, paid: Sequence[LoadPayment]) -> Mapping[str, str]:
    """The states of paid orders as the merchant shows them now; what was credited meanwhile is noted.

    Orders of a scenario come first, then others that are spread over the run.
    """
    special = [payment for payment in paid if payment.order.scenario]
    others = [payment for payment in paid if not payment.order.scenario]
    chosen = (*special, *others[:: max(1, len(others) // _MOST_SECOND_LOOKS)])
    states, until = {}, time.monotonic() + LOOK_AGAIN_S
    for payment in chosen[:_MOST_SECOND_LOOKS]:
        if time.monotonic() > until:
            break
        seen = read_state(run.test_environment.driver, payment)
        if seen.state is not None:
            states[payment.order.reference] = str(seen.state)
            _credited_since(run, payment, seen)
    return states


def _credited_since(run: LoadRun, payment: LoadPayment, seen: StatusView) -> None:
    """Note what was credited after the payment was seen as paid: a second message may have been."""
    if payment.order.pays_out or payment.outcome is not PaymentOutcome.SETTLED:
        return
    found = LedgerView(credits=seen.credits, total=seen.total)
    if not payment.order.pays_in:
        ledger = run.test_environment.driver.read_ledger(
            payment_id=payment.payment_id, reference=payment.order.reference
        )
        found = ledger or found
    grew = (found.credits or 0) > (payment.credits or 0) or (found.total or 0) > (payment.credited or 0)
    if found.error or not grew:
        return
    payment.credits = found.credits if found.credits is not None else payment.credits
    payment.credited = found.total if found.total is not None else payment.credited
    if judge_credit(payment):
        run.tally.found_twice(payment)


def _record_callback_lag(run: LoadRun, money: RunMoney) -> None:
    """The time from the moment at which each result was due to the merchant's answer, by the simulator's payments."""
    if run.monitor is None:
        return
    latencies = run.monitor.latencies
    latencies.by_span.pop(Span.CALLBACK_LAG, None)
    for row in (row for rows in money.rows.values() for row in rows):
        for callback in result_messages(row)[:1]:
            if callback["status"] and callback["sent_at"] is not None:
                lag_s = callback["sent_at"] + callback["duration_s"] - row["result_due_at"]
                latencies.record(Span.CALLBACK_LAG, max(0.0, lag_s))
