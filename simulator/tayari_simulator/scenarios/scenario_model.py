"""A scenario as its file says it: frozen records, made once by `scenario_reader`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from tayari_simulator.faults.base import ErrorName, ResultCode, TableFault
from tayari_simulator.faults.delays import DelayForm, DelayOrNoneForm
from tayari_simulator.scenarios.values import (
    CallName,
    EndpointName,
    InFlight,
    MagicNumber,
    Msisdn,
    Name,
    Probability,
    Reference,
    RuleId,
    ShownState,
    Text,
    Times,
    Topic,
)
from tayari_simulator.state.behaviour import NO_DELAY, Behaviour, Call, DelayDistribution, Draws, Fixed, Step
from tayari_simulator.strict_reading import AtLeast, Count, OneOrMore, Seconds, SecondsOrNone

DEFAULT_DELAY: DelayDistribution = Fixed(1.0)
States = Annotated[tuple[ShownState, ...], OneOrMore]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The calls that the scenario is for."""

    endpoint: EndpointName = Call.STK_PUSH
    msisdn: Msisdn | None = None
    amount: Count | None = None
    reference: Reference | None = None
    from_call: Count = 1

    @property
    def is_magic(self) -> bool:
        """Whether some MSISDN, amount or reference chooses it."""
        return self.msisdn is not None or self.amount is not None or self.reference is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherResult:
    """A later result of the same payment, `after_s` after the one before."""

    result_code: ResultCode
    result_desc: Text | None = None
    after_s: DelayForm = DEFAULT_DELAY
    callback: bool = True

    def step(self) -> Step:
        """The result as it is played."""
        return Step(
            result_code=self.result_code,
            result_desc=self.result_desc,
            after=self.after_s,
            callback=self.callback,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioOutcome(FurtherResult):
    """The first result of the transaction, and its message."""

    result_code: ResultCode = 0
    callback_after_s: DelayOrNoneForm = NO_DELAY
    queue_timeout: bool = False
    """The request waits too long: `QueueTimeOutURL` is called, and nothing is settled by that."""

    def step(self) -> Step:
        """The result as it is played."""
        waits = self.queue_timeout
        return replace(
            FurtherResult.step(self), callback_after=self.callback_after_s, truth=not waits, to_timeout_url=waits
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the query answers instead of the true state."""

    result_code: ResultCode | None = None
    result_desc: Text | None = None
    in_flight: Annotated[tuple[InFlight, ...], OneOrMore] = ()
    for_calls: Count | None = None
    checkout_request_id: Text | None = None
    error: ErrorName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The keys that every fault has: the calls it applies to, how many, after how many, when, and how likely."""

    on: Annotated[tuple[CallName, ...], OneOrMore] = ()
    times: Times | None = None
    """None: once; with a window or a probability, always."""
    after_calls: Annotated[int, AtLeast(0)] = 0
    from_s: SecondsOrNone = 0.0
    until_s: Seconds | None = None
    probability: Probability = 1.0

    @property
    def is_window(self) -> bool:
        """Whether a stretch of the timeline is meant, not a number of calls."""
        return self.from_s > 0 or self.until_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultUse:
    """One entry of `faults`."""

    name: str
    fault: TableFault
    calls: tuple[str, ...]
    placing: Placing
    draws: Draws = ()
    """Its parameters that are drawn each time it is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The message to the customer."""

    topic: Topic
    not_generic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What the merchant must do."""

    state: States | None = None
    within_s: Seconds | None = None
    never: States = ()
    credits: Annotated[int, AtLeast(0)] | None = None
    pushes: Annotated[int, AtLeast(0)] | None = None
    """The most STK pushes, refused ones included."""
    payouts: Annotated[int, AtLeast(0)] | None = None
    """The most payouts: B2C requests with an OriginatorConversationID of their own."""
    queries: Annotated[int, AtLeast(0)] | None = None
    """The most status queries."""
    message: Message | None = None
    rules: tuple[RuleId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The top level of a file; `faults` is read apart, as each of its members has a form of its own."""

    scenario: Name
    about: str
    when: When = When()
    magic: MagicNumber | None = None
    outcome: ScenarioOutcome | None = None
    then: tuple[FurtherResult, ...] = ()
    query: Query | None = None
    faults: object = ()
    expect: Expect = Expect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One situation: what Daraja does, compiled into `behaviour`, and what the merchant must do."""

    name: str
    about: str
    when: When
    expect: Expect
    behaviour: Behaviour
    file: str
    faults: tuple[FaultUse, ...] = ()
    magic: int | None = None
    """Its number in the table of magic MSISDNs and amounts."""
    source: Mapping[str, object] = field(default_factory=dict)
    """The file's data, unchanged."""

    def applies_to(self, call: str) -> bool:
        """Whether one of its faults is put on this call."""
        return any(armed.on == call for armed in self.behaviour.armed)

    def to_dict(self) -> dict[str, object]:
        """The scenario as its file has it, `expect` included."""
        return copy.deepcopy(dict(self.source))

    def summary(self) -> dict[str, object]:
        """`name`, `about`, `endpoint` and `expect`, the last as the file has it."""
        expect = self.to_dict().get("expect", {})
        return {"name": self.name, "about": self.about, "endpoint": self.when.endpoint, "expect": expect}
