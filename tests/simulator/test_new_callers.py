"""New connections share a part of each turn of the event loop; nobody is left out, and the order is kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.transport.connections.new_callers import SHARE_S, NewCallers
from tayari_simulator.transport.connections.server_protocol import ServerConnection, ServerConnections
from transport_kit import Wire

Step = Callable[[], None]


class Turns:
    """A loop whose turns the test begins, and a clock that only steps move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.planned: list[Step] = []
        self.done: list[str] = []
        self.callers = NewCallers(self.planned.append, lambda: self.now_s)

    def step(self, name: str, takes_s: float) -> Step:
        """What reads one connection."""

        def read() -> None:
            self.done.append(name)
            self.now_s += takes_s

        return read

    def next(self) -> list[str]:
        """One turn: who was read in it."""
        planned, self.done = self.planned[:], []
        self.planned.clear()
        for step in planned:
            step()
        return self.done


def test_a_turn_reads_new_callers_until_its_share_is_used_up() -> None:
    turns = Turns()
    for name in "abcde":
        turns.callers.read(turns.step(name, SHARE_S / 2))

    assert turns.done == ["a", "b"]
    assert turns.next() == ["c", "d"]
    assert turns.next() == ["e"]
    assert turns.planned == []


def test_a_defect_in_reading_one_caller_leaves_the_others_their_turn() -> None:
    turns = Turns()

    def broken() -> None:
        raise RuntimeError("a defect")

    turns.callers.read(turns.step("first", SHARE_S))
    turns.callers.read(broken)
    turns.callers.read(turns.step("after", 0.0))

    with pytest.raises(RuntimeError):
        turns.next()

    assert turns.next() == ["after"]


def test_a_turn_begins_with_a_share_of_its_own() -> None:
    turns = Turns()
    turns.callers.read(turns.step("slow", 10 * SHARE_S))
    assert turns.next() == []

    turns.callers.read(turns.step("next", 0.0))

    assert turns.done == ["next"]


def test_who_waits_already_is_read_once_and_in_the_order_of_coming() -> None:
    turns = Turns()
    greedy, other = turns.step("greedy", SHARE_S), turns.step("other", SHARE_S)
    turns.callers.read(turns.step("first", SHARE_S))
    for step in (greedy, other, greedy, greedy):
        turns.callers.read(step)

    assert [turns.next(), turns.next(), turns.next()] == [["greedy"], ["other"], []]


def test_a_connection_that_is_read_in_slices_goes_to_the_end_of_the_line() -> None:
    turns = Turns()

    def slice_of_greedy() -> None:
        turns.step("greedy", SHARE_S)()
        turns.callers.wait(slice_of_greedy)

    turns.callers.read(slice_of_greedy)
    turns.callers.read(turns.step("other", 0.0))

    assert [turns.next(), turns.next()] == [["greedy"], ["other", "greedy"]]


def test_a_connection_that_had_a_good_answer_does_not_wait_for_new_ones() -> None:
    turns = Turns()
    connections = ServerConnections(lambda call: Reply(404 if call.url == "/no" else 200, b""), lambda headers: headers)
    connections.new_callers = NewCallers(turns.planned.append, itertools.count().__next__)

    def call(path: bytes, connection: ServerConnection | None = None) -> tuple[ServerConnection, Wire]:
        wire = Wire()
        if connection is None:
            connection = ServerConnection(connections)
            connection.connection_made(wire)  # type: ignore[arg-type]
        connection.data_received(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        return connection, wire

    good, good_wire = call(b"/pay")
    bad = [call(b"/no")[1] for _ in range(4)]
    assert [wire.written for wire in bad] == [b""] * 4

    call(b"/pay?again", good)
    _, fresh_wire = call(b"/pay")

    assert good_wire.written.count(b" 200 ") == 2
    assert fresh_wire.written.count(b" 200 ") == 1, "a head that a good caller sent before is known"
    for done in range(1, 5):
        turns.next()
        assert [b" 404 " in wire.written for wire in bad] == [True] * done + [False] * (4 - done)
