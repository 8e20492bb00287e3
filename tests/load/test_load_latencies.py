"""Histograms: merged exactly over workers, and no percentile without its samples."""

from __future__ import annotations

import json
import random

import pytest
from tayari_load.statistics.latencies import Latencies, Span, enough_for


def test_workers_merge_to_exactly_the_histogram_that_one_process_would_have() -> None:
    source = random.Random(4)
    whole, workers = Latencies(), [Latencies() for _ in range(4)]
    for number in range(4_000):
        seconds = source.lognormvariate(0.0, 1.5)
        whole.record(Span.SETTLED, seconds)
        workers[number % 4].record(Span.SETTLED, seconds)

    merged = Latencies()
    for worker in workers:
        merged.add(Latencies.from_wire(json.loads(json.dumps(worker.to_wire()))))

    one, other = whole.by_span[Span.SETTLED], merged.by_span[Span.SETTLED]
    assert [one.get_count_at_index(at) for at in range(one.counts_len)] == [
        other.get_count_at_index(at) for at in range(other.counts_len)
    ]
    assert merged.percentile_s(Span.SETTLED, 99.9) == whole.percentile_s(Span.SETTLED, 99.9)


def test_what_a_worker_sends_stays_small_whatever_it_saw() -> None:
    latencies = Latencies()
    for number in range(20_000):
        latencies.record(Span.SETTLED, 0.001 * (number % 5_000 + 1))

    assert len(latencies.to_wire()[Span.SETTLED.value]) < 8_000


@pytest.mark.parametrize(("percentile", "samples"), [(50, 2), (95, 20), (99, 100), (99.9, 100)])
def test_percentiles_need_samples(percentile: float, samples: int) -> None:
    assert enough_for(min(percentile, 99)) == samples


def test_a_measure_leaves_out_the_percentiles_it_has_too_few_samples_for() -> None:
    latencies = Latencies()
    for _ in range(20):
        latencies.record(Span.ACKNOWLEDGED, 0.5)
    (measure,) = latencies.measures()

    assert (measure.samples, measure.p99_s) == (20, None)
    assert measure.p95_s == pytest.approx(0.5, rel=0.001)
