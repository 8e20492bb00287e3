"""What Mshahara knows: a table of payouts, one of alerts to staff. Every change is written before it is acted on."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HELD, QUEUED, SENDING, SENT, PAID, FAILED, REVIEW = "held", "queued", "sending", "sent", "paid", "failed", "review"
FINAL = (PAID, FAILED)

_TABLES = """
CREATE TABLE IF NOT EXISTS payouts (
  id TEXT PRIMARY KEY, reference TEXT UNIQUE NOT NULL, phone TEXT NOT NULL, amount INTEGER NOT NULL,
  originator_id TEXT UNIQUE NOT NULL, state TEXT NOT NULL, receipt TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0,
  sent_at REAL NOT NULL DEFAULT 0, asked_at REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Payout:
    """One salary. Amounts are whole shillings."""

    id: str
    reference: str
    phone: str
    amount: int
    originator_id: str
    state: str
    receipt: str
    note: str
    attempts: int
    next_at: float
    sent_at: float
    asked_at: float


class Books:
    """The tables, behind one lock: a result and a retry never see half of a change."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(_TABLES)

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction of the database."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add(self, reference: str, phone: str, amount: int, *, within: int, first: str = QUEUED) -> Payout:
        """Write a payout in its `first` state, or fail it where all that have not failed would exceed `within`.

        A reference that is known gives the payout that it has.
        """
        with self.changing() as db:
            fits = self.budgeted(FAILED) + amount <= within
            state = first if fits else FAILED
            db.execute(
                "INSERT OR IGNORE INTO payouts (id, reference, phone, amount, originator_id, state)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (uuid.uuid4().hex, reference, phone, amount, f"mshahara-{uuid.uuid4().hex}", state),
            )
            return _payout(db.execute("SELECT * FROM payouts WHERE reference = ?", (reference,)).fetchone())

    def find(self, **where: str) -> Payout | None:
        """The payout with this `id`, `originator_id` or `reference`."""
        ((column, value),) = where.items()
        with self._lock:
            row = self._db.execute(f"SELECT * FROM payouts WHERE {column} = ?", (value,)).fetchone()
        return _payout(row) if row is not None else None

    def change(self, payout: Payout, **values: object) -> None:
        """Write these columns, unless the payout is paid or failed already."""
        columns = ", ".join(f"{name} = ?" for name in values)
        with self.changing() as db:
            db.execute(
                f"UPDATE payouts SET {columns} WHERE id = ? AND state NOT IN ('{PAID}', '{FAILED}')",
                (*values.values(), payout.id),
            )

    def approve(self, payout: Payout) -> None:
        """Queue a payout that waits for its approval; any other stays as it is."""
        with self.changing() as db:
            db.execute("UPDATE payouts SET state = ? WHERE id = ? AND state = ?", (QUEUED, payout.id, HELD))

    def reopen(self, payout: Payout, *, receipt: str, note: str) -> None:
        """A failed payout is in doubt again, and takes its part of the budget."""
        with self.changing() as db:
            db.execute(
                "UPDATE payouts SET state = ?, receipt = ?, note = ? WHERE id = ? AND state = ?",
                (REVIEW, receipt, note, payout.id, FAILED),
            )

    def due(self, now: float) -> list[Payout]:
        """Payouts that wait to be sent, or sent again, oldest first."""
        return self._select("state IN (?, ?) AND next_at <= ? ORDER BY rowid", (QUEUED, SENDING, now))

    def silent(self, before: float) -> list[Payout]:
        """Payouts that were sent, and whose last message or query was before this time."""
        return self._select("state IN (?, ?) AND sent_at < ? AND asked_at < ?", (SENT, REVIEW, before, before))

    def budgeted(self, *states: str) -> int:
        """The shillings of all payouts that are in none of these states."""
        marks = ", ".join("?" * len(states))
        with self._lock:
            found = self._db.execute(
                f"SELECT COALESCE(SUM(amount), 0) FROM payouts WHERE state NOT IN ({marks})", states
            ).fetchone()
        return int(found[0])

    def alert(self, text: str) -> None:
        """Tell staff."""
        with self.changing() as db:
            db.execute("INSERT INTO alerts (text) VALUES (?)", (text,))

    def alerts(self) -> list[str]:
        """The alerts to staff, oldest first."""
        with self._lock:
            return [row["text"] for row in self._db.execute("SELECT text FROM alerts ORDER BY id")]

    def fact(self, name: str) -> str:
        """A remembered text; empty when there is none."""
        with self._lock:
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row is not None else ""

    def remember(self, name: str, value: str) -> None:
        """Remember a text."""
        with self.changing() as db:
            db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def _select(self, where: str, values: tuple[object, ...]) -> list[Payout]:
        with self._lock:
            rows = self._db.execute(f"SELECT * FROM payouts WHERE {where}", values).fetchall()
        return [_payout(row) for row in rows]


def _payout(row: sqlite3.Row) -> Payout:
    return Payout(**{name: row[name] for name in Payout.__dataclass_fields__})
