"""The end of a load run: look once more at what was open, judge thresholds and money, write what was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tayari_control.client import ControlError
from tayari_money.payment_state import PaymentState
from tayari_reports.model import Check, Exchange, Load, LocustRow, NotTested, ProcessUse, RateLimit, State
from tayari_target.test_environment import Stage

from tayari_load.book import Book, Entry
from tayari_load.latencies import Latencies, Span
from tayari_load.money import Accounts, Invariant, by_msisdn, declined, judge_money
from tayari_load.outcome import Outcome, Tally
from tayari_load.plan import Plan
from tayari_load.results import LoadRun, checks, load_record, repeat_command, write_checks, write_load
from tayari_load.samples import Samples
from tayari_load.thresholds import Circumstances
from tayari_load.witness import Witness

LOOK_AGAIN_S: Final = 10.0
"""How long paid payments that were not settled are looked at once more."""
_MOST_LOOKS: Final = 50
_TOLD: Final = 3
_CLOCK_SLACK_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is known when the users are gone."""

    stage: Stage
    plan: Plan
    seed: int
    tally: Tally
    samples: Samples
    book: Book
    witness: Witness | None
    circumstances: Circumstances
    processes: tuple[ProcessUse, ...]
    faults: tuple[tuple[float, float, str], ...]
    limit: RateLimit | None
    lost_workers: int
    invalid: tuple[str, ...]
    """Why the run proves nothing."""
    judged_seconds: tuple[float, float] | None
    locust: tuple[LocustRow, ...]
    aborted: tuple[str, ...]
    interrupted: bool
    patience_s: float
    started_at: float
    finished_at: float
    out: Path | None
    events: Path | None


def conclude(record: Record) -> Load:
    """Judge, write and return the record of the run."""
    witness = record.witness
    accounts = _accounts(record)
    invariants: tuple[Invariant, ...] = ()
    if accounts is not None:
        accounts = _look_again(record, accounts)
        record.tally.excuse(declined(accounts))
        _note_lag(witness, accounts)
        invariants = judge_money(accounts)
    run = _run(record)
    load = load_record(record.tally, record.stage.target.thresholds, run)
    if record.judged_seconds is not None:
        part = record.tally.part(*record.judged_seconds)
        judged = load_record(part, record.stage.target.thresholds, run)
        load = replace(load, thresholds=judged.thresholds)
    if record.out is not None:
        write_load(load, record.out)
    if record.events is not None:
        performance = checks(load, record.samples, run)
        repeat = f"{repeat_command(load, run)} --seed {record.seed}"
        money = money_checks(invariants, record, repeat)
        write_checks(_believed((*performance, *money), witness), record.events, secrets=record.stage.secrets)
    return load


def _believed(found: Iterable[Check], witness: Witness | None) -> Iterator[Check]:
    """The checks, all of them errors of ours where the fake's own counts do not add up."""
    broken = witness.broken if witness is not None else ""
    for check in found:
        if not broken:
            yield check
            continue
        shown = f"; what it showed, and proves nothing: {check.reason}" if check.state is State.FAIL else ""
        reason = f"our failure, not the merchant's: the fake Daraja cannot be believed: {broken}{shown}"
        yield replace(check, state=State.ERROR, reason=reason, not_tested=None, enable="")


def money_checks(invariants: Iterable[Invariant], record: Record, repeat: str) -> tuple[Check, ...]:
    """One check for each rule about money; whatever is doubtful about the run's speed does not touch them."""
    return tuple(_money_check(row, record, repeat) for row in invariants)


def _money_check(row: Invariant, record: Record, repeat: str) -> Check:
    state, reason, not_tested = _money_state(row)
    return Check(
        rule=row.rule,
        state=state,
        reason=reason,
        not_tested=not_tested,
        enable=row.key if not_tested is NotTested.TARGET_KEY_MISSING else "",
        evidence=_evidence(row, record) if state is State.FAIL else (),
        tries=row.judged or 1,
        started_at=record.started_at,
        duration_s=round(record.finished_at - record.started_at, 3),
        repeat=repeat,
    )


def _money_state(row: Invariant) -> tuple[State, str, NotTested | None]:
    if row.broken:
        more = f", and {len(row.broken) - _TOLD} more" if len(row.broken) > _TOLD else ""
        return State.FAIL, f"{'; '.join(row.broken[:_TOLD])}{more} (of {row.judged} payments)", None
    if row.open:
        return State.UNKNOWN, row.open, None
    if not row.judged:
        missing = NotTested.TARGET_KEY_MISSING if row.key else NotTested.SET_UP_FAILED
        return State.NOT_TESTED, row.unseen, missing
    return State.PASS, "", None


def _evidence(row: Invariant, record: Record) -> tuple[Exchange, ...]:
    """The payments as Daraja has them, and those of the merchant that were kept."""
    proof = []
    for msisdn in row.witnesses[:_TOLD]:
        url = f"{record.stage.control_url}/v1/payments?msisdn={msisdn}"
        try:
            found: Any = record.stage.control.payments(msisdn=msisdn)
        except ControlError as error:
            found = {"error": str(error)}
        proof.append(
            Exchange(
                at=time.time(),
                kind="to_daraja",
                title="the payment as Daraja has it",
                method="GET",
                url=url,
                status=200,
                response_body=json.dumps(found, ensure_ascii=False),
            )
        )
    return (*proof, *record.samples.of((Outcome.CREDITED_TWICE,)))


