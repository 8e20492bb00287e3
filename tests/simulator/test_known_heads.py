"""Heads that were read before are not read anew: what is found in a message never depends on the ones before it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tayari_simulator import build
from tayari_simulator.clock import make_clock
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.transport.callbacks.allowed_targets import CallbackTarget, Origin
from tayari_simulator.transport.callbacks.callback_client import CallbackConnection as Caller
from tayari_simulator.transport.callbacks.callback_client import OriginPool, Sending
from tayari_simulator.transport.connections.http_messages import MOST_HEADS, Incoming, KnownHeads
from tayari_simulator.transport.connections.new_callers import NewCallers
from tayari_simulator.transport.connections.server_protocol import Handle, ServerConnection, ServerConnections
from transport_kit import Wire

Found = tuple[object, ...]
HEAD = b"POST /pay HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
MESSAGES = (
    HEAD + b"Content-Length: 4\r\n\r\nabcd",
    HEAD + b"Content-Length: 4\r\n\r\nwxyz",
    HEAD + b"Content-Length: 4\r\n\r\n\r\n\r\n",
    HEAD + b"Content-Length: 6\r\n\r\nabcdef",
    HEAD + b"Content-Length: 0\r\n\r\n",
    HEAD + b"\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Encoding: gzip\r\nContent-Length: 24\r\n\r\n" + gzip.compress(b"abcd", mtime=0),
    HEAD + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd",
    HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nabcd",
    HEAD.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\nContent-Length: 4\r\n\r\nabcd",
    HEAD.replace(b"Bearer t", b"Bearer u") + b"Content-Length: 4\r\n\r\nabcd",
    b"GET /pay?a=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pay?a=2 HTTP/1.1\r\nHost: x\r\n\r\n",
)
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2029 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 Second\r\nContent-Length: 2\r\n\r\n[]",
)
TWO_ANSWERS = ANSWERS[-1]
"""What is found in it depends on how much of it comes at once."""
FEW_CUTS = st.lists(st.integers(1, 400), max_size=3)


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The bytes, cut at these places."""
    ends = sorted({cut for cut in cuts if cut < len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def connections_without_loop(handle: Handle) -> ServerConnections:
    """Connections that read at once, whatever else waits."""
    connections = ServerConnections(handle, lambda headers: headers)
    connections.new_callers = NewCallers(later=lambda step: step())
    return connections


def calls_of(chunks: Iterable[bytes]) -> tuple[list[Found], bytes]:
    """What one connection reads of these bytes, and what it answers."""
    found: list[Found] = []

    def handle(call: Incoming) -> Reply:
        sender = call.sender
        found.append((call.method, call.url, call.body, call.version, call.keep_alive, sender))
        return Reply(204, b"")

    wire = Wire()
    connection = ServerConnection(connections_without_loop(handle))
    connection.connection_made(wire)  # type: ignore[arg-type]
    for chunk in chunks:
        connection.data_received(chunk)
    return found, wire.written


@given(messages=st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=8), cuts=FEW_CUTS, together=st.booleans())
def test_a_call_is_read_as_if_it_were_the_first(messages: list[bytes], cuts: list[int], together: bool) -> None:
    alone = [calls_of([message]) for message in messages]

    sent = pieces(b"".join(messages), cuts) if together else [part for row in messages for part in pieces(row, cuts)]
    found, written = calls_of(sent)

    assert found == [row for rows, _ in alone for row in rows]
    assert written.count(b"204 No Content") == len(messages)


def answers_of(rows: Iterable[list[bytes]]) -> list[Found]:
    """What a callback client finds in these answers, each in its pieces; a closed connection is replaced."""
    origin = Origin("http", "127.0.0.1", 1, "127.0.0.1:1")
    pool, ended = OriginPool(origin, None), 0
    connection, wire, found = Caller(pool), Wire(), list[Found]()
    connection.connection_made(wire)  # type: ignore[arg-type]

    def done(_: Sending) -> None:
        nonlocal ended
        ended += 1

    for number, parts in enumerate(rows, 1):
        exchange = JournalExchange(ExchangeKind.CALLBACK, "callback", "POST", "/", (), b"{}", 0.0, 0.0)
        connection.send(Sending(CallbackTarget(origin, b"/", "/"), b"", exchange, 9.0, done, make_clock("real")))
        for part in parts:
            connection.data_received(part)
        outcome = (exchange.status, exchange.response_headers, exchange.response_body, exchange.error)
        found.append((*outcome, connection.is_open))
        assert ended == number
        if not connection.is_open:
            connection, wire = Caller(pool), Wire()
            connection.connection_made(wire)  # type: ignore[arg-type]
    return found


@given(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=8), cuts=FEW_CUTS)
def test_an_answer_is_read_as_if_it_were_the_first(answers: list[bytes], cuts: list[int]) -> None:
    alone = [answers_of([[answer]])[0] for answer in answers]
    whole = answers_of([[answer] for answer in answers])
    in_pieces = answers_of([pieces(answer, cuts) for answer in answers if answer is not TWO_ANSWERS])

    assert whole == alone
    assert in_pieces == [row for row, answer in zip(alone, answers, strict=True) if answer is not TWO_ANSWERS]


