"""A simulator continues where an earlier process with the same journal ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.clock import Clock
from tayari_simulator.journal.pending import CHANGES, FACTS, Owed, PendingFile, before, beside
from tayari_simulator.journal.sqlite_file import JournalFileError
from tayari_simulator.state.behaviour import Behaviour, Delivery, Play
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.handsets import ANSWER, answered
from tayari_simulator.state.transactions import Ending, Status, Transaction

Behaviours = Callable[[str], "Behaviour | None"]
"""The behaviour of a scenario, by name; None: it is not loaded."""
RESUMED = "resumed after a restart"
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Left:
    """What the files say. `payments` are in the order of their acceptance, finished ones included."""

    transactions: dict[str, tuple[Transaction, Owed]] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=lambda: {"accepted": 0, "forgotten": 0, "ended": {}, "number": 0})
    calls: list[list[Any]] = field(default_factory=list)
    """Calls that are made again, in their order."""
    latest_s: float = 0.0
    """The latest clock time that occurs."""
    unknown: set[str] = field(default_factory=set)
    """Scenarios that payments played and that are not loaded any more."""

    def open(self) -> list[tuple[Transaction, Owed]]:
        """Payments of which something is still to come."""
        return [row for row in self.transactions.values() if row[0].pending]


def read_left(path: Path, behaviours: Behaviours) -> Left:
    """Read the file and the one before it; neither needs to exist. A line that is cut short is passed over."""
    left = Left()
    for row in _rows(path):
        _STEPS[row[0]](left, row[1:], behaviours)
    return left


def _rows(path: Path) -> Iterator[list[Any]]:
    for file in (before(path), path):
        if not file.exists():
            continue
        with file.open("rb") as lines:
            for line in lines:
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(row, list) and row and row[0] in _STEPS:
                    yield row


def _totals(left: Left, row: list[Any], _: Behaviours) -> None:
    left.totals = row[0]


def _payment(left: Left, row: list[Any], behaviours: Behaviours) -> None:
    left.totals["accepted"] += 1
    _kept(left, row, behaviours)


def _kept(left: Left, row: list[Any], behaviours: Behaviours) -> None:
    scenario, *facts = row[0]
    behaviour = behaviours(scenario) if scenario else None
    if scenario and behaviour is None:
        left.unknown.add(scenario)
    transaction = Transaction(**dict(zip(FACTS, facts, strict=True)))
    transaction.play = Play(behaviour) if behaviour is not None else None
    transaction.next_due_s, transaction.pending = transaction.due_s, 1
    left.transactions[transaction.id] = (transaction, {})
    left.latest_s = max(left.latest_s, transaction.created_s)


def _result(left: Left, row: list[Any], _: Behaviours) -> None:
    changed, deliveries = row
    found = left.transactions.get(changed[0])
    if found is None:
        return
    transaction, owed = found
    values = dict(zip(CHANGES, changed, strict=True))
    values["status"] = Status(values["status"])  # a compiled transaction takes nothing else
    values["ending"] = Ending(values["ending"]) if values["ending"] else None
    due_before_s = transaction.next_due_s
    for name, value in values.items():
        setattr(transaction, name, value)
    if transaction.details and ANSWER in transaction.details:
        transaction.play = answered(transaction.details[ANSWER])
    if 0.0 < transaction.next_due_s < due_before_s:  # it was brought forward to the moment of then
        left.latest_s = max(left.latest_s, transaction.next_due_s)
        if not transaction.step:
            transaction.due_s = transaction.next_due_s
    if transaction.play is None and transaction.step:
        transaction.next_due_s = 0.0  # further results were its scenario's, which is not loaded any more
    left.latest_s = max(left.latest_s, transaction.completed_s)
    for delivery in deliveries:
        _owe(left, transaction, owed, delivery)
    _count(left, transaction, owed)


def _planned(left: Left, row: list[Any], _: Behaviours) -> None:
    found = left.transactions.get(row[0])
    if found is not None:
        _owe(left, *found, row[1])
        _count(left, *found)


def _done(left: Left, row: list[Any], _: Behaviours) -> None:
    identifier, number, ending = row
    found = left.transactions.get(identifier)
    if found is not None:
        transaction, owed = found
        owed.pop(number, None)
        transaction.ending = Ending(ending) if ending else None
        _count(left, transaction, owed)


def _call(left: Left, row: list[Any], _: Behaviours) -> None:
    left.calls.append(row[0])
    left.latest_s = max(left.latest_s, row[0][1])


def _forgot(left: Left, _row: list[Any], _: Behaviours) -> None:
    left.calls.clear()
    left.totals["forgotten"] += len(left.open())
    left.transactions.clear()


def _owe(left: Left, transaction: Transaction, owed: Owed, row: list[Any]) -> None:
    number, due_s, url, body, method, content_type, headers, note, forged_from, gap_s, *rest = row
    owed[number] = Delivery(
        due_s, url, body.encode("latin-1"), transaction.id, transaction.msisdn, method, content_type,
        tuple((name, value) for name, value in headers), note, forged_from, gap_s, number, *rest,
    )  # fmt: skip
    left.totals["number"] = max(left.totals["number"], number)


def _count(left: Left, transaction: Transaction, owed: Owed) -> None:
    was_open = transaction.pending > 0
    transaction.pending = len(owed) + (1 if transaction.next_due_s else 0)
    if was_open and not transaction.pending:
        ended = left.totals["ended"]
        ending = str(transaction.ending or Ending.DROPPED)
        ended[ending] = ended.get(ending, 0) + 1


_STEPS = {
    "totals": _totals, "payment": _payment, "kept": _kept, "result": _result, "planned": _planned, "done": _done,
    "call": _call, "forgot": _forgot,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was taken over."""

    transactions: int = 0
    """Remembered, finished ones included."""
    pending: int = 0
    """Of these, the ones with a result or a callback still to come."""


