"""Waiting for a condition without asking again and again: whoever changes something tells those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tayari_simulator.core.exchange import Exchange
from tayari_simulator.journal.memory import Journal, Question

Met = Callable[[], "list[Exchange] | None"]
"""The entries that meet a condition now; None: it is not met."""


class Waiting:
    """Those who wait. Entries are given to them as they are written; other conditions are asked again when told."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._questions: dict[asyncio.Future[None], tuple[Question, list[Exchange], int]] = {}
        self._conditions: dict[asyncio.Future[None], Met] = {}

    @property
    def for_conditions(self) -> bool:
        """Whether anybody waits for something that is not an entry."""
        return bool(self._conditions)

    async def for_entries(self, question: Question, count: int, timeout_s: float) -> tuple[bool, list[Exchange]]:
        """Wait until `count` entries match, those that are there already included."""
        found = self._journal.find(question)
        if len(found) >= count:
            return True, found
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._questions[done] = (question, found, count)
        if len(self._questions) == 1:
            self._journal.watchers.append(self._seen)
        try:
            met = await _within(done, timeout_s)
        finally:
            del self._questions[done]
            if not self._questions:
                self._journal.watchers.remove(self._seen)
        return met, found

    async def for_condition(self, met: Met, timeout_s: float) -> tuple[bool, list[Exchange]]:
        """Wait until `met` gives entries; it is asked whenever `changed` is called."""
        found = met()
        if found is None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._conditions[done] = met
            try:
                await _within(done, timeout_s)
            finally:
                del self._conditions[done]
            found = met()
        return found is not None, found or []

    def changed(self) -> None:
        """Something happened that is not an entry: ask every condition again."""
        for done, met in self._conditions.items():
            if not done.done() and met() is not None:
                done.set_result(None)

    def _seen(self, entry: Exchange) -> None:
        for done, (question, found, count) in self._questions.items():
            if question.matches(entry):
                found.append(entry)
                if len(found) >= count and not done.done():
                    done.set_result(None)


async def _within(done: asyncio.Future[None], timeout_s: float) -> bool:
    finished, _ = await asyncio.wait((done,), timeout=timeout_s)
    return bool(finished)
