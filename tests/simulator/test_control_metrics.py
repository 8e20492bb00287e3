"""`GET /metrics` as Prometheus reads it: its client library's parser, and its own linter where that is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from running_simulator import Running, running
from tayari_simulator.transport.metrics import HELP

ABOUT = {
    "rates": ("tayari_pushes_per_second", "tayari_callbacks_per_second"),
    "lag": ("tayari_loop_lag_p99_seconds", "tayari_gc_pause_longest_seconds"),
    "queue": ("tayari_callbacks_waiting", "tayari_callbacks_in_flight", "tayari_plans", "tayari_journal_behind"),
    "lateness": ("tayari_callbacks_late_p50_seconds", "tayari_callbacks_late_p99_seconds"),
    "journal": ("tayari_journal_dropped_total", "tayari_journal_lost_total"),
    "limit": ("tayari_near_limit",),
}


@pytest.fixture(scope="module")
def text() -> Iterator[str]:
    """After one payment and one refusal."""
    with running() as server:
        identifier = server.pushed("254712345678")
        server.push("254712000010", token="wrong")
        server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
        yield scraped(server)


def scraped(server: Running) -> str:
    """What a scrape gets."""
    answer = requests.get(f"{server.control_url}/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.text


def test_another_reader_finds_every_figure_with_its_type_and_meaning(text: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(text)}
    names = {sample.name for family in families.values() for sample in family.samples}

    assert {name for group in ABOUT.values() for name in group} <= names
    assert {family.type for family in families.values()} == {"counter", "gauge"}
    assert all(family.documentation for family in families.values())
    assert {sample.name for sample in families["tayari_refusals"].samples} == {"tayari_refusals_total"}
    assert families["tayari_pushes_accepted"].samples[0].value == 1.0
    assert families["tayari_payments_remembered"].samples[0].value == 1.0
    assert families["tayari_payments_pending"].samples[0].value == 0.0, "its prompt is closed"
    assert all(
        (family.type == "counter") == sample.name.endswith("_total")
        for family in families.values()
        for sample in family.samples
    )


def test_every_figure_has_a_line_of_its_own_that_says_what_it_is(text: str) -> None:
    explained = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")}

    assert explained == set(HELP)


def test_prometheus_own_linter_has_nothing_to_say(text: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("NO PROMTOOL: its linter did not read the metrics; `apt-get install prometheus` has it")
    checked = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
