"""Callbacks by a scenario's name, and of payments that do not exist: what `trigger` sends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests
from running_simulator import Running, running
from shipped_scenarios import SHIPPED


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(SHIPPED, source_header="X-Forwarded-For") as alone:
        yield alone


def callbacks_of(server: Running, **body: Any) -> list[dict[str, Any]]:
    """What the merchant was sent."""
    server.taken.clear()
    answer = requests.post(f"{server.control_url}/v1/callbacks", json=body, timeout=20)
    assert answer.status_code == 200
    assert len(answer.json()["deliveries"]) == len(server.taken)
    return [orjson.loads(row.body)["Body"]["stkCallback"] if row.body else {} for row in server.taken]


def test_a_scenario_gives_its_result_to_a_payment_that_never_was(server: Running) -> None:
    (callback,) = callbacks_of(
        server, url=server.callback_url, scenario="payment/insufficient-funds", msisdn="254711000001"
    )

    assert callback["ResultCode"] == 1
    assert callback["CheckoutRequestID"].endswith("711000001")
    assert server.control.payments(msisdn="254711000001") == []


def test_a_code_with_msisdn_and_amount_is_enough(server: Running) -> None:
    (callback,) = callbacks_of(server, url=server.callback_url, result_code=0, msisdn="254711000002", amount=250)
    items = {item["Name"]: item["Value"] for item in callback["CallbackMetadata"]["Item"]}

    assert (items["Amount"], items["PhoneNumber"]) == (250, 254711000002)


def test_a_scenarios_callback_faults_are_played(server: Running) -> None:
    callback = callbacks_of(server, url=server.callback_url, scenario="callbacks/duplicate")

    assert len(callback) >= 2
    assert all(row == callback[0] for row in callback)


def test_a_forged_callback_comes_from_the_stranger(server: Running) -> None:
    forged, true = callbacks_of(server, url=server.callback_url, scenario="callbacks/forged-unknown-id")
    addresses = [row.headers["X-Forwarded-For"] for row in server.taken]

    assert forged["CheckoutRequestID"] != true["CheckoutRequestID"]
    assert addresses[0] == "203.0.113.66"
    assert addresses[1].startswith("196.201.")


def test_a_path_of_a_scenarios_body_can_be_set(server: Running) -> None:
    (callback,) = callbacks_of(
        server,
        url=server.callback_url,
        scenario="payment/cancelled",
        set={"Body.stkCallback.ResultDesc": "something else"},
    )

    assert callback["ResultDesc"] == "something else"


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"scenario": "payment/nothing"}, 404, 'no scenario "payment/nothing" is loaded'),
        ({"scenario": "token/rejected-401", "result_code": 1}, 400, "result_code and scenario exclude each other"),
        ({"scenario": "token/expires-soon"}, 400, "oauth calls have no later message"),
        ({"body": {}, "msisdn": "254711000001"}, 400, "msisdn and amount are for a payment that does not exist"),
        ({"result_code": 0, "msisdn": "0711"}, 400, "expected 12 digits"),
        ({"result_code": 0, "amount": 0}, 400, "amount: found 0; expected at least 1"),
        ({"scenario": "payment/success", "set": {"Body.stkCalback.ResultCode": 1}}, 400, "did you mean"),
    ],
)
def test_a_callback_that_cannot_be_sent_is_refused(
    server: Running, body: dict[str, Any], status: int, problem: str
) -> None:
    server.taken.clear()
    answer = requests.post(f"{server.control_url}/v1/callbacks", json={"url": server.callback_url, **body}, timeout=20)

    assert answer.status_code == status
    assert problem in answer.json()["error"]["message"]
    assert server.taken == []


def test_a_planned_forgery_and_an_odd_method_reach_the_merchant_and_are_nobodys_callbacks(server: Running) -> None:
    server.taken.clear()
    faults = [{"forge": {"gap_s": 0.1}}, {"wrong_method": {"method": "PUT", "gap_s": 0.1}}]
    inline = {"outcome": {"after_s": 0.1}, "faults": faults}
    requests.post(
        f"{server.control_url}/v1/next", json={"scenario": inline, "msisdn": "254711000005"}, timeout=5
    ).raise_for_status()
    identifier = server.pushed("254711000005")
    waited = server.control.wait("idle", checkout_request_id=identifier, timeout_s=10)
    (payment,) = server.control.payments(checkout_request_id=identifier)
    strangers = [row.method for row in server.taken if row.headers["X-Forwarded-For"] == "203.0.113.66"]

    assert waited
    assert strangers == ["PUT", "POST"]
    assert len(payment["callbacks"]) == 1


def test_a_slow_body_takes_its_time_and_arrives_whole(server: Running) -> None:
    began = time.monotonic()
    answer = _pushed_with_slow_body(server, "254711000006", over_s=0.6)

    assert answer.json()["ResponseCode"] == "0"
    assert time.monotonic() - began > 0.5


def test_the_head_of_a_slow_body_comes_at_once(server: Running) -> None:
    with _pushed_with_slow_body(server, "254711000016", over_s=3_600, stream=True) as answer:
        assert answer.status_code == 200


def _pushed_with_slow_body(server: Running, msisdn: str, *, over_s: float, stream: bool = False) -> requests.Response:
    inline = {"faults": [{"slow_body": {"over_s": over_s}}]}
    server.control.play_next(inline, msisdn=msisdn)
    return server.push(msisdn, stream=stream)
