"""The journal: bounded by bytes, right for every question, kept in a file on request, and waited on without polling."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.journal import memory
from tayari_simulator.journal.entries import Question, to_dict
from tayari_simulator.journal.memory import Journal, whole_page
from tayari_simulator.journal.sqlite_file import JournalFile, JournalFileError, JournalSearch
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.transport.wait_conditions import Waiting
from transport_kit import NOT_COMPILED

entries = st.tuples(st.sampled_from(["", "254700000001", "254700000002"]), st.sampled_from(["", "ws_1", "ws_2"]))
questions = st.builds(
    Question,
    msisdn=st.none() | st.sampled_from(["254700000001", "254700000009"]),
    transaction_id=st.none() | st.sampled_from(["ws_1", "ws_9"]),
    since=st.integers(0, 60),
    until=st.none() | st.integers(0, 60),
)


def entry(
    msisdn: str = "", checkout_request_id: str = "", *, body: bytes = b"", endpoint: str = "stk_push"
) -> JournalExchange:
    made = JournalExchange(ExchangeKind.REQUEST, endpoint, "POST", "/x", (), body, 1.0, 2.0)
    made.msisdn = msisdn
    made.transaction_id = checkout_request_id
    return made


@settings(max_examples=120, deadline=None)
@given(first=st.lists(entries, max_size=30), second=st.lists(entries, max_size=30), question=questions)
def test_every_question_is_answered_as_by_looking_at_all_entries(
    first: list[tuple[str, str]], second: list[tuple[str, str]], question: Question
) -> None:
    journal, kept = Journal(most_bytes=9_000), []
    for batch in (first, second):
        for keys in batch:
            journal.add(made := entry(*keys))
            kept.append(made)
        right = [row for row in kept[journal.dropped :] if question.matches(row)]
        assert journal.find(question) == right
        assert asyncio.run(journal.find_in_turns(question)) == right


@pytest.mark.parametrize("where", [{"msisdn": "5"}, {"transaction_id": "ws_5"}, {"since": 1}, {"reference": "INV5"}])
@NOT_COMPILED
def test_a_reader_of_everything_leaves_others_their_turn_and_the_journal_may_change(
    where: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "A_TURN_S", 0.0)
    monkeypatch.setattr(memory, "INDEXED_IN_A_TURN", 10)
    journal = Journal(most_bytes=60_000)

    def add(count: int) -> None:
        for number in range(count):
            journal.add(
                entry(str(number % 20), f"ws_{number % 20}", body=b'{"AccountReference":"INV%d"}' % (number % 20))
            )

    async def others() -> int:
        turns = 0
        while True:
            turns += 1
            add(3)
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                return turns

    async def test() -> tuple[int, list[JournalExchange]]:
        task = asyncio.ensure_future(others())
        await asyncio.sleep(0)
        found = await journal.find_in_turns(Question(**where))
        task.cancel()
        return await task, found

    add(400)
    turns, found = asyncio.run(test())

    assert turns > 10
    assert found
    assert all(Question(**where).matches(row) for row in found) or "reference" in where
    assert journal.dropped > 0
    assert journal.find(Question(msisdn="5")) == [row for row in journal.find(Question()) if row.msisdn == "5"]


def test_the_bound_is_of_bytes_and_what_is_dropped_is_counted() -> None:
    journal = Journal(most_bytes=50_000)
    for number in range(100):
        journal.add(entry(str(number), body=b"x" * 1000))

    assert journal.bytes <= 50_000
    assert journal.dropped + len(journal) == 100
    assert len(journal) > 20
    assert journal.find(Question())[-1].seq == 100


def test_headers_that_repeat_are_kept_once() -> None:
    journal = Journal(most_bytes=50_000)
    one, other = (((b"Host", b"a%d" % 1),) for _ in range(2))

    assert journal.same_headers(one) is journal.same_headers(other)


def test_numbers_go_on_after_a_reset() -> None:
    journal = Journal(most_bytes=50_000)
    journal.add(entry())
    journal.clear()
    journal.add(entry())

    assert [row.seq for row in journal.find(Question())] == [2]


def test_bytes_that_are_not_text_can_be_shown() -> None:
    made = entry(body=b"\xff{")
    made.request_headers = ((b"X", b"1"), (b"X", b"2"))
    shown = to_dict(made, daraja_url="http://127.0.0.1:1")

    assert shown["request"] == {
        "method": "POST",
        "url": "http://127.0.0.1:1/x",
        "headers": {"X": "1, 2"},
        "body": "\ufffd{",
    }
    assert shown["response"] is None


def test_the_file_holds_every_entry_even_those_that_memory_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    file = JournalFile(str(path))
    journal = Journal(most_bytes=10_000, sink=file.add)
    for number in range(1200):
        journal.add(entry(str(number), body=b"{}"))
    file.close()

    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT seq, msisdn, request_body FROM entries ORDER BY seq").fetchall()
    connection.close()
    assert rows == [(number + 1, str(number), b"{}") for number in range(1200)]
    assert journal.dropped > 1000


@NOT_COMPILED
def test_an_entry_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    failures: list[str] = []
    file = JournalFile(str(tmp_path / "journal.sqlite"), failures.append)
    journal = Journal(most_bytes=1_000_000)
    for number in range(30):
        journal.add(made := entry(str(number)))
        if number == 10:
            made.note = "half a character: \ud800"
        if number == 20:
            made.scenario = iter("no kind of value that SQLite knows")  # type: ignore[assignment]
        file.add(made)
    file.close()

    rows = JournalSearch(str(tmp_path / "journal.sqlite")).find(Question(), limit=100)
    assert [row.seq for row in rows] == [seq for seq in range(1, 31) if seq != 21]
    assert rows[10].note == r"half a character: \ud800"
    assert (file.lost, failures) == (1, ["the journal file"])


def test_what_the_disk_refuses_is_counted_and_the_next_entry_is_written(tmp_path: Path) -> None:
    failures: Queue[str] = Queue()
    file = JournalFile(str(tmp_path / "journal.sqlite"), failures.put)
    made = [entry(str(number)) for number in range(3)]
    for seq, row in enumerate(made, start=1):
        row.seq = seq
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as other:
        other.execute("ALTER TABLE entries RENAME TO elsewhere")
        file.add(made[0])
        assert failures.get(timeout=10) == "the journal file"
        other.execute("ALTER TABLE elsewhere RENAME TO entries")
    file.add(made[1])
    file.close()

    assert file.lost == 1
    assert [row.seq for row in JournalSearch(file.path).find(Question(), limit=9)] == [2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("there_already", [False, True])
def test_only_its_owner_may_read_the_file(tmp_path: Path, there_already: bool) -> None:
    path = tmp_path / "journal.sqlite"
    if there_already:
        path.touch(0o644)
    file = JournalFile(str(path))
    modes = {row.name: row.stat().st_mode & 0o777 for row in tmp_path.iterdir()}
    file.close()

    assert modes == {"journal.sqlite": 0o600, "journal.sqlite-wal": 0o600, "journal.sqlite-shm": 0o600}


def test_headers_that_are_not_shared_count_against_the_bound() -> None:
    journal = Journal(most_bytes=200_000)
    for number in range(100):
        made = entry(str(number))
        made.request_headers = journal.same_headers(((b"X", b"%d" % number * 30_000),))
        journal.add(made)

    assert sum(len(row.request_headers[0][1]) for row in journal.find(Question())) <= 200_000
    assert journal.dropped > 90


def test_a_file_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    with pytest.raises(JournalFileError, match="a folder that can be written"):
        JournalFile(str(tmp_path / "missing" / "journal.sqlite"))


def test_what_memory_dropped_is_found_in_the_file_by_every_key(tmp_path: Path) -> None:
    file = JournalFile(str(tmp_path / "journal.sqlite"))
    journal = Journal(most_bytes=10_000, sink=file.add)
    for number in range(300):
        body = b'{"AccountReference":"INV%d"}' % number
        journal.add(entry(f"25470{number}", f"ws_{number}", body=body))
        journal.add(entry(f"25470{number}", f"ws_{number}", endpoint="callback"))
    file.close()
    search = JournalSearch(str(tmp_path / "journal.sqlite"))

    def asked(*, limit: Any = 1000, **where: Any) -> tuple[list[int], int]:
        found, following = asyncio.run(whole_page(journal, search, Question(**where), limit))
        return [row.seq for row in found], following

    assert journal.oldest_seq > 500
    for where in ({"msisdn": "254707"}, {"transaction_id": "ws_7"}, {"reference": "INV7"}):
        assert asked(**where) == ([15, 16], 601)
    assert asked(reference="INV299") == ([599, 600], 601)
    assert asked(reference="INV999") == ([], 601)
    assert asked(since=1, limit=3) == ([1, 2, 3], 4)
    assert asked(limit=3) == ([598, 599, 600], 601)
    assert asked(since=1, until=3) == ([1, 2], 601)
    assert asked(since=1, limit=1000)[0] == list(range(1, 601))
    assert [row.request_body for row in search.find(Question(reference="INV7"), limit=1)] == [
        b'{"AccountReference":"INV7"}'
    ]
    journal.clear()
    assert asked() == ([], 601)


def test_an_entry_of_the_file_is_what_it_was(tmp_path: Path) -> None:
    file = JournalFile(str(tmp_path / "journal.sqlite"))
    made = entry("1", "ws_1", body=b"\xff{")
    made.seq, made.status, made.error, made.due_s, made.note = 5, 200, "e", 3.0, "n"
    made.request_headers, made.response_headers = ((b"X", b"1"),), ((b"Y", b"2"),)
    made.response_body, made.remote, made.scenario, made.duration_s = b"{}", "r", "s", 0.5
    file.add(made)
    file.close()

    assert JournalSearch(str(tmp_path / "journal.sqlite")).find(Question(), limit=1) == [made]


def in_loop(test: Callable[[Journal, Waiting], Awaitable[None]]) -> None:
    async def run() -> None:
        journal = Journal(most_bytes=100_000)
        await test(journal, Waiting(journal))

    asyncio.run(run())


def test_waiting_ends_with_the_entry_that_was_missing() -> None:
    async def test(journal: Journal, waiting: Waiting) -> None:
        journal.add(entry("1"))
        waits = asyncio.create_task(waiting.for_entries(Question(msisdn="1"), 2, 5.0))
        await asyncio.sleep(0)
        journal.add(entry("2"))
        assert not waits.done()
        journal.add(entry("1"))

        met, found = await waits
        assert met
        assert [row.seq for row in found] == [1, 3]
        assert journal.watchers == []

    in_loop(test)


def test_a_time_out_is_an_answer() -> None:
    async def test(journal: Journal, waiting: Waiting) -> None:
        journal.add(entry("1"))

        assert await waiting.for_entries(Question(msisdn="1"), 2, 0.0) == (False, journal.find(Question()))

    in_loop(test)


def test_conditions_are_asked_again_when_something_changed() -> None:
    async def test(journal: Journal, waiting: Waiting) -> None:
        state: list[JournalExchange] = []
        waits = asyncio.create_task(waiting.for_condition(lambda: state or None, 5.0))
        await asyncio.sleep(0)
        (changed,) = waiting.watchers
        changed()
        assert not waits.done()
        state.append(entry())
        changed()

        assert await waits == (True, state)
        assert waiting.watchers == []

    in_loop(test)
