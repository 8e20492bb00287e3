"""What Daraja saw of a merchant: the journal, read through the control API."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from tayari_control.client import ControlClient
from tayari_formats.json_text import read_object
from tayari_money.daraja_records import STK_PUSH

from tayari_contracts.context.payment import Entry, Payment

STORED_S = 1.0
"""After this time a merchant has stored the content of an acknowledgement, on a busy machine too."""

LAST_ENTRIES = 100
"""Of the journal: far more than a second of a check that runs alone."""


class JournalReader:
    """Reads the simulator's journal for one payment, or since one moment."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def now(self) -> int:
        """The number that the next journal entry will have."""
        return self._control.journal_end()

    def entries(self, *, since: int = 0, **where: str | int | float) -> list[Entry]:
        """Journal entries from `since` on, in order."""
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

    def entries_of(self, payments: Collection[Payment]) -> list[Entry]:
        """Everything that names these payers since their payments began: calls, and messages to the merchant."""
        begun: dict[str, int] = {}
        for payment in payments:
            begun[payment.msisdn] = min(payment.since, begun.get(payment.msisdn, payment.since))
        entries = self.pushes_of(payments)
        for msisdn, since in begun.items():
            entries += self.entries(since=since, msisdn=msisdn)
        return entries

    def other_numbers(self, payment: Payment, payers: Collection[str]) -> list[str]:
        """Numbers that were pushed to since the payment began and are none of `payers`.

        None where the merchant has ever pushed to one of them: then it pushes to the payer.
        """
        pushes = self.entries(since=1, endpoint="stk_push", kind="request")
        numbers = [(int(entry["seq"]), str(body_of(entry).get("PhoneNumber"))) for entry in pushes]
        if any(number in payers for _, number in numbers):
            return []
        return list(dict.fromkeys(number for sequence, number in numbers if sequence >= payment.since))

    def seconds_until_stored(self) -> float:
        """Seconds until the newest push is old enough that a merchant has written down what its answer said.

        One that dies with the acknowledgement in its hands loses a payment: that is judged where it is provoked on
        purpose (A04), not where a restart is only a means.
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
        return [entry for entry in entries if entry["kind"] in ("callback", "control")]

    def callback_statuses(self, payment: Payment) -> list[int | None]:
        """How the merchant answered each callback of this payment; None where it did not."""
        return [status_of(entry) for entry in self.callbacks(payment)]

    def accepted(self, payment: Payment) -> list[dict[str, Any]]:
        """The payments that Daraja accepted from this payer since the check began, oldest first."""
        recent = [
            found
            for found in self._control.payments(kind=STK_PUSH, msisdn=payment.msisdn)
            if found["created_at"] >= payment.began_at - 1.0
        ]
        named = [found for found in recent if found.get("account_reference") == payment.reference]
        return named or recent

    def checkout_request_id(self, payment: Payment) -> str | None:
        """Of the last accepted push, if there was one."""
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
    headers = (entry.get("request") or {}).get("headers") or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    for key, value in pairs:
        if str(key).lower() == name.lower():
            return str(value)
    return None


def gaps_s(entries: list[Entry]) -> list[float]:
    """Seconds from each entry to the next."""
    times = [float(entry["at"]) for entry in entries]
    return [round(after - before, 3) for before, after in pairwise(times)]


def _payer(entry: Entry) -> str:
    body = body_of(entry)
    return f"{body.get('PhoneNumber', '')} {body.get('PartyA', '')}"
