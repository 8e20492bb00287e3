"""Proof: what went over the wire around a check, in order, shortened and redacted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tayari_reports.model import Exchange
from tayari_target.driver import DriverExchange

from tayari_contracts.context.payment import Entry

MOST_EXCHANGES = 60
MOST_CHARACTERS = 6_000

TITLES = {"stk_push": "STK push", "stk_query": "STK query", "oauth": "OAuth token"}


def from_driver(exchange: DriverExchange) -> Exchange:
    """What Tayari asked the merchant."""
    return Exchange(
        at=exchange.at,
        kind="to_merchant",
        title=exchange.title,
        method=exchange.method,
        url=exchange.url,
        request_headers=tuple(exchange.request_headers),
        request_body=_short(exchange.request_body),
        status=exchange.status,
        response_headers=tuple(exchange.response_headers),
        response_body=_short(exchange.response_body),
        duration_s=exchange.duration_s,
        error=exchange.error or "",
    )


def from_journal(entry: Entry) -> Exchange:
    """What the merchant asked Daraja, or what Daraja told the merchant."""
    request: Mapping[str, Any] = entry.get("request") or {}
    response: Mapping[str, Any] = entry.get("response") or {}
    to_daraja = entry["kind"] == "request"
    title = TITLES.get(str(entry.get("endpoint")), str(entry.get("endpoint") or "call")) if to_daraja else "callback"
    note = str(entry.get("note") or "")
    return Exchange(
        at=float(entry["at"]),
        kind="to_daraja" if to_daraja else "callback",
        title=f"{title}, {note}" if note else title,
        method=str(request.get("method", "")),
        url=str(request.get("url", "")),
        request_headers=_headers(request.get("headers")),
        request_body=_short(str(request.get("body") or "")),
        status=response.get("status"),
        response_headers=_headers(response.get("headers")),
        response_body=_short(str(response.get("body") or "")),
        duration_s=entry.get("duration_s"),
        error=str(entry.get("error") or ""),
    )


def in_order(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """By time; where there are too many, repeated polls go first, then the middle."""
    ordered = sorted(exchanges, key=lambda exchange: exchange.at)
    thinned = [
        exchange
        for index, exchange in enumerate(ordered)
        if index == 0 or not _same_answer(ordered[index - 1], exchange)
    ]
    if len(thinned) <= MOST_EXCHANGES:
        return tuple(thinned)
    half = MOST_EXCHANGES // 2
    return (*thinned[:half], *thinned[-half:])


def _same_answer(before: Exchange, after: Exchange) -> bool:
    return (
        after.kind == "to_merchant"
        and after.method == "GET"
        and (before.kind, before.url, before.status, before.response_body)
        == (after.kind, after.url, after.status, after.response_body)
    )


def _headers(raw: object) -> tuple[tuple[str, str], ...]:
    if isinstance(raw, Mapping):
        return tuple((str(name), str(value)) for name, value in raw.items())
    if isinstance(raw, list | tuple):
        return tuple((str(pair[0]), str(pair[1])) for pair in raw)
    return ()


def _short(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n... {len(text) - MOST_CHARACTERS} more characters"
