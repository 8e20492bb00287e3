"""What a load run writes: the record, the checks, the notes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from load_payments import ended, load_run
from tayari_load.load_run import LoadRun
from tayari_load.plan import LoadPlan
from tayari_load.results.finalize import judged_by
from tayari_load.results.summary import checks, exit_code, load_record, repeat_command, write_checks, write_load
from tayari_load.statistics.latencies import Span
from tayari_load.statistics.payments import PaymentOutcome
from tayari_load.statistics.process_use import ProcessWatch
from tayari_load.statistics.tally import Tally
from tayari_reports.model import Load, NotTested, State
from tayari_reports.model.codec import from_value
from tayari_reports.model.run_files import read_events
from tayari_target.target_file.target_model import Thresholds

LIMITS = Thresholds(concurrent_users=2)


def run(users: int = 2, *, doubts: tuple[str, ...] = ()) -> LoadRun:
    return load_run(started_at=1_000.2, finished_at=1_010.2, peak_users=users, troubles=list(doubts))


def tally_of(*ends: tuple[PaymentOutcome, float], at: float = 1_002.7) -> Tally:
    tally = Tally()
    for number, (outcome, duration_s) in enumerate(ends):
        tally.start(1_000.9)
        tally.end(ended(outcome=outcome, at=at, duration_s=duration_s, reason="why", user=f"0/{number}"))
    return tally


def test_the_record_says_what_happened_to_the_payments() -> None:
    load = load_record(
        tally_of((PaymentOutcome.SETTLED, 1.5), (PaymentOutcome.SETTLED, 2.5), (PaymentOutcome.REFUSED, 0.1)),
        LIMITS,
        run(),
    )

    assert (load.started, load.settled, load.failed, load.stuck) == (3, 2, 1, 0)
    assert (load.users, load.duration_s, load.payments_per_s) == (2, 10.0, 0.2)
    assert "1 payments refused: why" in load.notes


@pytest.mark.parametrize(("settled", "known"), [(1, (0, 0, 0)), (2, (1, 0, 0)), (20, (1, 1, 0)), (100, (1, 1, 1))])
def test_a_percentile_without_its_samples_is_unknown_everywhere(settled: int, known: tuple[int, int, int]) -> None:
    load = load_record(tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * settled), LIMITS, run())

    shown = (load.settled_p50_s, load.settled_p95_s, load.settled_p99_s)
    assert tuple(int(value is not None) for value in shown) == known
    (measure,) = [row for row in load.measures if row.name == Span.SETTLED]
    assert tuple(int(value is not None) for value in (measure.p50_s, measure.p95_s, measure.p99_s)) == known


def test_a_search_for_the_limit_shows_the_times_of_the_rate_that_is_judged() -> None:
    whole = load_record(
        tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 20, *[(PaymentOutcome.SETTLED, 90.0)] * 20), LIMITS, run()
    )
    kept = load_record(tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 20), LIMITS, run())

    load = judged_by(whole, kept)

    p95 = next(row for row in load.thresholds if row.name == "payment_p95_s")
    assert p95.met
    assert load.settled_p95_s is not None
    assert load.settled_p95_s < p95.limit
    assert load.settled == 40
    assert whole.settled_p95_s == pytest.approx(90.0, rel=0.05)


def test_the_timeline_has_every_second_the_silent_ones_too() -> None:
    load = load_record(tally_of((PaymentOutcome.SETTLED, 1.5)), LIMITS, run())

    assert load.timeline == ((0.0, 1, 0, None), (1.0, 0, 0, None), (2.0, 0, 1, 1.5))


def test_doubts_and_few_samples_are_noted() -> None:
    load = load_record(tally_of((PaymentOutcome.SETTLED, 1.5)), LIMITS, run(doubts=("the generator was short of CPU",)))

    assert "the generator was short of CPU" in load.notes
    assert any("needs 20 settled payments, and there were 1" in note for note in load.notes)


def states(tally: Tally, frame: LoadRun) -> dict[str, State]:
    return {check.rule: check.state for check in checks(load_record(tally, LIMITS, frame), frame)}


def test_met_thresholds_pass_their_rules() -> None:
    good = tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 20)

    assert states(good, run()) == dict.fromkeys(("L01", "L02", "L03", "L04"), State.PASS)


def test_missed_thresholds_fail_and_give_both_figures() -> None:
    load = load_record(tally_of(*[(PaymentOutcome.SETTLED, 11.0), (PaymentOutcome.FAILED, 2.5)] * 20), LIMITS, run())
    reasons = {check.rule: check.reason for check in checks(load, run()) if check.state is State.FAIL}

    assert reasons["L01"].startswith("payment_p95_s was 11.00 s; the target file asks for under 10.00 s")
    assert reasons["L02"].startswith("success_rate was 50.0%; the target file asks for at least 95.0%")
    assert reasons["L03"].startswith("failure_rate was 50.0%; the target file asks for under 5.0%")


@pytest.mark.parametrize(
    ("tally", "frame", "code"),
    [
        (tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 20), {}, 0),
        (tally_of(*[(PaymentOutcome.SETTLED, 11.0)] * 20), {}, 10),
        (tally_of(*[(PaymentOutcome.SETTLED, 11.0)] * 20), {"aborted": ("payment_p95_s",)}, 10),
        (tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 3), {}, 11),
        (tally_of(*[(PaymentOutcome.SETTLED, 1.5)] * 20), {"interrupted": True}, 12),
        (tally_of(*[(PaymentOutcome.SETTLED, 11.0)] * 20), {"lost_workers": 1}, 12),
        (Tally(), {}, 12),
    ],
)
def test_locust_by_hand_ends_with_the_code_of_the_result(tally: Tally, frame: dict[str, Any], code: int) -> None:
    plan = LoadPlan(abort_after_s=9.0)

    assert exit_code(load_record(tally, LIMITS, replace(run(), plan=plan, **frame))) == code


def test_a_load_without_payments_is_an_error_never_a_pass() -> None:
    assert set(states(Tally(), run()).values()) == {State.ERROR}


def test_an_undecided_check_is_not_called_a_failure() -> None:
    late = tally_of(*[(PaymentOutcome.SETTLED, 11.0)] * 20)
    few = {check.rule: check for check in checks(load_record(late, LIMITS, run(users=1)), run())}

    assert set(states(late, run(doubts=("a worker was lost",))).values()) == {State.UNKNOWN}
    assert (few["L04"].state, few["L04"].not_tested) == (State.NOT_TESTED, NotTested.NOT_SELECTED)
    assert f"--users {LIMITS.concurrent_users} " in few["L04"].repeat, "fewer users would leave it open again"
    assert "--users 1 " in few["L01"].repeat


def test_load_json_and_the_events_are_read_back_by_the_reports(tmp_path: Path) -> None:
    load = load_record(tally_of((PaymentOutcome.SETTLED, 1.5)), LIMITS, run())
    write_load(load, tmp_path / "out" / "load.json")
    write_checks(checks(load, run()), tmp_path / "events.jsonl")

    assert from_value(Load, json.loads((tmp_path / "out" / "load.json").read_text())) == load
    assert [check.rule for check in read_events(tmp_path / "events.jsonl").checks] == ["L01", "L02", "L03", "L04"]


def test_a_generator_is_saturated_when_it_is_busy_often() -> None:
    cpu = iter([0.0, 0.9, 1.0, 1.95])
    wall = iter([0.0, 1.0, 2.0, 3.0])
    watch = ProcessWatch(cpu=lambda: next(cpu), wall=lambda: next(wall))
    watch.restart()
    uses = [round(watch.sample(), 2) for _ in range(3)]

    assert uses == [0.9, 0.1, 0.95]
    assert watch.saturated
    assert round(watch.peak, 2) == 0.95


def test_a_generator_that_wakes_late_is_saturated_though_it_used_little_itself() -> None:
    wall = iter([0.0, 1.4, 2.9])
    watch = ProcessWatch(cpu=lambda: 0.0, wall=lambda: next(wall))
    watch.restart()
    watch.sample()
    watch.sample()

    assert watch.saturated
    assert round(watch.latest_s, 2) == 0.5


@pytest.mark.parametrize(("in_flight", "shown"), [(None, ""), (30, ""), (7, " --in-flight 7")])
def test_a_load_is_repeated_with_the_bound_that_was_asked_for(in_flight: int | None, shown: str) -> None:
    made = replace(run(), plan=LoadPlan(rate=2.0, in_flight=in_flight))

    repeat = repeat_command(load_record(Tally(), LIMITS, made), made)

    assert repeat == f"tayari load --rate 2{shown} --duration 60"
