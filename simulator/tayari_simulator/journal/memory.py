"""The journal in memory: bounded by bytes, counted where it drops, indexed only for those who read it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from tayari_simulator.journal.entries import Question, account_reference
from tayari_simulator.journal.sqlite_file import JournalSearch
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.raw_headers import LongHeaders, RawHeaders, long_headers

Sink = Callable[[JournalExchange], None]
Page = tuple[list[JournalExchange], int]
"""The entries, and the number to ask for next."""
MOST_HEADER_SETS: Final = 512
A_TURN_S: Final = 0.002
"""A reader works for this time; then Daraja's calls and callbacks have their turn."""
INDEXED_IN_A_TURN: Final = 1000
Row = TypeVar("Row")
Made = TypeVar("Made")


async def in_turns(rows: Iterable[Row], make: Callable[[Row], Made]) -> list[Made]:
    """Make something of each row, in several turns of the event loop. `rows` do not change meanwhile."""
    made: list[Made] = []
    until_s = time.perf_counter() + A_TURN_S
    for row in rows:
        made.append(make(row))
        if time.perf_counter() > until_s:
            await asyncio.sleep(0)
            until_s = time.perf_counter() + A_TURN_S
    return made


class Journal:
    """Entries by number. Writing costs next to nothing; the indexes are brought up to date by the next reader."""

    def __init__(self, *, most_bytes: int, sink: Sink | None = None) -> None:
        self._most_bytes = most_bytes
        self._sink = sink
        self._entries: deque[JournalExchange] = deque()
        self._indexed = 0
        """How many of the entries, from the oldest, the indexes hold."""
        self._by_msisdn: dict[str, deque[JournalExchange]] = {}
        self._by_checkout: dict[str, deque[JournalExchange]] = {}
        self._header_sets: dict[RawHeaders, RawHeaders] = {}
        self.watchers: list[Callable[[JournalExchange], None]] = []
        self.next_seq = 1
        self.first_seq = 1
        """What was before was forgotten on demand, in the file too."""
        self.bytes = 0
        self.dropped = 0
        self.dropped_ever = 0
        """Unlike `dropped`, never set back."""

    def __len__(self) -> int:
        return len(self._entries)

    def take_seq(self) -> int:
        """The number of the entry that is about to be added."""
        seq = self.next_seq
        self.next_seq = seq + 1
        return seq

    def same_headers(self, headers: RawHeaders) -> RawHeaders:
        """An equal set of headers that is kept already: callers repeat themselves."""
        kept = self._header_sets.get(headers)
        if kept is not None:
            return kept
        long = long_headers(headers)
        if long is not None:
            return long
        if len(self._header_sets) >= MOST_HEADER_SETS:
            self._header_sets.clear()
        self._header_sets[headers] = headers
        return headers

    def add(self, entry: JournalExchange) -> None:
        """Append a finished entry, numbered now if it has no number yet."""
        if not entry.seq:
            entry.seq = self.take_seq()
        self._entries.append(entry)
        entry.kept_bytes = _size(entry)
        self.bytes += entry.kept_bytes
        if self.bytes > self._most_bytes:
            self._shrink()
        if self._sink is not None:
            self._sink(entry)
        for watcher in self.watchers:
            watcher(entry)

    def latest(self, number: int) -> list[JournalExchange]:
        """The last so many entries, oldest first."""
        return list(islice(reversed(self._entries), number))[::-1]

    def find(self, question: Question) -> list[JournalExchange]:
        """All entries that match, oldest first; a question without a reference."""
        return [entry for entry in self._candidates(question) if question.matches(entry)]

    async def find_in_turns(self, question: Question) -> list[JournalExchange]:
        """The same of any question, without holding the event loop for long."""
        if question.reference is not None:
            return await self._of_reference(question, question.reference)
        if question.transaction_id is not None or question.msisdn is not None:
            await self.index_in_turns()
        rows = tuple(self._candidates(question))
        return [row for row, holds in zip(rows, await in_turns(rows, question.matches), strict=True) if holds]

    async def index_in_turns(self) -> None:
        """Bring the indexes up to date; what comes meanwhile is left for the next reader."""
        while len(self._entries) - self._indexed > INDEXED_IN_A_TURN:
            self._index(at_most=INDEXED_IN_A_TURN)
            await asyncio.sleep(0)

    @property
    def oldest_seq(self) -> int:
        """The number of the oldest entry that is still here; of the next one, when there is none."""
        return self._entries[0].seq if self._entries else self.next_seq

    def clear(self) -> None:
        """Forget all entries; numbers are not reused."""
        self._entries.clear()
        self._by_msisdn.clear()
        self._by_checkout.clear()
        self._indexed = self.bytes = self.dropped = 0
        self.first_seq = self.next_seq

    async def _of_reference(self, question: Question, reference: str) -> list[JournalExchange]:
        rows = tuple(self._entries)
        matching = await in_turns(rows, account_reference)
        pushes = [row for row, found in zip(rows, matching, strict=True) if found == reference]
        ids = {entry.transaction_id for entry in pushes} - {""}
        seen = {entry.seq for entry in pushes}
        holds = await in_turns(
            rows, lambda row: (row.transaction_id in ids or row.seq in seen) and question.matches(row)
        )
        return [row for row, found in zip(rows, holds, strict=True) if found]

    def _candidates(self, question: Question) -> Iterable[JournalExchange]:
        if question.transaction_id is not None:
            self._index()
            return self._by_checkout.get(question.transaction_id, ())
        if question.msisdn is not None:
            self._index()
            return self._by_msisdn.get(question.msisdn, ())
        if question.since and self._entries:
            return islice(self._entries, max(0, len(self._entries) - (self.next_seq - question.since)), None)
        return self._entries

    def _index(self, *, at_most: int | None = None) -> None:
        end = None if at_most is None else self._indexed + at_most
        for entry in islice(self._entries, self._indexed, end):
            self._indexed += 1
            if entry.msisdn:
                self._by_msisdn.setdefault(entry.msisdn, deque()).append(entry)
            if entry.transaction_id:
                self._by_checkout.setdefault(entry.transaction_id, deque()).append(entry)

    def _shrink(self) -> None:
        while self.bytes > self._most_bytes and len(self._entries) > 1:
            entry = self._entries.popleft()
            self.bytes -= entry.kept_bytes
            self.dropped += 1
            self.dropped_ever += 1
            if self._indexed:
                self._indexed -= 1
                _leave(self._by_msisdn, entry.msisdn)
                _leave(self._by_checkout, entry.transaction_id)


