"""What the load reads of the simulator: callbacks, its use of CPU, its limits each second, and its balance."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tayari_control.client import ControlClient, ControlError
from tayari_reports.model import CountBalance, ProcessUse

from tayari_load.statistics.latencies import Latencies, Span

SHARE: Final = 0.05
"""Share of the seconds with traffic from which every report says that the fake was near its limit."""
FEWEST_S: Final = 2
"""One bad second is a hiccup of the machine."""
TOO_OFTEN: Final = 0.2
"""Share of the seconds with traffic from which the fake may be what was slow, so that performance is not judged."""
MATERIAL_S: Final = {"loop_lag_s": 0.25, "late_s": 0.25}
"""Seconds of lateness from which payments take noticeably longer. The fake calls itself near its limit at some
hundredths of a second, which make no difference to payments that take seconds.
"""
_WORDS: Final = {
    "cpu_share": ("processor time", "of a core"),
    "loop_lag_s": ("lateness of its event loop", "s"),
    "late_s": ("lateness of callbacks that is its own", "s"),
    "journal_behind": ("waiting to be written to its journal", "entries"),
    "journal_lost": ("refused by the journal's disk", "entries"),
}
"""Measure of the fake -> what it is, and its unit."""

LimitsAnswer = Mapping[str, Any]
"""As `GET /v1/limits` answers (`docs/control-api.md`)."""


@dataclass(slots=True)
class SimulatorLimits:
    """The fake's seconds of this run alone: those of the suites before it do not count."""

    busy_s: int = 0
    """Seconds with traffic."""
    near_s: int = 0
    """Of these, seconds near the limit."""
    worst: dict[str, float] = field(default_factory=dict)
    """Measure -> the worst that was seen above its threshold."""
    thresholds: dict[str, float] = field(default_factory=dict)
    material_s: int = 0
    """Seconds in which it was so late or so busy that payments waited for it."""
    _before: tuple[int, int] = (0, 0)

    def begin(self, answer: LimitsAnswer) -> None:
        """The run starts: what the fake counted before does not count."""
        self._before = int(answer["busy_s"]), int(answer["near_s"])
        self.busy_s = self.near_s = self.material_s = 0
        self.worst.clear()
        self.thresholds = {str(name): float(most) for name, most in answer["thresholds"].items()}

    def look(self, answer: LimitsAnswer) -> None:
        """Take what the fake says now, once a second."""
        self.busy_s = max(0, int(answer["busy_s"]) - self._before[0])
        self.near_s = max(0, int(answer["near_s"]) - self._before[1])
        for name, most in self.thresholds.items():
            value = float(answer["last_second"].get(name, 0.0))
            if value > most:
                self.worst[name] = max(value, self.worst.get(name, 0.0))
        self.material_s += any(
            float(answer["last_second"].get(name, 0.0)) > max(most, MATERIAL_S.get(name, 0.0))
            for name, most in self.thresholds.items()
        )

    @property
    def lost(self) -> bool:
        """Its disk refused something."""
        return self.worst.get("journal_lost", 0.0) > 0

    @property
    def near(self) -> str:
        """How near its limit it was, in words; empty if it was not, or only for a moment."""
        often = self.near_s >= FEWEST_S and self.near_s >= SHARE * self.busy_s
        if not often and not self.lost:
            return ""
        reasons = "; ".join(self._reason(name) for name in self.worst) or "its own looks between ours say so"
        return f"the fake Daraja was near its limit in {self.near_s} of {self.busy_s} seconds with traffic ({reasons})"

    @property
    def was_the_limit(self) -> bool:
        """So late or busy, so often, that the figures may be the fake's and not the merchant's."""
        return self.material_s >= FEWEST_S and self.material_s >= TOO_OFTEN * self.busy_s

    def _reason(self, name: str) -> str:
        about, unit = _WORDS.get(name, (name, ""))
        return f"{about} up to {self.worst[name]:.3g} {unit}, above {self.thresholds[name]:g}"


BalanceAnswer = Mapping[str, Any]
"""As `GET /v1/balance` answers (`docs/control-api.md`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRange:
    """Callbacks of this run, counted in two ways that know nothing of each other."""

    fewest: int
    """By the fake's counters, before the journal was read to its end ..."""
    most: int
    """... and after: some may have been answered meanwhile."""
    noted: int | None
    """Entries of the journal; None where it could not be read in whole."""


