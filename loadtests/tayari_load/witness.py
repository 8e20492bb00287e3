"""What the simulator saw of the load: callbacks and how the merchant answered them, and how busy itself was."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_control.client import ControlClient, ControlError
from tayari_reports.model import Balance, ProcessUse

from tayari_load.balancing import Callbacks, weigh
from tayari_load.fake_limits import FakeLimits
from tayari_load.latencies import Latencies, Span

_AT_ONCE: Final = 500
_ROUNDS: Final = 2
"""Bites of the journal at each look."""
_READ_S: Final = 30.0
"""So long the rest of the journal is read at the end."""
BALANCED_S: Final = 5.0
"""So long the fake has, when the load is over, until its counts must add up."""
_OVER: Final = (
    "tayari_callbacks_answered_total",
    "tayari_callbacks_failed_total",
    "tayari_callbacks_refused_total",
)
"""What becomes of a callback; each has an entry in the journal."""
_PROBLEMS: Final = (ControlError, KeyError, ValueError, TypeError)


def read_metrics(text: str) -> Mapping[str, float]:
    """Prometheus text as values by name."""
    rows = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


@dataclass(slots=True, kw_only=True)
class Witness:
    """Reads the control API as the load runs: counters always, callbacks from the journal in small bites."""

    control: ControlClient
    latencies: Latencies = field(default_factory=Latencies)
    answers: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By epoch second: how long the merchant took to answer callbacks."""
    called_back: int = 0
    """Entries read."""
    unanswered: int = 0
    limits: FakeLimits = field(default_factory=FakeLimits)
    balance: Balance | None = None
    cpu: list[float] = field(default_factory=list)
    memory: int = 0
    loop_lag_s: float = 0.0
    problem: str = ""
    """The first thing that the simulator did not tell."""
    dropped: int = 0
    """Journal entries that its bound has pushed out since the run began."""
    _since: int = 0
    _began_at: int = 0
    _dropped_before: int = 0
    _first: Mapping[str, float] = field(default_factory=dict)
    _first_balance: Mapping[str, Any] = field(default_factory=dict)
    _last: tuple[float, Mapping[str, float]] | None = None

    def begin(self, now: float) -> None:
        """The run starts; what was before does not count."""
        self.latencies.clear()
        self.answers.clear()
        self.cpu.clear()
        self.called_back = self.unanswered = self.memory = self.dropped = 0
        self.loop_lag_s = 0.0
        self.problem, self.balance, self._last = "", None, None
        try:
            found = self.control.journal(limit=1)
            self._since = self._began_at = int(found["next"])
            self._dropped_before = int(found["dropped"])
            self._first_balance = self.control.balance()
            self.limits.begin(self.control.limits())
            self._first = self._metrics()
            self._last = (now, self._first)
        except _PROBLEMS as error:
            self.problem = f"the simulator could not be watched: {error}"

    @property
    def watching(self) -> bool:
        """Whether there is a simulator that tells."""
        return self._last is not None

    def look(self, now: float) -> None:
        """Every other second: the simulator's own use, and new callbacks."""
        if self._last is None:
            return
        try:
            self._note_use(now, self._metrics())
            self._read_callbacks(rounds=_ROUNDS)
        except _PROBLEMS as error:
            self.problem = self.problem or f"the simulator did not tell what it saw: {error}"

    def conclude(self, now: float) -> None:
        """The run is over: whatever is left of its callbacks, and its balance."""
        if self._last is None:
            return
        try:
            self._note_use(now, self._metrics())
            self.balance = self._weigh()
        except _PROBLEMS as error:
            self.problem = self.problem or f"the simulator did not tell what it saw: {error}"

    @property
    def broken(self) -> str:
        """Why nothing of this run may be held against the merchant; empty where the fake can be believed."""
        if self.balance is None:
            return self.problem or "the simulator was not asked for its balance"
        return "; ".join(self.balance.problems)

    def warnings(self) -> tuple[str, ...]:
        """What limits the reading of the fake's figures."""
        found = [self.limits.near] if self.limits.near else []
        if self.balance is not None and self.balance.noted is None:
            found.append(
                f"the fake's journal pushed entries out ({self.dropped} while the load ran) before they were read: "
                f"callback times are of {self.called_back} of {self.balance.callbacks} callbacks"
            )
        return tuple(found)

    def use(self) -> ProcessUse | None:
        """What the fake used; None where it did not tell."""
        if not self.cpu:
            return None
        return ProcessUse(
            name="fake Daraja",
            cpu_mean=round(sum(self.cpu) / len(self.cpu), 3),
            cpu_peak=round(max(self.cpu), 3),
            loop_lag_s=round(self.loop_lag_s, 4),
            memory_bytes=self.memory,
        )

    def was_the_limit(self) -> str:
        """Why the fake, not the merchant, may be what was slow; empty if it was quick."""
        return self.limits.near if self.limits.was_the_limit else ""

    def payments_called_back(self) -> int | None:
        """Payments of this run whose callbacks are over; None where the simulator did not tell."""
        return self.counted('tayari_payments_ended_total{as="called_back"}') if self._last is not None else None

    def counted(self, name: str) -> int | None:
        """By how much a counter of the simulator grew since the run began."""
        if self._last is None:
            return None
        return int(self._last[1].get(name, 0.0) - self._first.get(name, 0.0))

    def _metrics(self) -> Mapping[str, float]:
        return read_metrics(self.control.metrics())

    def _note_use(self, now: float, metrics: Mapping[str, float]) -> None:
        if self._last is not None and now > self._last[0]:
            spent = metrics["tayari_cpu_seconds_total"] - self._last[1]["tayari_cpu_seconds_total"]
            self.cpu.append(spent / (now - self._last[0]))
        self._last = (now, metrics)
        self.memory = max(self.memory, int(metrics["tayari_resident_bytes"]))
        self.loop_lag_s = max(self.loop_lag_s, metrics["tayari_loop_lag_p99_seconds"])
        self.limits.look(self.control.limits())

    def _weigh(self) -> Balance:
        """Ask until it adds up: while the last callbacks are answered, a sum may be torn."""
        until = time.monotonic() + BALANCED_S
        while True:
            fewest = self._over(self._metrics())
            self._read_callbacks(until=time.monotonic() + _READ_S)
            noted = self.called_back + self._ordered()
            most = self._over(self._metrics())
            # What the bound has pushed out cannot be counted; what was read in time is whole all the same.
            whole = noted >= fewest or not self.dropped
            counted = Callbacks(fewest=fewest, most=most, noted=noted if whole else None)
            found = weigh(self._first_balance, self.control.balance(), counted)
            if not found.problems or time.monotonic() > until:
                return found
            time.sleep(0.25)

    def _over(self, metrics: Mapping[str, float]) -> int:
        return int(sum(metrics[name] - self._first.get(name, 0.0) for name in _OVER))

    def _ordered(self) -> int:
        """Callbacks that are not Daraja's own: forged by a scenario, or sent through the control API."""
        number, since = 0, self._began_at
        while True:
            found = self.control.journal(kind="control", since=since, limit=_AT_ONCE)
            number += len(found["entries"])
            if len(found["entries"]) < _AT_ONCE:
                return number
            since = int(found["next"])

    def _read_callbacks(self, *, rounds: int = 1_000_000, until: float = float("inf")) -> None:
        for _ in range(rounds):
            found = self.control.journal(kind="callback", since=self._since, limit=_AT_ONCE)
            self.dropped = max(self.dropped, int(found["dropped"]) - self._dropped_before)
            for entry in found["entries"]:
                self._note_callback(entry)
            before, self._since = self._since, int(found["next"])
            if len(found["entries"]) < _AT_ONCE or self._since == before or time.monotonic() > until:
                return

    def _note_callback(self, entry: Mapping[str, Any]) -> None:
        self.called_back += 1
        if entry["response"] is None:
            self.unanswered += 1
            return
        took = float(entry["duration_s"])
        self.latencies.record(Span.CALLBACK_ANSWER, took)
        if "due_at" in entry and entry["due_at"] is not None:
            late_s = max(0.0, float(entry["virtual_at"]) - float(entry["due_at"]))
            self.latencies.record(Span.CALLBACK_LAG, late_s + took)
        self.answers[int(entry["at"])].append(took)
