"""The parts of a simulator that are of another kind where several processes are one Daraja."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from tayari_simulator.clock import Clock, make_clock
from tayari_simulator.core.daraja import Daraja
from tayari_simulator.http.caller import Callers
from tayari_simulator.http.daraja_app import DarajaApp
from tayari_simulator.http.listener import Listener
from tayari_simulator.http.pump import Pump
from tayari_simulator.journal.memory import Journal, Sink


class MakeJournal(Protocol):
    """Makes the journal in memory."""

    def __call__(self, *, most_bytes: int, sink: Sink | None = None) -> Journal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """How each of them is made."""

    clock: Callable[[str], Clock] = make_clock
    journal: MakeJournal = Journal
    app: Callable[[Daraja, Journal, Clock, Pump], DarajaApp] = DarajaApp
    listener: Callable[[Callers, str, int], Listener] = Listener


ALONE: Final = Kinds()