def test_only_a_message_that_is_alone_and_as_it_is_teaches_its_head() -> None:
    known: KnownHeads[int] = KnownHeads()
    known.keep(b"A\r\n\r\nbody", b"body", 1)
    known.keep(b"B\r\n\r\nbodyC\r\n\r\n", b"body", 2)
    known.keep(b"D\r\n\r\n2\r\nab\r\n0\r\n\r\n", b"ab", 3)
    known.keep(b"E" * 5000 + b"\r\n\r\nbody", b"body", 4)

    assert [(row.head, row.body_bytes, row.parsed) for row in known.known.values()] == [(b"A\r\n\r\n", 4, 1)]


def test_a_head_is_known_only_with_a_body_of_its_length() -> None:
    known: KnownHeads[int] = KnownHeads()
    known.keep(b"A\r\n\r\nbody", b"body", 1)
    known.keep(b"B\r\n\r\n", b"", 2)
    sent = [
        b"A\r\n\r\nmore",
        b"A\r\n\r\nmor",
        b"A\r\n\r\nbody!",
        b"B\r\n\r\n",
        b"A\r\n\r\nbody",
        b"A\r\n",
        b"C\r\n\r\n",
        b"",
    ]

    found = [known.find(data) for data in sent]

    assert [row and row.parsed for row in found] == [1, None, None, 2, 1, None, None, None]


def test_known_heads_have_a_bound() -> None:
    known: KnownHeads[int] = KnownHeads()
    for number in range(3 * MOST_HEADS):
        known.keep(b"%d\r\n\r\n" % number, b"", number)
        assert len(known.known) <= MOST_HEADS


@pytest.mark.skipif(build() == "compiled", reason="no class of a test can inherit from a compiled one")
@pytest.mark.parametrize("message", [MESSAGES[0], MESSAGES[-1]])
def test_a_head_that_was_read_is_not_read_again(message: bytes) -> None:
    class Counting(ServerConnection):
        reads = 0

        def _read(self, data: bytes) -> None:
            self.reads += 1
            super()._read(data)

    connection = Counting(connections_without_loop(lambda _: Reply(204, b"")))
    connection.connection_made(Wire())  # type: ignore[arg-type]
    for _ in range(5):
        connection.data_received(message)

    assert connection.reads == 1


def test_only_calls_that_were_answered_well_teach_their_heads() -> None:
    """Else a flood of bad calls, each with a head of its own, pushes out the heads of good callers."""
    connections = connections_without_loop(lambda call: Reply(404 if call.url == "/no" else 200, b""))
    for number in range(3):
        for path in (b"/no", b"/pay"):
            connection = ServerConnection(connections)
            connection.connection_made(Wire())  # type: ignore[arg-type]
            connection.data_received(b"GET %b HTTP/1.1\r\nHost: %d\r\n\r\n" % (path, number))

    assert {row.parsed[:2] for row in connections.heads.known.values()} == {("GET", "/pay")}
