"""`POST /v1/callbacks`: callbacks as they are told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import orjson
import pytest
import requests
from running_simulator import Running, running
from tayari_control.client import ControlError

NUMBERS = count(254_713_000_000)
ITEM = "Body.stkCallback.CallbackMetadata.Item"


@pytest.fixture(scope="module")
def one_server() -> Iterator[Running]:
    with running(source_header="X-Forwarded-For") as server:
        yield server


@pytest.fixture
def server(one_server: Running) -> Running:
    one_server.taken.clear()
    return one_server


def finished(server: Running) -> str:
    """A payment that has succeeded, whose own callback is forgotten."""
    identifier = pending(server, after_s=0.01)
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    server.taken.clear()
    return identifier


def pending(server: Running, *, after_s: float = 600) -> str:
    msisdn = str(next(NUMBERS))
    server.control.play_next({"outcome": {"after_s": after_s}}, msisdn=msisdn)
    return server.pushed(msisdn)


def test_a_payments_own_callback_is_sent_again(server: Running) -> None:
    identifier = finished(server)
    (payment,) = server.control.payments(checkout_request_id=identifier)
    (delivery,) = server.control.send_callback(checkout_request_id=identifier)
    ((taken),) = server.taken

    assert (delivery["status"], delivery["error"], delivery["url"]) == (200, "", server.callback_url)
    assert orjson.loads(delivery["body"])["ResultCode"] == 0
    assert payment["receipt"] in taken.body.decode()
    assert taken.headers["X-Forwarded-For"].startswith("196.201.21")


def test_another_result_can_be_told_of_a_payment_that_is_open(server: Running) -> None:
    identifier = pending(server)
    server.control.send_callback(checkout_request_id=identifier, result_code=1032)
    told = orjson.loads(server.taken[0].body)["Body"]["stkCallback"]

    assert (told["ResultCode"], told["CheckoutRequestID"]) == (1032, identifier)
    assert "CallbackMetadata" not in told
    assert server.control.payments(checkout_request_id=identifier)[0]["state"] == "prompted"


def test_a_payment_without_a_result_needs_one(server: Running) -> None:
    with pytest.raises(ControlError, match="has no result yet; wait for it, or give result_code") as refused:
        server.control.send_callback(checkout_request_id=pending(server))

    assert refused.value.status == 409


def test_places_of_the_body_are_set_and_dropped(server: Running) -> None:
    server.control.send_callback(
        checkout_request_id=finished(server),
        set={"Body.stkCallback.ResultCode": "0", f"{ITEM}[Amount].Value": {"$decimal": "."}},
        drop=[f"{ITEM}[MpesaReceiptNumber]"],
    )
    body = server.taken[0].body

    assert b'"ResultCode":"0"' in body
    assert b'"Value":100.00' in body
    assert b"MpesaReceiptNumber" not in body


def test_a_forged_callback_goes_to_a_url_with_any_body_source_and_header(server: Running) -> None:
    body = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_guessed", "ResultCode": 0}}}
    server.control.send_callback(
        url=server.callback_url, body=body, source="203.0.113.9", headers={"X-Extra": "1"}, content_type="text/plain"
    )
    ((taken),) = server.taken

    assert orjson.loads(taken.body) == body
    assert (taken.headers["X-Forwarded-For"], taken.headers["X-Extra"]) == ("203.0.113.9", "1")
    assert taken.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("raw", ["", "{", "<xml/>", "x" * 2_000_000])
def test_a_raw_body_is_sent_as_it_is(server: Running, raw: str) -> None:
    (delivery,) = server.control.send_callback(url=server.callback_url, raw=raw)

    if len(raw) < 1_000_000:
        assert server.taken[0].body == raw.encode()
    else:
        assert delivery["status"] == 413, "the merchant of this test takes at most a mebibyte"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_callback_path_can_be_called_without_a_body(server: Running, method: str) -> None:
    (delivery,) = server.control.send_callback(url=server.callback_url, method=method)

    assert delivery["status"] == 200
    assert (server.taken[0].method, server.taken[0].body) == (method, b"")


def test_a_callback_is_sent_many_times_at_once(server: Running) -> None:
    deliveries = server.control.send_callback(checkout_request_id=finished(server), times=10, parallel=True)

    assert [row["status"] for row in deliveries] == [200] * 10
    assert len({taken.body for taken in server.taken}) == 1


def test_what_is_sent_stands_in_the_journal_as_control(server: Running) -> None:
    identifier = finished(server)
    server.control.send_callback(checkout_request_id=identifier, times=2)
    entries = server.control.journal(checkout_request_id=identifier, kind="control")["entries"]

    assert [entry["note"] for entry in entries] == ["told 1 of 2", "told 2 of 2"]
    assert [entry["response"]["status"] for entry in entries] == [200, 200]


def test_a_merchant_that_does_not_answer_is_told_as_such(server: Running) -> None:
    (delivery,) = server.control.send_callback(url="http://127.0.0.1:9/", body={}, timeout_s=1)

    assert delivery["status"] is None
    assert delivery["error"]


def test_redirects_are_not_followed(server: Running) -> None:
    url = server.callback_url.replace("/pay/callback", "/redirect")
    (delivery,) = server.control.send_callback(url=url, body={})

    assert delivery["status"] == 302
    assert [taken.method for taken in server.taken] == ["POST"]


def test_only_allowed_hosts_are_called(server: Running) -> None:
    answer = requests.post(
        f"{server.control_url}/v1/callbacks", json={"url": "http://192.0.2.1/", "body": {}}, timeout=5
    )

    assert answer.status_code == 403
    assert "192.0.2.1" in answer.json()["error"]["message"]