def _size(entry: JournalExchange) -> int:
    """About how many bytes of memory an entry holds (headers that are shared are not counted)."""
    size = (
        420 + len(entry.request_body) + len(entry.response_body) + len(entry.url) + len(entry.error) + len(entry.note)
    )
    if type(entry.request_headers) is LongHeaders:
        size += entry.request_headers.size
    if type(entry.response_headers) is LongHeaders:
        size += entry.response_headers.size
    return size


def _leave(index: dict[str, deque[JournalExchange]], key: str) -> None:
    """Take the oldest entry of a key out of an index."""
    if key:
        entries = index[key]
        entries.popleft()
        if not entries:
            del index[key]


def page_of(journal: Journal, found: list[JournalExchange], question: Question, limit: int) -> Page:
    """At most `limit` entries: the first ones from `since`, or without `since` the latest."""
    if len(found) > limit and question.since:
        found = found[:limit]
        return found, found[-1].seq + 1
    return found[-limit:], journal.next_seq


async def whole_page(journal: Journal, search: JournalSearch | None, question: Question, limit: int) -> Page:
    """The same over all entries, those included that only the file still has."""
    oldest = journal.oldest_seq
    since = max(question.since, journal.first_seq)
    if search is None or since >= oldest:
        return page_of(journal, await journal.find_in_turns(question), question, limit)
    until = oldest if question.until is None else min(oldest, question.until)
    older = replace(question, since=since, until=until)
    filed = await asyncio.to_thread(search.find, older, limit=limit + 1, latest=not question.since)
    found = [*filed, *(entry for entry in await journal.find_in_turns(question) if entry.seq >= oldest)]
    return page_of(journal, found, question, limit)
