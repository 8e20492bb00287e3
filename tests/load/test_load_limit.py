"""The search for the highest rate that keeps the thresholds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from load_payments import load_run
from tayari_load.limit_search import CLOSE, LimitSearch, RateSearch, RateTrial
from tayari_load.load_run import LoadRun, RunConditions, doubts, none_kept
from tayari_load.plan import MOST_PROBES
from tayari_load.statistics.payments import Samples
from tayari_load.statistics.tally import Tally
from tayari_reports.verdict.load_words import limit_sentence
from tayari_target.target_file.target_model import Thresholds


def searched(knee: float, *, first: float = 1.0, highest: float = 100_000.0) -> RateSearch:
    search = RateSearch(first=first, highest=highest)
    while (rate := search.next_rate()) is not None:
        kept = rate <= knee
        search.add(RateTrial(rate=rate, kept=kept, seen="", limited_by="" if kept else "merchant"))
    return search


@pytest.mark.parametrize("knee", [0.3, 1.7, 8.0, 33.3, 150.0])
def test_the_knee_is_found_with_its_uncertainty(knee: float) -> None:
    search = searched(knee)
    found = search.result()

    assert found.kept_rate is not None
    assert found.missed_rate is not None
    assert found.kept_rate <= knee < found.missed_rate
    assert found.missed_rate / found.kept_rate <= CLOSE * 1.01 or len(search.probes) == MOST_PROBES
    assert found.limited_by == "merchant"


def test_a_limit_that_is_never_reached_is_a_lower_bound() -> None:
    assert "at least 64 arrivals/s" in limit_sentence(searched(1e9, highest=64.0).result())


def test_a_limit_search_without_a_kept_rate_says_so() -> None:
    assert limit_sentence(searched(0.0).result()).startswith("no rate kept the thresholds")


def test_a_lucky_pass_above_a_missed_rate_proves_nothing() -> None:
    search = RateSearch(first=1.0)
    for rate, kept in ((4.0, True), (8.0, False), (16.0, True)):
        search.add(RateTrial(rate=rate, kept=kept, seen=""))

    assert (search.kept, search.missed) == (4.0, 8.0)


def test_the_bracket_is_shown_as_a_figure_with_its_uncertainty() -> None:
    assert "± " in limit_sentence(searched(10.0).result())


DOUBTS = [
    (RunConditions(), ()),
    (RunConditions(planned=100, begun=98), ()),
    (RunConditions(planned=100, begun=97, in_flight=30), ("only 97.0% of the 100 planned arrivals began",)),
    (RunConditions(saturated=True, cpu_peak=0.93), ("short of CPU (up to 93% of a core",)),
    (RunConditions(lost_workers=1), ("1 of the load's workers were lost",)),
    (RunConditions(troubles=("the outage could not be played",)), ("the outage",)),
]


@pytest.mark.parametrize(("conditions", "message"), DOUBTS)
def test_a_run_is_doubted_for_each_reason_by_name(conditions: RunConditions, message: tuple[str, ...]) -> None:
    found = doubts(conditions)

    assert len(found) == len(message)
    assert all(expected in sentence for expected, sentence in zip(message, found, strict=True))


@pytest.mark.parametrize(
    ("begun", "kept", "limited_by"), [(0, False, "generator"), (30, False, "generator"), (48, True, "")]
)
def test_a_rate_that_the_generator_did_not_begin_was_not_held(begun: int, kept: bool, limited_by: str) -> None:
    """50 arrivals are asked for. Nothing failed, for a generator that sleeps fails no payment."""
    tally = Tally()
    target = SimpleNamespace(thresholds=Thresholds())
    load_run = cast("LoadRun", SimpleNamespace(tally=tally, looks=dict, target=target, count_arrivals=lambda: None))

    def hold(rate: float) -> None:
        tally.planned += begun if rate else 0

    search = LimitSearch(load_run=load_run, search=RateSearch(first=500.0), hold=hold, in_flight=lambda: 0, probe_s=0.1)
    probe = search.probe(500.0)

    assert (probe.kept, probe.limited_by) == (kept, limited_by)
    assert probe.seen.endswith("too slow to begin 50 payments") is not kept


SHARE = {
    "tally": Tally().to_wire(), "samples": Samples().to_wire(), "payments": [], "cpu": [0.1, 0.2, 0.0, 1],
    "looks": [10, 0], "saturated": False, "in_flight": 40,
}  # fmt: skip


def test_a_worker_or_a_machine_that_is_busy_while_a_rate_is_held_is_the_limit() -> None:
    run = load_run()
    search = LimitSearch(load_run=run, search=RateSearch(first=1.0), hold=print, in_flight=lambda: 0, probe_s=0.1)
    run.worker_report("1", SHARE, in_flight=0)
    run.worker_report("2", SHARE, in_flight=0)
    before = run.looks()
    run.worker_report("1", {**SHARE, "looks": [20, 1]}, in_flight=0)
    found = [search._whose(before)]
    run.cpu_shortage.samples, run.cpu_shortage.short = 10, 3
    found.append(search._whose(before))
    run.worker_report("2", {**SHARE, "looks": [20, 5]}, in_flight=0)

    assert [*found, search._whose(before)] == ["merchant", "machine", "generator"]


@pytest.mark.parametrize(("limited_by", "reason"), [("machine", "which other programs used too"), ("merchant", "")])
def test_a_search_without_a_kept_rate_counts_only_against_a_merchant_that_was_the_limit(
    limited_by: str, reason: str
) -> None:
    search = RateSearch(first=1.0)
    search.add(RateTrial(rate=1.0, kept=False, seen="", limited_by=limited_by))

    assert reason in none_kept(search.result())
    assert bool(none_kept(search.result())) is bool(reason)


def test_the_payments_in_flight_are_those_of_all_workers_together() -> None:
    run = load_run()
    run.worker_report("1", SHARE, in_flight=40)
    run.worker_report("2", SHARE, in_flight=75)
    run.worker_report("1", SHARE, in_flight=60)

    assert run.in_flight_peak == 75
