"""Locust itself, headless, in a process of its own, as `tayari load` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import tayari_load
from strain import PERFORMANCE, strained, thresholds_met
from tayari_load.limit_search import CLOSE
from tayari_load.simulator_monitor import SimulatorLimits
from tayari_reports.model import Load, State
from tayari_reports.model.codec import from_value
from tayari_reports.model.run_files import read_events
from tayari_target.merchant_process import free_port
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment
from tiny_merchant import STALLS_S, Tiny, tiny_merchant

LOCUSTFILE = Path(tayari_load.__file__).with_name("locustfile.py")
DUKA = Path(__file__).parents[2] / "examples" / "duka" / "tayari.yaml"
Done = subprocess.CompletedProcess[str]
TARGET = """\
merchant:
  name: tiny
  base_url: {url}
  pay: {{request: "POST /pay", json: {{phone: "{{msisdn}}", amount: "{{amount}}"}},
        payment_id: $.id, message: $.message}}
  status: {{request: "GET /payments/{{payment_id}}", state: $.status, credited: $.credited,
           states: {{paid: [PAID], failed: [FAILED], pending: [PENDING]}}}}
daraja: {{short_code: "174379", passkey: secret}}
thresholds: {{concurrent_users: 5, payment_p95_s: 5}}
"""


def target_file(folder: Path, tiny: Tiny) -> Path:
    path = folder / "tayari.yaml"
    path.write_text(TARGET.format(url=tiny.url))
    return path


def locust(
    folder: Path,
    tiny: Tiny,
    *words: str,
    users: int = 5,
    run_time: str = "3s",
    during: Callable[[subprocess.Popen[str], Tiny], None] | None = None,
) -> Done:
    """Run the locustfile on a test environment whose simulator is the tiny merchant itself."""
    path = folder / "tayari.yaml"
    with TestEnvironment(
        load_target(path if path.exists() else target_file(folder, tiny)), control_url=tiny.url
    ) as test_environment:
        environment = {
            **os.environ,
            "TAYARI_ENVIRONMENT": str(test_environment.describe(folder / "environment.json")),
            "TAYARI_LOAD_OUT": str(folder / "load.json"),
            "TAYARI_EVENTS": str(folder / "events.jsonl"),
            "TAYARI_LOAD_SEED": "7",
        }
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
        command += ["-u", str(users), "-r", str(users), "-t", run_time, "--exit-code-on-error", "0", *words]
        child = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        if during is not None:
            during(child, tiny)
        out, err = child.communicate(timeout=90)
        return Done(command, child.returncode, out, err)


def loaded(folder: Path) -> Load:
    return from_value(Load, json.loads((folder / "load.json").read_text()))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Tiny, Done]]:
    folder = tmp_path_factory.mktemp("good")
    with tiny_merchant() as tiny:
        yield folder, tiny, locust(folder, tiny, users=20)


Good = tuple[Path, Tiny, Done]


def test_a_good_shop_settles_every_payment_and_meets_the_thresholds(good: Good) -> None:
    folder, tiny, done = good
    load = loaded(folder)

    assert done.returncode == 0, done.stderr
    assert load.started == load.acknowledged == load.settled == len(tiny.paid) >= 5
    assert (load.failed, load.stuck, load.credited_twice) == (0, 0, 0)
    assert thresholds_met(load, True, True, True, True), load.thresholds
    judged = {check.rule: check.state for check in read_events(folder / "events.jsonl").checks}
    performance = State.UNKNOWN if strained(load) else State.PASS
    assert {judged.pop(rule) for rule in PERFORMANCE} == {performance}
    assert set(judged.values()) == {State.PASS}


def test_the_settled_time_covers_the_wait_and_not_much_more(good: Good) -> None:
    load = loaded(good[0])

    assert load.settled_p50_s is not None
    assert 0.3 <= load.settled_p50_s < 3.0


def test_every_customer_has_a_number_of_his_own(good: Good) -> None:
    _, tiny, _ = good

    assert len(set(tiny.msisdns)) == len(tiny.msisdns)


def test_the_timeline_adds_up_to_the_totals(good: Good) -> None:
    load = loaded(good[0])

    assert sum(row[1] for row in load.timeline) == load.started
    assert sum(row[2] for row in load.timeline) == load.settled


def test_locusts_own_figures_are_kept_beside_the_exact_ones_and_called_rounded(good: Good) -> None:
    load = loaded(good[0])
    rows = {row.name: row for row in load.locust}

    assert set(rows) >= {"start payment", "payment status", "PAYMENT settled"}
    assert rows["PAYMENT settled"].requests == load.settled
    assert rows["PAYMENT settled"].p95_rounded_s == pytest.approx(load.settled_p95_s, rel=0.1)


def test_locusts_statistics_have_steady_names_and_no_warning(good: Good) -> None:
    _, _, done = good

    for row in ("start payment", "payment status", "PAYMENT"):
        assert row in done.stderr
    assert "MonkeyPatchWarning" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shop_that_refuses_fails_with_its_reason(tmp_path: Path) -> None:
    with tiny_merchant("refuse") as tiny:
        done = locust(tmp_path, tiny, users=2, run_time="2s")
    load = loaded(tmp_path)

    assert done.returncode == 0, done.stderr
    assert load.failed == load.started > 0
    assert any("refused: HTTP 503: We cannot take payments now" in note for note in load.notes)
    assert thresholds_met(load, None, False, False), load.thresholds


def test_payments_that_never_settle_are_stuck_when_the_wait_is_over(tmp_path: Path) -> None:
    with tiny_merchant("never") as tiny:
        locust(tmp_path, tiny, "--stop-timeout", "2", users=2, run_time="1s")
    load = loaded(tmp_path)

    assert load.stuck == load.started == load.acknowledged > 0
    assert thresholds_met(load, None, False, True), load.thresholds


def test_credits_that_are_seen_twice_are_counted(tmp_path: Path) -> None:
    with tiny_merchant("twice") as tiny:
        locust(tmp_path, tiny, users=2, run_time="1s")
    load = loaded(tmp_path)

    assert load.credited_twice == load.started > 0


def test_a_status_that_no_word_covers_fails_the_request(tmp_path: Path) -> None:
    with tiny_merchant("blank") as tiny:
        done = locust(tmp_path, tiny, "--stop-timeout", "1", users=1, run_time="1s")

    assert "no state word covers ''" in done.stderr


def test_workers_add_up_at_their_master(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        done = locust(tmp_path, tiny, *two_workers(), users=4, run_time="3s")
    load = loaded(tmp_path)

    assert load.users == 4, done.stderr
    assert load.started == load.settled == len(tiny.paid) >= 4
    assert len(set(tiny.msisdns)) == len(tiny.msisdns)


def test_a_worker_that_is_killed_makes_the_run_invalid(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        done = locust(tmp_path, tiny, *two_workers(), users=4, run_time="6s", during=kill_a_worker)
    load = loaded(tmp_path)

    assert load.lost_workers == 1, done.stderr
    assert any("1 of the load's workers were lost" in doubt for doubt in load.doubts)
    assert [threshold.met for threshold in load.thresholds] == [None] * 4


def two_workers() -> tuple[str, ...]:
    """On a port of their own: other tests have masters, too."""
    port = str(free_port())
    return ("--processes", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)


def kill_a_worker(master: subprocess.Popen[str], tiny: Tiny) -> None:
    end = time.monotonic() + 20
    while len(tiny.paid) < 4 and time.monotonic() < end:
        time.sleep(0.1)
    worker = psutil.Process(master.pid).children()[0]
    worker.kill()


def test_the_open_model_holds_its_rate_and_counts_what_it_drops(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        done = locust(tmp_path, tiny, "--rate", "20", "--in-flight", "4", users=4, run_time="3s")
    load = loaded(tmp_path)

    assert load.model == "open", done.stderr
    assert load.planned == pytest.approx(55, abs=10)
    assert load.planned == load.started + load.dropped
    assert load.dropped > 0.2 * load.planned, "0.5 s each and 4 at once: 8 a second at most"
    assert any("planned arrivals began" in doubt for doubt in load.doubts)
    assert [threshold.met for threshold in load.thresholds][:3] == [None] * 3
    assert "settled, from the planned start" in {measure.name for measure in load.measures}


@pytest.mark.slow
def test_the_search_finds_the_knee_of_a_merchant_with_one_till(tmp_path: Path) -> None:
    """One that takes ten orders a second: what comes faster waits longer and longer."""
    with tiny_merchant("narrow") as tiny:
        path = target_file(tmp_path, tiny)
        path.write_text(path.read_text().replace("payment_p95_s: 5", "payment_p95_s: 1.5"))
        done = locust(tmp_path, tiny, "--find-limit", "--rate", "4", "--in-flight", "90", users=90, run_time="5s")
    load = loaded(tmp_path)

    assert load.limit is not None, done.stderr
    kept, missed = load.limit.kept_rate, load.limit.missed_rate
    assert kept is not None, load.limit
    assert missed is not None, load.limit
    assert 6 < kept < missed < 17, load.limit
    assert missed / kept <= CLOSE * 1.001
    assert load.limit.limited_by == "merchant"
    assert load.thresholds[0].met is True, "judged on the highest rate kept"


def test_a_merchant_that_stalls_for_two_seconds_is_seen_by_everybody_who_came_meanwhile(tmp_path: Path) -> None:
    """No coordinated omission: arrivals go on, and each is timed from when it should have begun."""
    with tiny_merchant("stall") as tiny:
        done = locust(tmp_path, tiny, "--rate", "20", "--in-flight", "120", users=120, run_time="6s")
    load = loaded(tmp_path)
    measures = {measure.name: measure for measure in load.measures}
    planned, real = (measures[f"settled, from the {start} start"] for start in ("planned", "real"))

    assert (load.dropped, load.started) == (0, load.planned), done.stderr
    waited = sum(settled for _, _, settled, p95 in load.timeline if p95 is not None and p95 > 0.9)
    assert waited >= 20, "half of the forty who came while it stood still waited for a second and more"
    assert planned.samples == real.samples == load.settled
    assert planned.p95_s is not None
    assert real.p95_s is not None
    assert STALLS_S * 0.75 < real.p95_s <= planned.p95_s * 1.001
    assert "late start: from the planned to the real one" in measures


def test_a_fake_whose_counts_do_not_add_up_is_our_failure(tmp_path: Path) -> None:
    with tiny_merchant("refuse") as tiny:
        tiny.answers["balance"] = {"accepted": 3, "called_back": 2, "difference": 1, "balanced": False}
        locust(tmp_path, tiny, users=2, run_time="1s")
    load, checks = loaded(tmp_path), read_events(tmp_path / "events.jsonl").checks

    missing = "of 3 accepted transactions 1 are neither called back, nor dropped by a scenario, nor pending"
    assert load.balance is not None
    assert load.balance.problems == (missing,)
    assert load.invalid == (f"the fake Daraja cannot be believed: {missing}",)
    assert {check.state for check in checks} == {State.ERROR}, "a merchant that refuses everybody would have failed"
    assert all(check.reason.startswith("our failure, not the merchant's") for check in checks)
    assert [threshold.met for threshold in load.thresholds] == [None] * 4


def test_callbacks_that_the_journal_does_not_have_are_our_failure(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        tiny.grows["tayari_callbacks_answered_total"] = 7
        locust(tmp_path, tiny, users=2, run_time="1s")
    load = loaded(tmp_path)

    assert any("callbacks were counted, and the journal has 0" in why for why in load.invalid)


def test_a_fake_that_was_the_limit_is_a_warning_beside_thresholds_that_were_kept(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        tiny.near_every = 2
        locust(tmp_path, tiny, users=4, run_time="4s")
    load = loaded(tmp_path)
    states = {check.rule: check.state for check in read_events(tmp_path / "events.jsonl").checks}

    assert "the fake Daraja was near its limit" in load.warnings[0]
    assert "processor time up to 0.95 of a core, above 0.8" in load.warnings[0]
    assert {states[rule] for rule in ("L02", "L03")} == {State.UNKNOWN if strained(load) else State.PASS}
    assert {states[rule] for rule in ("M01", "M02", "M04", "M05")} == {State.PASS}
    assert load.invalid == ()


def test_a_fake_that_was_near_its_limit_now_and_then_is_a_warning_alone() -> None:
    limits = SimulatorLimits()
    answers = {"thresholds": {"cpu_share": 0.8}, "last_second": {"cpu_share": 0.9}}
    limits.begin({**answers, "busy_s": 100, "near_s": 50})
    limits.look({**answers, "busy_s": 140, "near_s": 54})

    assert limits.near == (
        "the fake Daraja was near its limit in 4 of 40 seconds with traffic "
        "(processor time up to 0.9 of a core, above 0.8)"
    )
    assert not limits.was_the_limit
    for second in range(10):
        limits.look({**answers, "busy_s": 140 + second, "near_s": 54 + second})
    assert limits.was_the_limit


def test_hundredths_of_a_second_are_said_and_do_not_take_the_answer_away() -> None:
    limits = SimulatorLimits()
    answers = {"thresholds": {"loop_lag_s": 0.02}, "last_second": {"loop_lag_s": 0.03}}
    limits.begin({**answers, "busy_s": 0, "near_s": 0})
    for second in range(10):
        limits.look({**answers, "busy_s": second, "near_s": second})

    assert "lateness of its event loop up to 0.03 s, above 0.02" in limits.near
    assert not limits.was_the_limit


def test_a_shape_ends_the_closed_model_by_itself(tmp_path: Path) -> None:
    with tiny_merchant() as tiny:
        done = locust(tmp_path, tiny, "--shape", "step", users=5, run_time="5s")
    load = loaded(tmp_path)

    assert (load.shape, load.users) == ("step", 5), done.stderr
    assert load.duration_s > 2.5
    assert load.started == load.settled > 0


def test_a_run_that_misses_for_long_is_ended_early_where_that_is_asked_for(tmp_path: Path) -> None:
    with tiny_merchant("refuse") as tiny:
        locust(tmp_path, tiny, "--abort-after", "6", users=40, run_time="60s")
    load = loaded(tmp_path)

    assert any("ended early: failure_rate, success_rate" in note for note in load.notes)


def test_the_good_shop_on_the_simulator_settles_every_payment(tmp_path: Path) -> None:
    """Simulator, duka and load together: the whole of `tayari load`, set up by the locustfile itself."""
    environment = {"TAYARI_LOAD_OUT": str(tmp_path / "load.json"), "TAYARI_TARGET": str(DUKA)}
    done = by_hand("-u", "8", "-r", "8", "-t", "5s", **environment)
    load = loaded(tmp_path)

    assert load.started == load.settled >= 8, done.stderr
    assert (load.failed, load.stuck, load.credited_twice) == (0, 0, 0)
    assert thresholds_met(load, None, True, True, None), load.thresholds
    assert done.returncode == 11


def by_hand(*words: str, **environment: str) -> Done:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "-t", "1s", *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_without_a_target_file_it_says_what_to_set() -> None:
    done = by_hand()

    assert done.returncode == 20
    assert "TAYARI_TARGET is not set: give it the path of your tayari.yaml" in done.stderr


SILENT = "from tayari_target.adapter import Adapter\n\nclass Silent(Adapter):\n    tells = frozenset()\n"


@pytest.mark.parametrize("adapter", ["", "  adapter: silent_adapter:Silent\n"])
def test_a_merchant_whose_payments_cannot_be_followed_is_not_loaded(tmp_path: Path, adapter: str) -> None:
    (tmp_path / "silent_adapter.py").write_text(SILENT)
    with tiny_merchant() as tiny:
        path = target_file(tmp_path, tiny)
        head, _, rest = path.read_text().partition("  status:")
        path.write_text(head + adapter + rest[rest.index("daraja:") :])
        done = by_hand(TAYARI_TARGET=str(path))

    assert done.returncode == 20
    assert "merchant.status is missing" in done.stderr
