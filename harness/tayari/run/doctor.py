"""The preflight: everything that could make a run blame the merchant's code for its set-up, looked at first.

One real payment is made, with an MSISDN of the preflight's own range, and the journal is read.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tayari_reports.redaction import Redactor

from tayari.control.client import ControlClient, ControlError
from tayari.control.process import SimulatorStartError
from tayari.merchant.adapter import AdapterError
from tayari.merchant.process import MerchantStartError, answers
from tayari.merchant.stage import Stage
from tayari.merchant.views import Started
from tayari.run import diagnose_daraja as daraja
from tayari.run import diagnose_merchant as merchant
from tayari.run.findings import Exit, Finding, bad, good
from tayari.target.model import PaymentState

Tell = Callable[[Finding], None]

MSISDN_RANGE: Final = "25479999"
"""The preflight's payments: 254 79999 0000 to 9999."""
AMOUNT: Final = 10
_DARAJA_CALL_S: Final = 3.0
"""A merchant may push after it has answered, from a queue."""
_CALLBACK_S: Final = 10.0
_STATUS_S: Final = 5.0
_UNREADABLE_S: Final = 1.0
_SUCCESS: Final[Mapping[str, Any]] = {
    "scenario": "preflight/success",
    "about": "The preflight's payment: paid after a moment.",
    "outcome": {"result_code": 0, "after_s": 0.3},
}


def examine(stage: Stage, tell: Tell) -> tuple[Finding, ...]:
    """Bring the stage up and look at everything, up to the first finding that stops; each is told as it is made."""
    findings: list[Finding] = []
    for found in _findings(stage):
        finding = _redacted(found, Redactor(stage.secrets))
        findings.append(finding)
        tell(finding)
        if not finding.ok:
            break
    return tuple(findings)


def stopped(findings: Sequence[Finding]) -> Finding | None:
    """The finding that stops the run, if there is one."""
    return next((finding for finding in findings if not finding.ok), None)


def _redacted(finding: Finding, redactor: Redactor) -> Finding:
    """Messages quote the merchant's own words, and those may hold anything."""
    return replace(finding, message=redactor.text(finding.message), fix=redactor.text(finding.fix))


def _findings(stage: Stage) -> Iterator[Finding]:
    """Lazily: nothing after a finding that stops is tried."""
    yield _simulator(stage)
    yield _merchant(stage)
    try:
        yield from _payment(stage)
    except ControlError as error:
        yield bad("simulator", str(error), "see that the simulator still runs", Exit.OUR_FAILURE)


def _simulator(stage: Stage) -> Finding:
    try:
        stage.raise_simulator()
    except SimulatorStartError as error:
        if error.port_taken:
            return bad("port", str(error), "stop the other program, or choose others: --port and --control-port")
        return bad("simulator", str(error), "mend what it says, and try again", Exit.OUR_FAILURE)
    except ControlError as error:
        return bad("simulator", str(error), "start it with `tayari simulate`, or leave the control URL out")
    except AdapterError as error:
        return bad("adapter", str(error), "correct merchant.adapter")
    return good("simulator", f"Daraja is played at {stage.daraja_url}")


def _merchant(stage: Stage) -> Finding:
    try:
        stage.raise_merchant()
    except MerchantStartError as error:
        return merchant.start_failure(error)
    if not answers(stage.base_url):
        fix = "start your merchant, correct merchant.base_url, or let Tayari start it with merchant.start"
        return bad("merchant", f"nothing answers at {stage.base_url}", fix, Exit.MERCHANT_UNREACHABLE)
    failed = stage.driver.log_in()
    if failed:
        return bad("log-in", failed, "correct merchant.login in the target file")
    return good("merchant", f"it answers at {stage.base_url}")


def _payment(stage: Stage) -> Iterator[Finding]:
    since = _newest(stage.control)
    msisdn = f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}"
    reference = f"TY{secrets.token_hex(4).upper()}"
    stage.control.play_next(_SUCCESS, msisdn=msisdn)
    started = stage.driver.start_payment(msisdn=msisdn, amount=AMOUNT, reference=reference)
    entries = _since(stage.control, since)
    if started.accepted and not (daraja.pushed(entries) or daraja.token_refused(entries)):
        stage.control.wait("push_seen", msisdn=msisdn, timeout_s=_DARAJA_CALL_S, since=since)
        entries = _since(stage.control, since)
    if not daraja.saw_daraja(entries):
        silent = merchant.no_answer(started, stage.base_url)
        yield silent or merchant.never_called(started, stage.target, stage.daraja_url)
        return
    yield from daraja.diagnose(entries, stage.target.daraja)
    silent = merchant.no_answer(started, stage.base_url)
    if silent is not None:
        yield silent
        return
    yield merchant.payment_answer(started, stage.target)
    push = daraja.accepted_push(entries)
    if push is not None:
        yield from daraja.unused_rewrites(push, stage.target.callbacks)
        yield from _outcome(stage, started, push["checkout_request_id"], reference)


def _outcome(stage: Stage, started: Started, checkout_request_id: str, reference: str) -> Iterator[Finding]:
    waited = stage.control.wait("callback_answered", checkout_request_id=checkout_request_id, timeout_s=_CALLBACK_S)
    if waited["met"]:
        yield merchant.callback(waited["entries"][-1])
    else:
        yield good("callback", f"no callback was answered within {_CALLBACK_S:g} s; the rules will judge that")
    yield _status(stage, started.payment_id or reference, reference)
    ledger = stage.driver.read_ledger(payment_id=started.payment_id or reference, reference=reference)
    if ledger is not None and ledger.credits is None:
        yield bad("ledger", ledger.error, "correct merchant.ledger in the target file")
    audit = stage.driver.read_audit(payment_id=started.payment_id or reference, reference=reference)
    if audit is None and stage.target.merchant.audit is not None:
        yield bad("audit", "merchant.audit could not be read", "correct merchant.audit in the target file")


def _status(stage: Stage, payment_id: str, reference: str) -> Finding:
    """Read the state until it is final, or for a while; a state that stays pending is for the rules to judge."""
    if stage.target.merchant.status is None and stage.target.merchant.adapter is None:
        return good("status", "the target file has no merchant.status: rules that need it will not be tested")
    began = time.monotonic()
    while True:
        view = stage.driver.read_status(payment_id, reference)
        wrong = merchant.status_answer(view, stage.target)
        settled = view.state not in {None, PaymentState.PENDING}
        if settled or time.monotonic() > began + (_UNREADABLE_S if wrong else _STATUS_S):
            return wrong or good("status", f"the payment is {view.state}")
        time.sleep(0.1)


def _newest(control: ControlClient) -> int:
    """The sequence number that the next journal entry will have at least."""
    since = 0
    while True:
        page = control.journal(since=since)
        if not page["entries"]:
            return since
        since = int(page["next"])


def _since(control: ControlClient, since: int) -> list[daraja.Entry]:
    entries: list[daraja.Entry] = control.journal(since=since)["entries"]
    return entries
