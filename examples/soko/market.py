"""Soko's orders: books, callbacks, and the clerk that asks about silent payments."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import secrets
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from threading import RLock, Thread
from typing import Any

import requests
import words
from mpesa import Mpesa, Unsent

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, msisdn TEXT NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL,
  message TEXT NOT NULL, checkout TEXT UNIQUE, receipt TEXT UNIQUE, credited INTEGER NOT NULL DEFAULT 0,
  open_name TEXT UNIQUE, began REAL NOT NULL, ask_at REAL NOT NULL, gap REAL NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (checkout TEXT, body TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TRIES = 3
GIVE_UP_S = float(os.environ.get("SOKO_GIVE_UP_S", "60"))
FIRST_GAP_S = float(os.environ.get("SOKO_FIRST_GAP_S", "20"))
log = logging.getLogger("soko")


class Books:
    """The shop's memory; one writer at a time."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._lock = RLock()
        self._db.executescript(SCHEMA)

    def run(self, sql: str, *values: object) -> int:
        """Change rows; how many."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def order(self, column: str, value: str) -> sqlite3.Row | None:
        found = self.rows(f"SELECT * FROM orders WHERE {column} = ?", value)
        return found[0] if found else None

    def fact(self, name: str) -> str:
        """A secret made once, kept for ever."""
        self.run("INSERT OR IGNORE INTO facts VALUES (?, ?)", name, secrets.token_urlsafe(24))
        return str(self.rows("SELECT value FROM facts WHERE name = ?", name)[0]["value"])

    def end(self, order_id: str, state: str, text: str) -> None:
        """Failed, or a person's. Never undoes a payment."""
        self.run(
            "UPDATE orders SET state = ?, message = ?, open_name = NULL WHERE id = ? AND state = 'open'",
            state, text, order_id,
        )  # fmt: skip

    def pay(self, order_id: str, receipt: str | None) -> None:
        """Paid, once. A receipt that paid another order goes to a person."""
        try:
            self.run(
                "UPDATE orders SET state = 'paid', receipt = ?, credited = credited + amount, open_name = name"
                " WHERE id = ? AND state IN ('open', 'failed')",
                receipt, order_id,
            )  # fmt: skip
        except sqlite3.IntegrityError:
            log.error("order %s: its receipt %s, or its name, is paid already", order_id, receipt)
            self.run("UPDATE orders SET state = 'person', message = ? WHERE id = ?", words.PERSON, order_id)


