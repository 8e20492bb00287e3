"""Choosing scenarios in one process of several: what counts calls of an endpoint counts those of all processes.

One-shots of an MSISDN wait at its owner, like all that concerns one phone. One-shots of an endpoint, and the active
scenario of the query endpoint, count calls wherever they arrive: every process has the same queue, and the first one
says whose turn it is. Asking it costs a way there and back, but only while there is such a scenario.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tayari_simulator.core.behaviour import Call, Play, Timeline
from tayari_simulator.scenario.model import Scenario
from tayari_simulator.scenario.queued import Queued
from tayari_simulator.scenario.selector import Selector
from tayari_simulator.scenario.values import Endpoint

Json = dict[str, Any]
Begins = Callable[[str, float], None]


@dataclass(slots=True)
class SharedTimeline(Timeline):
    """A timeline that begins everywhere when it begins anywhere."""

    name: str = ""
    begins: Begins | None = None

    def elapsed_s(self, now_s: float) -> float:
        """Seconds since the first call in any process."""
        if self.began_s is None and self.begins is not None:
            self.begins(self.name, now_s)
        return Timeline.elapsed_s(self, now_s)


def _nobody_to_tell(name: str, began_s: float) -> None:
    """Before it is seated."""


class NodeSelector(Selector):
    """Chooses for one process. `leads` and `begins` are set by whoever seats it."""

    def __init__(
        self,
        scenarios: Iterable[Scenario] = (),
        *,
        active: str | None = None,
        mix: Mapping[str, float] | None = None,
        seed: int = 1,
    ) -> None:
        self.leads: Callable[[], bool] = lambda: True
        self.begins: Begins = _nobody_to_tell
        self._serials: dict[Call, int] = {}
        self._granted: dict[Call, int] = {}
        """By endpoint: the serial that this process may use for the call at hand."""
        self._lent: dict[int, Queued] = {}
        super().__init__(scenarios, active=active, mix=mix, seed=seed)

    @property
    def queued(self) -> int:
        """How many one-shots wait here; those of endpoints are counted by the first process alone."""
        return super().queued if self.leads() else sum(map(len, self._of_msisdn.values()))

    def queue(
        self, scenario: Scenario, *, msisdn: str | None = None, endpoint: Endpoint | None = None, times: int = 1
    ) -> None:
        """As in a single process; one-shots of an endpoint are numbered, in every process alike."""
        super().queue(scenario, msisdn=msisdn, endpoint=endpoint, times=times)
        if endpoint is None:
            return
        line, call = self._line(endpoint.call), endpoint.call
        for row in line:
            if not row.serial:
                row.serial = self._serials[call] = self._serials.get(call, 0) + 1

    def clear(self) -> None:
        """Drop what is queued."""
        self._lent.clear()
        self._granted.clear()
        super().clear()

    def shared(self, call: Call) -> bool:
        """Whether the first process must be asked before a call of this endpoint is answered here."""
        if self._of_call.get(call):
            return True
        return call is Call.STK_QUERY and self._active is not None and self._active.when.endpoint.call is call

    def claim(self, call: Call, now_s: float) -> Json:
        """As the first process: whose turn it is, for a call that arrived elsewhere."""
        told: Json = {"serial": None, "newest": self._serials.get(call, 0)}
        waiting = self._of_call.get(call)
        if call is Call.STK_PUSH:
            if waiting:
                row = waiting.popleft()
                self._lent[row.serial] = row
                told["serial"] = row.serial
                self._refresh()
            return told
        play = self.for_endpoint(call)
        if play is None:
            return told
        number = play.calls[call] = play.calls.get(call, 0) + 1
        play.timeline.elapsed_s(now_s)
        serial = waiting[0].serial if waiting else 0
        return told | {"serial": serial, "number": number, "began_s": play.timeline.began_s}

    def unclaim(self, call: Call, serial: int) -> None:
        """As the first process: the turn was not used, as the call was refused before anything was chosen."""
        if call is Call.STK_PUSH:
            row = self._lent.pop(serial, None)
            if row is not None:
                self._line(call).appendleft(row)
                self._refresh()
            return
        play = self._play_at(call, serial)
        if play is not None:
            play.calls[call] = max(0, play.calls.get(call, 0) - 1)

    def grant(self, call: Call, told: Json) -> None:
        """As any other process: take over what `claim` said, for the call at hand."""
        serial = told["serial"]
        waiting = self._of_call.get(call, deque())
        used = serial if serial else told["newest"] + 1
        while waiting and waiting[0].serial < used:
            waiting.popleft()
        self._refresh()
        if serial is None:
            return
        self._granted[call] = serial
        play = self._play_at(call, serial) if call is not Call.STK_PUSH else None
        if play is not None:
            play.calls[call] = told["number"] - 1
            play.timeline.began_s = told["began_s"]

    def unused(self, call: Call, number: int | None) -> int | None:
        """The serial that was granted for the call at hand, if nothing was made of it. `number`: as `claim` told."""
        serial = self._granted.pop(call, None)
        if serial is None or number is None:
            return serial
        play = self._play_at(call, serial)
        return serial if play is None or play.calls.get(call, 0) < number else None

    def begun_elsewhere(self, name: str, began_s: float) -> None:
        """A scenario's timeline began in another process: it began here, too; the earliest begin counts."""
        timeline = self._timelines.get(name)
        if timeline is None:
            timeline = self._timelines[name] = self._timeline(name)
        timeline.began_s = began_s if timeline.began_s is None else min(began_s, timeline.began_s)

    def _taken_up(self, msisdn: str) -> deque[Queued] | None:
        if self.leads():
            return super()._taken_up(msisdn)
        return super()._taken_up(msisdn) if self._granted.pop(Call.STK_PUSH, None) is not None else None

    def _play_at(self, call: Call, serial: int) -> Play | None:
        if not serial:
            return self._active_play
        waiting = self._of_call.get(call)
        return waiting[0].play if waiting and waiting[0].serial == serial else None

    def _timeline(self, name: str) -> SharedTimeline:
        return SharedTimeline(name=name, begins=self._begins)

    def _begins(self, name: str, began_s: float) -> None:
        self.begins(name, began_s)

    def _new_play(self, scenario: Scenario, way: Any) -> Play:
        if scenario.name not in self._timelines:
            self._timelines[scenario.name] = self._timeline(scenario.name)
        return super()._new_play(scenario, way)
