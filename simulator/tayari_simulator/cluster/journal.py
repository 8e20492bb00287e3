"""A journal whose numbers are times: unique over all processes, and in the order in which things happened.

A number is microseconds since the epoch times 64, plus the number of the process. A reader who asks each process for
what came since a number, and takes the least of their answers' `next` as the next one, sees every entry exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from tayari_simulator.cluster.owning import MOST_NODES
from tayari_simulator.core.exchange import Exchange
from tayari_simulator.journal.memory import Journal, Question, Sink

_MICROS: Final = 1_000_000


class NodeJournal(Journal):
    """The journal in memory of one process of several."""

    def __init__(self, *, most_bytes: int, sink: Sink | None = None, node: int, wall_s: Callable[[], float]) -> None:
        self._node = node
        self._wall_s = wall_s
        self._floor = 1
        super().__init__(most_bytes=most_bytes, sink=sink)

    @property
    def next_seq(self) -> int:
        """What the next entry's number will at least be."""
        return max(self._floor, int(self._wall_s() * _MICROS) * MOST_NODES + self._node)

    @next_seq.setter
    def next_seq(self, seq: int) -> None:
        self._floor = max(self._floor, seq)

    def take_seq(self) -> int:
        """The number of the entry that is about to be added."""
        seq = self.next_seq
        seq += (self._node - seq) % MOST_NODES
        self._floor = seq + 1
        return seq

    def _candidates(self, question: Question) -> Iterable[Exchange]:
        """Numbers have gaps here: where to begin is looked for from the end, as most readers ask for what is new."""
        if question.checkout_request_id is not None or question.msisdn is not None or not question.since:
            return super()._candidates(question)
        newer = 0
        for entry in reversed(self._entries):
            if entry.seq < question.since - _MICROS * MOST_NODES:  # entries are added when they end, numbered before
                break
            newer += 1
        return islice(self._entries, len(self._entries) - newer, None)
