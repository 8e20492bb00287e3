"""Planned results and callbacks, in a file. Each is written before any answer about it, so that a restart can send it.

Beside the journal, `FILE-pending`: one JSON line for each step of a payment, handed to the system before the step is
answered; only the note that a callback is done is written a moment later. That survives every end of the process; it
does not survive a power failure. When the file has grown, it becomes `FILE-pending-before` and a new one begins with
what is still pending.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import orjson

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.transactions import Transaction

if sys.platform != "win32":
    import fcntl

MOST_CALL_BYTES: Final = 16 * 1024 * 1024
"""Of calls that are made again after a restart: beyond this, the oldest are given up."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Beyond this, the next file begins."""

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND

log = logging.getLogger(__name__)

FACTS: Final = (
    "id", "request_id", "kind", "msisdn", "amount", "short_code", "party_b", "reference", "url", "created_s", "due_s",
    "command", "timeout_url", "details", "seq", "forced",
)  # fmt: skip
"""The fields of a transaction that are known when it is accepted."""
CHANGES: Final = (
    "id", "status", "result_code", "result_desc", "receipt", "completed_s", "step", "next_due_s", "ending", "forced",
    "details",
)  # fmt: skip
"""The fields that a result changes, and the id."""

_facts: Final = attrgetter(*FACTS)
_changes: Final = attrgetter(*CHANGES)

Soon = Callable[[Callable[[], None]], object]

Owed = dict[int, Delivery]
"""Deliveries that are not done yet, by their number."""


