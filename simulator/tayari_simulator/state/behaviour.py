"""What Daraja does for one payment: the interface between scenarios, which choose, and the core, which carries it out.

A scenario file is compiled once into a frozen `Behaviour`. When a call matches, it becomes a `Play`: the behaviour and
the counts of calls it has seen. Most payments have no `Play`, so that scenarios cost the hot path nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

Uniform = Callable[[], float]
"""A source of numbers in [0, 1), seeded by the caller."""


class Call:
    """The calls that the core itself speaks about. Every row of `apis.registry` is a call, by its name."""

    STK_PUSH: Final = "stk_push"
    STK_QUERY: Final = "stk_query"
    OAUTH: Final = "oauth"
    CALLBACK: Final = "callback"
    """The later message of a transaction, whichever API it is of."""
    VALIDATION: Final = "c2b_validation"
    CONFIRMATION: Final = "c2b_confirmation"
    """Of a C2B payment it is the later message itself; of an STK payment it comes beside its callback."""
    PAYMENT_PUSH: Final = "bill_payment_push"
    MESSAGES: Final = (CALLBACK, VALIDATION, CONFIRMATION, PAYMENT_PUSH)
    """The messages to a merchant, by name."""


class DelayDistribution(Protocol):
    """A delay in seconds, drawn once for each payment."""

    def draw(self, uniform: Uniform) -> float:
        """One delay in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same delay."""

    seconds: float

    def draw(self, uniform: Uniform) -> float:  # noqa: ARG002 - the protocol's shape
        return self.seconds


NO_DELAY: Final = Fixed(0.0)
Draws = tuple[tuple[str, DelayDistribution], ...]
"""Parameters of a fault by name, and from where they are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One result of a payment, `after` seconds after the acknowledgement (or after the step before)."""

    result_code: int | str
    result_desc: str | None = None
    """None: the catalogue's wording for the profile."""
    after: DelayDistribution = Fixed(1.0)
    callback: bool = True
    callback_after: DelayDistribution = NO_DELAY
    to_timeout_url: bool = False
    """The message says that the request waited too long; it goes to the `QueueTimeOutURL`."""
    truth: bool = True
    """Whether the query agrees from then on; false for a callback that is false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySays:
    """What the query answers instead of the true state, for the first `for_calls` calls (None: for all)."""

    result_code: int | str | None = None
    result_desc: str | None = None
    in_flight: tuple[str, ...] = ()
    """Forms to go through while in flight: `4999`, `processing`, `empty`, `too_early`; the last one repeats."""
    checkout_request_id: str | None = None
    error: str | None = None
    for_calls: int | None = None


class Transport(StrEnum):
    """What happens to the connection under a reply."""

    NORMAL = "normal"
    RESET = "reset"
    CLOSE = "close"
    """Closed without a byte."""
    TRUNCATE = "truncate"
    """Full Content-Length, `keep_bytes` of the body, then closed."""
    SLOW_BODY = "slow_body"


@dataclass(slots=True)
class Reply:
    """One answer of the Daraja port, before it is written. Mutable: faults change it in place."""

    status: int
    body: bytes
    content_type: str = "application/json;charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    transport: Transport = Transport.NORMAL
    keep_bytes: int = 0
    close_port_for_s: float = 0.0
    """Above zero: the Daraja port closes for this time once the reply is sent."""
    port_silent: bool = False
    """Whether callers of the closed port hear nothing; else they are refused."""
    body_over_s: float = 2.0
    """For `SLOW_BODY`: how long the body takes from its first byte to its last."""
    revokes_tokens: bool = False
    """Every token that was issued so far is dead from this reply on."""


@dataclass(slots=True)
class Delivery:
    """One POST to the merchant, planned. Mutable: callback faults change it or make more of it."""

    due_s: float
    """Clock time of the core, seconds."""
    url: str
    body: bytes
    transaction_id: str
    msisdn: str
    method: str = "POST"
    content_type: str = "application/json;charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""
    """For the journal and the reports: `duplicate 2 of 2`."""
    forged_from: str = ""
    """Not empty: this is not Daraja's own; the address of the stranger who sends it."""
    overtaken_gap_s: float | None = None
    """Not None: it is sent this long after another payment's callback; `due_s` is the latest moment."""
    number: int = 0
    """Given by the keeper, where there is one."""
    timeout_s: float = 0.0
    """How long the merchant may take to answer; 0: as long as the options say."""
    precedes: bool = False
    """The transaction waits for its answer (C2B validation)."""
    attempts_left: int = 0
    """How many more times it is sent while it is not accepted (payment push of Bill Manager)."""


