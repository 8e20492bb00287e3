"""What the simulator saw of the load: callbacks and how the merchant answered them, and how busy itself was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from tayari.control.client import ControlClient, ControlError
from tayari_reports.model import ProcessUse

from tayari_load.latencies import Latencies, Span

_AT_ONCE: Final = 500
_ROUNDS: Final = 40
NEAR_ITS_LIMIT: Final = 0.8
"""Share of a core above which the fake itself may be what is slow."""
LATE_S: Final = 0.25
"""Lateness of the fake's own callbacks, 99th percentile, above which it may be what is slow."""


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
    unanswered: int = 0
    missed: int = 0
    """Journal entries that were pushed out before they were read."""
    cpu: list[float] = field(default_factory=list)
    memory: int = 0
    loop_lag_s: float = 0.0
    late_p99_s: float = 0.0
    problem: str = ""
    _since: int = 0
    _first: Mapping[str, float] = field(default_factory=dict)
    _last: tuple[float, Mapping[str, float]] | None = None

    def begin(self, now: float) -> None:
        """The run starts; what was before does not count."""
        self.latencies.clear()
        self.answers.clear()
        self.cpu.clear()
        self.called_back = self.unanswered = self.missed = self.memory = 0
        self.loop_lag_s = self.late_p99_s = 0.0
        self.problem = ""
        try:
            self._since = int(self.control.journal(limit=1)["next"])
            self._first = self._metrics()
            self._last = (now, self._first)
        except (ControlError, requests.RequestException, KeyError, ValueError) as error:
            self.problem, self._last = f"the simulator could not be watched: {error}", None

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
            self._read_callbacks(rounds=2)
        except (ControlError, requests.RequestException, KeyError, ValueError) as error:
            self.problem = f"the simulator did not tell what it saw: {error}"

    def conclude(self, now: float) -> None:
        """The run is over: whatever is left of its callbacks."""
        if self._last is None:
            return
        try:
            self._note_use(now, self._metrics())
            self._read_callbacks(rounds=_ROUNDS)
        except (ControlError, requests.RequestException, KeyError, ValueError) as error:
            self.problem = f"the simulator did not tell what it saw: {error}"

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

    def near_its_limit(self) -> str:
        """Why the fake, not the merchant, may be what was slow; empty if it was quick."""
        busy = sum(use > NEAR_ITS_LIMIT for use in self.cpu)
        if self.cpu and busy / len(self.cpu) > 0.2:
            return f"the fake Daraja was near its limit: above {NEAR_ITS_LIMIT:.0%} of a core in {busy} looks"
        if self.late_p99_s > LATE_S:
            return f"the fake Daraja sent callbacks up to {self.late_p99_s * 1000:.0f} ms late (p99)"
        return ""

    def counted(self, name: str) -> int | None:
        """By how much a counter of the simulator grew since the run began."""
        if self._last is None or name not in self._last[1]:
            return None
        return int(self._last[1][name] - self._first.get(name, 0.0))

    def _metrics(self) -> Mapping[str, float]:
        answer = requests.get(f"{self.control.control_url}/metrics", timeout=10.0)
        if answer.status_code != 200:
            raise ControlError(f"/metrics answered {answer.status_code}")
        return read_metrics(answer.text)

    def _note_use(self, now: float, metrics: Mapping[str, float]) -> None:
        if self._last is not None and now > self._last[0]:
            spent = metrics["tayari_cpu_seconds_total"] - self._last[1]["tayari_cpu_seconds_total"]
            self.cpu.append(spent / (now - self._last[0]))
        self._last = (now, metrics)
        self.memory = max(self.memory, int(metrics["tayari_resident_bytes"]))
        self.loop_lag_s = max(self.loop_lag_s, metrics["tayari_loop_lag_p99_seconds"])
        self.late_p99_s = max(self.late_p99_s, metrics["tayari_callbacks_late_p99_seconds"])

    def _read_callbacks(self, *, rounds: int) -> None:
        for _ in range(rounds):
            found = self.control.journal(kind="callback", since=self._since, limit=_AT_ONCE)
            for entry in found["entries"]:
                self._note_callback(entry)
            before, self._since = self._since, int(found["next"])
            if len(found["entries"]) < _AT_ONCE or self._since == before:
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
