"""`POST /v1/callbacks`: the deliveries that a request asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import orjson

from tayari_simulator.apis.bill_manager import BillBook
from tayari_simulator.apis.c2b import c2b_payment as c2b
from tayari_simulator.apis.c2b.messages import organisation_of
from tayari_simulator.apis.core.execution import message_of
from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.control.endpoint import ControlRefusal
from tayari_simulator.control.schemas import ABSENT, CallbackMethod, SendCallback
from tayari_simulator.faults.change import BadChange, Change
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.state.behaviour import Call, Delivery, Step
from tayari_simulator.state.transactions import Transaction
from tayari_simulator.transport.simulator import Simulator

LONGEST_S: Final = 300.0
"""All deliveries of one request, with their gaps, take no longer."""

SOMEBODY: Final = "254708374149"
"""The payer of a payment that does not exist."""


def deliveries(simulator: Simulator, request: SendCallback, scenario: Scenario | None = None) -> list[Delivery]:
    """The callbacks to send, in order. `scenario` is the one that `request` names.

    Raises:
        ControlRefusal: no callback can be made of it.
    """
    _check_shape(request)
    transaction = _transaction(simulator, request, scenario)
    step = _step_of(scenario)
    one = Delivery(
        due_s=simulator.now_s(),
        url=request.url or (_url_of(simulator, transaction, request.message) if transaction else ""),
        body=_body(simulator, request, transaction, step),
        transaction_id=transaction.id if transaction else request.checkout_request_id or "",
        msisdn=transaction.msisdn if transaction else "",
        method=request.method.value,
        content_type=request.content_type,
    )
    made = _under_faults(simulator, one, scenario)
    planned = [_finished(simulator, request, row) for _ in range(request.times) for row in made]
    return [replace(row, note=_note(row, number, len(planned))) for number, row in enumerate(planned, start=1)]


def _note(delivery: Delivery, number: int, of: int) -> str:
    note = f"sent {number} of {of}"
    return f"{note}; {delivery.note}" if delivery.note else note


def _finished(simulator: Simulator, request: SendCallback, delivery: Delivery) -> Delivery:
    source = request.source or delivery.forged_from or None
    headers = (*simulator.source_headers(source), *request.headers.items())
    return replace(delivery, body=_changed(delivery.body, request), headers=headers)


def _check_shape(request: SendCallback) -> None:
    given = [key for key, there in _bodies(request).items() if there]
    if len(given) > 1:
        raise ControlRefusal(400, "bad_body", f"{' and '.join(given)} exclude each other; give one of them")
    if request.raw is not None and (request.set or request.drop or request.order):
        raise ControlRefusal(400, "bad_body", "raw is sent as it is; set, drop and order need a JSON body")
    if request.url is None and request.checkout_request_id is None:
        raise ControlRefusal(400, "bad_body", "no target; give checkout_request_id, or url with body or raw")
    if (request.msisdn or request.amount) and (
        request.checkout_request_id or given[:1] not in (["result_code"], ["scenario"], ["message"])
    ):
        message = "msisdn and amount are for a payment that does not exist; give url with result_code or scenario"
        raise ControlRefusal(400, "bad_body", message)
    if (request.times - 1) * request.gap_s > LONGEST_S:
        raise ControlRefusal(400, "bad_body", f"times and gap_s make more than {LONGEST_S:g} s; send fewer, or closer")


def _bodies(request: SendCallback) -> dict[str, bool]:
    return {
        "result_code": request.result_code is not None,
        "scenario": request.scenario is not None,
        "body": request.body is not ABSENT,
        "raw": request.raw is not None,
        "message": request.message is not None,
    }


def _transaction(simulator: Simulator, request: SendCallback, scenario: Scenario | None) -> Transaction | None:
    """The payment that is meant, or an invented one; an unknown id will do where url and body are given."""
    if request.checkout_request_id is None:
        return (
            _invented(simulator, request, scenario)
            if request.message or request.result_code is not None or request.scenario is not None
            else None
        )
    transaction = simulator.transaction(request.checkout_request_id)
    complete = request.url is not None and (request.body is not ABSENT or request.raw is not None)
    if transaction is None and not complete:
        message = f'no payment "{request.checkout_request_id}"; give the id of one, or url with body or raw'
        raise ControlRefusal(404, "unknown_payment", message)
    return transaction


def _invented(simulator: Simulator, request: SendCallback, scenario: Scenario | None) -> Transaction:
    """A transaction that Daraja does not have, for a message about it."""
    state, now_s, msisdn = simulator.daraja.state, simulator.now_s(), request.msisdn or SOMEBODY
    usual = c2b.KIND if request.message in (Call.VALIDATION, Call.CONFIRMATION) else Call.STK_PUSH
    kind = request.kind or (scenario.when.endpoint if scenario is not None else usual)
    if kind not in TRANSACTIONS:
        message = f"{kind} calls have no later message; expected one of {', '.join(sorted(TRANSACTIONS))}"
        raise ControlRefusal(400, "misplaced_scenario", message)
    return state.lifecycles[kind].example(state, msisdn, request.amount or 1, request.url or "", now_s)


def _step_of(scenario: Scenario | None) -> Step | None:
    return scenario.behaviour.steps[0] if scenario is not None else None


def _body(simulator: Simulator, request: SendCallback, transaction: Transaction | None, step: Step | None) -> bytes:
    if request.raw is not None:
        return request.raw.encode()
    if request.body is not ABSENT:
        return orjson.dumps(request.body)
    if transaction is not None:
        if request.message is not None and request.message != Call.CALLBACK:
            return _named(simulator, transaction, request.message)
        code = step.result_code if step is not None else request.result_code
        if code is None and transaction.result_code is None:
            message = f"payment {transaction.id} has no result yet; wait for it, or give result_code"
            raise ControlRefusal(409, "no_result", message)
        desc = step.result_desc if step is not None else None
        body = message_of(simulator.daraja.state, transaction, code, simulator.now_s(), desc=desc)
        if not body:
            message = f"a {transaction.kind} transaction that failed has no message; give result_code 0"
            raise ControlRefusal(400, "no_message", message)
        return body
    if request.method is CallbackMethod.POST or request.method is CallbackMethod.PUT:
        raise ControlRefusal(
            400, "bad_body", "nothing to send; give checkout_request_id, result_code, scenario, body or raw"
        )
    return b""


def _named(simulator: Simulator, transaction: Transaction, name: str) -> bytes:
    """One of the further messages; a C2B payment reports its result by its confirmation."""
    state, now_s = simulator.daraja.state, simulator.now_s()
    lifecycle = state.lifecycles[transaction.kind]
    if name == lifecycle.called:
        return message_of(state, transaction, 0, now_s)
    body = lifecycle.messages().get(name)
    if body is None:
        known = ", ".join((Call.CALLBACK, *filter(None, [lifecycle.called]), *lifecycle.messages()))
        message = f"a {transaction.kind} transaction has no message {name}; expected one of {known}, or another kind"
        raise ControlRefusal(400, "no_message", message)
    return body(state, transaction, now_s)


def _url_of(simulator: Simulator, transaction: Transaction, name: str | None) -> str:
    """Where a message of this transaction goes."""
    state = simulator.daraja.state
    found: str | None = transaction.url
    if name in (Call.VALIDATION, Call.CONFIRMATION):
        organisation = organisation_of(state, transaction)
        urls = organisation.urls if organisation is not None else None
        found = None if urls is None else urls.validation if name == Call.VALIDATION else urls.confirmation
    elif name == Call.PAYMENT_PUSH:
        opt_in = state.part(BillBook).opt_ins.get(transaction.party_b)
        found = None if opt_in is None else opt_in.callback_url
    if not found:
        message = f"nobody has said where the {name or 'message'} of {transaction.id} goes; give url"
        raise ControlRefusal(400, "bad_body", message)
    return found


def _under_faults(simulator: Simulator, one: Delivery, scenario: Scenario | None) -> list[Delivery]:
    """What the scenario's callback faults make of it, in the order of their times."""
    made: tuple[Delivery, ...] = (one,)
    for armed in scenario.behaviour.armed if scenario is not None else ():
        if armed.applies(Call.CALLBACK, armed.after_calls + 1, armed.from_s, simulator.daraja.state.uniform):
            made = armed.met(simulator.daraja.state.uniform).deliver(made)
    return sorted(made, key=lambda row: row.due_s)


def _changed(body: bytes, request: SendCallback) -> bytes:
    change = Change(set=request.set, drop=request.drop, order=request.order)
    if not (change.set or change.drop or change.order):
        return body
    try:
        return change.apply(body)
    except BadChange as error:
        raise ControlRefusal(400, "unknown_path", str(error)) from error
