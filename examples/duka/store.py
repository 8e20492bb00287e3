"""What the shop remembers, in one SQLite file. Every promise about money is an index here, not a hope elsewhere."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from records import Order, Payment, State, Topic

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY,
  reference TEXT NOT NULL,
  msisdn TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 1),
  state TEXT NOT NULL,
  topic TEXT NOT NULL,
  result_code TEXT NOT NULL DEFAULT '',
  checkout_request_id TEXT UNIQUE,
  merchant_request_id TEXT,
  receipt TEXT,
  claimed_receipt TEXT,
  claimed_at REAL,
  awaiting INTEGER NOT NULL DEFAULT 1,
  idempotency_key TEXT UNIQUE,
  open_order TEXT UNIQUE,
  created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_awaiting ON payments (awaiting) WHERE awaiting;
CREATE TABLE IF NOT EXISTS credits (
  payment_id TEXT NOT NULL REFERENCES payments (id),
  reference TEXT NOT NULL,
  amount INTEGER NOT NULL,
  receipt TEXT,
  credited_at REAL NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_credit_per_payment ON credits (payment_id);
CREATE UNIQUE INDEX IF NOT EXISTS one_credit_per_order ON credits (reference);
CREATE UNIQUE INDEX IF NOT EXISTS one_credit_per_receipt ON credits (receipt);
CREATE TABLE IF NOT EXISTS messages (
  number INTEGER PRIMARY KEY,
  payment_id TEXT,
  raw TEXT NOT NULL,
  received_at REAL NOT NULL,
  handled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_of ON messages (payment_id);
CREATE TABLE IF NOT EXISTS refunds (payment_id TEXT PRIMARY KEY REFERENCES payments (id), state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
FIELDS = ", ".join(name for name in Payment.__dataclass_fields__)


class Credited(StrEnum):
    """How an attempt to credit ended."""

    NOW = "now"
    BEFORE = "before"
    RECEIPT_USED = "receipt_used"
    ORDER_PAID = "order_paid"


class Store:
    """The shop's memory. Calls take well under a millisecond, so they run in the event loop's own thread."""

    def __init__(self, database: str) -> None:
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a payment that was acknowledged survives a power cut
        self._db.executescript(SCHEMA)

    @property
    def connection(self) -> sqlite3.Connection:
        """The database, for tables that other parts of the shop own."""
        return self._db

    def close(self) -> None:
        self._db.close()

    def fact(self, name: str, first: str) -> str:
        """A value kept for ever, `first` being the first."""
        self._db.execute("INSERT INTO facts VALUES (?, ?) ON CONFLICT DO NOTHING", (name, first))
        return str(self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0])

    def knows(self, name: str) -> bool:
        return self._db.execute("SELECT 1 FROM facts WHERE name = ?", (name,)).fetchone() is not None

    # Payments

    def open(self, order: Order, *, idempotency_key: str | None) -> tuple[Payment, bool]:
        """A new row, or the row that this order or this key has already; and whether it is new.

        An order has one payment until that one has failed: the UNIQUE columns hold against double clicks.
        """
        payment_id = self.new_id()
        made = self._db.execute(
            "INSERT INTO payments (id, reference, msisdn, amount, state, topic, idempotency_key, open_order,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (payment_id, order.reference, order.msisdn, order.amount, State.PENDING, Topic.SENDING,
             idempotency_key, self.open_order(order), time.time()),
        )  # fmt: skip
        if made.rowcount:
            return self._one("id = ?", payment_id), True
        existing = self.find("idempotency_key = ?", idempotency_key)
        return existing or self._one("open_order = ?", self.open_order(order)), False

    def new_id(self) -> str:
        """An identifier that nobody guesses: it is the key to the payment's page."""
        return secrets.token_hex(16)

    def open_order(self, order: Order) -> str:
        """The name under which an order has one open payment."""
        return order.reference

    def get(self, payment_id: str) -> Payment | None:
        return self.find("id = ?", payment_id)

    def awaiting(self) -> Iterable[Payment]:
        """The payments M-Pesa is still to be asked about: the work to take up after a restart."""
        rows = self._db.execute(f"SELECT {FIELDS} FROM payments WHERE awaiting").fetchall()
        return [_payment(row) for row in rows]

    def note_ids(self, payment_id: str, *, checkout_request_id: str, merchant_request_id: str) -> bool:
        """Keep Daraja's names of the payment. False: it, or another payment, has a different claim on them."""
        try:
            done = self._db.execute(
                "UPDATE payments SET checkout_request_id = ?, merchant_request_id = ?"
                " WHERE id = ? AND coalesce(checkout_request_id, ?) = ?",
                (checkout_request_id, merchant_request_id, payment_id, checkout_request_id, checkout_request_id),
            )
        except sqlite3.IntegrityError:
            return False
        return done.rowcount == 1

    def note_topic(self, payment_id: str, topic: Topic, *, result_code: str = "") -> None:
        """Change what a pending payment's customer is told."""
        self._db.execute(
            "UPDATE payments SET topic = ?, result_code = ? WHERE id = ? AND state = ?",
            (topic, result_code, payment_id, State.PENDING),
        )

    def claim(self, payment_id: str, receipt: str | None) -> None:
        """A callback says it is paid: remember what it says, and ask M-Pesa."""
        self._db.execute(
            "UPDATE payments SET claimed_receipt = ?, claimed_at = ?, awaiting = 1 WHERE id = ? AND state != ?",
            (receipt, time.time(), payment_id, State.PAID),
        )

    def fail(self, payment_id: str, topic: Topic, *, result_code: str = "") -> bool:
        """End a pending payment that nobody claims is paid. Frees the order for another try."""
        done = self._db.execute(
            "UPDATE payments SET state = ?, topic = ?, result_code = ?, awaiting = 0, open_order = NULL"
            " WHERE id = ? AND state = ? AND claimed_at IS NULL",
            (State.FAILED, topic, result_code, payment_id, State.PENDING),
        )
        return done.rowcount == 1

    def review(self, payment_id: str, topic: Topic) -> None:
        """Hand over to a person. A paid payment stays paid."""
        self._db.execute(
            "UPDATE payments SET state = ?, topic = ?, awaiting = 0 WHERE id = ? AND state != ?",
            (State.REVIEW, topic, payment_id, State.PAID),
        )

    # Money

    def credit(self, payment: Payment, receipt: str | None) -> Credited:
        """Mark paid and credit, once and together, or do neither."""
        try:
            with self._transaction():
                if not self.mark_paid(payment, receipt):
                    return Credited.BEFORE
                self._db.execute(
                    "INSERT INTO credits VALUES (?, ?, ?, ?, ?)",
                    (payment.id, payment.reference, payment.amount, receipt, time.time()),
                )
        except sqlite3.IntegrityError as error:
            return Credited.RECEIPT_USED if "receipt" in str(error) else Credited.ORDER_PAID
        return Credited.NOW

    def mark_paid(self, payment: Payment, receipt: str | None) -> bool:
        """False: it was paid before."""
        done = self._db.execute(
            "UPDATE payments SET state = ?, topic = ?, result_code = '0', receipt = ?, awaiting = 0"
            " WHERE id = ? AND state != ?",
            (State.PAID, Topic.PAID, receipt, payment.id, State.PAID),
        )
        return done.rowcount == 1

    def add_receipt(self, payment: Payment, receipt: str) -> bool:
        """Complete a payment that a query settled before its callback came. False: another payment has that receipt."""
        try:
            with self._transaction():
                self._db.execute("UPDATE payments SET receipt = ? WHERE id = ?", (receipt, payment.id))
                self._db.execute("UPDATE credits SET receipt = ? WHERE payment_id = ?", (receipt, payment.id))
        except sqlite3.IntegrityError:
            return False
        return True

    def credits(self, reference: str) -> list[dict[str, object]]:
        """Oldest first."""
        rows = self._db.execute(
            "SELECT payment_id, amount, receipt, credited_at FROM credits WHERE reference = ? ORDER BY rowid",
            (reference,),
        )
        return [dict(row) for row in rows]

    def credited(self, payment_id: str) -> int:
        """Shillings credited for one payment."""
        row = self._db.execute("SELECT sum(amount) FROM credits WHERE payment_id = ?", (payment_id,)).fetchone()
        return int(row[0] or 0)

    # Refunds

    def open_refund(self, payment_id: str, state: str) -> bool:
        """Begin the refund of a payment. False: it has one."""
        made = self._db.execute("INSERT INTO refunds VALUES (?, ?) ON CONFLICT DO NOTHING", (payment_id, state))
        return made.rowcount == 1

    def refund(self, payment_id: str) -> str | None:
        """How the refund of a payment stands; None: nobody asked for one."""
        row = self._db.execute("SELECT state FROM refunds WHERE payment_id = ?", (payment_id,)).fetchone()
        return str(row[0]) if row else None

    def end_refund(self, payment_id: str, state: str) -> None:
        """What became of a refund. Money that is back stays back."""
        self._db.execute(
            "UPDATE refunds SET state = ? WHERE payment_id = ? AND state != 'REFUNDED'", (state, payment_id)
        )

    # Messages, kept as they came

    def keep_message(self, payment_id: str | None, raw: str) -> int:
        """Store before anything is made of it; returns its number."""
        kept = self._db.execute(
            "INSERT INTO messages (payment_id, raw, received_at) VALUES (?, ?, ?)", (payment_id, raw, time.time())
        )
        return int(kept.lastrowid or 0)

    def message_handled(self, number: int) -> None:
        self._db.execute("UPDATE messages SET handled = 1 WHERE number = ?", (number,))

    def unhandled_messages(self) -> list[tuple[int, str, str]]:
        """Number, payment and text of what was stored but not worked on when the process ended."""
        rows = self._db.execute(
            "SELECT number, payment_id, raw FROM messages WHERE NOT handled AND payment_id IS NOT NULL ORDER BY number"
        )
        return [tuple(row) for row in rows]

    def messages(self, payment_id: str) -> list[str]:
        rows = self._db.execute("SELECT raw FROM messages WHERE payment_id = ? ORDER BY number", (payment_id,))
        return [row[0] for row in rows]

    def find(self, where: str, *values: object) -> Payment | None:
        """The newest payment for which `where` holds."""
        row = self._db.execute(
            f"SELECT {FIELDS} FROM payments WHERE {where} ORDER BY created_at DESC LIMIT 1", values
        ).fetchone()
        return _payment(row) if row else None

    def _one(self, where: str, *values: object) -> Payment:
        payment = self.find(where, *values)
        if payment is None:
            raise LookupError(f"no payment where {where}")
        return payment

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _payment(row: sqlite3.Row) -> Payment:
    fields = dict(row)
    fields.update(state=State(row["state"]), topic=Topic(row["topic"]), awaiting=bool(row["awaiting"]))
    return Payment(**fields)
