"""Callbacks on real sockets: connections are kept, one that hangs hurts nobody else, only allowed hosts are called."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from core_kit import NOW_S, payload
from tayari_simulator.apis.stk.stk_callback import SOURCE_ADDRESSES
from tayari_simulator.clock import make_clock
from tayari_simulator.config import Config
from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.transport.callbacks.allowed_targets import (
    CallbackTarget,
    Origin,
    TargetRefused,
    Targets,
    tls_context,
)
from tayari_simulator.transport.callbacks.callback_client import (
    KEPT_ANSWER,
    LONGEST_ANSWER,
    CallbackClient,
    OriginPool,
    Sending,
)
from transport_kit import OK, in_loop, journal_of, merchant, own_certificate, payments_of, port

CLOCK = make_clock("real")


def delivery(url: str, **more: Any) -> Delivery:
    return Delivery(NOW_S, url, b'{"a":1}', "ws_CO_x", "254700000001", **more)


def test_a_callback_is_delivered_once_with_the_observed_headers() -> None:
    async def test() -> None:
        async with merchant() as shop, port() as there:
            _, ack = await there.push(shop.url)
            (entry,) = await there.answered()
            (payment,) = payments_of(there.simulator, msisdn="254708374149")
            head = shop.requests[0].partition(b"\r\n\r\n")[0].decode()

            assert head.splitlines()[0] == "POST /hooks HTTP/1.1"
            assert "Content-Type: application/json;charset=UTF-8" in head
            assert "Businessshortcode: 174379" in head
            assert shop.bodies[0]["Body"]["stkCallback"]["CheckoutRequestID"] == ack["CheckoutRequestID"]
            assert entry["response"] == {"status": 200, "headers": {"Content-Type": "application/json",
                                         "Content-Length": "2"}, "body": "{}"}  # fmt: skip
            assert payment["callbacks"][0]["status"] == 200
            assert payment["callbacks"][0]["sent_at"] >= payment["result_due_at"]

    in_loop(test)


def test_connections_are_kept_for_the_next_callback() -> None:
    async def test() -> None:
        async with merchant() as shop, port() as there:
            for number in range(5):
                await there.push(shop.url, PhoneNumber=254700000000 + number)
                await there.answered(number + 1)

            assert (len(shop.requests), shop.connections) == (5, 1)

    in_loop(test)


@pytest.mark.parametrize(
    ("answer", "status", "body", "error"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom", 500, "boom", ""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", 302, "", ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "", ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok", ""),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end", ""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, "{}", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", 200, "short", "ended early"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", None, None, "the answer is not HTTP"),
        (b"", None, None, "closed the connection without an answer"),
    ],
)
def test_every_answer_is_journalled_as_it_is(answer: bytes, status: int | None, body: str | None, error: str) -> None:
    async def test() -> None:
        async with merchant(answer, closes=True) as shop, port() as there:
            await there.push(shop.url)
            (entry,) = await there.answered()
            response = entry["response"] or {"status": None, "body": None}

            assert (response["status"], response["body"]) == (status, body)
            assert error in entry["error"]
            assert bool(error) == bool(entry["error"])
            assert len(shop.requests) == 1

    in_loop(test)


def test_a_merchant_that_does_not_answer_is_given_up() -> None:
    async def never(_: bytes) -> None:
        return None

    async def test() -> None:
        async with merchant(never) as shop, port(options={"callback_timeout_s": "0.2"}) as there:
            await there.push(shop.url)
            (entry,) = await there.answered()

            assert entry["error"] == "the merchant did not answer within 0.2 s"
            assert entry["duration_s"] >= 0.2

    in_loop(test)


def test_nobody_listens() -> None:
    async def test() -> None:
        async with port() as there:
            await there.push("http://127.0.0.1:1/x")
            (entry,) = await there.answered()

            assert entry["error"] == "cannot connect to 127.0.0.1:1: connection refused"

    in_loop(test)


@pytest.mark.parametrize("gap_s", [0.0, 0.01])
def test_two_in_a_row_to_nobody_both_end(gap_s: float) -> None:
    async def test() -> None:
        async with port() as there:
            answers = await there.simulator.send([delivery("http://127.0.0.1:1/x")] * 3, gap_s=gap_s)

            assert [answer.error for answer in answers] == ["cannot connect to 127.0.0.1:1: connection refused"] * 3

    in_loop(test)


def test_retries_at_once_to_nobody_leave_nothing_pending() -> None:
    async def test() -> None:
        async with port(options={"callback_retries": "2", "callback_retry_gap_s": "0"}) as there:
            for number in range(20):
                await there.push("http://127.0.0.1:1/x", PhoneNumber=254710000000 + number)
            await there.answered(60)
            balance = there.simulator.balance()

            assert (balance["pending"], balance["called_back"], balance["balanced"]) == (0, 20, True)

    in_loop(test)


@pytest.mark.parametrize("host", ["a..localhost", f"{'a' * 64}.localhost", ".localhost", f"{'ab.' * 90}localhost"])
def test_a_host_name_that_cannot_be_written_ends_the_callback_with_a_reason(host: str) -> None:
    async def test() -> None:
        async with port() as there:
            await there.push(f"http://{host}/x")
            (entry,) = await there.answered()

            assert "is not a host name; expected labels of 1 to 63 characters" in entry["error"]
            assert there.simulator.balance()["not_allowed"] == 1

    in_loop(test)


def test_whatever_goes_wrong_in_connecting_ends_the_callback_with_a_reason() -> None:
    async def test() -> None:
        client, ends = CallbackClient(), asyncio.Queue[str]()
        target = CallbackTarget(Origin("http", "a..b", 80, "a..b"), b"/", "http://a..b/")
        for _ in range(2):
            exchange = JournalExchange(ExchangeKind.CALLBACK, "callback", "POST", target.url, (), b"", 0.0, 0.0)
            client.submit(Sending(target, b"", exchange, 5.0, partial(_put_error, ends), CLOCK))
            assert (await ends.get()).startswith("cannot connect to a..b: ")
        client.close()

    in_loop(test)


def _put_error(ends: asyncio.Queue[str], job: Sending) -> None:
    ends.put_nowait(job.exchange.error)


def test_a_callback_does_not_wait_for_ever_for_a_free_connection() -> None:
    async def never(_: bytes) -> None:
        return None

    async def test() -> None:
        async with merchant(never) as shop:
            client, ends = CallbackClient(queue_wait_s=0.1), asyncio.Queue[str]()
            target = Targets(Config()).resolve(shop.url)
            for _ in range(65):
                exchange = JournalExchange(ExchangeKind.CALLBACK, "callback", "POST", shop.url, (), b"", 0.0, 0.0)
                client.submit(Sending(target, b"", exchange, 60.0, partial(_put_error, ends), CLOCK))

            assert await ends.get() == "no connection to the merchant was free for 0.1 s"
            client.close()

    in_loop(test)


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 64_000, None, "the head of the answer is longer than"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000, None, "the head of the answer is longer than"),
        (b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 3_000, None, "the head of the answer is longer than"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * (LONGEST_ANSWER + 1), 200, "the answer is longer than"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * (LONGEST_ANSWER // 6 + 1),
            200,
            "the answer is longer than",
        ),
    ],
    ids=["header", "headers", "interim", "body", "trailers"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_without_end_is_cut(
    answer: bytes, status: int | None, error: str, scheme: str, tmp_path: Path
) -> None:
    async def endless(_: bytes) -> bytes:
        return answer

    async def test() -> None:
        tls = own_certificate(tmp_path) if scheme == "https" else None
        async with merchant(endless, tls=tls) as shop, port() as there:
            await there.push(shop.url)
            (entry,) = await there.answered()

            assert (entry["response"] or {"status": None})["status"] == status
            assert entry["error"].startswith(error)
            assert len((entry["response"] or {"body": ""})["body"]) <= KEPT_ANSWER

    in_loop(test)


def test_a_second_answer_to_the_same_callback_does_not_replace_the_first() -> None:
    async def test() -> None:
        second = b"HTTP/1.1 500 Oops\r\nX: second\r\nContent-Length: 4\r\n\r\nboom"
        async with merchant(OK + second) as shop, port() as there:
            for number in range(2):
                await there.push(shop.url, PhoneNumber=254710000000 + number)
                entries = await there.answered(number + 1)

            assert [entry["response"]["status"] for entry in entries] == [200, 200]
            assert [entry["response"]["body"] for entry in entries] == ["{}", "{}"]
            assert all("X" not in entry["response"]["headers"] for entry in entries)
            assert shop.connections == 2

    in_loop(test)


def test_a_callback_over_tls_is_answered_on_a_kept_connection(tmp_path: Path) -> None:
    async def test() -> None:
        async with merchant(tls=own_certificate(tmp_path)) as shop, port() as there:
            for number in range(3):
                await there.push(shop.url, PhoneNumber=254710000000 + number)
                entries = await there.answered(number + 1)

            assert [entry["response"]["status"] for entry in entries] == [200] * 3
            assert (len(shop.requests), shop.connections) == (3, 1)

    in_loop(test)


def test_a_certificate_of_another_host_than_this_machine_is_verified(tmp_path: Path) -> None:
    async def test() -> None:
        async with merchant(tls=own_certificate(tmp_path)) as shop:
            done = asyncio.Event()
            target = Targets(Config()).resolve(shop.url)
            foreign = Origin("https", "example.test", target.origin.port, "example.test")
            assert tls_context(foreign).verify_mode is ssl.CERT_REQUIRED
            assert tls_context(target.origin).verify_mode is ssl.CERT_NONE
            exchange = JournalExchange(ExchangeKind.CALLBACK, "callback", "POST", shop.url, (), b"", 0.0, 0.0)
            pool = OriginPool(target.origin, ssl.create_default_context())
            pool.submit(Sending(target, b"", exchange, 5.0, lambda _: done.set(), CLOCK))
            await done.wait()

            assert "CERTIFICATE_VERIFY_FAILED" in exchange.error
            assert shop.requests == []
            pool.close()

    in_loop(test)


def test_a_name_below_localhost_must_be_this_machine() -> None:
    async def elsewhere(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("127.0.0.1", 80)), (0, 0, 0, "", ("192.0.2.1", 80))]

    async def test() -> None:
        asyncio.get_running_loop().getaddrinfo = elsewhere  # type: ignore[method-assign, assignment]
        async with port() as there:
            await there.push("http://shop.localhost/x")
            (entry,) = await there.answered()

            assert "shop.localhost is 127.0.0.1, 192.0.2.1, not this machine" in entry["error"]

    in_loop(test)


def test_long_urls_are_refused_and_not_kept() -> None:
    async def test() -> None:
        async with port() as there:
            status, answer = await there.push("http://127.0.0.1:1/" + "x" * 2048)
            with pytest.raises(TargetRefused, match=r"has 2067 characters; expected at most 2048; shorten it"):
                await there.simulator.send([delivery("http://127.0.0.1:1/" + "x" * 2048)])

            assert (status, answer["errorMessage"]) == (400, "Bad Request - Invalid CallBackURL")
            assert payments_of(there.simulator) == []

    in_loop(test)


def test_a_merchant_that_hangs_delays_no_other() -> None:
    async def never(_: bytes) -> None:
        return None

    async def test() -> None:
        async with merchant(never) as stuck, merchant() as shop, port() as there:
            for number in range(150):
                await there.push(stuck.url, PhoneNumber=254710000000 + number)
            for number in range(20):
                await there.push(shop.url, PhoneNumber=254720000000 + number)
            entries = await there.answered(20, timeout_s=5)
            late = [entry["virtual_at"] - due["result_due_at"] for entry, due in zip(
                entries, payments_of(there.simulator)[150:], strict=True)]  # fmt: skip

            assert stuck.connections == 64
            assert sorted(late)[10] < 0.25
            assert {entry["response"]["status"] for entry in entries} == {200}

    in_loop(test)


def test_a_refused_target_is_never_called_and_the_payment_says_why() -> None:
    async def test() -> None:
        async with port() as there:
            await there.push("https://shop.example.co.ke/hooks")
            (entry,) = await there.answered()
            (payment,) = payments_of(there.simulator)
            idle = await there.simulator.wait("idle", msisdn="254708374149", timeout_s=1)

            assert "callback host shop.example.co.ke is not called" in entry["error"]
            assert "--allow-host shop.example.co.ke" in entry["error"]
            assert payment["callbacks"][0]["sent_at"] is None
            assert payment["callbacks"][0]["error"] == entry["error"]
            assert idle["met"]

    in_loop(test)


def test_addresses_are_rewritten_and_the_source_header_is_added() -> None:
    async def test() -> None:
        async with merchant() as shop:
            base = shop.url.removesuffix("/hooks")
            rewrites = (("https://shop.example.co.ke", base),)
            async with port(rewrites=rewrites, source_header="X-Forwarded-For") as there:
                await there.push("https://shop.example.co.ke/pay/7f3c?x=1")
                (entry,) = await there.answered()

                assert shop.requests[0].startswith(b"POST /pay/7f3c?x=1 ")
                assert f"X-Forwarded-For: {SOURCE_ADDRESSES[0]}".encode() in shop.requests[0]
                assert entry["request"]["url"] == f"{base}/pay/7f3c?x=1"

    in_loop(test)


def test_all_callbacks_can_go_to_one_address() -> None:
    async def test() -> None:
        async with merchant() as shop, port(deliver_to=f"{shop.url}/all") as there:
            await there.push("https://anywhere.example/x")
            await there.answered()

            assert shop.requests[0].startswith(b"POST /hooks/all ")

    in_loop(test)


def test_a_callback_is_sent_again_only_where_the_switch_says_so() -> None:
    async def test() -> None:
        answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
        options = {"callback_retries": "2", "callback_retry_gap_s": "0.02"}
        async with merchant(answer) as shop, port(options=options) as there:
            await there.push(shop.url)
            entries = await there.answered(3)
            idle = await there.simulator.wait("idle", timeout_s=2)

            assert [entry["note"] for entry in entries] == ["", "retry 1 of 2", "retry 2 of 2"]
            assert idle["met"]
            assert len(shop.requests) == 3
            assert all(request.count(b"Businessshortcode") == 1 for request in shop.requests)

    in_loop(test)


def test_ordered_callbacks_are_sent_as_the_body_says() -> None:
    async def test() -> None:
        async with merchant() as shop, port() as there:
            orders = [
                delivery(shop.url, headers=(("X-Forwarded-For", "203.0.113.9"), ("Content-Type", "text/plain"))),
                delivery(shop.url, method="GET", content_type=""),
                delivery(shop.url, headers=(("X-Evil", "a\r\nHost: b"),)),
            ]
            answers = await there.simulator.send(orders, gap_s=0.01)
            journal = journal_of(there.simulator, kind="control")["entries"]

            assert [answer.status for answer in answers] == [200, 200, 200]
            assert b"Content-Type: text/plain" in shop.requests[0]
            assert shop.requests[0].count(b"Content-Type") == 1
            assert shop.requests[1].startswith(b"GET /hooks ")
            assert b"X-Evil: a  Host: b\r\n" in shop.requests[2]
            assert len(journal) == 3

    in_loop(test)


def test_parallel_orders_are_under_way_together() -> None:
    together = asyncio.Event()

    async def test() -> None:
        seen = 0

        async def all_at_once(_: bytes) -> bytes:
            nonlocal seen
            seen += 1
            if seen == 5:
                together.set()
            await together.wait()
            return OK

        async with merchant(all_at_once) as shop, port() as there:
            answers = await there.simulator.send([delivery(shop.url)] * 5, parallel=True)

            assert [answer.status for answer in answers] == [200] * 5

    in_loop(test)


def test_an_order_to_a_foreign_host_sends_nothing_at_all() -> None:
    async def test() -> None:
        async with merchant() as shop, port() as there:
            with pytest.raises(TargetRefused):
                await there.simulator.send([delivery(shop.url), delivery("http://192.0.2.1/x")])

            assert shop.requests == []

    in_loop(test)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:8000", "/"), ("http://localhost/a?b=c#d", "/a?b=c"), ("http://[::1]:80/x", "/x"),
        ("http://127.9.9.9/x y", "/x%20y"), ("http://shop.test/", "/"), ("HTTP://SHOP.test:81?q", "/?q"),
        ("http://x.localhost/", "/"),
    ],
)  # fmt: skip
def test_loopback_and_allowed_hosts_are_called(url: str, path: str) -> None:
    assert Targets(Config(allow_hosts=("Shop.test",))).resolve(url).path == path.encode()


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/", "http://127.0.0.1.evil.test/", "http://evil.test#127.0.0.1", "http://localhost@evil.test/",
        "http://evil.test/?http://127.0.0.1", "ftp://127.0.0.1/", "http:///x", "127.0.0.1/x", "", "http://[::1/",
        "http://127.0.0.1:99999/", "http://127.0.0.1\r\nX:y/", "http://0.0.0.0/", "http://2130706433/",
        "http://api.safaricom.co.ke/", "http://xlocalhost/",
    ],
)  # fmt: skip
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        Targets(Config()).resolve(url)


REPLY = payload("bill_manager.payment_push.reply")


def replying(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (replying(orjson.dumps(REPLY)), 1),
        (replying(orjson.dumps(REPLY | {"rescode": "500"})), 5),
        (replying(b"{}", "500 Error"), 5),
        (replying(b"thank you"), 1),
    ],
)
def test_a_payment_push_is_sent_up_to_five_times_until_it_is_accepted(answer: bytes, times: int) -> None:
    async def test() -> None:
        async with merchant(answer) as bills, merchant() as shop, port(options={"callback_retry_gap_s": "0"}) as there:
            body = payload("bill_manager.optin.request") | {"shortcode": "174379", "callbackurl": bills.url}
            await there.call("/v1/billmanager-invoice/optin", body)
            await there.push(shop.url, AccountReference="HOUSE-12B")
            await there.answered(times + 1)

            assert len(bills.bodies) == times
            assert {row["accountReference"] for row in bills.bodies} == {"HOUSE-12B"}
            assert there.simulator.balance()["pending"] == 0

    in_loop(test)


@pytest.mark.parametrize("name", ["merchant_ack.result_code", "merchant_ack.response_code"])
def test_either_form_of_a_merchants_answer_ends_the_callback(name: str) -> None:
    async def test() -> None:
        shop_says = replying(orjson.dumps(payload(name)))
        async with (
            merchant(shop_says) as shop,
            port(options={"callback_retries": "3", "callback_retry_gap_s": "0"}) as there,
        ):
            await there.push(shop.url)
            (entry,) = await there.answered()

            assert orjson.loads(entry["response"]["body"]) == payload(name)
            assert there.simulator.balance()["pending"] == 0
            assert len(shop.bodies) == 1

    in_loop(test)
