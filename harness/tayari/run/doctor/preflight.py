"""The preflight: before any rule, it looks for mistakes of the set-up that rules would blame on the merchant's code.

Two real payments are made, with MSISDNs of the preflight's own range: one is paid, one cancelled. The journal is read,
and what the merchant shows of them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from tayari_contracts.catalogue.rules import Need, catalogue
from tayari_contracts.steps.c2b_payments import pushes_unconfirmed
from tayari_control.client import ControlClient, ControlError
from tayari_control.simulator_process import SimulatorStartError
from tayari_formats.exit_codes import Exit
from tayari_money.payment_record import PaymentState
from tayari_reports.redaction import Redactor
from tayari_target.adapter import AdapterError, shown
from tayari_target.background import in_background
from tayari_target.instances import Instances
from tayari_target.merchant_process import MerchantStartError, answers
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment
from tayari_target.views import Started, StatusView

from tayari.run.doctor import diagnose_daraja as daraja
from tayari.run.doctor import diagnose_interception as interception
from tayari.run.doctor import diagnose_merchant as merchant
from tayari.run.doctor import diagnose_payment as readings
from tayari.run.doctor.diagnose_c2b import c2b
from tayari.run.doctor.diagnose_instances import KnownPayment, instances, second_process
from tayari.run.doctor.diagnose_payout import payout
from tayari.run.doctor.diagnose_refund import refund
from tayari.run.doctor.diagnose_secrets import ordinary_words
from tayari.run.doctor.doctor_findings import DoctorFinding, bad, good, warning

Tell = Callable[[DoctorFinding], None]

MSISDN_RANGE: Final = "25479999"
"""The preflight's payments: 254 79999 0000 to 9999."""
AMOUNT: Final = 10
_DARAJA_CALL_S: Final = 3.0
"""A merchant may push after it has answered, from a queue."""
_CALLBACK_S: Final = 10.0
_STATUS_S: Final = 5.0
_REFRESH_S: Final = 1.0
"""How often the page of a merchant without callbacks is refreshed, which makes some merchants ask Daraja."""
_UNREADABLE_S: Final = 1.0
_BOOKED_S: Final = 2.0
"""A merchant may credit, and keep the message, a moment after it shows that the payment is paid."""
_SUCCESS: Final[Mapping[str, Any]] = {
    "scenario": "preflight/success",
    "about": "The preflight's payment: paid after a moment.",
    "outcome": {"result_code": 0, "after_s": 0.3},
}
_CANCELLED: Final[Mapping[str, Any]] = {
    "scenario": "preflight/cancelled",
    "about": "The preflight's other payment: cancelled after a moment.",
    "outcome": {"result_code": 1032, "after_s": 0.3},
}


def examine(environment: TestEnvironment, show: Tell, others: Instances | None = None) -> tuple[DoctorFinding, ...]:
    """Bring the test environment up and look at everything, up to the first finding that stops. `show` gets each.

    `others`: more instances of the merchant, which are started as soon as the first one is up.
    """
    findings: list[DoctorFinding] = []
    for found in _findings(environment, others):
        finding = _redacted(merchant.with_log(found, environment), Redactor(environment.secrets))
        findings.append(finding)
        show(finding)
        if not finding.ok:
            break
    return tuple(findings)


def stopped(findings: Sequence[DoctorFinding]) -> DoctorFinding | None:
    """The finding that stops the run, if there is one."""
    return next((finding for finding in findings if not finding.ok), None)


def _redacted(finding: DoctorFinding, redactor: Redactor) -> DoctorFinding:
    """Messages quote the merchant's own words, and those may hold anything."""
    return replace(finding, message=redactor.text(finding.message), fix=redactor.text(finding.fix))


