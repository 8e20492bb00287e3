"""The alert rules by Prometheus' own tool, the dashboard by Grafana's own model of one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tayari_reports.writers.monitoring_exports import WATCHES, alerts, dashboard, limits

ROOT = Path(__file__).parents[2]
WELL = {"settled": 99, "failed": 1, "ok": 100, "error": 0}
"""Payments and callbacks a minute while nothing is wrong: 1 % fails, each callback is answered."""


def promtool(*arguments: str, folder: Path) -> None:
    """Run promtool in a folder; what it says is the failure."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("NO PROMTOOL: the alert rules were not checked; `apt-get install prometheus` has it")
    ended = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("merchant", ["duka", 'a "quoted" {{ name }}: \\ # x'])
def test_prometheus_takes_the_alert_rules(merchant: str, tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(alerts(samples.run(merchant=merchant)))

    promtool("check", "rules", "alerts.yml", folder=tmp_path)
    assert (tmp_path / "alerts.yml").read_text().count("- alert: ") == len(WATCHES) + 1


def series(minute: dict[str, int], slow_share: float) -> list[dict[str, str]]:
    """An hour of a merchant's metrics, from what happens each minute; the slow payments take 30 to 60 s."""
    quick = round(minute["settled"] * (1 - slow_share))
    counters = {
        'mpesa_payments_total{outcome="settled"}': minute["settled"],
        'mpesa_payments_total{outcome="failed"}': minute["failed"],
        'mpesa_callbacks_total{result="ok"}': minute["ok"],
        'mpesa_callbacks_total{result="error"}': minute["error"],
        'mpesa_payment_settled_seconds_bucket{le="5"}': quick,
        'mpesa_payment_settled_seconds_bucket{le="30"}': quick,
        'mpesa_payment_settled_seconds_bucket{le="60"}': minute["settled"],
        'mpesa_payment_settled_seconds_bucket{le="+Inf"}': minute["settled"],
    }
    return [{"series": name, "values": f"0+{step}x60"} for name, step in counters.items()]


FIRES = {
    "nothing": ({}, 0.0, {}),
    "slow payments": ({}, 0.2, {"MpesaPaymentsSlow": "52.6"}),
    "failures": ({"settled": 90, "failed": 10}, 0.0, {"MpesaSuccessLow": "0.9", "MpesaFailuresHigh": "0.1"}),
    "callbacks with errors": ({"ok": 98, "error": 2}, 0.0, {"MpesaCallbackErrors": "0.02"}),
    "no callbacks": ({"ok": 0, "error": 0}, 0.0, {"MpesaNoCallbacks": ""}),
}


@pytest.mark.parametrize("what", FIRES)
def test_each_alert_fires_when_it_should_and_none_else(what: str, tmp_path: Path) -> None:
    minute, slow_share, fired = FIRES[what]
    (tmp_path / "alerts.yml").write_text(alerts(samples.run(monitoring=())))
    names = [*(watch.alert for watch in WATCHES.values()), "MpesaNoCallbacks"]
    tests = [
        {"eval_time": "40m", "alertname": name, "exp_alerts": [_expected(name, fired[name])] if name in fired else []}
        for name in names
    ]
    document = {
        "rule_files": ["alerts.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series({**WELL, **minute}, slow_share), "alert_rule_test": tests}],
    }
    (tmp_path / "test.yml").write_text(json.dumps(document))

    promtool("test", "rules", "test.yml", folder=tmp_path)


def _expected(name: str, value: str) -> dict[str, object]:
    labels = {"severity": "critical", "merchant": "duka"}
    if name == "MpesaNoCallbacks":
        do = "See whether the callback URL is reachable from outside, and its certificate valid."
        return {
            "exp_labels": labels,
            "exp_annotations": {"summary": "Payments are started and no callback comes", "description": do},
        }
    watch = next(watch for watch in WATCHES.values() if watch.alert == name)
    return {
        "exp_labels": {**labels, "severity": watch.severity},
        "exp_annotations": {"summary": f"{watch.title}: {value}, limit {watch.default:g}", "description": watch.do},
    }


def test_the_limits_are_those_of_the_run_and_else_the_usual_ones() -> None:
    assert limits(samples.run(monitoring=())) == {name: watch.default for name, watch in WATCHES.items()}
    (row, *_) = samples.run().monitoring
    assert limits(samples.run(monitoring=(replace(row, limit=4.0),)))["payment_p95_s"] == 4.0


def drawn() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(dashboard(samples.ready()))
    return document


def test_grafana_reads_the_whole_dashboard_and_loses_nothing() -> None:
    register_default_plugins()
    document = drawn()
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))

    assert list(_lost(document, read)) == []
    assert [panel["title"] for panel in read["panels"]][-1] == "Payments by outcome"


def _lost(given: Any, read: Any, where: str = "") -> list[str]:
    """What one document has and the other has not, or has otherwise."""
    if isinstance(given, dict) and isinstance(read, dict):
        return [line for key in given for line in _lost(given[key], read.get(key), f"{where}.{key}")]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        pairs = enumerate(zip(given, read, strict=True))
        return [line for index, (one, other) in pairs for line in _lost(one, other, f"{where}[{index}]")]
    return [] if given == read else [f"{where}: {given!r} became {read!r}"]


def test_a_dashboard_with_a_wrong_key_is_noticed() -> None:
    register_default_plugins()
    document = {**drawn(), "pannels": []}

    assert _lost(document, json.loads(JSONEncoder().encode(Dashboard.from_json(document))))


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [target["expr"] for panel in drawn()["panels"] for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))

    promtool("check", "rules", "panels.yml", folder=tmp_path)
    assert len(queries) == len(WATCHES) + 1


def test_the_dashboard_draws_each_limit() -> None:
    steps = [panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", []) for panel in drawn()["panels"]]

    assert [found[1]["value"] for found in steps if found] == list(limits(samples.ready()).values())
    assert len({panel["id"] for panel in drawn()["panels"]}) == len(drawn()["panels"])


def test_every_metric_that_is_asked_for_is_documented_with_its_labels() -> None:
    page = (ROOT / "docs/report.md").read_text("utf-8")
    asked = set(re.findall(r"mpesa_\w+", alerts(samples.ready()) + dashboard(samples.ready())))

    assert {name.removesuffix("_bucket") for name in asked} == set(re.findall(r"^\| `(mpesa_\w+)`", page, re.MULTILINE))


def test_the_renaming_of_own_metrics_in_the_documentation_is_sound(tmp_path: Path) -> None:
    page = (ROOT / "docs/report.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", page, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(example)

    promtool("check", "config", "prometheus.yml", folder=tmp_path)