class PendingFile:
    """Implements `daraja_state.Keeper`. One process writes; `journal.resume` reads."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES, soon: Soon = lambda write: write()) -> None:
        """Nothing is opened before `begin`: first is read what an earlier process left.

        `soon` lets something happen in a moment: several steps that nobody waits for are then written in one go.
        """
        self._path = path
        self._soon = soon
        self._unwritten: list[bytes] = []
        self._most_bytes = most_bytes
        self._file = -1
        self._closed = True
        self._bytes = 0
        self._number = 0
        self._open: dict[str, tuple[Transaction, Owed]] = {}
        """Payments with something to come, by id."""
        self._calls: deque[list[Any]] = deque()
        self._call_bytes = 0
        self._ended: dict[str, int] = {}
        self._accepted = 0
        self._forgotten = 0
        self._is_torn = False
        """The disk took a part of the last line."""
        self.lost = 0
        """Lines that could not be written."""

    def begin(
        self, rows: Iterable[tuple[Transaction, Owed]], totals: dict[str, Any], calls: Iterable[list[Any]] = ()
    ) -> None:
        """Go on where the last process ended: with what it left open, and its totals.

        Raises:
            BlockingIOError: another process keeps it.
            OSError: the file cannot be written.
        """
        self._open = {transaction.id: (transaction, owed) for transaction, owed in rows}
        for call in calls:
            self._keep_call(call)
        self._number = totals["number"]
        self._accepted, self._forgotten, self._ended = totals["accepted"], totals["forgotten"], dict(totals["ended"])
        self._open_file()
        self._closed = False
        self._bytes = os.fstat(self._file).st_size
        os.write(self._file, b"\n")
        if self._bytes > self._most_bytes:
            self._turn()

    def accepted(self, transaction: Transaction) -> None:
        """One line with all of the payment."""
        self._accepted += 1
        self._open[transaction.id] = (transaction, {})
        self._write(["payment", transaction_row(transaction)])

    def resulted(self, transaction: Transaction, deliveries: tuple[Delivery, ...]) -> None:
        """One line with what has changed, and the callbacks that came of it."""
        for delivery in deliveries:
            self._number += 1
            delivery.number = self._number
        opened = self._open.get(transaction.id)
        if opened is not None:
            opened[1].update((delivery.number, delivery) for delivery in deliveries)
        self._write(["result", result_row(transaction), [delivery_row(delivery) for delivery in deliveries]])
        self._close_if_finished(transaction)

    def planned(self, transaction: Transaction, delivery: Delivery) -> None:
        """One line with the callback."""
        self._number += 1
        delivery.number = self._number
        opened = self._open.get(transaction.id)
        if opened is not None:
            opened[1][delivery.number] = delivery
        self._write(["planned", transaction.id, delivery_row(delivery)])

    def done(self, transaction: Transaction, delivery: Delivery) -> None:
        """One short line."""
        opened = self._open.get(transaction.id)
        if opened is not None:
            opened[1].pop(delivery.number, None)
        row = ["done", transaction.id, delivery.number, transaction.ending or ""]
        self._take(row)
        if len(self._unwritten) == 1:
            self._soon(self._write_unwritten)
        self._close_if_finished(transaction)

    def called(self, path: str, exchange: JournalExchange) -> None:
        """One line with the call as it came in."""
        row = call_row(path, exchange)
        self._keep_call(row)
        self._write(["call", row])

    def forgot(self) -> None:
        """One line; nothing before it counts as pending."""
        self._forgotten += len(self._open)
        self._open.clear()
        self._calls.clear()
        self._call_bytes = 0
        self._write(["forgot"])

    def close(self) -> None:
        """Write no more."""
        self._write_unwritten()
        self._closed = True
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _keep_call(self, row: list[Any]) -> None:
        self._calls.append(row)
        self._call_bytes += len(row[-1])
        while self._call_bytes > MOST_CALL_BYTES:
            self._call_bytes -= len(self._calls.popleft()[-1])

    def _close_if_finished(self, transaction: Transaction) -> None:
        if not transaction.pending and self._open.pop(transaction.id, None) is not None:
            ending = str(transaction.ending)
            self._ended[ending] = self._ended.get(ending, 0) + 1
        if self._bytes > self._most_bytes:
            self._turn()

    def _write(self, row: list[Any]) -> None:
        self._take(row)
        self._write_unwritten()

    def _take(self, row: list[Any]) -> None:
        try:
            self._unwritten.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        except TypeError as error:
            self._lose(1, error)

    def _write_unwritten(self) -> None:
        lines, self._unwritten = self._unwritten, []
        if not lines or self._closed:
            return
        text = b"\n" * self._is_torn + b"".join(lines)  # else the next line would be lost with the torn one
        self._bytes += len(text)
        try:
            self._is_torn = os.write(self._file, text) < len(text)
            if self._is_torn:
                raise OSError("the disk took a part of a line")
        except OSError as error:
            self._lose(len(lines), error)

    def _lose(self, lines: int, error: Exception) -> None:
        if not self.lost:
            log.error("%s: %s; pending callbacks will not survive a restart", self._path, error)
        self.lost += lines

    def _open_file(self) -> None:
        """Open the file for this process alone, as long as it lives."""
        self._file = os.open(self._path, _FLAGS, 0o600)
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _turn(self) -> None:
        """Keep the file as the one before, and begin the next with what is pending now."""
        self._write_unwritten()
        if self._file >= 0:  # else it could not be opened the last time
            os.close(self._file)
        self._file, self._bytes, self._is_torn = -1, 0, False
        try:
            if self._path.exists():
                self._path.replace(before(self._path))
            self._open_file()
        except OSError as error:
            self._lose(len(self._open), error)
            return
        totals = {"accepted": self._accepted, "forgotten": self._forgotten, "ended": self._ended,
                  "number": self._number}  # fmt: skip
        self._write(["totals", totals])
        for row in self._calls:
            self._write(["call", row])
        for transaction, owed in self._open.values():
            self._write(["kept", transaction_row(transaction)])
            self._write(["result", result_row(transaction), [delivery_row(delivery) for delivery in owed.values()]])


def beside(journal: str) -> Path:
    """The file that belongs to a journal."""
    return Path(f"{journal}-pending")


def before(path: Path) -> Path:
    """Where the file goes when the next one begins."""
    return path.with_name(f"{path.name}-before")


def call_row(path: str, exchange: JournalExchange) -> list[Any]:
    """A call as it came in: path, time, headers but for the token, body."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in exchange.request_headers
        if name.lower() != b"authorization"
    ]
    return [path, exchange.at_s, headers, exchange.request_body.decode("latin-1")]


def transaction_row(transaction: Transaction) -> tuple[Any, ...]:
    """What does not change after the acknowledgement: the scenario's name, then `FACTS`."""
    return (transaction.play.behaviour.name if transaction.play is not None else "", *_facts(transaction))


def result_row(transaction: Transaction) -> tuple[Any, ...]:
    """What a result changes: `CHANGES`."""
    changed: tuple[Any, ...] = _changes(transaction)
    return changed


def delivery_row(delivery: Delivery) -> list[Any]:
    """All of a delivery but its payment."""
    return [
        delivery.number, delivery.due_s, delivery.url, delivery.body.decode("latin-1"), delivery.method,
        delivery.content_type, delivery.headers, delivery.note, delivery.forged_from, delivery.overtaken_gap_s,
        delivery.timeout_s, delivery.precedes, delivery.attempts_left,
    ]  # fmt: skip
