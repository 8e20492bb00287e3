"""Latencies in HDR histograms: 3 digits from a microsecond to an hour, and exact when workers are added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hdrh.histogram import HdrHistogram
from tayari_reports.model import Measure

LONGEST_S: Final = 3_600
_MICROSECONDS: Final = 1_000_000


class Span(StrEnum):
    """What is timed; the value is how reports name it."""

    SETTLED = "settled, from the planned start"
    """What the thresholds are judged by: a payment that began late waited, too (no coordinated omission)."""
    SETTLED_FROM_REAL = "settled, from the real start"
    DISTURBED = "settled, under way while Daraja was disturbed"
    ACKNOWLEDGED = "start of a payment answered"
    CALLBACK_LAG = "callback lag: from when the result was due to the merchant's answer"
    CALLBACK_ANSWER = "callback answered by the merchant"
    LATE_START = "late start: from the planned to the real one"


def enough_for(percentile: float) -> int:
    """Samples below which a percentile is little more than the slowest one: 20 for the 95th, 100 for the 99th."""
    return -(-100 // round(100 - percentile))


def p95_of(values: Iterable[float]) -> float | None:
    """The 95th percentile of a few values (nearest rank); None without any."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 95 // 100) - 1] if ordered else None


def _histogram() -> HdrHistogram:
    return HdrHistogram(1, LONGEST_S * _MICROSECONDS, 3)


@dataclass(slots=True)
class Latencies:
    """One histogram for each span that was seen."""

    by_span: dict[Span, HdrHistogram] = field(default_factory=dict)

    def record(self, span: Span, seconds: float) -> None:
        """Add one duration; what is longer than an hour is kept as an hour."""
        histogram = self.by_span.get(span)
        if histogram is None:
            histogram = self.by_span[span] = _histogram()
        histogram.record_value(max(1, min(int(seconds * _MICROSECONDS), LONGEST_S * _MICROSECONDS)))

    def count(self, span: Span) -> int:
        """How many were recorded."""
        histogram = self.by_span.get(span)
        return int(histogram.get_total_count()) if histogram is not None else 0

    def percentile_s(self, span: Span, percentile: float) -> float | None:
        """Seconds; None without a sample."""
        if not self.count(span):
            return None
        return float(self.by_span[span].get_value_at_percentile(percentile)) / _MICROSECONDS

    def add(self, other: Latencies) -> None:
        """Add another process's, bucket by bucket: nothing is rounded again."""
        for span, histogram in other.by_span.items():
            if span in self.by_span:
                self.by_span[span].add(histogram)
            else:
                self.by_span[span] = _histogram()
                self.by_span[span].add(histogram)

    def clear(self) -> None:
        """Back to nothing."""
        self.by_span.clear()

    def to_wire(self) -> dict[str, str]:
        """Encoded histograms (HdrHistogram V2, compressed) by span."""
        return {span.value: histogram.encode().decode("ascii") for span, histogram in self.by_span.items()}

    @classmethod
    def from_wire(cls, wire: Mapping[str, str]) -> Latencies:
        """What a worker saw."""
        latencies = cls()
        for name, encoded in wire.items():
            histogram = latencies.by_span[Span(name)] = _histogram()
            histogram.decode_and_add(encoded.encode("ascii"))
        return latencies

    def measures(self) -> tuple[Measure, ...]:
        """For the report, in the order of `Span`; a percentile without enough samples is None."""
        return tuple(self._measure(span) for span in Span if self.count(span))

    def _measure(self, span: Span) -> Measure:
        def at(percentile: float) -> float | None:
            if self.count(span) < enough_for(percentile):
                return None
            value = self.percentile_s(span, percentile)
            return None if value is None else round(value, 6)

        return Measure(
            name=span.value, samples=self.count(span), p50_s=at(50), p95_s=at(95), p99_s=at(99),
            highest_s=self.percentile_s(span, 100),
        )  # fmt: skip
