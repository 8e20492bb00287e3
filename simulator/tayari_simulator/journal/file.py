"""The journal in a file: SQLite, written by a thread of its own in batches, so that no request waits for the disk."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from functools import lru_cache
from typing import Final

from tayari_simulator.core.exchange import Exchange, RawHeaders
from tayari_simulator.journal.shape import account_reference, headers

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

log = logging.getLogger(__name__)


class JournalFileError(Exception):
    """The file cannot be written: one line for whoever named it."""


class JournalFile:
    """Keeps every entry in one table, `entries`. Give it entries from one thread; `close` writes what is left."""

    def __init__(self, path: str) -> None:
        """Open or create the file.

        Raises:
            JournalFileError: it cannot be opened as a database.
        """
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)
            for column in INDEXED:
                self._connection.execute(_INDEX.format(column))
        except sqlite3.Error as error:
            raise JournalFileError(
                f"journal file {path}: {error}; name a file in a folder that can be written"
            ) from error
        self.path = path
        self.last_seq: int = self._connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()[0]
        """The number of the last entry that was there already."""
        self._waiting: list[Exchange] = []
        self.lost = 0
        """Entries that could not be written."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-file", daemon=True)
        self._thread.start()

    def add(self, entry: Exchange) -> None:
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
        stopping = False
        while not stopping:
            stopping = self._stop.wait(EVERY_S)
            entries, self._waiting = self._waiting, []
            for start in range(0, len(entries), BATCH):
                try:
                    self._write(entries[start : start + BATCH])
                except sqlite3.Error:
                    self.lost += len(entries[start : start + BATCH])
                    log.exception("the journal file lost %d entries", len(entries[start : start + BATCH]))

    def _write(self, entries: list[Exchange]) -> None:
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(_INSERT, map(_row, entries))
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _row(entry: Exchange) -> tuple[object, ...]:
    return (
        entry.seq, str(entry.kind), entry.endpoint, entry.wall_at_s, entry.at_s, entry.due_s, entry.duration_s,
        entry.msisdn, entry.checkout_request_id, entry.scenario, entry.note, entry.remote, entry.method, entry.url,
        _header_json(entry.request_headers), entry.request_body, entry.status,
        _header_json(entry.response_headers), entry.response_body, entry.error, account_reference(entry),
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _header_json(raw: RawHeaders) -> str:
    """Callers repeat their headers, and so does this work."""
    return json.dumps(headers(raw))
