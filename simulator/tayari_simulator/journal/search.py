"""Finds entries in the journal's file: by payment, phone or reference in a moment, however many there are."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, Final

from tayari_simulator.core.exchange import Exchange, Kind, RawHeaders
from tayari_simulator.journal.memory import Question

_COLUMNS: Final = (
    "kind, endpoint, method, url, request_headers, request_body, virtual_at, at, seq, duration_s, msisdn, "
    "checkout_request_id, scenario, note, remote, status, response_headers, response_body, error, due"
)
_IDS: Final = "SELECT checkout_request_id FROM entries WHERE account_reference = ? AND account_reference != ''"


class JournalSearch:
    """Reads a file that a `JournalFile` writes. Each call opens it anew, so that any thread may ask."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, question: Question, *, limit: int, latest: bool = False) -> list[Exchange]:
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
    for column, value in (("checkout_request_id", question.checkout_request_id), ("msisdn", question.msisdn)):
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


def _exchange(row: tuple[Any, ...]) -> Exchange:
    kind, endpoint, method, url, sent, body, at_s, wall_at_s, *more = row
    exchange = Exchange(Kind(kind), endpoint, method, url, _headers(sent), bytes(body), at_s, wall_at_s)
    (exchange.seq, exchange.duration_s, exchange.msisdn, exchange.checkout_request_id, exchange.scenario, exchange.note,
     exchange.remote, exchange.status, got, response, exchange.error, exchange.due_s) = more  # fmt: skip
    exchange.response_headers, exchange.response_body = _headers(got), bytes(response)
    return exchange


def _headers(text: str) -> RawHeaders:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(text).items())
