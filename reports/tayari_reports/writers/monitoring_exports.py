"""What production monitoring should watch, exported: Prometheus alert rules and a Grafana dashboard.

The merchant exports three metrics under names that are ours; `docs/report.md` says how.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tayari_reports.model import Run, Threshold
from tayari_reports.verdict.sentences import one_line

WINDOW: Final = "10m"

_TOTAL: Final = f"sum(rate(mpesa_payments_total[{WINDOW}]))"
_ENDED: Final = 'sum(rate(mpesa_payments_total{{outcome="{outcome}"}}[{window}]))'
_LATENCY: Final = f"histogram_quantile(0.95, sum by (le) (rate(mpesa_payment_settled_seconds_bucket[{WINDOW}])))"
_CALLBACKS: Final = f"sum(rate(mpesa_callbacks_total[{WINDOW}]))"
_BAD_CALLBACKS: Final = f'sum(rate(mpesa_callbacks_total{{result="error"}}[{WINDOW}]))'


def _share(outcome: str) -> str:
    return f"{_ENDED.format(outcome=outcome, window=WINDOW)} / {_TOTAL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One thing to watch: its query, and when it is wrong."""

    alert: str
    title: str
    query: str
    above: bool
    """Wrong above the limit; else below it."""
    unit: str
    """Grafana's name of the unit."""
    severity: str
    do: str
    default: float


WATCHES: Final[Mapping[str, Watch]] = MappingProxyType(
    {
        "payment_p95_s": Watch(
            alert="MpesaPaymentsSlow",
            title="Time to settled, p95",
            query=_LATENCY,
            above=True,
            unit="s",
            severity="warning",
            do="See whether callbacks arrive, then whether the queue of results is worked off.",
            default=10.0,
        ),
        "success_rate": Watch(
            alert="MpesaSuccessLow",
            title="Payments settled",
            query=_share("settled"),
            above=False,
            unit="percentunit",
            severity="critical",
            do="Look at the result codes of the last minutes, and at Safaricom's status.",
            default=0.95,
        ),
        "failure_rate": Watch(
            alert="MpesaFailuresHigh",
            title="Payments failed",
            query=_share("failed"),
            above=True,
            unit="percentunit",
            severity="critical",
            do="Group the failures by result code: one code for all means a set-up that broke.",
            default=0.05,
        ),
        "callback_errors": Watch(
            alert="MpesaCallbackErrors",
            title="Callbacks answered with an error",
            query=f"{_BAD_CALLBACKS} / {_CALLBACKS}",
            above=True,
            unit="percentunit",
            severity="critical",
            do="Each of them is a result that M-Pesa does not send again: reconcile by query, then fix the handler.",
            default=0.0,
        ),
    }
)
"""By the name of the threshold in `Run.monitoring`. Source of the limits: the target file's thresholds."""


def limits(run: Run) -> dict[str, float]:
    """The limit of each watch: of the run where it has one, else the usual one."""
    given: dict[str, Threshold] = {row.name: row for row in run.monitoring}
    if run.load is not None:
        given = {**{row.name: row for row in run.load.thresholds}, **given}
    return {name: given[name].limit if name in given else watch.default for name, watch in WATCHES.items()}


def alerts(run: Run) -> str:
    """A Prometheus rule file; every text in it is quoted as JSON, which YAML reads."""
    lines = [
        f"# M-Pesa alerts of {one_line(run.merchant, 60)}, from the thresholds of run {one_line(run.run_id, 60)}.",
        "groups:",
        "  - name: mpesa",
        "    rules:",
    ]
    for name, limit in limits(run).items():
        watch = WATCHES[name]
        sign = ">" if watch.above else "<"
        summary = f'{watch.title}: {{{{ printf "%.3g" $value }}}}, limit {limit:g}'
        lines += _alert(
            run,
            watch.alert,
            f"{watch.query} {sign} {limit:g}",
            severity=watch.severity,
            summary=summary,
            do=watch.do,
        )
    lines += _alert(
        run,
        "MpesaNoCallbacks",
        f"{_TOTAL} > 0 unless {_CALLBACKS} > 0",
        severity="critical",
        summary="Payments are started and no callback comes",
        do="See whether the callback URL is reachable from outside, and its certificate valid.",
    )
    return "\n".join(lines) + "\n"


def _alert(run: Run, name: str, query: str, *, severity: str, summary: str, do: str) -> list[str]:
    return [
        f"      - alert: {name}",
        f"        expr: {json.dumps(query)}",
        "        for: 5m",
        "        labels:",
        f"          severity: {severity}",
        f"          merchant: {json.dumps(_plain(run.merchant))}",
        "        annotations:",
        f"          summary: {json.dumps(summary)}",
        f"          description: {json.dumps(do)}",
    ]


def dashboard(run: Run) -> str:
    """A Grafana dashboard to import: one panel for each watch, with its limit drawn."""
    panels = [_panel(number, WATCHES[name], limit) for number, (name, limit) in enumerate(limits(run).items())]
    panels.append(_rate_panel(len(panels)))
    document = {
        "title": f"M-Pesa payments: {_plain(run.merchant)}",
        "tags": ["mpesa", "tayari"],
        "timezone": "Africa/Nairobi",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}]
        },
        "panels": panels,
    }
    return json.dumps(document, indent=1) + "\n"


def _panel(number: int, watch: Watch, limit: float) -> dict[str, Any]:
    colours = ("green", "red") if watch.above else ("red", "green")
    steps = [{"color": colours[0], "value": None}, {"color": colours[1], "value": limit}]
    return {
        **_frame(number, watch.title, [(watch.query, watch.title)]),
        "description": watch.do,
        "fieldConfig": {
            "defaults": {
                "unit": watch.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {"thresholdsStyle": {"mode": "line"}},
            },
            "overrides": [],
        },
    }


def _rate_panel(number: int) -> dict[str, Any]:
    query = f"sum by (outcome) (rate(mpesa_payments_total[{WINDOW}]))"
    return {
        **_frame(number, "Payments by outcome", [(query, "{{outcome}}")]),
        "fieldConfig": {"defaults": {"unit": "reqps"}, "overrides": []},
    }


def _frame(number: int, title: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    targets = [
        {"refId": chr(65 + index), "datasource": source, "expr": query, "legendFormat": legend}
        for index, (query, legend) in enumerate(queries)
    ]
    place = {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": place,
        "targets": targets,
    }


def _plain(text: str) -> str:
    """A label: Prometheus would read `{{ ... }}` in it as a template."""
    return one_line(text.replace("{{", "{ {"), 60)
