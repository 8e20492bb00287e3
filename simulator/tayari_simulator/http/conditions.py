"""The conditions of `POST /v1/wait`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from tayari_simulator.core.behaviour import Call
from tayari_simulator.core.daraja import Daraja
from tayari_simulator.core.exchange import Exchange, Kind
from tayari_simulator.core.payments import Payment
from tayari_simulator.journal.memory import Journal, Question
from tayari_simulator.journal.waiting import Waiting

ENTRIES: Final[Mapping[str, tuple[Kind, Call]]] = MappingProxyType({
    "push_seen": (Kind.REQUEST, Call.STK_PUSH),
    "query_seen": (Kind.REQUEST, Call.STK_QUERY),
    "oauth_seen": (Kind.REQUEST, Call.OAUTH),
    "callback_answered": (Kind.CALLBACK, Call.CALLBACK),
})  # fmt: skip
CONDITIONS: Final = (*ENTRIES, "result_due", "idle")


class Conditions:
    """Waits for what is asked. A time-out is an answer: not met."""

    def __init__(self, daraja: Daraja, journal: Journal, waiting: Waiting, in_flight: Callable[[], int]) -> None:
        self._daraja = daraja
        self._journal = journal
        self._waiting = waiting
        self._in_flight = in_flight

    async def wait(
        self, condition: str, where: Question, *, count: int, timeout_s: float
    ) -> tuple[bool, list[Exchange]]:
        """Whether it was met in time, and the entries that meet it.

        Raises:
            ValueError: no such condition.
        """
        if condition in ENTRIES:
            kind, endpoint = ENTRIES[condition]
            where = replace(where, kind=kind, endpoint=endpoint)
            if condition == "oauth_seen":
                where = replace(where, msisdn=None, checkout_request_id=None)
            return await self._waiting.for_entries(where, count, timeout_s)
        if condition == "result_due":
            return await self._waiting.for_condition(lambda: self._results(where, count), timeout_s)
        if condition == "idle":
            return await self._waiting.for_condition(lambda: self._idle(where), timeout_s)
        raise ValueError(f"condition {condition!r} does not exist; expected one of {', '.join(CONDITIONS)}")

    def _results(self, where: Question, count: int) -> list[Exchange] | None:
        """The pushes of at least `count` payments whose outcome has become true."""
        done = [row for row in self._payments(where) if row.result_code is not None and row.seq >= where.since]
        if len(done) < count:
            return None
        numbers = {row.seq for row in done}
        pushes = Question(msisdn=where.msisdn, endpoint=Call.STK_PUSH, since=min(numbers))
        return [entry for entry in self._journal.find(pushes) if entry.seq in numbers]

    def _idle(self, where: Question) -> list[Exchange] | None:
        if where.msisdn is None and where.checkout_request_id is None:
            busy = bool(len(self._daraja.world.agenda)) or self._in_flight() > 0
        else:
            busy = any(payment.pending for payment in self._payments(where))
        return None if busy else []

    def _payments(self, where: Question) -> list[Payment]:
        payments = self._daraja.world.payments
        if where.checkout_request_id is not None:
            found = payments.find(where.checkout_request_id)
            return [] if found is None else [found]
        return list(payments.of(where.msisdn) if where.msisdn is not None else payments.all())
