"""The result and error codes that the run met, and what customers are told of each: asked by one payment per code."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tayari_reports.facts import Code
from tayari_simulator.core.refusals import Recognised, recognise
from tayari_simulator.core.results import find

from tayari.control.client import ControlClient
from tayari.merchant.stage import Stage
from tayari.run import journal
from tayari.target.model import PaymentState

MSISDN_RANGE: Final = "25479998"
"""These payments: 254 79998 0000 to 9999, a range that no suite uses."""
_AMOUNT: Final = 10
_CALLBACK_S: Final = 10.0
_SETTLED_S: Final = 3.0
_AT_ONCE: Final = 8


def results_met(control: ControlClient) -> Counter[str]:
    """How many payments ended with each result code."""
    codes = (payment.get("result_code") for payment in control.payments())
    return Counter(str(code) for code in codes if code is not None)


def refusals_met(control: ControlClient) -> Counter[Recognised]:
    """How often each refusal was answered, by Daraja or by what stands before it."""
    answers = (entry.get("response") or {} for entry in journal.entries(control, kind="request"))
    met = (recognise(int(answer.get("status") or 0), str(answer.get("body") or "")) for answer in answers)
    return Counter(one for one in met if one is not None)


def learn(stage: Stage, *, ask: bool) -> tuple[Code, ...]:
    """The codes of the run so far; with `ask`, one payment for each tells what its customer reads.

    Raises:
        ControlError: the simulator does not answer.
    """
    results = results_met(stage.control)
    refusals = refusals_met(stage.control)
    shows = stage.target.merchant.status is not None and stage.target.merchant.status.message is not None
    told = _ask(stage, results) if ask and shows else {}
    return (
        *(_result(code, times, told.get(code, "")) for code, times in sorted(results.items(), key=_by_code)),
        *(_refusal(met, times) for met, times in sorted(refusals.items(), key=lambda item: _by_text(item[0]))),
    )


def _ask(stage: Stage, codes: Iterable[str]) -> Mapping[str, str]:
    known = [code for code in codes if find(code) is not None]
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="tayari-codes") as pool:
        return dict(zip(known, pool.map(lambda code: _told(stage, code), known), strict=True))


def _told(stage: Stage, code: str) -> str:
    """What a customer reads whose payment ends with this code; empty when nothing can be read."""
    row = find(code)
    msisdn = f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}"
    reference = f"TC{secrets.token_hex(4).upper()}"
    outcome = {"result_code": row.code if row is not None else code, "after_s": 0.3}
    stage.control.play_next(
        {"scenario": "codes/told", "about": f"A payment that ends with {code}.", "outcome": outcome}, msisdn=msisdn
    )
    started = stage.driver.start_payment(msisdn=msisdn, amount=_AMOUNT, reference=reference)
    if not started.accepted:
        return ""
    stage.control.wait("callback_answered", msisdn=msisdn, timeout_s=_CALLBACK_S)
    until = time.monotonic() + _SETTLED_S
    while True:
        view = stage.driver.read_status(started.payment_id or reference, reference)
        if view.state not in {None, PaymentState.PENDING} or time.monotonic() > until:
            return view.message
        time.sleep(0.1)


def _result(code: str, times: int, told: str) -> Code:
    row = find(code)
    if row is None:
        return Code(code=code, kind="result", text="", times=times, meaning="no code that is known", told=told)
    return Code(
        code=code,
        kind="result",
        text=row.text,
        times=times,
        meaning=row.meaning,
        told=told,
        say_en=row.say_en,
        say_sw=row.say_sw,
        retry=row.retry,
        mark=str(row.mark),
        source=row.source,
    )


def _refusal(met: Recognised, times: int) -> Code:
    row = met.row
    if row is None:
        return Code(code=met.code, kind="error", text=met.text, times=times, meaning="no refusal that is known")
    return Code(
        code=met.code,
        kind=row.kind,
        text=met.text,
        times=times,
        meaning=row.meaning,
        say_en=row.advice.say_en,
        say_sw=row.advice.say_sw,
        retry=row.advice.retry,
        mark=str(row.mark),
        source=row.source,
    )


def _by_text(met: Recognised) -> tuple[bool, str, str]:
    return met.row is not None and met.row.kind == "gateway", met.code, met.text


def _by_code(item: tuple[str, int]) -> tuple[bool, int, str]:
    code = item[0]
    return not code.isdigit(), int(code) if code.isdigit() else 0, code
