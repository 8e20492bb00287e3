"""The outcomes of the payments: counts, latencies and a timeline, mergeable across workers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from tayari_load.statistics.latencies import Latencies, Span, p95_of
from tayari_load.statistics.payments import EXCUSED, LoadPayment, PaymentOutcome

_REASONS: Final = 1_000
"""Different reasons that are counted by themselves."""


@dataclass(slots=True)
class SecondTally:
    """What happened within one second of the run."""

    started: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))
    """Seconds that each payment took which settled in this second, from its planned start: what is judged."""
    failed: int = 0
    stuck: int = 0
    """Given up in this second."""
    disturbed: array[float] = field(default_factory=lambda: array("d"))
    """Like `latencies`, of payments that were under way while Daraja was disturbed."""
    twice: int = 0
    """Of those settled: credited twice."""

    @property
    def settled(self) -> int:
        """Payments that settled in this second."""
        return len(self.latencies) + len(self.disturbed)

    def add(self, other: SecondTally) -> None:
        """The same second of another process."""
        self.started += other.started
        self.latencies.extend(other.latencies)
        self.failed += other.failed
        self.stuck += other.stuck
        self.disturbed.extend(other.disturbed)
        self.twice += other.twice

    def to_wire(self) -> list[Any]:
        """As plain values."""
        return [self.started, list(self.latencies), self.failed, self.stuck, list(self.disturbed), self.twice]

    @classmethod
    def from_wire(cls, wire: Sequence[Any]) -> SecondTally:
        """As another process sent it."""
        started, latencies, failed, stuck, disturbed, twice = wire
        return cls(started, array("d", latencies), failed, stuck, array("d", disturbed), twice)

    @property
    def p95_s(self) -> float | None:
        """95th percentile of what settled in this second; None when nothing did."""
        return p95_of([*self.latencies, *self.disturbed])


@dataclass(slots=True)
class Tally:
    """The sum of what users saw. One per process; a worker's is added to its master's."""

    started: int = 0
    acknowledged: int = 0
    ended: Counter[PaymentOutcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    """Users of whom at least one payment settled."""
    seconds: dict[int, SecondTally] = field(default_factory=dict)
    """By epoch second, so that workers with clocks in step can be added up."""
    latencies: Latencies = field(default_factory=Latencies)
    planned: int = 0
    dropped: int = 0

    def start(self, at: float) -> None:
        """A payment is started at this epoch second."""
        self.started += 1
        self._second(at).started += 1

    def acknowledge(self, after_s: float = 0.0) -> None:
        """The merchant took it, and answered after this time."""
        self.acknowledged += 1
        self.latencies.record(Span.ACKNOWLEDGED, after_s)

    def end(self, payment: LoadPayment) -> None:
        """A payment came to its end."""
        self.ended[payment.outcome] += 1
        if payment.outcome is not PaymentOutcome.SETTLED:
            self._because(_reason(payment))
        second = self._second(payment.at)
        second.failed += payment.outcome in {PaymentOutcome.REFUSED, PaymentOutcome.FAILED}
        second.stuck += payment.outcome is PaymentOutcome.STUCK
        if payment.outcome in {PaymentOutcome.SETTLED, PaymentOutcome.CREDITED_TWICE}:
            self._settle(payment)

    @property
    def settled(self) -> int:
        """Payments that reached `paid`, those credited twice among them."""
        return self.ended[PaymentOutcome.SETTLED] + self.credited_twice

    @property
    def credited_twice(self) -> int:
        """Payments credited twice; counted as settled too."""
        return self.ended[PaymentOutcome.CREDITED_TWICE]

    @property
    def failed(self) -> int:
        """Payments that were refused or failed."""
        return self.ended[PaymentOutcome.REFUSED] + self.ended[PaymentOutcome.FAILED]

    @property
    def excused(self) -> int:
        """Payments that count neither as success nor as failure."""
        return sum(self.ended[outcome] for outcome in EXCUSED)

    @property
    def counted(self) -> int:
        """Payments of which the rates of success and failure are shares."""
        return self.started - self.excused

    @property
    def stuck(self) -> int:
        """Payments without an end: those given up, and those without a further report (of a killed worker)."""
        return self.started - self.settled - self.failed - self.excused

    def percentile_s(self, percentile: float) -> float | None:
        """Seconds from the planned start to settled; None without a settled payment."""
        return self.latencies.percentile_s(Span.SETTLED, percentile)

    def excuse(self, payment: LoadPayment, outcome: PaymentOutcome) -> None:
        """It was shown as failed and was never paid, as the simulator knows: it is no failure."""
        if not self.ended[payment.outcome]:
            return
        self.ended[payment.outcome] -= 1
        self.ended[outcome] += 1
        second = self._second(payment.at)
        second.failed = max(0, second.failed - 1)
        self.reasons -= Counter([_reason(payment)])
        payment.outcome = outcome
        self._because(_reason(payment))

    def found_twice(self, payment: LoadPayment) -> None:
        """A second credit of a settled payment was seen after its end."""
        self.ended[PaymentOutcome.SETTLED] -= 1
        self.ended[PaymentOutcome.CREDITED_TWICE] += 1
        self._second(payment.at).twice += 1
        self._because(_reason(payment))

    def so_far(self) -> Tally:
        """This tally without the payments under way: while a run goes on, they are not missing."""
        return Tally(
            started=self.ended.total(),
            acknowledged=self.acknowledged,
            ended=Counter(self.ended),
            served=self.served,
            seconds=self.seconds,
            latencies=self.latencies,
        )

    def part(self, begin: float, end: float) -> Tally:
        """What ended between these epoch seconds, as far as the seconds show: enough for the thresholds."""
        part = Tally(served=set(self.served))
        for at, second in self.seconds.items():
            if not begin <= at < end:
                continue
            part.seconds[at] = second
            part.ended[PaymentOutcome.SETTLED] += second.settled - second.twice
            part.ended[PaymentOutcome.CREDITED_TWICE] += second.twice
            part.ended[PaymentOutcome.FAILED] += second.failed
            part.ended[PaymentOutcome.STUCK] += second.stuck
            for latency_s in second.latencies:
                part.latencies.record(Span.SETTLED, latency_s)
        part.started = part.ended.total()
        return part

    def add(self, other: Self) -> None:
        """Add what another process saw."""
        self.started += other.started
        self.acknowledged += other.acknowledged
        self.ended.update(other.ended)
        self.reasons.update(other.reasons)
        self.served |= other.served
        self.latencies.add(other.latencies)
        self.planned += other.planned
        self.dropped += other.dropped
        for at, second in other.seconds.items():
            self._second(at).add(second)

    def clear(self) -> None:
        """Back to nothing, in place: users under way go on adding to this object."""
        self.started = self.acknowledged = self.planned = self.dropped = 0
        self.ended.clear()
        self.reasons.clear()
        self.served.clear()
        self.seconds.clear()
        self.latencies.clear()

    def take(self) -> dict[str, Any]:
        """What was counted since the last call, as plain values; then count from nothing."""
        wire = self.to_wire()
        self.clear()
        return wire

    def to_wire(self) -> dict[str, Any]:
        """As plain values, for a worker's report to its master."""
        return {
            "started": self.started,
            "acknowledged": self.acknowledged,
            "ended": {outcome.value: number for outcome, number in self.ended.items()},
            "reasons": dict(self.reasons),
            "served": sorted(self.served),
            "seconds": {str(at): second.to_wire() for at, second in self.seconds.items()},
            "latencies": self.latencies.to_wire(),
            "planned": self.planned,
            "dropped": self.dropped,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """A worker's report."""
        tally = cls(
            started=wire["started"], acknowledged=wire["acknowledged"], planned=wire["planned"], dropped=wire["dropped"]
        )
        tally.ended.update({PaymentOutcome(name): number for name, number in wire["ended"].items()})
        tally.reasons.update(wire["reasons"])
        tally.served.update(wire["served"])
        tally.latencies = Latencies.from_wire(wire["latencies"])
        for at, second in wire["seconds"].items():
            tally.seconds[int(at)] = SecondTally.from_wire(second)
        return tally

    def _settle(self, payment: LoadPayment) -> None:
        self.served.add(payment.user)
        waited_s, second = payment.duration_s + payment.late_s, self._second(payment.at)
        second.twice += payment.outcome is PaymentOutcome.CREDITED_TWICE
        if payment.disturbed:
            second.disturbed.append(waited_s)
            self.latencies.record(Span.DISTURBED, waited_s)
            return
        second.latencies.append(waited_s)
        self.latencies.record(Span.SETTLED, waited_s)
        self.latencies.record(Span.SETTLED_FROM_REAL, payment.duration_s)

    def _because(self, reason: str) -> None:
        if reason in self.reasons or len(self.reasons) < _REASONS:
            self.reasons[reason] += 1

    def _second(self, at: float) -> SecondTally:
        return self.seconds.setdefault(int(at), SecondTally())


def _reason(payment: LoadPayment) -> str:
    """How a payment ended and why, as one of the words that are counted."""
    return f"{payment.outcome}: {payment.reason}" if payment.reason else str(payment.outcome)
