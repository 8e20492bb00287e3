"""A few payments kept as proof: the first that ended badly, of each kind, and the slowest that settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tayari_reports.codec import from_value, to_value
from tayari_reports.model import Exchange
from tayari_target.views import DriverExchange

from tayari_load.outcome import Ended, Outcome

OF_EACH: Final = 2
"""Payments kept of each bad outcome."""
_HEAD, _TAIL = 3, 3
"""Exchanges kept of one payment: how it began and how it ended; the looks between say nothing new."""

Exchanges = tuple[Exchange, ...]


@dataclass(slots=True)
class Samples:
    """Exchanges of a few payments. Bounded, whatever the run's length."""

    bad: dict[Outcome, list[Exchanges]] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: Exchanges = ()

    def clear(self) -> None:
        """Back to nothing."""
        self.bad.clear()
        self.slowest_s, self.slowest = 0.0, ()

    def offer(self, ended: Ended, exchanges: Sequence[DriverExchange]) -> None:
        """Keep this payment if it is worth it."""
        if ended.outcome is Outcome.SETTLED:
            if ended.duration_s > self.slowest_s:
                self.slowest_s, self.slowest = ended.duration_s, _proof(exchanges)
            return
        kept = self.bad.setdefault(ended.outcome, [])
        if len(kept) < OF_EACH:
            kept.append(_proof(exchanges))

    def of(self, outcomes: Iterable[Outcome]) -> Exchanges:
        """The exchanges of the payments kept that ended so, one payment after the other."""
        return tuple(exchange for outcome in outcomes for kept in self.bad.get(outcome, ()) for exchange in kept)

    def add(self, other: Samples) -> None:
        """Take what another process kept, within the same bounds."""
        for outcome, theirs in other.bad.items():
            mine = self.bad.setdefault(outcome, [])
            mine.extend(theirs[: OF_EACH - len(mine)])
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest

    def to_wire(self) -> dict[str, Any]:
        """As plain values, for a worker's report to its master."""
        return {
            "bad": {outcome.value: [_to_wire(kept) for kept in payments] for outcome, payments in self.bad.items()},
            "slowest_s": self.slowest_s,
            "slowest": _to_wire(self.slowest),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Samples:
        """What a worker kept."""
        bad = {Outcome(name): [_from_wire(kept) for kept in payments] for name, payments in wire["bad"].items()}
        return cls(bad, wire["slowest_s"], _from_wire(wire["slowest"]))


def _proof(exchanges: Sequence[DriverExchange]) -> Exchanges:
    kept = exchanges if len(exchanges) <= _HEAD + _TAIL else (*exchanges[:_HEAD], *exchanges[-_TAIL:])
    return tuple(Exchange(kind="to_merchant", **asdict(exchange)) for exchange in kept)


def _to_wire(exchanges: Exchanges) -> list[Any]:
    return [to_value(exchange) for exchange in exchanges]


def _from_wire(exchanges: Iterable[object]) -> Exchanges:
    return tuple(from_value(Exchange, exchange) for exchange in exchanges)
