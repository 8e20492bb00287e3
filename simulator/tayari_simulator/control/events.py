"""`GET /v1/events`: what happens, as server-sent events. Nothing is done for it while nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from aiohttp import web

from tayari_simulator.control.endpoint import Controlled
from tayari_simulator.scenarios.values import Text
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.transactions import Status, Transaction
from tayari_simulator.strict_reading import AtLeast, AtMost
from tayari_simulator.transport.payment_views import transaction_dict
from tayari_simulator.transport.simulator import Simulator

Json = dict[str, Any]
A_BATCH_S: Final = 0.1
"""Everything that happens within this time goes into one event."""
MOST_IN_A_BATCH: Final = 100
"""How many transactions and entries one event holds; the others are counted as skipped."""
LOOKED_BACK: Final = 1000
"""Among so many entries of the journal the first event looks for refused calls."""
MOST_OPEN: Final = 1000
"""How many open transactions are watched, because they may end without a message."""
SILENT_S: Final = 15.0
"""After this time without an event a comment is sent, so that a closed connection is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsWhere:
    """Query of `GET /v1/events`."""

    msisdn: Text | None = None
    latest: Annotated[int, AtLeast(0), AtMost(1000)] = 200
    """How many transactions that exist already come first, and at most how many refused calls."""


async def events(controlled: Controlled, request: web.Request, where: EventsWhere) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    stream = EventStream(controlled.simulator, where)
    controlled.streams.add(stream)
    try:
        async for batch in stream.batches():
            await response.write(batch)
    except ConnectionResetError:
        pass  # the listener left
    finally:
        controlled.streams.discard(stream)
        stream.end()
    return response


class EventStream:
    """One listener: what was not sent to it yet, in bounded memory."""

    def __init__(self, simulator: Simulator, where: EventsWhere) -> None:
        self._simulator = simulator
        self._where = where
        self._entries: list[JournalExchange] = []
        self._touched: dict[str, None] = {}
        """Ids of transactions that something happened to."""
        self._open: dict[str, Transaction] = {}
        """Those that were sent and have no result yet: a result without a message has no entry."""
        self._skipped = 0
        self._accepted = simulator.daraja.state.counts.accepted
        self._first_seq = simulator.entries.first_seq
        self._wake = asyncio.Event()
        self._ended = False
        simulator.entries.watchers.append(self._seen)
        self._forget = simulator.waiting.listen(self._wake.set)

    def end(self) -> None:
        """Listen no more; the batches end."""
        if not self._ended:
            self._ended = True
            self._simulator.entries.watchers.remove(self._seen)
            self._forget()
            self._wake.set()

    async def batches(self) -> AsyncIterator[bytes]:
        """Events as they are written, the first at once: what there is already."""
        yield self._event(self._latest(), self._latest_refused())
        while not self._ended:
            try:
                await asyncio.wait_for(self._wake.wait(), SILENT_S)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            await asyncio.sleep(A_BATCH_S)
            self._wake.clear()
            batch = self._batch()
            if batch is not None:
                yield batch

    def _latest(self) -> list[Transaction]:
        store, msisdn, number = self._simulator.daraja.state.transactions, self._where.msisdn, self._where.latest
        if msisdn is None:
            return store.latest(number)
        return list(store.of(msisdn)[-number:]) if number else []

    def _latest_refused(self) -> list[JournalExchange]:
        """Calls that led to no transaction because they were refused: a page that is opened later shows them too."""
        refused = [row for row in self._simulator.entries.latest(LOOKED_BACK) if not 0 < row.status < 400]
        found = [row for row in refused if not row.transaction_id and self._where.msisdn in (None, row.msisdn)]
        number = min(self._where.latest, MOST_IN_A_BATCH)
        return found[-number:] if number else []

    def _new(self) -> list[Transaction]:
        """Those that were accepted since the last batch: a customer's own payment has no entry in the journal."""
        state = self._simulator.daraja.state
        number, self._accepted = state.counts.accepted - self._accepted, state.counts.accepted
        rows = state.transactions.latest(number)
        return [row for row in rows if self._where.msisdn in (None, row.msisdn)]

    def _seen(self, entry: JournalExchange) -> None:
        if self._where.msisdn in (None, entry.msisdn):
            if entry.transaction_id:
                self._touched[entry.transaction_id] = None
            if len(self._entries) < MOST_IN_A_BATCH:
                self._entries.append(entry)
            else:
                self._skipped += 1
            self._wake.set()

    def _batch(self) -> bytes | None:
        """What happened since the last one; None: nothing that this listener asked for."""
        entries, self._entries = self._entries, []
        touched, self._touched = [row.id for row in self._new()] + list(self._touched), {}
        for transaction in [row for row in self._open.values() if row.status is not Status.PROMPTED]:
            del self._open[transaction.id]
            touched.append(transaction.id)
        reset = self._first_seq != self._simulator.entries.first_seq
        if not (entries or touched or reset):
            return None
        self._first_seq = self._simulator.entries.first_seq
        find = self._simulator.daraja.state.transactions.find
        rows = {row.id: row for row in map(find, touched) if row is not None}
        shown = list(rows.values())[-MOST_IN_A_BATCH:]
        self._skipped += len(rows) - len(shown)
        return self._event(shown, entries, reset=reset)

    def _event(self, transactions: list[Transaction], entries: list[JournalExchange], *, reset: bool = False) -> bytes:
        if reset:
            self._open.clear()
        for row in transactions:
            if row.status is Status.PROMPTED and len(self._open) < MOST_OPEN:
                self._open[row.id] = row
        skipped, self._skipped = self._skipped, 0
        event = {
            "now_s": self._simulator.now_s(),
            "reset": reset,
            "skipped": skipped,
            "counts": self._counts(),
            "payments": [transaction_dict(row) for row in transactions],
            "entries": [entry_in_short(row) for row in entries],
        }
        return b"event: happened\ndata: " + orjson.dumps(event) + b"\n\n"

    def _counts(self) -> Json:
        """Counts since the start."""
        state, callbacks = self._simulator.daraja.state, self._simulator.callback_sender.counts
        return {
            "accepted": state.counts.accepted,
            "open": len(state.prompts),
            "answered": callbacks.answered,
            "unanswered": callbacks.failed,
            "refused": sum(state.counts.refused.values()),
            "dropped": self._simulator.entries.dropped_ever,
        }


def entry_in_short(entry: JournalExchange) -> Json:
    """An entry of the journal without headers and bodies."""
    return {
        "seq": entry.seq,
        "kind": str(entry.kind),
        "endpoint": entry.endpoint,
        "virtual_at": round(entry.at_s, 6),
        "duration_s": round(entry.duration_s, 6),
        "msisdn": entry.msisdn,
        "checkout_request_id": entry.transaction_id,
        "scenario": entry.scenario,
        "note": entry.note,
        "method": entry.method,
        "url": entry.url,
        "status": entry.status or None,
        "error": entry.error,
    }
