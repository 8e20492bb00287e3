"""`POST /v1/callbacks`: what was told, turned into deliveries."""

from __future__ import annotations

from dataclasses import replace

import orjson

from tayari_simulator.control.bodies import ABSENT, Method, SendCallback
from tayari_simulator.control.refusals import Refusal
from tayari_simulator.core.behaviour import Delivery
from tayari_simulator.core.outcomes import callback_of
from tayari_simulator.core.payments import Payment
from tayari_simulator.faults.change import BadChange, Change
from tayari_simulator.http.simulator import Simulator

LONGEST_S = 300.0
"""All deliveries of one order, with their gaps, take no longer."""


def deliveries(simulator: Simulator, told: SendCallback) -> list[Delivery]:
    """The callbacks to send, in order.

    Raises:
        Refusal: nothing can be made of it.
    """
    _check_shape(told)
    payment = _payment(simulator, told)
    url = told.url or (payment.callback_url if payment else "")
    one = Delivery(
        due_s=simulator.now_s(),
        url=url,
        body=_changed(_body(simulator, told, payment), told),
        checkout_request_id=payment.checkout_request_id if payment else told.checkout_request_id or "",
        msisdn=payment.msisdn if payment else "",
        method=told.method.value,
        content_type=told.content_type,
        headers=(*simulator.source_headers(told.source), *told.headers.items()),
    )
    return [replace(one, note=f"told {number + 1} of {told.times}") for number in range(told.times)]


def _check_shape(told: SendCallback) -> None:
    given = [key for key, there in _bodies(told).items() if there]
    if len(given) > 1:
        raise Refusal(400, "bad_body", f"{' and '.join(given)} exclude each other; give one of them")
    if told.raw is not None and (told.set or told.drop or told.order):
        raise Refusal(400, "bad_body", "raw is sent as it is; set, drop and order need a JSON body")
    if told.url is None and told.checkout_request_id is None:
        raise Refusal(400, "bad_body", "no target; give checkout_request_id, or url with body or raw")
    if (told.times - 1) * told.gap_s > LONGEST_S:
        raise Refusal(400, "bad_body", f"times and gap_s make more than {LONGEST_S:g} s; send fewer, or closer")


def _bodies(told: SendCallback) -> dict[str, bool]:
    return {
        "result_code": told.result_code is not None,
        "body": told.body is not ABSENT,
        "raw": told.raw is not None,
    }


def _payment(simulator: Simulator, told: SendCallback) -> Payment | None:
    """The payment that is meant; an unknown id will do where url and body are given."""
    if told.checkout_request_id is None:
        return None
    payment = simulator.payment(told.checkout_request_id)
    complete = told.url is not None and (told.body is not ABSENT or told.raw is not None)
    if payment is None and not complete:
        message = f'no payment "{told.checkout_request_id}"; give the id of one, or url with body or raw'
        raise Refusal(404, "unknown_payment", message)
    return payment


def _body(simulator: Simulator, told: SendCallback, payment: Payment | None) -> bytes:
    if told.raw is not None:
        return told.raw.encode()
    if told.body is not ABSENT:
        return orjson.dumps(told.body)
    if payment is not None:
        if told.result_code is None and payment.result_code is None:
            message = f"payment {payment.checkout_request_id} has no result yet; wait for it, or give result_code"
            raise Refusal(409, "no_result", message)
        return callback_of(simulator.daraja.world, payment, told.result_code, simulator.now_s())
    if told.method is Method.POST or told.method is Method.PUT:
        raise Refusal(400, "bad_body", "nothing to send; give checkout_request_id, body or raw")
    return b""


def _changed(body: bytes, told: SendCallback) -> bytes:
    change = Change(set=told.set, drop=told.drop, order=told.order)
    if not (change.set or change.drop or change.order):
        return body
    try:
        return change.apply(body)
    except BadChange as error:
        raise Refusal(400, "unknown_path", str(error)) from error