class Shop:
    """Orders, pushes, callbacks, and the clerk."""

    def __init__(self, path: str) -> None:
        self.books, self.mpesa = Books(path), Mpesa()
        self.hook = f"/till/{self.books.fact('hook')}"
        self._clerks = ThreadPoolExecutor(8)
        self._pause_until, self._pause = 0.0, 2.0
        Thread(target=self._clerk, daemon=True).start()

    def buy(self, name: str, phone: str, amount: str) -> tuple[str, str]:
        """The order's id, or what is wrong with what was typed."""
        msisdn = normalised(phone)
        if msisdn is None:
            return "", words.BAD_PHONE
        if not re.fullmatch(r"\s*\d{1,9}(\.0+)?\s*", amount) or float(amount) < 1:
            return "", words.BAD_AMOUNT
        if float(amount) > words.LIMIT:
            return "", words.OVER_LIMIT
        order_id, now = secrets.token_hex(12), time.time()
        made = self.books.run(
            "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, 'open', ?, NULL, NULL, 0, ?, ?, ?, ?)",
            order_id, name, msisdn, int(float(amount)), words.SENDING, name, now, now + FIRST_GAP_S, FIRST_GAP_S,
        )  # fmt: skip
        if made:
            Thread(target=self._push, args=(order_id,), daemon=True).start()
            return order_id, ""
        under_way = self.books.order("open_name", name)
        return (under_way["id"], "") if under_way else ("", "Please try again.")

    def _push(self, order_id: str) -> None:
        order = self.books.order("id", order_id)
        assert order is not None
        reference = re.sub("[^A-Za-z0-9 ]", "", order["name"])[:12] or "Soko"
        fields: dict[str, object] = {
            "TransactionType": "CustomerPayBillOnline", "Amount": order["amount"], "PartyA": order["msisdn"],
            "PartyB": self.mpesa.code, "PhoneNumber": order["msisdn"], "AccountReference": reference,
            "CallBackURL": os.environ["SOKO_URL"].rstrip("/") + self.hook, "TransactionDesc": "Soko order",
        }  # fmt: skip
        meaning, text = "again", words.DOWN
        for tried in range(TRIES):
            if tried:
                time.sleep(0.8 * 2.2**tried * random.uniform(0.7, 1.3))
            meaning, text = self._push_once(order_id, fields)
            if meaning != "again":
                break
        if meaning in ("again", "no"):
            self.books.end(order_id, "failed", text)
        else:
            self.books.run("UPDATE orders SET message = ? WHERE id = ? AND state = 'open'", text, order_id)

    def _push_once(self, order_id: str, fields: dict[str, object]) -> tuple[str, str]:
        try:
            status, body = self.mpesa.call("/mpesa/stkpush/v1/processrequest", fields)
        except Unsent as error:
            log.warning("order %s: %s", order_id, error)
            return "again", words.DOWN
        except requests.RequestException as error:
            log.warning("order %s: %s", order_id, error)
            return "unknown", words.CHECKING
        if status != 200:
            return words.refusal(status, body)
        checkout = body.get("CheckoutRequestID")
        if str(body.get("ResponseCode")) != "0" or not checkout:
            return "no", words.DOWN
        self.books.run("UPDATE orders SET checkout = ? WHERE id = ?", checkout, order_id)
        for early in self.books.rows("SELECT body FROM inbox WHERE checkout = ? ORDER BY at", checkout):
            self.apply(str(checkout), json.loads(early["body"])["Body"]["stkCallback"])
        return "sent", words.PROMPT

    def hear(self, raw: str) -> bool:
        """A callback; False: it cannot be read."""
        try:
            callback = json.loads(raw)["Body"]["stkCallback"]
            checkout, _ = str(callback["CheckoutRequestID"]), callback["ResultCode"]
        except (ValueError, KeyError, TypeError):
            return False
        self.books.run("INSERT INTO inbox VALUES (?, ?, ?)", checkout, raw, time.time())
        self.apply(checkout, callback)
        return True

    def apply(self, checkout: str, callback: dict[str, Any]) -> None:
        """What a callback, kept in the inbox, makes of the order that its id names."""
        order = self.books.order("checkout", checkout)
        if order is None:
            return
        code, items = coded(callback["ResultCode"]), items_of(callback)
        if code != "0":
            if code in words.BY_CODE:
                self.books.end(order["id"], "failed", words.BY_CODE[code])
            else:
                self.books.run("UPDATE orders SET message = ? WHERE id = ?", words.CHECKING, order["id"])
            return
        receipt = str(items.get("MpesaReceiptNumber") or "").strip()
        if not receipt:
            return
        if not same_amount(items.get("Amount"), order["amount"]):
            self.books.end(order["id"], "person", words.PERSON)
        elif order["state"] == "paid" and order["receipt"] is None:
            self.books.run("UPDATE OR IGNORE orders SET receipt = ? WHERE id = ?", receipt, order["id"])
        else:
            self.books.pay(order["id"], receipt)

    def _clerk(self) -> None:
        """Asks about every open order whose time has come; each time the pause doubles."""
        while True:
            time.sleep(0.2)
            now = time.time()
            if now < self._pause_until:
                continue
            for order in self.books.rows("SELECT * FROM orders WHERE state = 'open' AND ask_at <= ?", now):
                gap = order["gap"] * random.uniform(1.7, 2.1)
                last = max(now + FIRST_GAP_S, order["began"] + GIVE_UP_S)  # no promise is broken by a long pause
                ask_at = min(now + gap, last)
                self.books.run("UPDATE orders SET ask_at = ?, gap = ? WHERE id = ?", ask_at, gap, order["id"])
                self._clerks.submit(self._ask, order)

    def _ask(self, order: sqlite3.Row) -> None:
        if order["checkout"]:
            try:
                status, body = self.mpesa.call("/mpesa/stkpushquery/v1/query", {"CheckoutRequestID": order["checkout"]})
            except (Unsent, requests.RequestException):
                status, body = 0, {}
            self._learn(order, status, body)
        if time.time() - order["began"] > GIVE_UP_S:
            self.books.end(order["id"], "person", words.PERSON)

    def _learn(self, order: sqlite3.Row, status: int, body: dict[str, Any]) -> None:
        if status == 429:
            self._pause_until, self._pause = time.time() + self._pause, min(60.0, self._pause * 2)
        if status != 200 or body.get("CheckoutRequestID") != order["checkout"]:
            return
        code = coded(body.get("ResultCode", ""))
        if code == "0":
            self.books.pay(order["id"], None)
        elif code in words.BY_CODE:
            self.books.end(order["id"], "failed", words.BY_CODE[code])
        elif code not in ("", "4999"):  # in flight; any other code that nobody knows is a person's
            self.books.end(order["id"], "person", words.PERSON)


def normalised(phone: str) -> str | None:
    """2547... or 2541..., or None."""
    found = re.fullmatch(r"(?:\+?254|0)?([17]\d{8})", re.sub(r"[\s()-]", "", phone))
    return f"254{found[1]}" if found else None


def coded(value: object) -> str:
    """A result code, whatever its type."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def items_of(callback: dict[str, Any]) -> dict[str, object]:
    """The metadata by name."""
    metadata = callback.get("CallbackMetadata")
    listed = metadata.get("Item") if isinstance(metadata, dict) else None
    rows = listed if isinstance(listed, list) else [listed]
    return {str(row.get("Name")): row.get("Value") for row in rows if isinstance(row, dict)}


def same_amount(paid: object, ordered: int) -> bool:
    """`1`, `1.0` and `"1.00"` are one amount; a callback without one leaves it to what was asked for."""
    try:
        return paid is None or float(str(paid)) == ordered
    except ValueError:
        return False
