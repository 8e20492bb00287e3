"""Waits for the conditions of `POST /v1/wait`, without polling: each change wakes the waiting calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.apis.registry import CALLS
from tayari_simulator.journal.entries import Question
from tayari_simulator.journal.memory import Journal
from tayari_simulator.state.behaviour import Call
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.transactions import Transaction

Met = Callable[[], "list[JournalExchange] | None"]
"""The entries that meet a condition now; None: it is not met."""
ENTRIES: Final[Mapping[str, tuple[ExchangeKind, str]]] = MappingProxyType({
    "push_seen": (ExchangeKind.REQUEST, Call.STK_PUSH),
    "query_seen": (ExchangeKind.REQUEST, Call.STK_QUERY),
    "callback_answered": (ExchangeKind.CALLBACK, Call.CALLBACK),
    **{f"{call}_seen": (ExchangeKind.REQUEST, call) for call in CALLS},
})  # fmt: skip
"""Conditions that an entry of the journal fulfils: `NAME_seen` for each row of the table of APIs, and older names."""
CONDITIONS: Final = (*ENTRIES, "result_due", "idle")


class Waiting:
    """The waiting calls. They get entries as these are written; other conditions are checked again at each change."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._questions: dict[asyncio.Future[None], tuple[Question, list[JournalExchange], int]] = {}
        self._conditions: dict[asyncio.Future[None], Met] = {}
        self.watchers: list[Callable[[], None]] = []
        """Called when something has happened that is not an entry; empty while nobody waits for such a thing."""

    async def for_entries(self, question: Question, count: int, timeout_s: float) -> tuple[bool, list[JournalExchange]]:
        """Wait until `count` entries match, those that are there already included."""
        if question.msisdn is not None or question.transaction_id is not None:
            await self._journal.index_in_turns()
        found = self._journal.find(question)
        if len(found) >= count:
            return True, found
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._questions[done] = (question, found, count)
        if len(self._questions) == 1:
            self._journal.watchers.append(self._seen)
        try:
            met = await _within(done, timeout_s)
        finally:
            del self._questions[done]
            if not self._questions:
                self._journal.watchers.remove(self._seen)
        return met, found

    async def for_condition(self, met: Met, timeout_s: float) -> tuple[bool, list[JournalExchange]]:
        """Wait until `met` gives entries; it is asked whenever the watchers are called."""
        found = met()
        if found is None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._conditions[done] = met
            if len(self._conditions) == 1:
                self.watchers.append(self._changed)
            try:
                await _within(done, timeout_s)
            finally:
                del self._conditions[done]
                if not self._conditions:
                    self.watchers.remove(self._changed)
            found = met()
        return found is not None, found or []

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` at each change until the returned function is called."""
        self.watchers.append(changed)
        return lambda: self.watchers.remove(changed)

    def _changed(self) -> None:
        """Something happened that is not an entry: ask every condition again."""
        for done, met in self._conditions.items():
            if not done.done() and met() is not None:
                done.set_result(None)

    def _seen(self, entry: JournalExchange) -> None:
        for done, (question, found, count) in self._questions.items():
            if question.matches(entry):
                found.append(entry)
                if len(found) >= count and not done.done():
                    done.set_result(None)


async def _within(done: asyncio.Future[None], timeout_s: float) -> bool:
    finished, _ = await asyncio.wait((done,), timeout=timeout_s)
    return bool(finished)


class WaitConditions:
    """Waits for what is asked. A time-out is an answer: not met."""

    def __init__(self, daraja: Dispatcher, journal: Journal, waiting: Waiting, in_flight: Callable[[], int]) -> None:
        self._daraja = daraja
        self._journal = journal
        self._waiting = waiting
        self._in_flight = in_flight

    async def wait(
        self, condition: str, where: Question, *, count: int, timeout_s: float
    ) -> tuple[bool, list[JournalExchange]]:
        """Whether it was met in time, and the entries that meet it.

        Raises:
            ValueError: no such condition.
        """
        if condition in ENTRIES:
            kind, endpoint = ENTRIES[condition]
            where = replace(where, kind=kind, endpoint=endpoint)
            if condition == "oauth_seen":
                where = replace(where, msisdn=None, transaction_id=None)
            return await self._waiting.for_entries(where, count, timeout_s)
        if condition == "result_due":
            return await self._waiting.for_condition(lambda: self._results(where, count), timeout_s)
        if condition == "idle":
            return await self._waiting.for_condition(lambda: self._idle(where), timeout_s)
        raise ValueError(f"condition {condition!r} does not exist; expected one of {', '.join(CONDITIONS)}")

    def _results(self, where: Question, count: int) -> list[JournalExchange] | None:
        """The calls of at least `count` transactions whose outcome has become true."""
        done = [row for row in self._transactions(where) if row.result_code is not None and row.seq >= where.since]
        if len(done) < count:
            return None
        numbers = {row.seq for row in done}
        calls = Question(msisdn=where.msisdn, kind=ExchangeKind.REQUEST, since=min(numbers))
        return [entry for entry in self._journal.find(calls) if entry.seq in numbers]

    def _idle(self, where: Question) -> list[JournalExchange] | None:
        if where.msisdn is None and where.transaction_id is None:
            busy = bool(len(self._daraja.state.schedule)) or self._in_flight() > 0
        else:
            busy = any(transaction.pending for transaction in self._transactions(where))
        return None if busy else []

    def _transactions(self, where: Question) -> list[Transaction]:
        transactions = self._daraja.state.transactions
        if where.transaction_id is not None:
            found = transactions.find(where.transaction_id)
            return [] if found is None else [found]
        return list(transactions.of(where.msisdn) if where.msisdn is not None else transactions.all())