def _findings(environment: TestEnvironment, others: Instances | None) -> Iterator[DoctorFinding]:
    """Lazily: nothing after a finding that stops is tried."""
    yield _simulator(environment)
    yield _merchant(environment)
    yield from ordinary_words(environment.target)
    if others is not None:
        others.begin()
    known: list[KnownPayment] = []
    customers = _Meanwhile(partial(c2b, environment))
    try:
        if environment.target.merchant.takes_payments:
            with pushes_unconfirmed([environment]):
                for finding in _payment(environment, known):
                    yield finding
                    if finding.name == merchant.PAYMENT:  # the journal has been read: what else is called may be in it
                        customers.begin()
        if environment.target.merchant.payout is not None:
            yield from payout(environment, known)
        yield from customers.findings()
        if others is not None:
            yield from instances(others, known)
        yield from second_process(environment.target)
        yield from merchant.destructive_start(environment.target.merchant.start)
        yield from refund(environment, known, amount=AMOUNT)
    except ControlError as error:
        yield bad("simulator", str(error), "see that the simulator still runs", Exit.OUR_FAILURE)


class _Meanwhile:
    """Findings that are made in a thread of their own, beside others.

    A merchant may refuse one of two requests that come at the same moment, such as one whose database is locked: a look
    beside others that found a reason to stop is made once more, alone.
    """

    def __init__(self, look: Callable[[], Iterable[DoctorFinding]]) -> None:
        self._look = look
        self._found: Future[tuple[DoctorFinding, ...]] | None = None

    def begin(self) -> Future[tuple[DoctorFinding, ...]]:
        """Look now, once; returns at once."""
        if self._found is None:
            self._found = in_background(lambda: tuple(self._look()))
        return self._found

    def findings(self) -> tuple[DoctorFinding, ...]:
        """What was found; an error of the look is raised here. The other findings are complete."""
        beside_others = self._found is not None
        found = self.begin().result()
        return tuple(self._look()) if beside_others and stopped(found) is not None else found


def _simulator(environment: TestEnvironment) -> DoctorFinding:
    try:
        environment.raise_simulator()
    except SimulatorStartError as error:
        if error.port_taken:
            found, _, do = str(error).partition("; ")
            return bad("port", found, do)
        return bad("simulator", str(error), "fix what it says, and try again", Exit.OUR_FAILURE)
    except ControlError as error:
        return bad("simulator", str(error), "start it with `tayari simulate`, or leave the control URL out")
    except AdapterError as error:
        return bad("adapter", str(error), "correct merchant.adapter")
    return good("simulator", f"Daraja is played at {environment.daraja_url}")


def _merchant(environment: TestEnvironment) -> DoctorFinding:
    try:
        environment.raise_merchant()
    except MerchantStartError as error:
        return merchant.start_failure(error)
    if not answers(environment.base_url):
        fix = "start your merchant, correct merchant.base_url, or let Tayari start it with merchant.start"
        return bad("merchant", f"nothing answers at {environment.base_url}", fix, Exit.MERCHANT_UNREACHABLE)
    failed = environment.driver.log_in()
    if failed:
        return bad("log-in", failed, "correct merchant.login in the target file")
    return good("merchant", f"it answers at {environment.base_url}")


def _payment(environment: TestEnvironment, known: list[KnownPayment]) -> Iterator[DoctorFinding]:
    since = environment.control.journal_end()
    played = _play(environment, _SUCCESS)
    started, msisdn = played.started, played.msisdn
    entries = _since(environment.control, since)
    if started.accepted and not (daraja.pushed(entries) or daraja.token_refused(entries)):
        environment.control.wait("push_seen", msisdn=msisdn, timeout_s=_DARAJA_CALL_S, since=since)
        entries = _since(environment.control, since)
    if not daraja.saw_daraja(entries):
        silent = merchant.no_answer(started, environment.base_url)
        yield (
            silent
            or _not_intercepted(environment, started.status)
            or merchant.never_called(started, environment.target, environment.daraja_url)
        )
        return
    yield from _intercepted(environment, entries)
    yield from daraja.unplayed(entries)
    yield from daraja.diagnose(entries, environment.target.daraja)
    silent = merchant.no_answer(started, environment.base_url)
    if silent is not None:
        yield silent
        return
    yield merchant.payment_answer(started, environment.target, refused=daraja.refusal(entries))
    push = daraja.accepted_push(entries)
    yield from daraja.other_payer(entries, msisdn)
    if push is not None:
        yield from daraja.unused_rewrites(push, environment.target.callbacks)
        yield from _outcome(environment, played, push["checkout_request_id"], known)


