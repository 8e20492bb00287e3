"""The evidence of a check: the journal entries of its payments, and its exchanges with the merchant."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from tayari_control.client import ControlClient
from tayari_formats.json_text import read_object
from tayari_money.daraja_records import STK_PUSH
from tayari_money.payment_record import PaymentKind
from tayari_reports.model import Exchange

from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.run_record import CRASH, RunRecord

STORED_S = 1.0
"""After this time a merchant has stored the content of an acknowledgement, on a busy machine too."""

SENT = ("callback", "control")
"""Kinds of journal entries that are messages to the merchant: by Daraja itself, and by a check as Daraja would."""

LAST_ENTRIES = 100
"""Journal entries that are read for the newest push: far more than a check that runs alone makes in a second."""

Scenario = str | Mapping[str, Any]
"""A scenario's name, or the content of a scenario file."""

MOST_EXCHANGES = 60
"""The most exchanges that a report shows of one check."""
MOST_CRASHES = 10
"""So many of the merchant's crashes are among them, wherever they came."""
MOST_CHARACTERS = 6_000
"""The most characters of one body."""

TITLES = {"stk_push": "STK push", "stk_query": "STK query", "oauth": "OAuth token"}


class JournalReader:
    """Reads the simulator's journal for one payment, or since one moment."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def now(self) -> int:
        """The number that the next journal entry will have."""
        return self._control.journal_end()

    def entries(self, *, since: int = 0, **where: str | int | float) -> list[Entry]:
        """Journal entries from `since` on, in order. `where`: their fields (`endpoint`, `kind`, ...), or a `limit`."""
        found: list[Entry] = self._control.journal(since=since, **where)["entries"]
        return found

    def pushes(self, payment: Payment) -> list[Entry]:
        """Every STK push that names this payer, refused ones and wrongly written numbers included."""
        return self.pushes_of([payment])

    def pushes_of(self, payments: Collection[Payment]) -> list[Entry]:
        """The same for several payments, since the first of them began."""
        if not payments:
            return []
        tails = {payment.msisdn[-9:] for payment in payments}
        pushes = self.entries(since=min(payment.since for payment in payments), endpoint="stk_push", kind="request")
        written = ((entry, re.sub(r"\D", "", _payer(entry))) for entry in pushes)
        return [entry for entry, digits in written if any(tail in digits for tail in tails)]

    def other_numbers(self, payment: Payment, payers: Collection[str]) -> list[str]:
        """Numbers that were pushed to since the payment began and are none of `payers`.

        Empty if the merchant has ever pushed to one of `payers`: then it pushes to the payer.
        """
        pushes = self.entries(since=1, endpoint="stk_push", kind="request")
        numbers = [(int(entry["seq"]), str(body_of(entry).get("PhoneNumber"))) for entry in pushes]
        if any(number in payers for _, number in numbers):
            return []
        return list(dict.fromkeys(number for sequence, number in numbers if sequence >= payment.since))

    def seconds_until_stored(self) -> float:
        """Seconds until the newest push is so old that a merchant has stored its acknowledgement.

        A merchant that is killed before that loses a payment. A04 judges this; other checks that restart the merchant
        wait.
        """
        pushes = self.entries(since=max(1, self.now() - LAST_ENTRIES), endpoint="stk_push", kind="request")
        newest_at = max((float(entry["at"]) for entry in pushes), default=0.0)
        return max(0.0, newest_at + STORED_S - time.time())

    def queries(self, payment: Payment) -> list[Entry]:
        """Every STK query for any push of this payment."""
        found: list[Entry] = []
        for accepted in self.accepted(payment):
            found += self.entries(
                since=payment.since,
                endpoint="stk_query",
                kind="request",
                checkout_request_id=accepted["checkout_request_id"],
            )
        return sorted(found, key=lambda entry: int(entry["seq"]))

    def has_query_result(self, payment: Payment, result_code: int) -> bool:
        """Whether a status query about this payment was answered with this ResultCode, as a number or as text."""
        return any(str(answer_of(entry).get("ResultCode")) == str(result_code) for entry in self.queries(payment))

    def has_queries(self) -> bool:
        """Whether the merchant has asked about any payment, on this instance."""
        return bool(self.entries(since=1, endpoint="stk_query", kind="request", limit=1))

    def callbacks(self, payment: Payment) -> list[Entry]:
        """Every callback that was sent for this payment, with the merchant's answer."""
        entries = self.entries(since=payment.since, msisdn=payment.msisdn)
        return [entry for entry in entries if entry["kind"] in SENT]

    def callback_statuses(self, payment: Payment) -> list[int | None]:
        """The HTTP status with which the merchant answered each callback of this payment; None: it did not."""
        return [status_of(entry) for entry in self.callbacks(payment)]

    def accepted(self, payment: Payment) -> list[dict[str, Any]]:
        """Daraja's records of the pushes that it accepted from this payer since the payment began, oldest first."""
        recent = [
            found
            for found in self._control.payments(kind=STK_PUSH, msisdn=payment.msisdn)
            if found["created_at"] >= payment.began_at - 1.0
        ]
        named = [found for found in recent if found.get("account_reference") == payment.reference]
        return named or recent

    def checkout_request_id(self, payment: Payment) -> str | None:
        """The CheckoutRequestID of the last accepted push; None: there was none."""
        accepted = self.accepted(payment)
        return str(accepted[-1]["checkout_request_id"]) if accepted else None

    def record(self, payment: Payment) -> dict[str, Any]:
        """Daraja's own record of the last accepted push (`receipt`, `callback_url`, ...); empty when there was none."""
        accepted = self.accepted(payment)
        return accepted[-1] if accepted else {}

    def is_prompted(self, msisdn: str) -> bool:
        """Whether a prompt is open on this phone."""
        return any(found["state"] == "prompted" for found in self._control.payments(kind=STK_PUSH, msisdn=msisdn))

    def acknowledged(self, payment: Payment) -> bool:
        """Whether the merchant got the answer that Daraja accepted the push."""
        return any(str(answer_of(entry).get("ResponseCode")) == "0" for entry in self.pushes(payment))

    def token_fetches(self, since: int) -> list[Entry]:
        """Calls of OAuth since then."""
        return self.entries(since=since, endpoint="oauth", kind="request")