def _accounts(record: Record) -> Accounts | None:
    """Both sides; None where there is no simulator that tells, as in a test of the load itself."""
    witness = record.witness
    if witness is None or not witness.watching:
        return None
    try:
        payments = record.stage.control.payments()
    except ControlError as error:
        witness.problem = f"the simulator's payments could not be read, so the money is not judged: {error}"
        return None
    accepted = witness.counted("tayari_pushes_accepted_total")
    ours = {entry.msisdn for entry in record.book.entries}
    made = by_msisdn(payments, since=record.started_at - _CLOCK_SLACK_S)
    found = {msisdn: rows for msisdn, rows in made.items() if msisdn in ours}
    remembered = sum(len(rows) for rows in made.values())
    return Accounts(
        entries=tuple(record.book.entries),
        payments=found,
        complete=accepted is None or remembered >= accepted,
        young_s=record.patience_s,
        now=time.time(),
    )


def _look_again(record: Record, accounts: Accounts) -> Accounts:
    """Payments that Daraja was paid for and the merchant had not settled: once more, now that it is quiet."""
    entries = list(accounts.entries)
    open_ = [at for at, entry in enumerate(entries) if not entry.paid and entry.payment_id and accounts.paid(entry)]
    until = time.monotonic() + LOOK_AGAIN_S
    for at in open_[:_MOST_LOOKS]:
        while time.monotonic() < until:
            seen = record.stage.driver.read_status(entries[at].payment_id, entries[at].reference)
            if seen.state is PaymentState.PAID:
                entries[at] = replace(entries[at], outcome=Outcome.SETTLED, state=seen.state, credited=seen.credited)
                break
            if len(open_) > _TOLD:
                break
            time.sleep(0.5)
    for at, entry in enumerate(entries):
        if entry.outcome is Outcome.REFUSED and accounts.paid(entry) and time.monotonic() < until:
            entries[at] = _refused_and_paid(record, entry)
    again = _final_states(record, [entry for entry in entries if entry.paid and entry.payment_id])
    return replace(accounts, entries=tuple(entries), now=time.time(), looked_again=again)


def _refused_and_paid(record: Record, entry: Entry) -> Entry:
    """An order that was answered with an error, and whose customer was asked to pay and did: only the ledger tells."""
    ledger = record.stage.driver.read_ledger(payment_id=entry.payment_id, reference=entry.reference)
    if ledger is None or ledger.credits is None:
        return entry
    state = PaymentState.PAID if ledger.credits else PaymentState.FAILED
    return replace(entry, state=state, credits=ledger.credits, credited=ledger.total)


def _final_states(record: Record, paid: list[Entry]) -> Mapping[str, str]:
    """Paid orders, spread over the run, as the merchant shows them now; a state that cannot be read says nothing."""
    states, until = {}, time.monotonic() + LOOK_AGAIN_S
    for entry in paid[:: max(1, len(paid) // _MOST_LOOKS)]:
        if time.monotonic() > until:
            break
        seen = record.stage.driver.read_status(entry.payment_id, entry.reference)
        if seen.state is not None:
            states[entry.reference] = str(seen.state)
    return states


def _note_lag(witness: Witness | None, accounts: Accounts) -> None:
    """From when each result was due to the merchant's answer, as the simulator's payments have it."""
    if witness is None:
        return
    witness.latencies.by_span.pop(Span.CALLBACK_LAG, None)
    for rows in accounts.payments.values():
        for payment in rows:
            for callback in payment["callbacks"][:1]:
                if callback["status"] and callback["sent_at"] is not None:
                    lag_s = callback["sent_at"] + callback["duration_s"] - payment["result_due_at"]
                    witness.latencies.record(Span.CALLBACK_LAG, max(0.0, lag_s))


def _run(record: Record) -> LoadRun:
    witness = record.witness
    notes = [f"customers made with seed {record.seed}"]
    if witness is not None and witness.problem:
        notes.append(witness.problem)
    if record.interrupted:
        notes.append("interrupted before its time: what was seen until then is judged")
    if record.book.left_out:
        notes.append(f"the money of {record.book.left_out} payments beyond the first is not judged: too many to keep")
    return LoadRun(
        started_at=record.started_at,
        finished_at=record.finished_at,
        circumstances=record.circumstances,
        plan=record.plan,
        processes=record.processes,
        callbacks=witness.latencies if witness is not None else Latencies(),
        answers=witness.answers if witness is not None else {},
        faults=record.faults,
        limit=record.limit,
        lost_workers=record.lost_workers,
        aborted=record.aborted,
        locust=record.locust,
        interrupted=record.interrupted,
        balance=witness.balance if witness is not None else None,
        warnings=witness.warnings() if witness is not None else (),
        invalid=record.invalid,
        notes=tuple(notes),
    )
