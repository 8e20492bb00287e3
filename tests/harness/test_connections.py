"""The connections of the control client: kept, made anew where the other side has closed them, never left open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tayari_control.client import ControlClient, ControlError
from tayari_control.connections import OriginConnections

BALANCE = b'{"balanced":true}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BALANCE), BALANCE)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_ANSWER = ANSWER.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")


class Port:
    """Answers each request on each connection with `answer`, and counts connections."""

    def __init__(self) -> None:
        self.answer = ANSWER
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close the port and all connections."""
        with suppress(OSError):  # closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close all connections, as a server does with idle ones."""
        for connection in self.connections:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while received := connection.recv(65_536):
                self.requests.append(received)
                connection.sendall(self.answer)
                if b"Content-Length" not in self.answer and b"0\r\n\r\n" not in self.answer:
                    return


@pytest.fixture
def port() -> Iterator[Port]:
    opened = Port()
    yield opened
    opened.close()


def test_calls_in_turn_take_one_connection_and_calls_at_once_one_each(port: Port) -> None:
    client = ControlClient(port.url, token="t0k3n")
    for _ in range(5):
        client.balance()
    in_turn = len(port.connections)
    with ThreadPoolExecutor(8) as pool:
        balances = list(pool.map(lambda _: client.balance(), range(80)))

    assert in_turn == 1
    assert all(balance == {"balanced": True} for balance in balances)
    assert len(port.connections) <= 8
    assert b"Authorization: Bearer t0k3n\r\n" in port.requests[0]


def test_a_body_is_json_with_its_length(port: Port) -> None:
    ControlClient(port.url + "/behind/").set_wallet("254712345678", balance=7)

    assert port.requests[0].startswith(b"PUT /behind/v1/wallets/254712345678 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert port.requests[0].endswith(b'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"balance": 7}')


def test_a_name_with_any_characters_is_one_path(port: Port) -> None:
    """A space, a line break or a letter beyond ASCII neither breaks the request nor begins another one."""
    ControlClient(port.url).scenario("a b\r\nX: ü€#%2F")
    ControlClient(port.url).journal(reference="A & B")

    assert port.requests[0].startswith(b"GET /v1/scenarios/a%20b%0D%0AX:%20%C3%BC%E2%82%AC%23%2F HTTP/1.1\r\n")
    assert port.requests[1].startswith(b"GET /v1/journal?reference=A+%26+B HTTP/1.1\r\n")


@pytest.mark.parametrize("token", ["t0k3n\r", "t0k3n\r\nX: y", "t€k3n"])
def test_a_token_that_is_no_header_is_an_error_and_is_not_shown(port: Port, token: str) -> None:
    with pytest.raises(ControlError, match="character in Authorization that no header may have; give") as refused:
        ControlClient(port.url, token=token).balance()

    assert (port.requests, "k3n" in str(refused.value)) == ([], False)


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8301", "file:///x", "http://", "http://127.0.0.1:99999", "http://[::1", "http://ü" + 70 * "x"],
)
def test_a_url_that_is_no_web_address_is_an_error_that_shows_one(url: str) -> None:
    client = ControlClient(url)
    with pytest.raises(ControlError, match=r"found no address in it; give one such as http://127\.0\.0\.1:8301"):
        client.balance()


@pytest.mark.parametrize("last", [False, True])
def test_a_connection_that_the_other_side_closed_is_not_used_again(port: Port, last: bool) -> None:
    client = ControlClient(port.url)
    port.answer = LAST_ANSWER if last else ANSWER
    client.balance()
    if not last:
        port.hang_up()

    assert client.balance() == {"balanced": True}
    assert len(port.connections) == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n", "closed before the answer was complete"),
        (b"no HTTP at all\r\n\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "the answer is no HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
            "200 without a JSON object; expected a simulator there",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "200 without a JSON object; expected a simulator there"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "/v1/balance of the control port answered 302"),
    ],
)
def test_what_is_no_answer_is_an_error_with_its_reason(port: Port, answer: bytes, why: str) -> None:
    port.answer = answer
    with pytest.raises(ControlError, match=why):
        ControlClient(port.url).balance()


def test_a_port_where_nobody_listens_is_refused(port: Port) -> None:
    port.close()
    with pytest.raises(ControlError, match="did not answer: connection refused"):
        ControlClient(port.url).balance()


def test_an_answer_that_does_not_come_in_time_is_an_error(port: Port) -> None:
    port.answer = ANSWER[:-1]
    with pytest.raises(ControlError, match="timed out"):
        ControlClient(port.url, timeout_s=0.05).balance()


def test_a_stream_gives_its_pieces_until_it_ends_or_breaks_off(port: Port) -> None:
    port.answer = CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    status, whole = OriginConnections(port.url).stream("/v1/events", headers={}, timeout_s=5.0)
    port.answer = CHUNKED + b"3\r\nabc\r\n"
    _, torn = OriginConnections(port.url).stream("/v1/events", headers={}, timeout_s=5.0)

    assert (status, b"".join(whole), next(torn)) == (200, b"abcde", b"abc")
    with pytest.raises(OSError, match="closed before"):
        next(torn)