class Evidence:
    """What one check did and saw, for its report."""

    def __init__(self, journal: JournalReader, run: RunRecord) -> None:
        self._journal = journal
        self._run = run
        self.driver_exchanges: list[Exchange] = []
        """All requests of this check to the merchant, with the answers, as on the wire."""
        self.payments: list[Payment] = []
        """The payments of this check so far."""
        self._watched: list[Entry] = []
        self.tries = 0
        self.scenario = ""
        """The name of the first scenario that was played."""
        self.notes: list[str] = []
        """Sentences for a pass: how it was reached, or what could not be seen."""
        self.faulty_scenarios: list[tuple[Payment, Mapping[str, Any]]] = []
        """The STK payments that played a scenario with faults, and the scenario."""

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange with the merchant."""
        self.driver_exchanges.append(exchange)
        self._run.overload.note_text(exchange.response_body)

    def add_payment(self, payment: Payment, scenario: Scenario | None) -> None:
        """Add a payment of any kind, and the scenario that it plays; the record of the run gets it too."""
        self._run.add_payment(payment)
        self.payments.append(payment)
        if scenario is not None:
            self.name_scenario(scenario)
        is_push = payment.kind is PaymentKind.STK_PAYMENT
        if is_push and isinstance(scenario, Mapping) and scenario.get("faults"):
            self.faulty_scenarios.append((payment, scenario))
        if payment.refund_of is None:  # a refund belongs to its payment's try
            self.tries += 1

    def name_scenario(self, scenario: Scenario) -> None:
        """Keep the name of this scenario if it is the first."""
        if not self.scenario:
            self.scenario = scenario if isinstance(scenario, str) else str(scenario.get("scenario", ""))

    def cite(self, *payments: Payment) -> None:
        """Add payments of other checks to this one's evidence."""
        self.payments += payments

    def watch_since(self, since: int, **where: str) -> None:
        """Add the journal entries from `since` on; `where`: fields that they must have (`endpoint`, ...)."""
        self._watched += self._journal.entries(since=since, **where)

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of this check and of its payments, in order of time, shortened."""
        begun: dict[str, int] = {}
        for payment in self.payments:
            begun[payment.msisdn] = min(payment.since, begun.get(payment.msisdn, payment.since))
        named = [
            entry for msisdn, since in begun.items() for entry in self._journal.entries(since=since, msisdn=msisdn)
        ]
        entries = (*self._watched, *self._journal.pushes_of(self.payments), *named)
        journal = {entry["seq"]: entry for entry in entries}
        return in_order([*map(from_journal, journal.values()), *map(shortened, self.driver_exchanges)])


def body_of(entry: Entry) -> dict[str, Any]:
    """The JSON object of a request's body; empty when it is not one."""
    return read_object((entry.get("request") or {}).get("body"))