def resume(daraja: Dispatcher, clock: Clock, journal: str, behaviours: Behaviours) -> tuple[PendingFile, Resumed]:
    """Take over what was left beside this journal, and keep from now on.

    Raises:
        JournalFileError: the file cannot be read or written.
    """
    path = beside(journal)
    keeper = PendingFile(path, soon=lambda write: asyncio.get_running_loop().call_soon(write))
    try:
        left = read_left(path, behaviours)
        keeper.begin(left.open(), left.totals, left.calls)
    except BlockingIOError as error:
        raise JournalFileError(f"journal {journal}: another simulator writes it; choose another --journal") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JournalFileError(f"{path}: {error}; it belongs to the journal: fix or remove it") from error
    clock.begin_at(left.latest_s)
    state = daraja.state
    _take_over(daraja, left)
    if left.unknown:
        log.warning("payments are resumed without their scenarios, which are not loaded: %s",
                    ", ".join(sorted(left.unknown)))  # fmt: skip
    state.keeper = keeper
    return keeper, Resumed(len(left.transactions), len(left.open()))


def _take_over(daraja: Dispatcher, left: Left) -> None:
    """Remember all transactions; then post what was paid, and make the calls again, in the order of their times."""
    state = daraja.state
    counts = state.counts
    counts.accepted_before = left.totals["accepted"]
    counts.forgotten = left.totals["forgotten"]
    counts.endings.update((Ending(name), number) for name, number in left.totals["ended"].items())
    for transaction, owed in left.transactions.values():
        _plan(state, transaction, owed)
    paid = [row for row, _ in left.transactions.values() if row.status is Status.PAID]
    events: list[tuple[float, Callable[[], object]]] = [(row.completed_s, partial(_settle, state, row)) for row in paid]
    events += [(row[1], partial(_call_again, daraja, row)) for row in left.calls]
    for _, happen in sorted(events, key=itemgetter(0)):
        happen()


def _settle(state: DarajaState, transaction: Transaction) -> None:
    lifecycle = state.lifecycles[transaction.kind]
    lifecycle.settle(state, transaction)
    for further in lifecycle.also:
        further.plan(state, transaction, transaction.completed_s)  # it notes the payment; what it says was sent before


def _call_again(daraja: Dispatcher, row: list[Any]) -> None:
    """Make one call again. One that is refused now (its switches have changed) is passed over."""
    path, at_s, headers, body = row
    raw = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    exchange = JournalExchange(ExchangeKind.REQUEST, "", "POST", path, raw, body.encode("latin-1"), at_s, at_s)
    daraja.call_again(path, exchange)


def _plan(state: DarajaState, transaction: Transaction, owed: Owed) -> None:
    lifecycle = state.lifecycles[transaction.kind]
    state.transactions.add(transaction)
    if not transaction.step:
        lifecycle.opened(state, transaction)
    if transaction.next_due_s:
        state.schedule.add(transaction.next_due_s, transaction)
    for delivery in owed.values():
        delivery.note = f"{delivery.note}; {RESUMED}" if delivery.note else RESUMED
        if delivery.overtaken_gap_s is not None:
            state.waiting_callbacks.let_overtake(delivery)
        else:
            state.schedule.add(delivery.due_s, delivery)
