"""What no single value shows: combinations that cannot be played, and expectations that contradict themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Final

from tayari_formats.problems import Complaint, Path, suggest

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.execution import message_of
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.apis.registry import ENDPOINTS, LIFECYCLES, TRANSACTIONS
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.results import RESULTS, STILL_PROCESSING, SUCCESS, find
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.change import BadChange
from tayari_simulator.faults.late_failure import LateFailure
from tayari_simulator.faults.mutate import Mutate
from tayari_simulator.scenarios.scenario_model import DEFAULT_DELAY, FaultUse, Header
from tayari_simulator.scenarios.values import ShownState
from tayari_simulator.state.behaviour import ALWAYS, Call

_MSISDN = "254708374149"
_NOW_S = 1_791_372_903.2
_FULLEST = {"c2b_names": "full"}
"""Switches under which a message has every key that it can have."""


@cache
def sample_message(call: str, name: str = Call.CALLBACK, *, success: bool) -> bytes:
    """A message of this kind of transaction, by its name; of an STK push where the call makes none."""
    options = Options(overrides=_FULLEST)
    business = Business(short_code=SANDBOX_SHORT_CODE, passkey=SANDBOX_PASSKEY)
    state = DarajaState(business, options, uniform=Random(1).random, choose=None)
    state.lifecycles = {row.name: row.lifecycle(options) for row in ENDPOINTS if row.lifecycle is not None}
    kind = call if call in TRANSACTIONS else Call.STK_PUSH
    transaction = state.lifecycles[kind].example(state, _MSISDN, 1, "http://127.0.0.1/", _NOW_S)
    named = state.lifecycles[kind].messages().get(name)
    if named is not None:
        return named(state, transaction, _NOW_S)
    return message_of(state, transaction, 0 if success else 1, _NOW_S)


Faults = tuple[FaultUse, ...]


def lint(header: Header, faults: Faults) -> list[Complaint]:
    """Everything that is wrong with a file whose values are all well formed."""
    of_faults = [complaint for check in _CHECKS for complaint in check(header, faults)]
    return [*of_faults, *(complaint for check in _HEADER_CHECKS for complaint in check(header))]


def _codes(header: Header, faults: Faults) -> Iterator[Complaint]:
    api = LIFECYCLES[header.when.endpoint].api if header.when.endpoint in LIFECYCLES else "stk"
    codes: list[tuple[Path, int | str | None, str | None]] = []
    if header.outcome:
        codes.append((("outcome",), header.outcome.result_code, header.outcome.result_desc))
    codes.extend((("then", place), row.result_code, row.result_desc) for place, row in enumerate(header.then))
    for place, use in enumerate(faults):
        if isinstance(use.fault, LateFailure):
            codes.append((("faults", place, use.name), use.fault.result_code, None))
    for path, code, text in codes:
        if code == STILL_PROCESSING:
            message = "4999 is no result, only the query says it; use query: {in_flight: [4999]}"
            yield Complaint((*path, "result_code"), message)
        elif code is not None and text is None and not _is_known(code, api):
            hint = _nearest_code(code, api)
            wanted = "" if path[0] == "faults" else "; a code of your own needs result_desc too"
            yield Complaint((*path, "result_code"), f"{code} is not a known ResultCode of {api.upper()}{hint}{wanted}")
    query = header.query
    if query and query.result_code is not None and query.result_desc is None and find(query.result_code) is None:
        message = f"{query.result_code} is not a known ResultCode{_nearest_code(query.result_code, api)}"
        yield Complaint(("query", "result_code"), f"{message}; a code of your own needs result_desc too")


def _is_known(code: int | str, api: str) -> bool:
    row = find(code, api)
    return row is not None and api in row.apis


def _nearest_code(code: int | str, api: str) -> str:
    known = {row.code for row in RESULTS if api in row.apis}
    if isinstance(code, int):
        numbers = [row for row in known if isinstance(row, int)]
        return f"; did you mean {min(numbers, key=lambda row: abs(row - code))}?"
    return suggest(code, map(str, known))


def _payment_parts(header: Header) -> Iterator[Complaint]:
    endpoint = header.when.endpoint
    if endpoint in TRANSACTIONS:
        if endpoint != Call.STK_PUSH and header.query is not None:
            yield Complaint(("query",), f"a transaction of {endpoint} has no query of its own; remove it")
        return
    parts: dict[str, object] = {"outcome": header.outcome, "then": header.then or None}
    if endpoint != Call.STK_QUERY:
        parts["query"] = header.query
    for key, part in parts.items():
        if part is not None:
            yield Complaint((key,), f"a scenario for {endpoint} has no payment; remove it, or use endpoint: stk_push")
    if header.magic is not None:
        yield Complaint(("magic",), f"{endpoint} calls have no MSISDN and no amount; remove it")
    for key in ("msisdn", "amount", "reference"):
        if getattr(header.when, key) is not None:
            yield Complaint(("when", key), f"{endpoint} calls carry none; queue the scenario through POST /v1/next")


def _fault_places(header: Header, faults: Faults) -> Iterator[Complaint]:
    endpoint = header.when.endpoint
    usual = _calls_met(endpoint)
    for place, use in enumerate(faults):
        here = ("faults", place, use.name)
        # Tokens belong to no payment: only who asks for them by name means those that are fetched meanwhile.
        asked = {Call.OAUTH} & set(use.placing.on) if endpoint in TRANSACTIONS else set()
        reachable = usual | asked
        for call in use.calls:
            if call not in use.fault.calls:
                possible = ", ".join(sorted(use.fault.calls))
                yield Complaint(here, f"{use.name} cannot be put on {call}; it goes on {possible}")
            elif call not in reachable:
                possible = ", ".join(sorted(reachable))
                yield Complaint(here, f"a scenario for {endpoint} never applies to {call} calls, only to {possible}")


def _calls_met(endpoint: str) -> set[str]:
    """The calls that a scenario for this endpoint can meet."""
    if endpoint not in TRANSACTIONS:
        return {endpoint}
    lifecycle = LIFECYCLES[endpoint]
    named = {*lifecycle.messages(), *filter(None, [lifecycle.called])}
    return {endpoint, Call.CALLBACK} | named | ({Call.STK_QUERY} if endpoint == Call.STK_PUSH else set())


def _windows(_: Header, faults: Faults) -> Iterator[Complaint]:
    for place, use in enumerate(faults):
        here, placing = ("faults", place, use.name), use.placing
        if placing.until_s is not None and placing.until_s <= placing.from_s:
            yield Complaint((*here, "until_s"), f"ends at {placing.until_s:g}, but begins at {placing.from_s:g}")
        if placing.is_window and (placing.after_calls or placing.times not in (None, ALWAYS)):
            key = "times" if placing.times not in (None, ALWAYS) else "after_calls"
            yield Complaint((*here, key), "counts calls, while from_s and until_s count seconds; give one of the two")
        changes = type(use.fault).prepare is not TableFault.prepare
        if changes and (placing.is_window or placing.probability < 1):
            yield Complaint(here, f"{use.name} changes the scenario itself: it has no window and no probability")


def _callbacks_sent(header: Header, faults: Faults) -> Iterator[Complaint]:
    silent = header.outcome is not None and not header.outcome.callback and not any(row.callback for row in header.then)
    for place, use in enumerate(faults):
        if silent and Call.CALLBACK in use.calls and not isinstance(use.fault, LateFailure):
            yield Complaint(("faults", place, use.name), "there is no callback to change: outcome.callback is false")


def _results_in_order(header: Header, faults: Faults) -> Iterator[Complaint]:
    paid = header.outcome is None or (header.outcome.result_code == SUCCESS and not header.outcome.queue_timeout)
    for place, row in enumerate(header.then):
        if paid and row.result_code == SUCCESS:
            yield Complaint(("then", place), "the payment has succeeded already; for a second callback use duplicate")
        paid = paid or row.result_code == SUCCESS
    late = any(isinstance(use.fault, LateFailure) for use in faults)
    if late and not paid:
        yield Complaint(("faults",), "late_failure follows a success; this payment never succeeds")
    timed = header.outcome is not None and header.outcome.after_s is not DEFAULT_DELAY
    if timed and any(use.name == "before_ack" for use in faults):
        yield Complaint(("outcome", "after_s"), "before_ack sets when the callback comes; remove one of the two")


def _mutations(header: Header, faults: Faults) -> Iterator[Complaint]:
    paid = header.outcome is None or (header.outcome.result_code == SUCCESS and not header.outcome.queue_timeout)
    for place, use in enumerate(faults):
        if not isinstance(use.fault, Mutate):
            continue
        here = ("faults", place, use.name)
        if not (use.fault.set or use.fault.drop or use.fault.order):
            yield Complaint(here, "changes nothing; give set, drop or order")
        successes = {paid, *(True for row in header.then if row.result_code == SUCCESS)}
        for name in use.calls:
            bodies = [sample_message(header.when.endpoint, name, success=success) for success in successes]
            wrong = [_fails_on(use.fault, body) for body in bodies]
            if all(wrong):
                yield Complaint(here, wrong[0])


def _fails_on(fault: Mutate, body: bytes) -> str:
    try:
        fault.change.apply(body)
    except BadChange as error:
        return str(error)
    return ""


def _query_says(header: Header) -> Iterator[Complaint]:
    query = header.query
    if query is None:
        return
    if not (query.result_code is not None or query.in_flight or query.checkout_request_id or query.error):
        yield Complaint(("query",), "says nothing; give result_code, in_flight, checkout_request_id or error")
    if header.when.endpoint == Call.STK_QUERY and header.when.from_call > 1:
        yield Complaint(("when", "from_call"), "counts for faults only, not for query; remove one of the two")
    if query.error is not None and query.result_code is not None:
        yield Complaint(("query", "error"), "the query cannot give an error and a result_code at once; remove one")


def _magic(header: Header) -> Iterator[Complaint]:
    if header.magic is not None and (header.when.msisdn is not None or header.when.amount is not None):
        yield Complaint(("magic",), "gives an MSISDN and an amount, and so does when; give one of the two")


def _expectations(header: Header) -> Iterator[Complaint]:
    expect = header.expect
    both = [state.value for state in expect.state or () if state in expect.never]
    if both:
        yield Complaint(("expect", "never"), f"{', '.join(both)} is expected by state and forbidden by never")
    if expect.credits and expect.state is not None and ShownState.PAID not in expect.state:
        message = f"{expect.credits} expected, but state never is paid; nothing is credited without being paid"
        yield Complaint(("expect", "credits"), message)
    counted = expect.pushes is not None or expect.payouts is not None or expect.queries is not None
    if expect.within_s is not None and expect.state is None and not counted:
        yield Complaint(("expect", "within_s"), "there is no expect.state that could be reached by then")
    call = header.when.endpoint
    pays_out = call in LIFECYCLES and LIFECYCLES[call].api == "b2c"
    if expect.pushes is not None and pays_out:
        yield Complaint(("expect", "pushes"), f"a merchant pushes nothing for {call} calls; expected payouts")
    if expect.payouts is not None and not pays_out:
        yield Complaint(("expect", "payouts"), f"a merchant pays nothing out for {call} calls; expected pushes")


_CHECKS: Final[tuple[Callable[[Header, Faults], Iterator[Complaint]], ...]] = (
    _codes,
    _fault_places,
    _windows,
    _callbacks_sent,
    _results_in_order,
    _mutations,
)
_HEADER_CHECKS: Final[tuple[Callable[[Header], Iterator[Complaint]], ...]] = (
    _payment_parts,
    _query_says,
    _magic,
    _expectations,
)