def answer_of(entry: Entry) -> dict[str, Any]:
    """The JSON object of the answer; empty when there was none."""
    return read_object((entry.get("response") or {}).get("body"))


def status_of(entry: Entry) -> int | None:
    """The HTTP status of the answer; None when the connection ended without one."""
    status: int | None = (entry.get("response") or {}).get("status")
    return status


def header(entry: Entry, name: str) -> str | None:
    """A request header by its name, in any case."""
    headers: Mapping[str, str] = (entry.get("request") or {}).get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


def gaps_s(entries: list[Entry]) -> list[float]:
    """Seconds from each entry to the next."""
    times = [float(entry["at"]) for entry in entries]
    return [round(after - before, 3) for before, after in pairwise(times)]


def _payer(entry: Entry) -> str:
    body = body_of(entry)
    return f"{body.get('PhoneNumber', '')} {body.get('PartyA', '')}"


def shortened(exchange: Exchange) -> Exchange:
    """The exchange with the beginnings of long bodies."""
    return replace(exchange, request_body=_short(exchange.request_body), response_body=_short(exchange.response_body))


def from_journal(entry: Entry) -> Exchange:
    """A journal entry as an exchange: a call of the merchant, or a message of Daraja to it."""
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
        request_headers=tuple((request.get("headers") or {}).items()),
        request_body=_short(str(request.get("body") or "")),
        status=response.get("status"),
        response_headers=tuple((response.get("headers") or {}).items()),
        response_body=_short(str(response.get("body") or "")),
        duration_s=entry.get("duration_s"),
        error=str(entry.get("error") or ""),
    )


def in_order(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The exchanges by time. If there are too many, repeated polls are left out, then the middle without crashes."""
    ordered = sorted(exchanges, key=lambda exchange: exchange.at)
    thinned = [
        exchange
        for index, exchange in enumerate(ordered)
        if index == 0 or not _same_answer(ordered[index - 1], exchange)
    ]
    if len(thinned) <= MOST_EXCHANGES:
        return tuple(thinned)
    crashes = [exchange for exchange in thinned if _is_crash(exchange)][:MOST_CRASHES]
    half = (MOST_EXCHANGES - len(crashes)) // 2
    ends = [*thinned[:half], *thinned[-half:]]
    return tuple(sorted((*ends, *(one for one in crashes if one not in ends)), key=lambda exchange: exchange.at))


def _is_crash(exchange: Exchange) -> bool:
    """Whether the merchant, not Daraja, gave no answer, or one of a program that broke."""
    return exchange.kind != "to_daraja" and (exchange.status is None or exchange.status >= CRASH)


def _same_answer(before: Exchange, after: Exchange) -> bool:
    return (
        after.kind == "to_merchant"
        and after.method == "GET"
        and (before.kind, before.url, before.status, before.response_body)
        == (after.kind, after.url, after.status, after.response_body)
    )


def _short(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n... {len(text) - MOST_CHARACTERS} more characters"
