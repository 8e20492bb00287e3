"""Which scenario a call meets. In order: a queued one-shot (of the MSISDN, then of the endpoint), magic MSISDN, magic
amount, account reference, the active scenario; none of them is the plain default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tayari_simulator.core.behaviour import Behaviour, Call, Play
from tayari_simulator.reading.nearest import suggest
from tayari_simulator.scenario.model import Scenario
from tayari_simulator.scenario.values import Endpoint


class UnknownScenario(LookupError):
    """No scenario of this name is loaded; the message names the nearest."""


class Misplaced(ValueError):
    """A scenario that can never play where it was asked for."""


@dataclass(slots=True)
class Queued:
    """A one-shot: its play, the call of its MSISDN from which it plays, and how many calls came so far."""

    play: Play
    from_call: int
    span: int
    """How many calls of an endpoint it lasts; without meaning for a payment, which ends it by being accepted."""
    seen: int = 0


class Selector:
    """Chooses behaviours for the core; implements `core.behaviour.Choose`."""

    def __init__(self, scenarios: Iterable[Scenario] = (), *, active: str | None = None) -> None:
        """Load scenarios; `active` plays where nothing more specific does.

        Raises:
            UnknownScenario: `active` is not among them.
        """
        self._scenarios: dict[str, Scenario] = {}
        self._by_msisdn: dict[str, tuple[Scenario, ...]] = {}
        self._by_amount: dict[int, tuple[Scenario, ...]] = {}
        self._by_reference: dict[str, tuple[Scenario, ...]] = {}
        self._of_msisdn: dict[str, deque[Queued]] = {}
        self._of_call: dict[Call, deque[Queued]] = {}
        self._open: dict[str, Play] = {}
        """Plays by MSISDN that refused its pushes so far: they stay until one is accepted."""
        self._seen: dict[str, int] = {}
        self._counts = False
        self._plain = True
        self._lasting = False
        """Whether anything but one-shots can be chosen."""
        self._active: Scenario | None = None
        self._active_play: Play | None = None
        for scenario in scenarios:
            self._scenarios[scenario.name] = scenario
        self._index()
        self._at_start = active
        self.activate(active)

    @property
    def active(self) -> str | None:
        """The name of the active scenario."""
        return self._active.name if self._active else None

    @property
    def queued(self) -> int:
        """How many one-shots wait or are at work."""
        return sum(map(len, self._of_msisdn.values())) + sum(map(len, self._of_call.values()))

    def scenarios(self) -> list[Scenario]:
        """All loaded scenarios, by name."""
        return sorted(self._scenarios.values(), key=lambda scenario: scenario.name)

    def get(self, name: str) -> Scenario:
        """The scenario of this name.

        Raises:
            UnknownScenario: there is none.
        """
        if name not in self._scenarios:
            raise UnknownScenario(f'no scenario "{name}" is loaded{suggest(name, self._scenarios)}')
        return self._scenarios[name]

    def load(self, scenario: Scenario) -> None:
        """Add a scenario, or put it in the place of the one of that name. Plays at work keep the old one."""
        self._scenarios[scenario.name] = scenario
        if self._active is not None and self._active.name == scenario.name:
            self.activate(scenario.name)
        self._index()

    def activate(self, name: str | None) -> None:
        """Play this scenario where nothing more specific matches; None: the plain default.

        Raises:
            UnknownScenario: it is not loaded.
        """
        self._active = self.get(name) if name is not None else None
        self._active_play = Play(self._active.behaviour) if self._active else None
        self._open.clear()
        self._refresh()

    def queue(
        self, scenario: Scenario, *, msisdn: str | None = None, endpoint: Endpoint | None = None, times: int = 1
    ) -> None:
        """Play it for the next `times` payments of the MSISDN, or the next `times` calls of the endpoint.

        Raises:
            Misplaced: the scenario is for other calls than these, or not exactly one of the two is given.
        """
        if (msisdn is None) == (endpoint is None):
            raise Misplaced("expected exactly one of msisdn and endpoint")
        wanted = endpoint or Endpoint.STK_PUSH
        if scenario.when.endpoint is not wanted:
            meant = "calls of this MSISDN are stk_push" if msisdn is not None else f"it was queued for {wanted}"
            raise Misplaced(
                f"scenario {scenario.name} is for {scenario.when.endpoint} calls, but {meant}; "
                f"queue it with endpoint: {scenario.when.endpoint}"
            )
        line = self._of_msisdn.setdefault(msisdn, deque()) if msisdn else self._line(wanted.call)
        line.extend(_queued(scenario, wanted.call) for _ in range(times))
        self._refresh()

    def clear(self) -> None:
        """Drop what is queued; what payments have already taken up plays on."""
        self._of_msisdn.clear()
        self._of_call.clear()
        self._refresh()

    def reset(self) -> None:
        """As at the start: nothing queued, no counts, the first active scenario. Loaded scenarios stay."""
        self.clear()
        self._seen.clear()
        self.activate(self._at_start if self._at_start in self._scenarios else None)

    def for_push(self, *, msisdn: str, amount: int, reference: str) -> Play | None:
        """The play that this push meets."""
        if self._plain:
            return None
        if self._counts:
            self._seen[msisdn] = self._seen.get(msisdn, 0) + 1
        waiting = self._of_msisdn.get(msisdn) or self._taken_up(msisdn)
        if waiting is not None:
            first = waiting[0]
            first.seen += 1
            if first.seen >= first.from_call:
                return first.play
        if not self._lasting:
            return None
        chosen = self._magic(msisdn, amount, reference)
        return self._play_of(chosen, msisdn) if chosen is not None else None

    def accepted(self, msisdn: str) -> None:
        """The play that the last push of this MSISDN met belongs to its payment from now on."""
        if self._plain:
            return
        waiting = self._of_msisdn.get(msisdn)
        if waiting and waiting[0].seen >= waiting[0].from_call:
            waiting.popleft()
            if not waiting:
                del self._of_msisdn[msisdn]
                self._refresh()
        else:
            self._open.pop(msisdn, None)

    def for_endpoint(self, call: Call) -> Play | None:
        """The play that this OAuth call or query meets."""
        waiting = self._of_call.get(call)
        while waiting:
            if waiting[0].play.calls.get(call, 0) < waiting[0].span:
                return waiting[0].play
            waiting.popleft()
        if self._active is not None and self._active.when.endpoint.call is call:
            return self._active_play
        return None

    def _line(self, call: Call) -> deque[Queued]:
        return self._of_call.setdefault(call, deque())

    def _taken_up(self, msisdn: str) -> deque[Queued] | None:
        """A one-shot of the push endpoint goes to the MSISDN that comes first."""
        waiting = self._of_call.get(Call.STK_PUSH)
        if not waiting:
            return None
        self._of_msisdn[msisdn] = deque([waiting.popleft()])
        return self._of_msisdn[msisdn]

    def _magic(self, msisdn: str, amount: int, reference: str) -> Scenario | None:
        call = self._seen.get(msisdn, 1)
        for rows in (
            self._by_msisdn.get(msisdn),
            self._by_amount.get(amount),
            self._by_reference.get(reference),
        ):
            for scenario in rows or ():
                when = scenario.when
                if call >= when.from_call and when.amount in (None, amount) and when.reference in (None, reference):
                    return scenario
        active = self._active
        if active is not None and active.when.endpoint is Endpoint.STK_PUSH and call >= active.when.from_call:
            return active
        return None

    def _play_of(self, scenario: Scenario, msisdn: str) -> Play:
        """A play for each payment; one that refuses pushes is kept over the refused ones."""
        behaviour = scenario.behaviour
        if not any(armed.on is Call.STK_PUSH for armed in behaviour.armed):
            return Play(behaviour)
        play = self._open.get(msisdn)
        if play is None or play.behaviour is not behaviour:
            play = self._open[msisdn] = Play(behaviour)
        return play

    def _index(self) -> None:
        pushes = [row for row in self._scenarios.values() if row.when.endpoint is Endpoint.STK_PUSH]
        latest_first = sorted(pushes, key=lambda row: row.when.from_call, reverse=True)
        self._by_msisdn, self._by_amount, self._by_reference = {}, {}, {}
        for row in latest_first:
            when = row.when
            if when.msisdn is not None:
                self._by_msisdn[when.msisdn] = (*self._by_msisdn.get(when.msisdn, ()), row)
            elif when.amount is not None:
                self._by_amount[when.amount] = (*self._by_amount.get(when.amount, ()), row)
            elif when.reference is not None:
                self._by_reference[when.reference] = (*self._by_reference.get(when.reference, ()), row)
        self._counts = any(row.when.from_call > 1 for row in pushes)
        self._refresh()

    def _refresh(self) -> None:
        """Whether there is anything to choose at all: the common answer is no, and costs one look."""
        magic = self._by_msisdn or self._by_amount or self._by_reference
        queued = self._of_msisdn or any(self._of_call.values())
        self._lasting = self._active is not None or bool(magic)
        self._plain = not self._lasting and not queued


def _queued(scenario: Scenario, call: Call) -> Queued:
    return Queued(
        play=Play(scenario.behaviour),
        from_call=scenario.when.from_call,
        span=_span(scenario.behaviour, call),
    )


def _span(behaviour: Behaviour, call: Call) -> int:
    """The calls that a one-shot of an endpoint lasts: until its last fault is through, one at the least."""
    last = [armed.after_calls + armed.times for armed in behaviour.armed if armed.on is call]
    query = behaviour.query.for_calls if behaviour.query is not None and call is Call.STK_QUERY else None
    return max([1, query or 1, *last])
