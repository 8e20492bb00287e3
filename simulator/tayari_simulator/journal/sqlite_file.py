"""The journal in a SQLite file: written by a thread of its own in batches, and searched by payment, phone or reference.

No request waits for the disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tayari_simulator.journal.entries import Question, account_reference, headers
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.raw_headers import LongHeaders, RawHeaders

BATCH: Final = 500
EVERY_S: Final = 0.02
"""A kill costs the entries that wait: the shorter, the fewer; a batch costs next to nothing by itself."""
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, kind TEXT, endpoint TEXT, at REAL, virtual_at REAL, due REAL, duration_s REAL, msisdn TEXT,
  checkout_request_id TEXT, scenario TEXT, note TEXT, remote TEXT, method TEXT, url TEXT, request_headers TEXT,
  request_body BLOB, status INTEGER, response_headers TEXT, response_body BLOB, error TEXT,
  account_reference TEXT NOT NULL DEFAULT '')
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS entries_{0} ON entries ({0}) WHERE {0} != ''"
INDEXED: Final = ("msisdn", "checkout_request_id", "account_reference")
"""What entries are searched by; entries without it cost nothing."""
_INSERT: Final = f"INSERT INTO entries VALUES ({', '.join('?' * 21)})"
_COLUMNS: Final = (
    "kind, endpoint, method, url, request_headers, request_body, virtual_at, at, seq, duration_s, msisdn, "
    "checkout_request_id, scenario, note, remote, status, response_headers, response_body, error, due"
)
_IDS: Final = "SELECT checkout_request_id FROM entries WHERE account_reference = ? AND account_reference != ''"


class JournalFileError(Exception):
    """The file cannot be written; the message is one line."""


class JournalFile:
    """Keeps every entry in one table, `entries`. Give it entries from one thread; `close` writes what is left."""

    def __init__(self, path: str, failed: Callable[[str], None] = lambda _: None) -> None:
        """Open or create the file, which only its owner may read: it holds credentials and phone numbers.

        `failed` is called with a name, from the writing thread, while an exception is being handled.

        Raises:
            JournalFileError: it cannot be opened as a database.
        """
        self._failed = failed
        try:
            _make_private(path)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)
            for column in INDEXED:
                self._connection.execute(_INDEX.format(column))
        except (OSError, ValueError, sqlite3.Error) as error:
            raise JournalFileError(
                f"journal file {path}: {error}; name a file in a folder that can be written"
            ) from error
        self.path = path
        self.last_seq: int = self._connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()[0]
        """The number of the last entry that was there already."""
        self._waiting: deque[JournalExchange] = deque()
        self.lost = 0
        """Entries that could not be written."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-file", daemon=True)
        self._thread.start()

    def add(self, entry: JournalExchange) -> None:
        """Take an entry; it is written within a moment."""
        self._waiting.append(entry)

    @property
    def behind(self) -> int:
        """How many entries wait to be written."""
        return len(self._waiting)

    def close(self) -> None:
        """Write what is left and close the file."""
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        """Write until `close`. The thread continues after any error: the next entries may be written again."""
        stopping = False
        while not stopping:
            stopping = self._stop.wait(EVERY_S)
            while self._waiting:
                self._write([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])

    def _write(self, entries: list[JournalExchange]) -> None:
        """Write a batch; when that fails for one of its entries, write each of them by itself."""
        try:
            self._insert([_row(entry) for entry in entries])
        except sqlite3.Error as error:
            if _is_of_one_entry(error):
                self._write_singly(entries)
            else:
                self._lose(len(entries))
        except Exception:  # noqa: BLE001 - the thread must go on
            self._write_singly(entries)

    def _write_singly(self, entries: list[JournalExchange]) -> None:
        for entry in entries:
            try:
                self._insert([tuple(map(_writable, _row(entry)))])
            except Exception:  # noqa: BLE001 - the thread must go on
                self._lose(1)

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _lose(self, entries: int) -> None:
        self.lost += entries
        self._failed("the journal file")