class Fault(Protocol):
    """One primitive of the fault table, with its parameters and three hooks. Most faults use one of them."""

    def instead(self) -> Reply | None:
        """Answer instead of deciding: nothing happens inside Daraja. None: not this fault's hook."""

    def shape(self, reply: Reply) -> None:
        """Change the reply after the decision was taken; the state has moved already."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """Rewrite the callbacks of one result."""

    def drawn(self, values: Mapping[str, float]) -> Fault:
        """The same fault with these parameters."""


ALWAYS: Final = 1_000_000_000
FOREVER: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """A fault and the calls it applies to: `times` calls of `on`, after the first `after_calls`.

    Of these, the ones from `from_s` until `until_s` on the behaviour's timeline; and of those a share of `probability`.
    """

    fault: Fault
    on: str
    times: int = 1
    after_calls: int = 0
    probability: float = 1.0
    from_s: float = 0.0
    until_s: float = FOREVER
    draws: Draws = ()

    def met(self, uniform: Uniform) -> Fault:
        """The fault for one call: its random parameters are drawn."""
        return self.fault.drawn({name: delay.draw(uniform) for name, delay in self.draws}) if self.draws else self.fault

    def applies(self, call: str, number: int, elapsed_s: float, uniform: Uniform) -> bool:
        """Whether the `number`-th `call` of a play (1 is the first), `elapsed_s` after its begin, gets the fault."""
        return (
            call == self.on
            and self.after_calls < number <= self.after_calls + self.times
            and self.from_s <= elapsed_s < self.until_s
            and (self.probability >= 1.0 or uniform() < self.probability)
        )


@dataclass(slots=True)
class Timeline:
    """When a behaviour was first met: its windows count from there. Plays of one activation share it."""

    began_s: float | None = None

    def elapsed_s(self, now_s: float) -> float:
        """Seconds since the first call; that one begins it."""
        if self.began_s is None:
            self.began_s = now_s
        return now_s - self.began_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A compiled scenario."""

    name: str
    steps: tuple[Step, ...] = (Step(result_code=0),)
    query: QuerySays | None = None
    armed: tuple[Armed, ...] = ()
    token_expires_in_s: int | None = None
    token_expires_in_as: str | None = None
    """`string` or `number`; None: the profile's."""


@dataclass(slots=True)
class Play:
    """A behaviour in use for the calls of one MSISDN (or of one endpoint), with the counts that faults need."""

    behaviour: Behaviour
    calls: dict[str, int] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=Timeline)
    chosen_by: str = ""
    """Which of the ways to choose a scenario led here; a word of the control API's `explain`."""

    def met(self, call: str, now_s: float, uniform: Uniform) -> tuple[Fault, ...]:
        """Count one more call; returns the faults that it gets."""
        number = self.calls.get(call, 0) + 1
        self.calls[call] = number
        elapsed_s = self.timeline.elapsed_s(now_s)
        return tuple(
            armed.met(uniform) for armed in self.behaviour.armed if armed.applies(call, number, elapsed_s, uniform)
        )


class Choose(Protocol):
    """Decides which behaviour a call gets. None means the plain default: success after a short while.

    `call` is the name of a row in `apis.registry`; `msisdn` is empty for OAuth.
    """

    @property
    def chooses(self) -> bool:
        """Whether any call at all can meet a behaviour now."""

    def for_transaction(
        self, call: str, *, msisdn: str, amount: int, reference: str, prompted: str = ""
    ) -> Play | None:
        """For a call that makes a transaction of `amount` shillings. `prompted`: the number whose phone shows its
        prompt; empty: no phone does.
        """
        ...

    def is_queued(self, call: str, msisdn: str) -> bool:
        """Whether a one-shot waits for this MSISDN, or for this short code."""
        ...

    def accepted(self, call: str, msisdn: str) -> None:
        """The last call of this MSISDN has made its transaction: a queued one-shot is used up."""

    def for_endpoint(self, call: str) -> Play | None:
        """For a call that makes no transaction."""
        ...
