"""Which scenario a call plays. In order: a queued one-shot (of the MSISDN, then of the endpoint), a handset,
magic MSISDN, magic amount, account reference, the mix, the active scenario; none of them is the plain default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from tayari_formats.problems import suggest

from tayari_simulator.apis.bonga import KIND as BONGA
from tayari_simulator.apis.c2b.c2b_payment import KIND as C2B
from tayari_simulator.apis.initiator.b2c import CALL as B2C
from tayari_simulator.apis.initiator.b2c import POCHI
from tayari_simulator.apis.ratiba import KIND as RATIBA
from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.scenarios.conditional_scenarios import ConditionalScenarios, MatchedBy
from tayari_simulator.scenarios.mix import BadMix, Mix, make_mix
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.values import MSISDN_FORM
from tayari_simulator.state.behaviour import Behaviour, Call, Play, Timeline
from tayari_simulator.state.handsets import Handset, Handsets, prompt_play


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


def one_shot(scenario: Scenario, call: str, way: MatchedBy) -> Queued:
    """A scenario that waits for its turn."""
    return Queued(
        play=Play(scenario.behaviour, chosen_by=way),
        from_call=scenario.when.from_call,
        span=_span(scenario.behaviour, call),
    )


def _span(behaviour: Behaviour, call: str) -> int:
    """The calls that a one-shot of an endpoint lasts: until its last fault has ended, at least one."""
    last = [armed.after_calls + armed.times for armed in behaviour.armed if armed.on == call]
    query = behaviour.query.for_calls if behaviour.query is not None and call == Call.STK_QUERY else None
    return max([1, query or 1, *last])


__all__ = ["Misplaced", "Selector", "UnknownScenario"]


Phone = tuple[str, str]
"""A call and the MSISDN that it is about."""
_NO_CONDITIONS: Final = ConditionalScenarios((), "")
_OF_PHONES: Final = frozenset((Call.STK_PUSH, B2C, POCHI, C2B, RATIBA, BONGA))
"""Calls that are always about a phone; the others can be about a short code."""


class UnknownScenario(LookupError):
    """No scenario of this name is loaded; the message names the nearest."""


class Selector:
    """Chooses behaviours for the core; implements `state.behaviour.Choose`."""

    def __init__(
        self,
        scenarios: Iterable[Scenario] = (),
        *,
        active: str | None = None,
        mix: Mapping[str, float] | None = None,
        seed: int = 1,
        interactive: bool = False,
    ) -> None:
        """Load scenarios. `mix` is drawn from, or `active` plays, where nothing more specific does.

        `interactive`: every prompt waits for a handset.

        Raises:
            UnknownScenario: `active` is not among them.
            BadMix: the mix cannot be drawn from.
        """
        self._scenarios = {scenario.name: scenario for scenario in scenarios}
        self._of_msisdn: dict[Phone, deque[Queued]] = {}
        self._of_call: dict[str, deque[Queued]] = {}
        self.handsets = Handsets(everyone=interactive)
        self._open: dict[Phone, Play] = {}
        """Plays by MSISDN that refused its pushes so far: they stay until one is accepted."""
        self._timelines: dict[str, Timeline] = {}
        self._seen: dict[Phone, int] = {}
        self._plain = True
        self._lasting = False
        """Whether anything but one-shots can be chosen."""
        self._active: Scenario | None = None
        self._active_play: Play | None = None
        self._mix: Mix | None = None
        self._seed = seed
        self._random = Random(f"mix {seed}")
        self._conditions = self._conditions_of()
        self._at_start = (active, make_mix(mix, self._scenarios) if mix else None)
        self.activate(active)
        self._use_mix(self._at_start[1])

    @property
    def active(self) -> str | None:
        """The name of the active scenario."""
        return self._active.name if self._active else None

    @property
    def mix(self) -> dict[str, float] | None:
        """The weights of the mix, by scenario name."""
        return self._mix.to_dict() if self._mix else None

    def conditions(self, call: str) -> ConditionalScenarios:
        """The loaded scenarios for this call, by what they ask of it."""
        return self._conditions.get(call, _NO_CONDITIONS)

    @property
    def queued(self) -> int:
        """How many one-shots wait or are in use."""
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
        """Add a scenario, or put it in the place of the one of that name. Plays in use keep the old one.

        Raises:
            Misplaced: its magic number is another scenario's, or the mix holds its name and it is of no payment.
        """
        self._check_magic(scenario)
        active, first = self._at_start
        try:
            mix = self._mix.with_newer(scenario) if self._mix is not None else None
            first = first.with_newer(scenario) if first is not None else None
        except BadMix as error:
            raise Misplaced(f"the mix holds it: {error}") from error
        self._mix, self._at_start = mix, (active, first)
        self._scenarios[scenario.name] = scenario
        self._timelines.pop(scenario.name, None)
        if self._active is not None and self._active.name == scenario.name:
            self.activate(scenario.name)
        self._conditions = self._conditions_of()
        self._refresh()

    def activate(self, name: str | None) -> None:
        """Play this scenario where nothing more specific matches; None: the plain default. Its timeline begins anew.

        Raises:
            UnknownScenario: it is not loaded.
        """
        self._active = self.get(name) if name is not None else None
        self._active_play = None
        if self._active is not None:
            self._timelines.pop(self._active.name, None)
            self._active_play = self._new_play(self._active, MatchedBy.ACTIVE)
        self._open.clear()
        self._refresh()

    def blend(self, weights: Mapping[str, float] | None) -> None:
        """Draw from this mix where nothing more specific matches; None: from none. The same mix draws the same again.

        Raises:
            BadMix: it cannot be drawn from; the mix that there was stays.
        """
        self._use_mix(make_mix(weights, self._scenarios) if weights is not None else None)

    def queue(
        self, scenario: Scenario, *, msisdn: str | None = None, endpoint: str | None = None, times: int = 1
    ) -> None:
        """Play it for the next `times` payments of the MSISDN, or the next `times` calls of the endpoint.

        Raises:
            Misplaced: the scenario is for other calls than these, or not exactly one of the two is given.
        """
        if (msisdn is None) == (endpoint is None):
            raise Misplaced("expected exactly one of msisdn and endpoint")
        wanted = scenario.when.endpoint
        if endpoint not in (None, wanted):
            raise Misplaced(
                f"scenario {scenario.name} is for {wanted} calls, but it was queued for {endpoint}; "
                f"queue it with endpoint: {wanted}, or write when: {{endpoint: {endpoint}}} in the scenario"
            )
        if msisdn is not None and wanted not in TRANSACTIONS:
            raise Misplaced(
                f"scenario {scenario.name} is for {wanted} calls, which have no MSISDN; "
                f"queue it with endpoint: {wanted}"
            )
        if msisdn is not None and wanted in _OF_PHONES and MSISDN_FORM.fullmatch(msisdn) is None:
            raise Misplaced(
                f"msisdn: scenario {scenario.name} is for {wanted} calls, which are of a phone; "
                f"found {msisdn}; expected 12 digits, 2547... or 2541..."
            )
        way = MatchedBy.ONE_SHOT_ENDPOINT if msisdn is None else MatchedBy.ONE_SHOT_MSISDN
        line = self._of_msisdn.setdefault((wanted, msisdn), deque()) if msisdn else self._line(wanted)
        line.extend(one_shot(scenario, wanted, way) for _ in range(times))
        self._refresh()

    def hold(self, msisdn: str) -> Handset:
        """Control the phone of this number by hand: its prompts wait for an answer."""
        held = self.handsets.hold(msisdn)
        self._refresh()
        return held

    def release(self, msisdn: str) -> None:
        """Release the phone; a prompt that waits keeps waiting."""
        self.handsets.release(msisdn)
        self._refresh()

    def clear(self) -> None:
        """Drop what is queued; what payments have already taken up plays on."""
        self._of_msisdn.clear()
        self._of_call.clear()
        self._refresh()

    def reset(self) -> None:
        """As at the start: nothing queued, no handset, the first active scenario and mix. Loaded scenarios stay."""
        active, mix = self._at_start
        self.handsets.clear()
        self.clear()
        self._seen.clear()
        self._timelines.clear()
        self.activate(active if active in self._scenarios else None)
        self._use_mix(mix)

    @property
    def chooses(self) -> bool:
        """Whether anything is loaded or queued that a call can meet; mostly nothing is."""
        return not self._plain

    def for_transaction(
        self, call: str, *, msisdn: str, amount: int, reference: str, prompted: str = ""
    ) -> Play | None:
        """The play of this call. `prompted`: the number whose phone shows its prompt."""
        if self._plain:
            return None
        phone = (call, msisdn)
        conditions = self._conditions.get(call, _NO_CONDITIONS)
        if conditions.counts_calls:
            self._seen[phone] = self._seen.get(phone, 0) + 1
        waiting = self._of_msisdn.get(phone) or self._taken_up(phone)
        if waiting is not None:
            first = waiting[0]
            first.seen += 1
            if first.seen >= first.from_call:
                return first.play
        if prompted and self.handsets:
            handset = self.handsets.find(prompted)
            if handset is not None:
                return prompt_play(handset)
        if not self._lasting:
            return None
        number = self._seen.get(phone, 1)
        chosen = conditions.find(msisdn, amount, reference, number)
        if chosen is not None:
            return self._play_of(*chosen, phone)
        if self._mix is not None and self._mix.of(call):
            return self._mixed(self._mix, phone)
        active = self._active
        if active is not None and active.when.endpoint == call and number >= active.when.from_call:
            return self._play_of(active, MatchedBy.ACTIVE, phone)
        return None

    def is_queued(self, call: str, msisdn: str) -> bool:
        """Whether a one-shot waits for this MSISDN, or for this short code."""
        return (call, msisdn) in self._of_msisdn

    def accepted(self, call: str, msisdn: str) -> None:
        """The play that the last call of this MSISDN met belongs to its transaction from now on."""
        if self._plain:
            return
        phone = (call, msisdn)
        waiting = self._of_msisdn.get(phone)
        if waiting and waiting[0].seen >= waiting[0].from_call:
            waiting.popleft()
            if not waiting:
                del self._of_msisdn[phone]
                self._refresh()
        else:
            self._open.pop(phone, None)

    def for_endpoint(self, call: str) -> Play | None:
        """The play of a call without a transaction. An active scenario applies to OAuth, too, if it says so."""
        waiting = self._of_call.get(call)
        while waiting:
            if waiting[0].play.calls.get(call, 0) < waiting[0].span:
                return waiting[0].play
            waiting.popleft()
        active = self._active
        if active is None:
            return None
        if active.when.endpoint == call or (call == Call.OAUTH and active.applies_to(call)):
            return self._active_play
        return None

    def _check_magic(self, scenario: Scenario) -> None:
        if scenario.magic is None:
            return
        for row in self._scenarios.values():
            same_call = row.when.endpoint == scenario.when.endpoint
            if same_call and row.magic == scenario.magic and row.name != scenario.name:
                raise Misplaced(f"magic: {scenario.magic} is the number of {row.name}; choose another")

    def _line(self, call: str) -> deque[Queued]:
        return self._of_call.setdefault(call, deque())

    def _taken_up(self, phone: Phone) -> deque[Queued] | None:
        """A one-shot of an endpoint goes to the MSISDN that comes first."""
        waiting = self._of_call.get(phone[0])
        if not waiting:
            return None
        self._of_msisdn[phone] = deque([waiting.popleft()])
        return self._of_msisdn[phone]

    def _mixed(self, mix: Mix, phone: Phone) -> Play:
        """A draw for each transaction, not for each call: a refused one is sent again to the same scenario."""
        play = self._open.get(phone)
        if play is not None and play.chosen_by == MatchedBy.MIX:
            return play
        return self._play_of(mix.draw(self._random.random), MatchedBy.MIX, phone)

    def _play_of(self, scenario: Scenario, way: MatchedBy, phone: Phone) -> Play:
        """A play for each transaction; one that refuses calls is kept over the refused ones."""
        if not scenario.applies_to(phone[0]):
            return self._new_play(scenario, way)
        play = self._open.get(phone)
        if play is None or play.behaviour is not scenario.behaviour:
            play = self._open[phone] = self._new_play(scenario, way)
        return play

    def _new_play(self, scenario: Scenario, way: MatchedBy) -> Play:
        timeline = self._timelines.get(scenario.name)
        if timeline is None:
            timeline = self._timelines[scenario.name] = Timeline()
        return Play(scenario.behaviour, timeline=timeline, chosen_by=way)

    def _conditions_of(self) -> dict[str, ConditionalScenarios]:
        """The loaded scenarios with an MSISDN, an amount or a reference, by their call."""
        rows = {call: ConditionalScenarios(self._scenarios.values(), call) for call in TRANSACTIONS}
        return {call: row for call, row in rows.items() if row or row.counts_calls}

    def _use_mix(self, mix: Mix | None) -> None:
        self._mix = mix
        self._random = Random(f"mix {self._seed}")
        self._open.clear()
        self._refresh()

    def _refresh(self) -> None:
        """Whether there is anything to choose at all: the common answer is no, and costs one look."""
        queued = self._of_msisdn or any(self._of_call.values())
        self._lasting = self._active is not None or self._mix is not None or bool(self._conditions)
        self._plain = not self._lasting and not queued and not self.handsets