def weigh(before: BalanceAnswer, after: BalanceAnswer, callbacks: CallbackRange) -> CountBalance:
    """The balance, and in words what does not add up."""
    return CountBalance(
        accepted=int(after["accepted"]),
        called_back=int(after["called_back"]),
        dropped_by_scenario=int(after["dropped_by_scenario"]),
        pending=int(after["pending"]),
        not_allowed=int(after["not_allowed"]),
        forgotten=int(after["forgotten"]),
        accepted_in_run=int(after["accepted"]) - int(before.get("accepted", 0)),
        callbacks=callbacks.most,
        noted=callbacks.noted,
        problems=tuple(_problems(after, callbacks)),
    )


def _problems(after: BalanceAnswer, callbacks: CallbackRange) -> Iterator[str]:
    if missing := int(after["difference"]):
        yield (
            f"of {after['accepted']} accepted transactions {abs(missing)} "
            + ("are neither called back, nor dropped by a scenario, nor pending" if missing > 0 else "ended twice")
        )
    if after["owed"] != after["planned"]:
        yield f"pending payments wait for {after['owed']} results and callbacks, and {after['planned']} are planned"
    noted = callbacks.noted
    if noted is not None and not callbacks.fewest <= noted <= callbacks.most:
        yield f"{callbacks.most} callbacks were counted, and the journal has {noted}"


_AT_ONCE: Final = 500
_ROUNDS: Final = 2
"""How many pages of the journal are read at each look."""
_READ_S: Final = 30.0
"""How long the rest of the journal is read at the end."""
BALANCED_S: Final = 5.0
"""How long the fake has, when the load is over, until its counts must add up."""
_OVER: Final = (
    "tayari_callbacks_answered_total",
    "tayari_callbacks_failed_total",
    "tayari_callbacks_refused_total",
)
"""The counters of callbacks that have ended; each of those has an entry in the journal."""
_PROBLEMS: Final = (ControlError, KeyError, ValueError, TypeError)


def read_metrics(text: str) -> Mapping[str, float]:
    """Prometheus text as values by name."""
    rows = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


@dataclass(slots=True, kw_only=True)
class SimulatorMonitor:
    """Reads the control API while the load runs: all counters, and callbacks from the journal, some pages at a time."""

    control: ControlClient
    latencies: Latencies = field(default_factory=Latencies)
    answers: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By epoch second: how long the merchant took to answer callbacks."""
    called_back: int = 0
    """Entries read."""
    unanswered: int = 0
    limits: SimulatorLimits = field(default_factory=SimulatorLimits)
    balance: CountBalance | None = None
    cpu: list[float] = field(default_factory=list)
    memory: int = 0
    loop_lag_s: float = 0.0
    problem: str = ""
    """Why the simulator could not be read, the first time."""
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
        """Whether a simulator can be read."""
        return self._last is not None

    def look(self, now: float) -> None:
        """Once a second: the simulator's own use, and new callbacks."""
        if self._last is None:
            return
        try:
            self._note_use(now, self._metrics())
            self._read_callbacks(rounds=_ROUNDS)
        except _PROBLEMS as error:
            self.problem = self.problem or f"the simulator's figures could not be read: {error}"

    def finish(self, now: float) -> None:
        """The run is over: whatever is left of its callbacks, and its balance."""
        if self._last is None:
            return
        try:
            self._note_use(now, self._metrics())
            self.balance = self._weigh()
        except _PROBLEMS as error:
            self.problem = self.problem or f"the simulator's figures could not be read: {error}"

    @property
    def broken(self) -> str:
        """Why nothing of this run counts against the merchant; empty if the fake's counts add up."""
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
        """What the fake used; None if it did not say."""
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
        """Payments of this run whose callbacks are over; None if the simulator did not say."""
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

    def _weigh(self) -> CountBalance:
        """Ask until it adds up: while the last callbacks are answered, a sum may be torn."""
        until = time.monotonic() + BALANCED_S
        while True:
            fewest = self._over(self._metrics())
            self._read_callbacks(until=time.monotonic() + _READ_S)
            noted = self.called_back + self._ordered()
            most = self._over(self._metrics())
            # What the bound has pushed out cannot be counted; what was read in time is whole all the same.
            whole = noted >= fewest or not self.dropped
            counted = CallbackRange(fewest=fewest, most=most, noted=noted if whole else None)
            found = weigh(self._first_balance, self.control.balance(), counted)
            if not found.problems or time.monotonic() > until:
                return found
            time.sleep(0.25)

    def _over(self, metrics: Mapping[str, float]) -> int:
        return int(sum(metrics[name] - self._first.get(name, 0.0) for name in _OVER))

    def _ordered(self) -> int:
        """Callbacks that are not Daraja's own: forged by a scenario, or sent through the control API."""
        return sum(1 for _ in self.control.journal_entries(kind="control", since=self._began_at))

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
