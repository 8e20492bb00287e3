"""The parts of several processes that need no process: owners, frames, tokens, numbers, sums."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tayari_simulator.cluster.frames import (
    BadFrame,
    FrameKind,
    Frames,
    Passed,
    call_bytes,
    frame,
    read_call,
    read_reply,
    reply_bytes,
)
from tayari_simulator.cluster.journal import NodeJournal
from tayari_simulator.cluster.merging import merged_journal
from tayari_simulator.cluster.owning import SLOTS, Table, slot_of, slot_of_body, spread
from tayari_simulator.cluster.tokens import SignedTokens
from tayari_simulator.core.behaviour import Call, Reply, Transport
from tayari_simulator.core.exchange import Exchange, Kind
from tayari_simulator.core.ids import Ids
from tayari_simulator.journal.memory import Question

latin = st.text(st.characters(max_codepoint=255), max_size=30)
pairs = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=4).map(tuple)


@given(st.builds(Passed, st.integers(0, 5), st.sampled_from(["GET", "POST", "X" * 300]), st.text(max_size=50),
                 st.text(max_size=50), st.text(max_size=50), pairs, st.binary(max_size=200)))  # fmt: skip
def test_a_call_comes_out_as_it_went_in(passed: Passed) -> None:
    assert read_call(call_bytes(passed)) == passed


@given(st.builds(
    Reply, st.integers(100, 599), st.binary(max_size=200), st.sampled_from(["text/html", "application/json", ""]),
    st.lists(st.tuples(latin, latin), max_size=3).map(tuple), st.floats(0, 100), st.sampled_from(Transport),
    st.integers(0, 999), st.floats(0, 100), st.floats(0, 100),
))  # fmt: skip
def test_a_reply_comes_out_as_it_went_in_with_its_fault(reply: Reply) -> None:
    found = read_reply(reply_bytes(reply))
    if reply.headers or reply.delay_s or reply.transport is not Transport.NORMAL or reply.close_port_for_s:
        assert found == reply
    else:
        assert (found.status, found.body, found.content_type) == (reply.status, reply.body, reply.content_type)
        assert found.transport is Transport.NORMAL


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(FrameKind), st.binary(max_size=50))), st.data())
def test_frames_are_whole_however_the_bytes_come(rows: list[Any], data: st.DataObject) -> None:
    whole, frames, found = b"".join(frame(*row) for row in rows), Frames(), []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        found += list(frames.feed(whole[:size]))
        whole = whole[size:]
    assert found == rows


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 9, b"\0\0\0\1\0\0\0\1\7x"])
def test_what_is_no_frame_is_refused(raw: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Frames().feed(raw))


def test_a_phone_and_its_payments_have_one_owner() -> None:
    table = Table(1, {}, spread([0, 1, 2]))
    for number in range(254_712_000_000, 254_712_000_500):
        phone = str(number)
        owner = table.owner_of(phone)
        assert owner == table.owner_of(f"ws_CO_251120261012131{phone[-9:]}")
        assert owner == table.owner(slot_of_body(Call.STK_PUSH, b'{"PhoneNumber": %d}' % number))
        assert owner == table.owner(slot_of_body(Call.STK_PUSH, b'{"PhoneNumber": "%d"}' % number))
        assert owner == table.owner(slot_of_body(Call.STK_PUSH, b'{"Phone\\u004eumber": %d}' % number))
    shares = [table.slots.count(index) for index in range(3)]
    assert sum(shares) == SLOTS
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"{}", b'{"PhoneNumber": null}', b'{"PhoneNumber": 1.5}',
                                  b'{"PhoneNumber": true}', b'{"PhoneNumber": "0700"}', b"\xff\xfe",
                                  b'{"PhoneNumber": {"a": 1}}'])  # fmt: skip
def test_what_will_be_refused_has_no_owner(body: bytes) -> None:
    assert slot_of_body(Call.STK_PUSH, body) is None


@given(st.text(max_size=40))
def test_any_text_has_a_slot_or_none(text: str) -> None:
    slot = slot_of(text)
    assert slot is None or 0 <= slot < SLOTS


class Watch:
    """A clock of the test."""

    now_s = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now_s


def issued(tokens: SignedTokens, app: str = "key", *, cancel_old: bool = False, life_s: float = 3600) -> str:
    token = tokens.issue("", app=app, expires_s=Watch.now_s + life_s, cancel_old=cancel_old)
    return f"Bearer {token.text}"


def test_tokens_are_read_by_all_who_know_the_secret_and_by_nobody_else() -> None:
    one, other, stranger = (SignedTokens(secret, wall_s=Watch()) for secret in (b"secret", b"secret", b"guess"))
    header = issued(one)

    found = other.find(header, Watch.now_s)
    assert found is not None
    assert found.expires_s == Watch.now_s + 3600
    assert found.app == other.find(issued(one), Watch.now_s).app  # type: ignore[union-attr]
    assert found.app != other.find(issued(one, "another"), Watch.now_s).app  # type: ignore[union-attr]
    assert other.find(header.replace("Bearer", "bearer  "), Watch.now_s) is not None
    assert other.find(header, Watch.now_s + 3600) is None
    assert stranger.find(header, Watch.now_s) is None


def test_no_two_tokens_are_equal_and_each_has_28_letters_and_digits() -> None:
    tokens = SignedTokens(b"secret", wall_s=Watch())
    texts = [issued(tokens).removeprefix("Bearer ") for _ in range(2000)]

    assert len(set(texts)) == 2000
    assert {len(text) for text in texts} == {28}
    assert all(text.isascii() and text.isalnum() for text in texts)


def test_any_changed_letter_makes_it_nobodys() -> None:
    tokens, random = SignedTokens(b"secret", wall_s=Watch()), Random(1)
    header = issued(tokens)
    for place in range(len("Bearer "), len(header)):
        changed = header[:place] + random.choice("abcXYZ019".replace(header[place], "")) + header[place + 1 :]
        assert tokens.find(changed, Watch.now_s) is None
    for wrong in ("", "Bearer", "Bearer x", f"Bearer {'9' * 28}", f"Bearer {'!' * 28}", header[7:]):
        assert tokens.find(wrong, Watch.now_s) is None


def test_what_is_revoked_stays_dead_and_what_comes_after_lives() -> None:
    one, other = (SignedTokens(b"secret", wall_s=Watch()) for _ in range(2))
    before = issued(one)
    assert other.find(before, Watch.now_s) is not None
    assert one.revoke() == 1
    after = issued(one)
    other.learn(one.state())
    other.learn({})

    assert (one.find(before, Watch.now_s), other.find(before, Watch.now_s)) == (None, None)
    assert one.find(after, Watch.now_s) is not None
    assert other.find(after, Watch.now_s) is not None
    cancelling = issued(one, cancel_old=True)
    other.learn(one.state())
    assert other.find(after, Watch.now_s) is None
    assert other.find(cancelling, Watch.now_s) is not None


def test_processes_draw_different_identifiers_and_receipts_from_one_seed() -> None:
    drawn: list[str] = []
    for index in range(3):
        ids = Ids(Random(7).random)
        ids.begin(1_795_000_000)
        ids.share(index, 3)
        drawn += [ids.request_id() for _ in range(500)]
        drawn += [ids.receipt(1_795_000_000) for _ in range(500)]

    assert len(set(drawn)) == 3000


def entry(journal: NodeJournal) -> int:
    exchange = Exchange(Kind.REQUEST, "stk_push", "POST", "/", (), b"", 0.0, 0.0)
    journal.add(exchange)
    return exchange.seq


def test_numbers_of_a_journal_are_times_and_never_come_twice() -> None:
    watch = Watch()
    journals = [NodeJournal(most_bytes=10**6, node=index, wall_s=watch) for index in range(3)]
    numbers = [entry(journal) for _ in range(5) for journal in journals]
    watch.now_s += 1
    later = [entry(journal) for journal in journals]

    assert len(set(numbers + later)) == 18
    assert min(later) > max(numbers)
    assert [number % 64 for number in later] == [0, 1, 2]
    found = journals[1].find(Question(since=later[1]))
    assert [row.seq for row in found] == [later[1]]
    assert journals[1].next_seq > later[1]


@given(st.lists(st.lists(st.integers(1, 400), unique=True, max_size=30), min_size=1, max_size=4), st.integers(1, 7))
def test_a_reader_of_several_journals_sees_each_entry_once(times: list[list[int]], limit: int) -> None:
    nodes = [[{"seq": time * 64 + index} for time in sorted(found)] for index, found in enumerate(times)]
    now, seen, cursor = 500 * 64, list[int](), 1
    for _ in range(200):
        pages = []
        for rows in nodes:
            found = list(islice((row for row in rows if row["seq"] >= cursor), limit))
            more = sum(row["seq"] >= cursor for row in rows) > limit
            pages.append({"entries": found, "next": found[-1]["seq"] + 1 if more else now, "dropped": 0})
        page = merged_journal(pages, since=cursor, limit=limit)
        assert len(page["entries"]) <= limit
        seen += [row["seq"] for row in page["entries"]]
        cursor = page["next"]

    assert seen == sorted(row["seq"] for rows in nodes for row in rows)