def _make_private(path: str) -> None:
    """Create the file for its owner alone; take others' rights from one that is there."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            os.fchmod(file, 0o600)
    finally:
        os.close(file)


def _is_of_one_entry(error: sqlite3.Error) -> bool:
    """Whether the values of one entry were refused, and not the file as a whole."""
    return isinstance(
        error, sqlite3.InterfaceError | sqlite3.DataError | sqlite3.ProgrammingError | sqlite3.IntegrityError
    )


def _writable(value: object) -> object:
    """The value as SQLite takes it: text without lone surrogates, numbers of 64 bits."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def _row(entry: JournalExchange) -> tuple[object, ...]:
    return (
        entry.seq, str(entry.kind), entry.endpoint, entry.wall_at_s, entry.at_s, entry.due_s, entry.duration_s,
        entry.msisdn, entry.transaction_id, entry.scenario, entry.note, entry.remote, entry.method, entry.url,
        _header_json(entry.request_headers), entry.request_body, entry.status,
        _header_json(entry.response_headers), entry.response_body, entry.error, account_reference(entry),
    )  # fmt: skip


def _header_json(raw: RawHeaders) -> str:
    return json.dumps(headers(raw)) if isinstance(raw, LongHeaders) else _shared_header_json(raw)


@lru_cache(maxsize=1024)
def _shared_header_json(raw: RawHeaders) -> str:
    """Callers repeat their headers, and so does this work."""
    return json.dumps(headers(raw))


class JournalSearch:
    """Reads a file that a `JournalFile` writes. Each call opens it anew, so that any thread may ask."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, question: Question, *, limit: int, latest: bool = False) -> list[JournalExchange]:
        """At most `limit` entries that match, oldest first: the first ones, or the latest.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        where, values = _where(question)
        order = "DESC" if latest else "ASC"
        connection = sqlite3.connect(f"{Path(self._path).absolute().as_uri()}?mode=ro", uri=True)
        try:
            if question.reference is not None:
                where, values = self._of_reference(connection, question.reference, where, values)
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY seq {order} LIMIT ?",
                (*values, limit),
            ).fetchall()
        finally:
            connection.close()
        return [_exchange(row) for row in (reversed(rows) if latest else rows)]

    def _of_reference(
        self, connection: sqlite3.Connection, reference: str, where: str, values: list[Any]
    ) -> tuple[str, list[Any]]:
        """The pushes with this reference, and all that belongs to their payments."""
        ids = sorted({row[0] for row in connection.execute(_IDS, (reference,)) if row[0]})[:500]
        either = f"(checkout_request_id != '' AND checkout_request_id IN ({', '.join('?' * len(ids))}) " \
                 "OR account_reference != '' AND account_reference = ?)"  # fmt: skip
        return f"{where} AND {either}", [*values, *ids, reference]


def _where(question: Question) -> tuple[str, list[Any]]:
    """Conditions of a question, without its reference. Unary plus: the index of the key is used, not that of `seq`."""
    parts: list[str] = []
    values: list[Any] = []
    keyed = False
    for column, value in (("checkout_request_id", question.transaction_id), ("msisdn", question.msisdn)):
        if value is not None:
            keyed = True
            parts.append(f"{column} = ? AND {column} != ''")
            values.append(value)
    seq = "+seq" if keyed or question.reference is not None else "seq"
    for condition, limit in ((f"{seq} >= ?", question.since), (f"{seq} < ?", question.until)):
        if limit:
            parts.append(condition)
            values.append(limit)
    for column, value in (("endpoint", question.endpoint), ("kind", question.kind)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(str(value))
    return " AND ".join(parts) or "1", values


def _exchange(row: tuple[Any, ...]) -> JournalExchange:
    kind, endpoint, method, url, sent, body, at_s, wall_at_s, *more = row
    exchange = JournalExchange(ExchangeKind(kind), endpoint, method, url, _headers(sent), bytes(body), at_s, wall_at_s)
    (exchange.seq, exchange.duration_s, exchange.msisdn, exchange.transaction_id, exchange.scenario, exchange.note,
     exchange.remote, exchange.status, got, response, exchange.error, exchange.due_s) = more  # fmt: skip
    exchange.response_headers, exchange.response_body = _headers(got), bytes(response)
    return exchange


def _headers(text: str) -> RawHeaders:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(text).items())
