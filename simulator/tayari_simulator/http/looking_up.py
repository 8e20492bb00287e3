"""A page of the journal: from memory, and from its file what memory has dropped."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tayari_simulator.core.exchange import Exchange
from tayari_simulator.journal.memory import Journal, Question
from tayari_simulator.journal.search import JournalSearch

Page = tuple[list[Exchange], int]
"""The entries, and the number to ask for next."""


def page_of(journal: Journal, found: list[Exchange], question: Question, limit: int) -> Page:
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
        return page_of(journal, journal.find(question), question, limit)
    until = oldest if question.until is None else min(oldest, question.until)
    older = replace(question, since=since, until=until)
    filed = await asyncio.to_thread(search.find, older, limit=limit + 1, latest=not question.since)
    found = [*filed, *(entry for entry in journal.find(question) if entry.seq >= oldest)]
    return page_of(journal, found, question, limit)