def _not_intercepted(environment: TestEnvironment, answered: int | None) -> DoctorFinding | None:
    ca_file = environment.placeholders.get("ca_file", "")
    calls = environment.control.interception()
    return interception.never_came(environment.target.merchant.start, calls, ca_file, environment.daraja_url, answered)


def _intercepted(environment: TestEnvironment, entries: Sequence[daraja.Entry]) -> Iterator[DoctorFinding]:
    calls = environment.control.interception()
    found = (
        interception.which_way(calls),
        interception.refused_hosts(calls),
        interception.production_calls(entries),
    )
    yield from filter(None, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    started: Started
    msisdn: str
    reference: str

    @property
    def payment_id(self) -> str:
        return self.started.payment_id or self.reference


def _play(environment: TestEnvironment, scenario: Mapping[str, Any]) -> _Played:
    msisdn = f"{MSISDN_RANGE}{secrets.randbelow(10_000):04}"
    reference = f"TY{secrets.token_hex(4).upper()}"
    environment.control.play_next(scenario, msisdn=msisdn)
    started = environment.driver.start_payment(msisdn=msisdn, amount=AMOUNT, reference=reference)
    return _Played(started=started, msisdn=msisdn, reference=reference)


def _outcome(
    environment: TestEnvironment, played: _Played, checkout_request_id: str, known: list[KnownPayment]
) -> Iterator[DoctorFinding]:
    callback = None
    if environment.target.merchant.takes_callbacks:
        waited = environment.control.wait(
            "callback_answered", checkout_request_id=checkout_request_id, timeout_s=_CALLBACK_S
        )
        callback = waited["entries"][-1] if waited["met"] else None
        yield _callback(callback, environment.target)
    answered = ((callback or {}).get("response") or {}).get("status")
    if not shown(environment.target).state:
        yield _without_state()
        yield from _books(_read_back(environment, played, StatusView(state=None)), environment.target)
        yield from readings.unsaid(played.started, (), environment.target)
        return
    view = _ended(environment, played)
    known.append(
        KnownPayment(payment_id=played.payment_id, reference=played.reference, view=view, msisdn=played.msisdn)
    )
    yield merchant.status_answer(view, environment.target) or _state(view, answered, environment.target)
    yield from _books(_read_back(environment, played, view), environment.target)
    if view.state is PaymentState.PAID:
        yield from _paid(environment, played, view, checkout_request_id)
    taken = answered is not None and 200 <= answered < 300
    if taken or (view.state is PaymentState.PAID and not environment.target.merchant.takes_callbacks):
        yield from _cancelled(environment, played, view)


def _callback(callback: Mapping[str, Any] | None, target: Target) -> DoctorFinding:
    """How the merchant took the callback; None: it was not answered in time."""
    if callback is not None:
        return merchant.callback(callback, target.callbacks)
    found = f"no callback was answered within {_CALLBACK_S:g} s"
    return warning("callback", found, "see why the merchant does not answer; if it is slow, the rules will judge that")


def _without_state() -> DoctorFinding:
    """How many rules fall away without a state, and what brings them back."""
    rows = [row for row in catalogue().values() if row.family != "performance"]
    lost = sum(1 for row in rows if Need.STATE in row.needs)
    return warning(
        "status",
        f"the target file has no merchant.status: {lost} of {len(rows)} rules will not be tested",
        "write merchant.status, which brings them back: a request, or `sql`, `file` or `command`",
    )


def _state(view: StatusView, answered: int | None, target: Target) -> DoctorFinding:
    by_query = not target.merchant.takes_callbacks
    if view.state is PaymentState.PENDING and by_query:
        return readings.never_asked(_ends_within_s(target))
    if view.state is PaymentState.PENDING and answered is not None:
        return readings.still_pending(view, answered, _STATUS_S)
    if view.state is PaymentState.PAID or (answered is None and not by_query):
        return good("status", f"the payment is {view.state}")
    return readings.paid_otherwise(view)


def _paid(
    environment: TestEnvironment, played: _Played, view: StatusView, checkout_request_id: str
) -> Iterator[DoctorFinding]:
    """The reading of the paid payment, once it no longer changes, or after a while."""
    known = environment.control.payments(checkout_request_id=checkout_request_id)[0]
    until = time.monotonic() + _BOOKED_S
    while True:
        read = _read_back(environment, played, view)
        found = tuple(
            readings.paid(read, environment.target, receipt=str(known["receipt"]), amount=float(known["amount"]))
        )
        if not found or time.monotonic() > until:
            yield from found
            return
        time.sleep(0.1)
        view = environment.driver.read_status(played.payment_id, played.reference)


def _read_back(environment: TestEnvironment, played: _Played, view: StatusView) -> readings.Readings:
    named = {"payment_id": played.payment_id, "reference": played.reference}
    return readings.Readings(
        view=view, ledger=environment.driver.read_ledger(**named), audit=environment.driver.read_audit(**named)
    )


def _books(read: readings.Readings, target: Target) -> Iterator[DoctorFinding]:
    """Ledger and audit that cannot be read at all."""
    if read.ledger is not None and read.ledger.credits is None:
        yield bad("ledger", read.ledger.error, "correct merchant.ledger in the target file")
    if read.audit is None and target.merchant.audit is not None:
        yield bad("audit", "merchant.audit could not be read", "correct merchant.audit in the target file")


def _cancelled(environment: TestEnvironment, paid: _Played, paid_view: StatusView) -> Iterator[DoctorFinding]:
    """The other ending, for the words that only a failed payment has."""
    played = _play(environment, _CANCELLED)
    views: tuple[StatusView, ...] = (paid_view,)
    is_pushed = bool(environment.control.payments(msisdn=played.msisdn))
    if not played.started.accepted and not is_pushed:  # who answers at the end says that this payment has failed
        yield merchant.second_payment_refused(played.started)
    elif _gets_callback(environment, played):
        view = _ended(environment, played)
        views = (paid_view, view)
        wrong = merchant.status_answer(view, environment.target)
        found = (
            (wrong,)
            if wrong
            else tuple(readings.cancelled(view, environment.target, _ends_within_s(environment.target), paid=paid_view))
        )
        yield from found or (good("cancelled payment", f"it is {view.state}"),)
        receipt = str(environment.control.payments(msisdn=paid.msisdn)[0]["receipt"])
        yield from readings.left_out(paid_view, view, environment.target, receipt=receipt, amount=AMOUNT)
    yield from readings.unsaid(paid.started, views, environment.target)


def _gets_callback(environment: TestEnvironment, played: _Played) -> bool:
    """Whether the merchant has got the result; one without callbacks asks for it."""
    if not environment.target.merchant.takes_callbacks:
        return True
    waited = environment.control.wait("callback_answered", msisdn=played.msisdn, timeout_s=_CALLBACK_S)
    return bool(waited["met"])


def _ends_within_s(target: Target) -> float:
    """By when a payment with a result has ended: soon after its callback, or as the merchant promises to ask."""
    merchant = target.merchant
    return _STATUS_S if merchant.takes_callbacks else max(_STATUS_S, merchant.promises.reconcile_within_s)


def _ended(environment: TestEnvironment, played: _Played) -> StatusView:
    """Read the state until it is final, or for a while."""
    began, ends_within_s = time.monotonic(), _ends_within_s(environment.target)
    while True:
        if not environment.target.merchant.takes_callbacks:
            environment.driver.refresh(played.payment_id, played.reference)
        view = environment.driver.read_status(played.payment_id, played.reference)
        wrong = merchant.status_answer(view, environment.target)
        settled = view.state not in {None, PaymentState.PENDING}
        if settled or time.monotonic() > began + (_UNREADABLE_S if wrong else ends_within_s):
            return view
        time.sleep(0.1 if environment.target.merchant.takes_callbacks else _REFRESH_S)


def _since(control: ControlClient, since: int) -> list[daraja.Entry]:
    entries: list[daraja.Entry] = control.journal(since=since)["entries"]
    return entries
