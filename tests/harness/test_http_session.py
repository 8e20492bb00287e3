"""The clients of the harness against answers that have no end, and redirects that lead elsewhere."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from tayari_control.connections import OriginConnections
from tayari_control.http_session import (
    AnswerBeyondLimit,
    AnswerLimit,
    HostRefused,
    MerchantSession,
    _Connection,
    check_host,
    hosts_of,
    origin,
)
from tayari_reports.model import Exchange
from tayari_target.driver import MerchantDriver
from tiny_shop import Says, Shop, open_shop, write_target

Writes = Callable[[socket.socket], None]
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def raw_server(writes: Writes) -> Iterator[str]:
    """Reads the head of each request, then lets `writes` answer; ends with the connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                writes(connection)
            except OSError:
                pass  # the client closed: it has read enough

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def endless_body(connection: socket.socket) -> None:
    connection.sendall(OK + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def small_gzip_of_much(connection: socket.socket) -> None:
    packed = gzip.compress(b"\0" * 20_000_000)
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)


def endless_chunks(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def endless_trailers(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
    while True:
        connection.sendall(b"X-Trailer: " + b"x" * 4096 + b"\r\n")


def endless_headers(connection: socket.socket) -> None:
    connection.sendall(OK)
    while True:
        connection.sendall(b"X-Header: " + b"x" * 4096 + b"\r\n")


def endless_redirect_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_interim_answers(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def refusal(url: str, allowed: frozenset[str]) -> str:
    """Why this address is not called; empty where it is."""
    try:
        check_host(url, allowed)
    except HostRefused as why:
        return str(why)
    return ""


@pytest.mark.parametrize(
    "writes",
    [
        endless_body,
        small_gzip_of_much,
        endless_chunks,
        endless_trailers,
        endless_headers,
        endless_redirect_body,
        endless_interim_answers,
    ],
)
def test_an_answer_without_end_is_read_to_the_limit_only(writes: Writes) -> None:
    with raw_server(writes) as url, MerchantSession() as session:
        session.limit = AnswerLimit(bytes=100_000)

        with pytest.raises(requests.RequestException) as caught:
            session.get(url, timeout=60)

    response = caught.value.response
    assert response is None or len(response.content) <= 100_000


def test_a_body_beyond_the_limit_is_named_with_the_key_that_raises_it() -> None:
    with raw_server(small_gzip_of_much) as url, MerchantSession() as session:
        session.limit = AnswerLimit(bytes=100_000)

        with pytest.raises(AnswerBeyondLimit, match=r"longer than 100,000 bytes.*merchant\.max_answer_bytes"):
            session.get(url, timeout=60)


@pytest.mark.parametrize("head", [b"", OK + b"X-Slow: ", OK + b"Content-Length: 100000\r\n\r\n"])
def test_an_answer_that_drips_ends_at_the_deadline(head: bytes) -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while not ended.wait(0.05):
            connection.sendall(b"x")

    with raw_server(drip) as url, MerchantSession() as session:
        session.limit = AnswerLimit(seconds=0.4)

        with pytest.raises(AnswerBeyondLimit, match=r"not complete after 0\.4 s"):  # else it drips for over an hour
            session.get(url, timeout=0.3)

        ended.set()


def test_an_answer_within_the_limit_is_read_whole_and_the_connection_is_used_again() -> None:
    with open_shop({"GET /page": Says("x" * 100_000)}) as shop, MerchantSession() as session:
        session.limit = AnswerLimit(bytes=100_000)

        bodies = [session.get(f"{shop.url}/page", timeout=20).text for _ in range(3)]

        pools = session.get_adapter(shop.url).poolmanager.pools  # type: ignore[attr-defined]
        (pool,) = [pools[key] for key in pools.keys()]  # noqa: SIM118 - urllib3's pools cannot be iterated
    assert bodies == ["x" * 100_000] * 3
    assert pool.num_connections == 1


def test_the_driver_reports_a_too_long_answer_and_goes_on(tmp_path: Path) -> None:
    exchanges: list[Exchange] = []
    with raw_server(endless_body) as url:
        target = write_target(tmp_path, url, more="max_answer_bytes: 5000\ntimeout_s: 60")
        started = MerchantDriver(target, record=exchanges.append).start_payment(
            msisdn="254700000001", amount=10, reference="R1"
        )

    assert (started.accepted, started.status, started.payment_id) == (False, None, None)
    assert "longer than 5,000 bytes" in started.error
    assert exchanges[0].status == 200
    assert 0 < len(exchanges[0].response_body) <= 70_000


@pytest.fixture
def elsewhere() -> Iterator[Shop]:
    with open_shop({"POST /stolen": Says({"id": "stolen"}), "GET /stolen": Says({"id": "stolen"})}) as shop:
        yield shop


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_the_answer_and_is_not_followed(
    elsewhere: Shop, tmp_path: Path, status: int
) -> None:
    leads = Says({"id": 1}, status, headers={"Location": f"{elsewhere.url}/stolen"})
    with open_shop({"POST /pay": leads}) as shop:
        pay = '{request: "POST /pay", json: {phone: "{msisdn}"}, payment_id: $.id, idempotency_header: Key}'
        target = write_target(tmp_path, shop.url, pay=pay, more="headers: {X-Api-Key: canary}")
        started = MerchantDriver(target).start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert (started.status, started.payment_id) == (status, "1")
    assert elsewhere.asked == []


@pytest.mark.parametrize("location", ["//elsewhere.test:99/x", "https://127.0.0.1/x", "http://127.0.0.1:99999999/x"])
def test_odd_forms_of_another_origin_are_not_followed(tmp_path: Path, location: str) -> None:
    with open_shop({"POST /pay": Says({"id": 1}, 307, headers={"Location": location})}) as shop:
        started = MerchantDriver(write_target(tmp_path, shop.url)).start_payment(
            msisdn="254700000001", amount=10, reference="R1"
        )

    assert (started.status, started.error) == (307, "")


def test_origins_are_compared_as_browsers_do() -> None:
    assert origin("HTTP://Shop.Test./a") == origin("http://shop.test:80/b")
    assert origin("http://shop.test/") != origin("https://shop.test/")
    assert origin("http://shop.test:81/") != origin("http://shop.test/")


def test_proxy_variables_reach_neither_the_merchant_nor_the_control_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with open_shop({"POST /pay": Says({"id": 1}), "GET /": Says("ok")}) as shop, open_shop({}) as proxy:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        started = MerchantDriver(write_target(tmp_path, shop.url)).start_payment(
            msisdn="254700000001", amount=10, reference="R1"
        )
        answer = OriginConnections(shop.url).request("GET", "/", headers={}, body=None, timeout_s=20)

    assert (started.payment_id, answer.status) == ("1", 200)
    assert proxy.asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x", "http://[::1]/", "http://localhost/", "http://shop.test/a"])
def test_loopback_and_the_hosts_of_the_target_file_are_called(url: str) -> None:
    assert refusal(url, hosts_of(["http://SHOP.test:8080/"])) == ""


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://sandbox.safaricom.co.ke/mpesa", "it is the real Safaricom"),
        ("https://safaricom.co.ke./", "it is the real Safaricom"),
        ("http://elsewhere.test/", "host 'elsewhere.test' is not called; expected loopback or shop.test"),
        ("http://[::1", "write this address into the target file"),
    ],
)
def test_any_other_host_is_refused_with_a_reason(url: str, message: str) -> None:
    with pytest.raises(HostRefused, match=message):
        check_host(url, frozenset({"shop.test"}))


def test_a_session_calls_no_other_hosts_than_those_it_was_given() -> None:
    with MerchantSession() as session:
        session.hosts = hosts_of(["http://shop.test/"])
        with pytest.raises(HostRefused, match=r"host 'elsewhere\.test' is not called; expected loopback or shop\.test"):
            session.get("http://elsewhere.test:9/", params={"a": "1"})


def test_the_driver_checks_the_host_of_each_call(tmp_path: Path) -> None:
    target = write_target(tmp_path, "http://127.0.0.1:9")
    real = replace(target, merchant=replace(target.merchant, base_url="https://api.safaricom.co.ke"))

    started = MerchantDriver(real).start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert "it is the real Safaricom" in started.error


WITHOUT_KEY: Any = {"X-Key": None}
"""`requests` leaves out a header of the session that a call names so; its types do not tell."""


@pytest.mark.parametrize(
    ("own", "request_"),
    [
        ({}, requests.Request("get", "http://127.0.0.1:1/api/payments/7?reference=A B")),
        ({}, requests.Request("POST", "http://127.0.0.1:1/api/pay", json={"phone": "254712345678", "amount": 1})),
        (
            {},
            requests.Request("POST", "http://127.0.0.1:1/pay", data={"phone": "254712345678"}, headers={"X-Key": "1"}),
        ),
        ({"X-Key": "session"}, requests.Request("GET", "http://127.0.0.1:1/", headers={"x-key": "call"})),
        ({"X-Key": "session"}, requests.Request("GET", "http://127.0.0.1:1/", headers=WITHOUT_KEY)),
        ({}, requests.Request("GET", "http://user:secret@127.0.0.1:1/")),
        ({}, requests.Request("GET", "http://127.0.0.1:1/", params={"a": "1"}, auth=("user", "secret"))),
        ({}, requests.Request("GET", "http://127.0.0.1:1/", cookies={"sid": "2"})),
    ],
)
@pytest.mark.parametrize("kept", [{}, {"sid": "1"}])
def test_a_request_is_prepared_as_requests_itself_does(
    own: dict[str, str], request_: requests.Request, kept: dict[str, str]
) -> None:
    sessions = (MerchantSession(), requests.Session())
    for session in sessions:
        session.trust_env = False
        session.headers.update(own)
        session.cookies.update(kept)

    ours, theirs = (session.prepare_request(request_) for session in sessions)

    assert (ours.method, ours.url, ours.body) == (theirs.method, theirs.url, theirs.body)
    assert dict(ours.headers.lower_items()) == dict(theirs.headers.lower_items())


def test_an_address_that_is_none_is_refused_as_requests_does() -> None:
    with pytest.raises(requests.exceptions.MissingSchema):
        MerchantSession().prepare_request(requests.Request("GET", "127.0.0.1/pay"))


def test_a_session_that_is_closed_ends_its_connections() -> None:
    ended = threading.Event()

    def writes(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nok")
        if connection.recv(1) == b"":
            ended.set()

    with raw_server(writes) as url:
        with MerchantSession() as session:
            assert session.get(url).text == "ok"
            assert not ended.is_set()

        assert ended.wait(10), "the connection stays open after its session"


@pytest.mark.parametrize(("sent", "closed", "usable"), [(b"", False, True), (b"x", False, False), (b"", True, False)])
def test_a_kept_connection_of_gevent_serves_again_unless_something_came_on_it(
    sent: bytes, closed: bool, usable: bool
) -> None:
    ours, merchant = socket.socketpair()
    ours.setblocking(False)
    connection = _Connection("127.0.0.1")
    connection.sock = SimpleNamespace(_sock=ours, close=ours.close)  # as gevent's is made
    merchant.send(sent)
    if closed:
        merchant.close()

    assert connection.is_connected is usable
    connection.close()
    merchant.close()


def test_the_headers_of_a_session_go_with_each_call_and_those_of_the_call_come_first() -> None:
    with MerchantSession() as session:
        plain = session.prepare_request(requests.Request("GET", "http://127.0.0.1/"))
        own = session.prepare_request(requests.Request("GET", "http://127.0.0.1/", headers={"accept": "text/plain"}))

    assert dict(plain.headers) == dict(session.headers)
    assert plain.headers is not session.headers
    assert (own.headers["Accept"], len(own.headers)) == ("text/plain", len(session.headers))
