"""`POST /v1/callbacks`: callbacks as a test wants them."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

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


def test_another_result_can_be_sent_for_a_payment_that_is_open(server: Running) -> None:
    identifier = pending(server)
    server.control.send_callback(checkout_request_id=identifier, result_code=1032)
    received = orjson.loads(server.taken[0].body)["Body"]["stkCallback"]

    assert (received["ResultCode"], received["CheckoutRequestID"]) == (1032, identifier)
    assert "CallbackMetadata" not in received
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


def test_a_sent_callback_is_in_the_journal_as_control(server: Running) -> None:
    identifier = finished(server)
    server.control.send_callback(checkout_request_id=identifier, times=2)
    entries = server.control.journal(checkout_request_id=identifier, kind="control")["entries"]

    assert [entry["note"] for entry in entries] == ["sent 1 of 2", "sent 2 of 2"]
    assert [entry["response"]["status"] for entry in entries] == [200, 200]


def test_a_merchant_that_does_not_answer_is_reported_as_such(server: Running) -> None:
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


@pytest.fixture
def partner() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """A partner of C2B Hakikisha: it gives tokens to key:secret, and knows one account."""
    asked: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(("GET", self.headers["Authorization"], b""))
            good = self.headers["Authorization"] == f"Basic {b64encode(b'key:secret').decode()}"
            self._answer(200 if good else 401, {"access_token": "t1"} if good else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(("POST", self.headers["Authorization"], body))
            received = orjson.loads(body)
            known = received["accountNumber"] == "HOUSE-12B"
            self._answer(200, received | {"accountName": "Amina Wanjiru"} if known else {"accountName": 7})

        def _answer(self, status: int, received: dict[str, object]) -> None:
            body = orjson.dumps(received)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", asked
    server.shutdown()
    thread.join(5)
    server.server_close()


def asking(url: str, **changes: str) -> dict[str, str]:
    received = {"token_url": url, "url": url, "key": "key", "secret": "secret", "account": "HOUSE-12B"}
    return received | {"short_code": "600984"} | changes


def test_a_partner_is_asked_for_a_token_and_then_for_a_name(server: Running, partner: Any) -> None:
    url, asked = partner
    received = server.control.ask_account(**asking(url))

    assert (received["account_name"], received["problems"]) == ("Amina Wanjiru", [])
    assert [row[:2] for row in asked] == [("GET", "Basic a2V5OnNlY3JldA=="), ("POST", "Bearer t1")]
    assert list(orjson.loads(asked[1][2])) == ["requestId", "timestamp", "accountNumber", "shortcode"]


@pytest.mark.parametrize(
    ("changes", "calls", "problem"),
    [
        ({"secret": "wrong"}, 1, "the token endpoint answered HTTP 401"),
        ({"account": "unknown"}, 2, "accountName is 7; expected the customer's name as text"),
    ],
)
def test_what_is_wrong_with_a_partner_is_said(
    server: Running, partner: Any, changes: dict[str, str], calls: int, problem: str
) -> None:
    url, _ = partner
    received = server.control.ask_account(**asking(url, **changes))

    assert len(received["deliveries"]) == calls
    assert problem in received["problems"][-1]


def test_a_partner_elsewhere_is_not_asked(server: Running) -> None:
    with pytest.raises(ControlError, match=r"shop\.example"):
        server.control.ask_account(**asking("https://shop.example/token"))
