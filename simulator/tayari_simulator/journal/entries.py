"""What is asked of the journal, and how its entries are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.raw_headers import RawHeaders

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which entries. `since` is the first number wanted, `until` the first one not wanted."""

    msisdn: str | None = None
    transaction_id: str | None = None
    reference: str | None = None
    """The AccountReference of a push; then all entries of its payment are meant. `Journal.find` does not ask for it."""
    endpoint: str | None = None
    kind: str | None = None
    since: int = 0
    until: int | None = None

    def matches(self, entry: JournalExchange) -> bool:
        """Whether an entry is meant."""
        return (
            entry.seq >= self.since
            and (self.until is None or entry.seq < self.until)
            and (self.msisdn is None or entry.msisdn == self.msisdn)
            and (self.transaction_id is None or entry.transaction_id == self.transaction_id)
            and (self.endpoint is None or entry.endpoint == self.endpoint)
            and (self.kind is None or entry.kind == self.kind)
        )


def to_dict(entry: JournalExchange, *, daraja_url: str = "") -> Json:
    """The entry as in `docs/control-api.md`; requests get the whole URL of the Daraja port."""
    url = daraja_url + entry.url if entry.kind is ExchangeKind.REQUEST else entry.url
    response = None
    if entry.status:
        response = {
            "status": entry.status,
            "headers": headers(entry.response_headers),
            "body": text(entry.response_body),
        }
    return {
        "seq": entry.seq,
        "kind": str(entry.kind),
        "endpoint": entry.endpoint,
        "at": round(entry.wall_at_s, 6),
        "virtual_at": round(entry.at_s, 6),
        "due_at": round(entry.due_s, 6) if entry.due_s else None,
        "duration_s": round(entry.duration_s, 6),
        "msisdn": entry.msisdn,
        "checkout_request_id": entry.transaction_id,
        "scenario": entry.scenario,
        "note": entry.note,
        "remote": entry.remote,
        "request": {
            "method": entry.method,
            "url": url,
            "headers": headers(entry.request_headers),
            "body": text(entry.request_body),
        },
        "response": response,
        "error": entry.error,
    }


def headers(raw: RawHeaders) -> dict[str, str]:
    """Headers by name as written; repeated ones are joined with a comma."""
    named: dict[str, str] = {}
    for name, value in raw:
        key, found = name.decode("latin-1"), value.decode("latin-1")
        named[key] = f"{named[key]}, {found}" if key in named else found
    return named


def account_reference(entry: JournalExchange) -> str:
    """The `AccountReference` of a push; empty for everything else."""
    if entry.endpoint != "stk_push":
        return ""
    try:
        wire = orjson.loads(entry.request_body)
    except orjson.JSONDecodeError:
        return ""
    return str(wire.get("AccountReference") or "") if isinstance(wire, dict) else ""


def text(body: bytes) -> str:
    """A body as text; bytes that are not UTF-8 become replacement characters."""
    return body.decode("utf-8", "replace")
