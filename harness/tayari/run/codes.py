"""The result and error codes of the run, and the message to customers for each: seen with one payment per code."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final

from tayari_control.client import Json
from tayari_money.daraja_records import C2B, PAYOUT_CALLS, REVERSAL, STK_PUSH
from tayari_reports.model.facts import Code
from tayari_simulator.catalogue.advice import OF_QUERY, Advice
from tayari_simulator.catalogue.errors import RecognisedRefusal, Refusal, recognise
from tayari_simulator.catalogue.results import ResultCode, find
from tayari_target.adapter import shown
from tayari_target.test_environment import TestEnvironment

from tayari.run.doctor.diagnose_merchant import last_view

MSISDN_RANGE: Final = "25479998"
"""These payments: 254 79998 0000 to 9999, a range that no suite uses."""
_UNTOLD: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "c2b": ("c2b", (C2B,)), "b2c": ("payout", PAYOUT_CALLS), "reversal": ("payout", (REVERSAL,)),
}  # fmt: skip
"""Kinds of codes that the merchant shows to no customer, and their transactions, by the API that gives them a meaning.
"""
_AMOUNT: Final = 10
_CALLBACK_S: Final = 10.0
_SETTLED_S: Final = 3.0
_AT_ONCE: Final = 8
_UNDECIDED: Final = frozenset({"ask first", "poll"})
"""Advice that promises nothing, whatever call was refused."""


@dataclass(frozen=True, slots=True)
class Met:
    """A refusal that was answered. Of a status query it says nothing about the payment, which may be paid by then."""

    refusal: RecognisedRefusal
    of_query: bool


def results_met(payments: Iterable[Json]) -> Counter[str]:
    """How many payments ended with each result code."""
    codes = (payment.get("result_code") for payment in payments)
    return Counter(str(code) for code in codes if code is not None)


@dataclass(slots=True)
class RefusalCount:
    """How often each refusal was answered, and the messages to its customers."""

    times: Counter[Met] = field(default_factory=Counter)
    last: dict[str, Met] = field(default_factory=dict)
    """By MSISDN: how the last push for it was refused."""

    def messages(self, messages: Mapping[str, str], accepted: Container[str]) -> dict[Met, str]:
        """The message about a payment that was not accepted; later messages report the results of others."""
        mine = {msisdn: met for msisdn, met in self.last.items() if msisdn in messages and msisdn not in accepted}
        return {met: messages[msisdn] for msisdn, met in mine.items()}


def refusals_met(requests: Iterable[Json]) -> RefusalCount:
    """The refusals of the run, by Daraja or by the gateway and the edge before it."""
    found = RefusalCount()
    for entry in requests:
        answer = entry.get("response") or {}
        refusal = recognise(int(answer.get("status") or 0), str(answer.get("body") or ""))
        if refusal is not None:
            met = Met(refusal, of_query=entry.get("endpoint") == "stk_query")
            found.times[met] += 1
            if entry.get("endpoint") == "stk_push":
                found.last[str(entry.get("msisdn") or "")] = met
    return found


def learn(
    environments: Sequence[TestEnvironment], *, ask: bool, messages: Mapping[str, str] = MappingProxyType({})
) -> tuple[Code, ...]:
    """The codes of the run so far, on all instances; with `ask`, one payment for each result code, on the first one,
    shows what its customer reads.

    `messages`: the last message to each customer of the suites, by MSISDN; used for refusals.

    Raises:
        ControlError: the simulator does not answer.
    """
    environment = environments[0]
    rows = [row for each in environments for row in each.control.payments()]
    payments = [row for row in rows if row["kind"] == STK_PUSH]
    results = results_met(payments)
    refusals = refusals_met(entry for each in environments for entry in each.control.journal_entries(kind="request"))
    answers = _ask(environment, results) if ask and shown(environment.target).message else {}
    accepted = {str(payment["msisdn"]) for payment in payments}
    last_messages = refusals.messages(messages, accepted)
    return (
        *(_result(code, times, answers.get(code, "")) for code, times in sorted(results.items(), key=_by_code)),
        *(
            replace(_result(code, times, "", api=api), kind=kind, say_en="", say_sw="")
            for api, (kind, calls) in _UNTOLD.items()
            for code, times in sorted(results_met(row for row in rows if row["kind"] in calls).items(), key=_by_code)
        ),
        *(
            _refusal(met, times, last_messages.get(met, ""))
            for met, times in sorted(refusals.times.items(), key=lambda item: _by_text(item[0]))
        ),
    )


def _ask(environment: TestEnvironment, codes: Iterable[str]) -> Mapping[str, str]:
    known = [code for code in codes if find(code) is not None]
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="tayari-codes") as pool:
        return dict(zip(known, pool.map(lambda code: _message_of(environment, code), known), strict=True))


def _message_of(environment: TestEnvironment, code: str) -> str:
    """What a customer reads whose payment ends with this code; empty when nothing can be read."""
    row = find(code)
    msisdn = f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}"
    reference = f"TC{secrets.token_hex(4).upper()}"
    outcome = {"result_code": row.code if row is not None else code, "after_s": 0.3}
    environment.control.play_next(
        {"scenario": "codes/message", "about": f"A payment that ends with {code}.", "outcome": outcome}, msisdn=msisdn
    )
    started = environment.driver.start_payment(msisdn=msisdn, amount=_AMOUNT, reference=reference)
    if not started.accepted:
        return ""
    environment.control.wait("callback_answered", msisdn=msisdn, timeout_s=_CALLBACK_S)
    read = partial(environment.driver.read_status, started.payment_id or reference, reference)
    return last_view(read, _SETTLED_S).message


def _result(code: str, times: int, message: str, *, api: str = "stk") -> Code:
    row = find(code, api)
    seen = Code(code=code, kind="result", text="", times=times, meaning="no code that is known", message=message)
    if row is None:
        return seen
    return _known(replace(seen, text=row.text, meaning=row.meaning), row, row)


def _refusal(met: Met, times: int, message: str) -> Code:
    refusal, row = met.refusal, met.refusal.row
    unknown = "no refusal that is known"
    seen = Code(code=refusal.code, kind="error", text=refusal.text, times=times, meaning=unknown, message=message)
    if row is None:
        return seen
    advice, meaning = row.advice, row.meaning
    if met.of_query and advice.retry not in _UNDECIDED:
        advice, meaning = OF_QUERY, f"{meaning}; the answer to a status query, so that nothing is known of the payment"
    return _known(replace(seen, kind=row.kind, meaning=meaning), row, advice)


def _known(seen: Code, row: ResultCode | Refusal, advice: ResultCode | Advice) -> Code:
    """With the words of its row in the catalogue."""
    return replace(
        seen, say_en=advice.say_en, say_sw=advice.say_sw, retry=advice.retry, mark=str(row.mark), source=row.source
    )


def _by_text(met: Met) -> tuple[bool, str, str, bool]:
    row = met.refusal.row
    return row is not None and row.kind == "gateway", met.refusal.code, met.refusal.text, met.of_query


def _by_code(item: tuple[str, int]) -> tuple[bool, int, str]:
    code = item[0]
    return not code.isdigit(), int(code) if code.isdigit() else 0, code
