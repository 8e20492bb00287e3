"""The payments in a SQLite file."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from typing import Any

from mpesa import Row

_TABLE = """
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, reference TEXT NOT NULL, msisdn TEXT NOT NULL, amount INTEGER NOT NULL, secret TEXT UNIQUE,
  state TEXT NOT NULL DEFAULT 'PENDING', message TEXT NOT NULL, checkout_request_id TEXT NOT NULL DEFAULT '',
  receipt TEXT NOT NULL DEFAULT '', credited INTEGER NOT NULL DEFAULT 0, began REAL NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_open ON payments (reference) WHERE state IN ('PENDING', 'PAID');
"""


class SqliteStore:
    """One writer at a time."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._db.executescript(_TABLE)

    def open(self, reference: str, fields: Row) -> tuple[Row, bool]:
        row = {"id": secrets.token_hex(8), "reference": reference, **fields}
        names, places = ", ".join(row), ", ".join("?" * len(row))
        with self._lock:
            made = self._db.execute(f"INSERT OR IGNORE INTO payments ({names}) VALUES ({places})", list(row.values()))
            found = self._db.execute(
                "SELECT * FROM payments WHERE reference = ? AND state IN ('PENDING', 'PAID')", [reference]
            ).fetchone()
        return dict(found), made.rowcount == 1

    def by(self, name: str, value: str) -> Row | None:
        with self._lock:
            found = self._db.execute(f"SELECT * FROM payments WHERE {name} = ?", [value]).fetchone()
        return dict(found) if found else None

    def pending(self, before: float) -> list[Row]:
        with self._lock:
            rows = self._db.execute("SELECT * FROM payments WHERE state = 'PENDING' AND began < ?", [before])
            return [dict(row) for row in rows]

    def change(self, payment_id: str, states: tuple[str, ...], **fields: Any) -> bool:
        sets = ", ".join(f"{name} = ?" for name in fields)
        among = ", ".join("?" * len(states))
        with self._lock:
            sql = f"UPDATE payments SET {sets} WHERE id = ? AND state IN ({among})"
            return self._db.execute(sql, [*fields.values(), payment_id, *states]).rowcount == 1
