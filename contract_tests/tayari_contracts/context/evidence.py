"""The evidence of a check: its payments, and what went over the wire for them, in order and shortened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tayari_money.payment_record import PaymentKind
from tayari_reports.model import Exchange

from tayari_contracts.context.journal_reader import JournalReader
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.run_record import RunRecord

Scenario = str | Mapping[str, Any]
"""A scenario's name, or the content of a scenario file."""

MOST_EXCHANGES = 60
MOST_CHARACTERS = 6_000

TITLES = {"stk_push": "STK push", "stk_query": "STK query", "oauth": "OAuth token"}


class Evidence:
    """What one check did and what it saw, for its report."""

    def __init__(self, journal: JournalReader, run: RunRecord) -> None:
        self._journal = journal
        self._run = run
        self.driver_exchanges: list[Exchange] = []
        """Everything that this check asked the merchant, with its answers, as on the wire."""
        self.payments: list[Payment] = []
        """The payments of this check so far."""
        self._watched: list[Entry] = []
        self.tries = 0
        self.scenario = ""
        """The name of the first scenario that was played."""
        self.notes: list[str] = []
        """What a pass should mention: how it was reached, or what could not be seen on the way."""
        self.faulty_scenarios: list[tuple[Payment, Mapping[str, Any]]] = []
        """The STK payments that played a scenario with faults, and the scenario."""

    def record(self, exchange: Exchange) -> None:
        """Keep what the merchant was asked and answered."""
        self.driver_exchanges.append(exchange)
        self._run.overload.note_text(exchange.response_body)

    def add_payment(self, payment: Payment, scenario: Scenario | None) -> None:
        """A payment of any kind began, and plays this scenario; the record of the run gets it too."""
        self._run.add_payment(payment)
        self.payments.append(payment)
        if scenario is not None:
            self.name_scenario(scenario)
        is_push = payment.kind is PaymentKind.STK_PAYMENT
        if is_push and isinstance(scenario, Mapping) and scenario.get("faults"):
            self.faulty_scenarios.append((payment, scenario))
        if payment.refund_of is None:  # a refund is a part of its payment's try
            self.tries += 1

    def name_scenario(self, scenario: Scenario) -> None:
        """Remember the name of the first scenario."""
        if not self.scenario:
            self.scenario = scenario if isinstance(scenario, str) else str(scenario.get("scenario", ""))

    def cite(self, *payments: Payment) -> None:
        """Add payments of other checks."""
        self.payments += payments

    def watch_since(self, since: int, **where: str) -> None:
        """Add the journal from `since` on (by `endpoint`, ...)."""
        self._watched += self._journal.entries(since=since, **where)

    def exchanges(self) -> tuple[Exchange, ...]:
        """What went over the wire for the payments of this check, in order."""
        journal = {entry["seq"]: entry for entry in (*self._watched, *self._journal.entries_of(self.payments))}
        return in_order([*map(from_journal, journal.values()), *map(shortened, self.driver_exchanges)])


def shortened(exchange: Exchange) -> Exchange:
    """The exchange with the beginnings of long bodies."""
    return replace(exchange, request_body=_short(exchange.request_body), response_body=_short(exchange.response_body))


def from_journal(entry: Entry) -> Exchange:
    """A call of the merchant, or a message of Daraja to it."""
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
