"""What customers pay to the pay bill by themselves (C2B): kept once by receipt, credited to an account or parked."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from callbacks import Unreadable
from records import Payment, State
from store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, due INTEGER, opened_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deposits (
  receipt TEXT PRIMARY KEY,
  amount TEXT NOT NULL,
  typed TEXT NOT NULL,
  account TEXT REFERENCES accounts (number),
  payment_id TEXT,
  received_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS deposits_of ON deposits (account);
"""
UNKNOWN_ACCOUNT = "C2B00012"
WRONG_AMOUNT = "C2B00013"
GOOD = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """One payment, as a confirmation, a validation or a pulled row has it."""

    receipt: str
    amount: Decimal
    typed: str
    """The account as the customer typed it."""
    short_code: str = ""


class DepositReader:
    """Reads Safaricom's message about a customer's payment. Names and number are not read: they identify nobody."""

    def message(self, body: object) -> Deposit:
        """Read a validation or a confirmation.

        Raises:
            Unreadable: it is none.
        """
        if not isinstance(body, dict):
            raise Unreadable("not a JSON object")
        return self.deposit(body, receipt="TransID", amount="TransAmount", typed="BillRefNumber")

    def pulled(self, row: object) -> Deposit:
        """Read one row of pull transactions.

        Raises:
            Unreadable: it is none.
        """
        if not isinstance(row, dict):
            raise Unreadable("a row that is not a JSON object")
        return self.deposit(row, receipt="transactionId", amount="amount", typed="billreference")

    def deposit(self, fields: Mapping[str, object], *, receipt: str, amount: str, typed: str) -> Deposit:
        number = str(fields.get(receipt) or "").strip()
        if not number:
            raise Unreadable(f"no {receipt}")
        return Deposit(
            receipt=number,
            amount=self.amount(str(fields.get(amount) or "")),
            typed=str(fields.get(typed) or ""),
            short_code=str(fields.get("BusinessShortCode") or ""),
        )

    def amount(self, text: str) -> Decimal:
        """`500`, `500.00`, `1,000.00`: decimal text, never a float."""
        try:
            amount = Decimal(text.replace(",", "").strip())
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount <= 0:
            raise Unreadable(f"an amount that is no number: {text[:20]!r}")
        return amount


class Deposits:
    """The accounts and what was paid into them. A receipt stands here once: it is the primary key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.db = store.connection
        self.db.executescript(SCHEMA)

    def open(self, due: int | None) -> str:
        """A new account. `due`: what its owner is to pay; None: any amount."""
        number = "D" + secrets.token_hex(4).upper()
        self.db.execute("INSERT INTO accounts VALUES (?, ?, ?)", (number, due, time.time()))
        return number

    def find(self, typed: str) -> sqlite3.Row | None:
        """The account that a customer means: case, blanks and dashes do not matter."""
        number = re.sub(r"[^A-Z0-9]", "", typed.upper())
        row: sqlite3.Row | None = self.db.execute("SELECT * FROM accounts WHERE number = ?", (number,)).fetchone()
        return row

    def verdict(self, deposit: Deposit) -> str:
        """The answer to a validation: may this payment be made?"""
        account = self.find(deposit.typed)
        if account is None:
            return UNKNOWN_ACCOUNT
        if account["due"] is not None and deposit.amount != account["due"]:
            return WRONG_AMOUNT
        return GOOD

    def take(self, deposit: Deposit) -> Payment | None:
        """Keep a payment that was made, once; the push that it confirms, where it is one.

        A payment for an account is credited to it, whatever its amount. One that belongs to no account waits for staff.
        """
        push = self.push_of(deposit)
        account = self.find(deposit.typed) if push is None else None
        self.keep(deposit, account["number"] if account is not None else None, push)
        return push

    def keep(self, deposit: Deposit, account: str | None, push: Payment | None) -> None:
        self.db.execute(
            "INSERT INTO deposits VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (deposit.receipt, str(deposit.amount), deposit.typed, account, push.id if push else None, time.time()),
        )

    def push_of(self, deposit: Deposit) -> Payment | None:
        """The payment by prompt that this confirms: M-Pesa reports those here as well. Its own path credits it."""
        return self.store.find("receipt = ? OR claimed_receipt = ?", deposit.receipt, deposit.receipt) or (
            self.store.find(
                "substr(reference, 1, 12) = ? AND amount = ? AND state != ? AND receipt IS NULL",
                deposit.typed, str(deposit.amount), State.FAILED,
            )
            if deposit.typed
            else None
        )  # fmt: skip

    def statement(self, number: str) -> list[dict[str, object]]:
        """What was paid into an account, oldest first."""
        rows = self.db.execute(
            "SELECT receipt, amount, received_at FROM deposits WHERE account = ? ORDER BY rowid", (number,)
        )
        return [dict(row) for row in rows]

    def unallocated(self) -> list[dict[str, object]]:
        """What belongs to no account and to no prompt that was paid: a person decides."""
        rows = self.db.execute(
            "SELECT receipt, amount, typed, received_at FROM deposits WHERE account IS NULL AND NOT EXISTS ("
            " SELECT 1 FROM payments WHERE state != ? AND (payments.receipt = deposits.receipt"
            " OR payments.id = deposits.payment_id)) ORDER BY rowid",
            (State.FAILED,),
        )
        return [dict(row) for row in rows]
