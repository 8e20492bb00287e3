"""A tab of our own in Locust's page: payments, callbacks, faults, thresholds, and a switch for scenarios."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, request
from tayari_control.client import ControlError
from tayari_reports.verdict.load_words import balance_sentence, limit_sentence

from tayari_load.load_run import REPORTED_S, LoadRun
from tayari_load.locust_events import LocustEvents
from tayari_load.results.summary import funnels, timeline
from tayari_load.statistics.latencies import Latencies, Span, enough_for, p95_of
from tayari_load.statistics.process_use import BUSY
from tayari_load.statistics.thresholds import judge

SHOWN_S: Final = 180
"""How much of the run is drawn."""
RECENT_S: Final = 10
"""Current rates are means over this time."""


def funnel(load_run: LoadRun) -> list[dict[str, Any]]:
    """The rows of the table: how far payments came."""
    tally, monitor = load_run.tally, load_run.monitor
    started = tally.started
    rows = [
        ("started", started),
        ("acknowledged", tally.acknowledged),
        ("called back", monitor.payments_called_back() if monitor is not None else None),
        ("settled", tally.settled),
        ("credited twice", tally.credited_twice),
        ("failed", tally.failed),
        ("declined or turned away", tally.excused),
        ("stuck", sum(second.stuck for second in list(tally.seconds.values()))),
    ]
    of_kinds = [(f"{row.kind} settled", row.settled) for row in funnels(load_run.log.ended)]
    return [
        {
            "what": what,
            "count": "unknown" if number is None else number,
            "share": f"{number / started:.1%}" if started and number is not None else "",
        }
        for what, number in (*rows, *of_kinds)
    ]


def state(load_run: LoadRun) -> dict[str, Any]:
    """The whole tab."""
    began, monitor = load_run.started_at, load_run.monitor
    ends = load_run.finished_at or time.time()
    seen = load_run.tally if load_run.finalizing else load_run.tally.so_far()
    judged = judge(seen, load_run.target.thresholds, load_run.circumstances())
    balance = monitor.balance if monitor is not None and load_run.finalized else None
    return {
        "phase": _phase(load_run),
        "elapsed_s": round(ends - began, 1) if began else 0,
        "funnel": funnel(load_run),
        "thresholds": [asdict(row) for row in judged],
        "now": _now(load_run),
        "lag": _lag(load_run),
        "timeline": _timeline(load_run),
        "faults": [
            [round(begin - began, 1), None if end > ends else round(end - began, 1), what]
            for begin, end, what in load_run.faults
            if begin <= ends
        ],
        "arrivals": {"planned": load_run.tally.planned, "dropped": load_run.tally.dropped, "open": load_run.plan.open},
        "processes": [asdict(row) for row in load_run.processes()],
        "busy": BUSY,
        "doubts": list(load_run.doubts()),
        "warnings": list(monitor.warnings()) if monitor is not None else [],
        "balance": None if balance is None else balance_sentence(balance),
        "balanced": balance is not None and not balance.problems,
        "search": None if load_run.limit is None else limit_sentence(load_run.limit),
        "shape": load_run.plan.shape,
        "shown_s": SHOWN_S,
        "exact": "Percentiles here are of HDR histograms, 3 digits. Locust rounds those of its other tabs.",
    }  # fmt: skip


def _phase(load_run: LoadRun) -> str:
    if not load_run.started_at:
        return "idle"
    if load_run.finalized:
        return "finished"
    return "settling" if load_run.ending or load_run.finalizing else "running"


def _now(load_run: LoadRun) -> dict[str, Any]:
    """The last ten whole seconds."""
    tally = load_run.tally
    last = int(load_run.finished_at or time.time()) - (REPORTED_S if load_run.workers else 0)
    rows = [second for at in range(last - RECENT_S, last) if (second := tally.seconds.get(at)) is not None]
    span_s = max(1.0, min(float(RECENT_S), last - load_run.started_at))
    return {
        "started_per_s": round(sum(row.started for row in rows) / span_s, 2),
        "settled_per_s": round(sum(row.settled for row in rows) / span_s, 2),
        "p95_s": percentile(load_run.tally.latencies, Span.SETTLED),
        "in_flight": max(0, tally.started - tally.ended.total()),
    }


def _timeline(load_run: LoadRun) -> list[list[Any]]:
    """Per second: offset, started, settled, their p95, failed and given up."""
    rows = timeline(load_run.tally, load_run.started_at)[-SHOWN_S:]
    origin = int(load_run.started_at)
    seconds = load_run.tally.seconds
    bad = {at - origin: row.failed + row.stuck for at, row in list(seconds.items())}
    return [[*row, bad.get(int(row[0]), 0)] for row in rows]


def _lag(load_run: LoadRun) -> dict[str, Any]:
    """Callback lag, and per second how long the merchant took to answer callbacks."""
    monitor = load_run.monitor
    if monitor is None:
        return {"p95_s": None, "answer_p95_s": None, "samples": 0, "seconds": []}
    rows = sorted(monitor.answers.items())[-SHOWN_S:]
    return {
        "p95_s": percentile(monitor.latencies, Span.CALLBACK_LAG),
        "answer_p95_s": percentile(monitor.latencies, Span.CALLBACK_ANSWER),
        "samples": monitor.latencies.count(Span.CALLBACK_LAG),
        "seconds": [[at - int(load_run.started_at), p95_of(values), max(values)] for at, values in rows],
    }


def percentile(latencies: Latencies, span: Span) -> float | None:
    """The 95th; None without its samples."""
    return latencies.percentile_s(span, 95) if latencies.count(span) >= enough_for(95) else None


KEY: Final = "payments"
TITLE: Final = "Payments"
_STRUCTURE: Final = (
    {"key": "what", "title": "Payments"},
    {"key": "count", "title": "Count"},
    {"key": "share", "title": "Share of started"},
)
_ASSETS: Final = '<link rel="stylesheet" href="./tayari/tab.css"><script src="./tayari/tab.js" defer></script>'


def add_tab(web_ui: Any, locust_events: LocustEvents) -> None:
    """As Locust documents it: a tab with a table from `template_args`, its rows among the statistics; and what a table
    cannot show, drawn by a script of ours above it."""
    web_ui.template_args["extended_tabs"] = [
        *web_ui.template_args.get("extended_tabs", ()), {"title": TITLE, "key": KEY},
    ]  # fmt: skip
    web_ui.template_args["extended_tables"] = [
        *web_ui.template_args.get("extended_tables", ()), {"key": KEY, "structure": list(_STRUCTURE)},
    ]  # fmt: skip
    web_ui.app.register_blueprint(_blueprint(locust_events, web_ui.auth_required_if_enabled))
    web_ui.app.after_request(lambda response: _extended(response, locust_events))


def switch(locust_events: LocustEvents, name: str | None) -> None:
    """Play this scenario from now on; None: payments succeed again. Its window is kept for the report.

    Raises:
        ControlError: the simulator does not know it.
    """
    locust_events.load_run.test_environment.control.activate(name)
    locust_events.switch(name, time.time())


def _blueprint(locust_events: LocustEvents, guarded: Any) -> Blueprint:
    tab = Blueprint("tayari", __name__)

    @tab.get("/tayari/state")
    @guarded  # type: ignore[untyped-decorator]
    def show_state() -> Response:
        return _json(state(locust_events.load_run))

    @tab.get("/tayari/scenarios")
    @guarded  # type: ignore[untyped-decorator]
    def show_scenarios() -> Response:
        control = locust_events.load_run.test_environment.control
        try:
            found = sorted(str(row["name"]) for row in control.scenarios())
            return _json({"scenarios": found, "active": control.settings().get("active_scenario")})
        except ControlError as error:
            return _json({"scenarios": [], "active": None, "error": str(error)})

    @tab.post("/tayari/scenario")
    @guarded  # type: ignore[untyped-decorator]
    def set_scenario() -> Response:
        # JSON only: a page of another site cannot send it without asking first.
        body = request.get_json(silent=True)
        name = body.get("scenario") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(name, str | None):
            return _json({"error": 'expected JSON {"scenario": name or null}'}, 400)
        try:
            switch(locust_events, name)
        except ControlError as error:
            return _json({"error": str(error)}, 400)
        return _json({"active": name})

    @tab.get("/tayari/tab.js")
    def script() -> Response:
        return Response(files("tayari_load").joinpath("page.js").read_text("utf-8"), mimetype="application/javascript")

    @tab.get("/tayari/tab.css")
    def style() -> Response:
        return Response(files("tayari_load").joinpath("page.css").read_text("utf-8"), mimetype="text/css")

    return tab


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


def _extended(response: Response, locust_events: LocustEvents) -> Response:
    """Our rows in Locust's statistics, our script in its page."""
    if request.path.endswith("/stats/requests") and response.is_json:
        report = {
            **(response.get_json() or {}),
            "extended_stats": [{"key": KEY, "data": funnel(locust_events.load_run)}],
        }
        response.set_data(json.dumps(report))
    elif request.path.endswith("/") and response.mimetype == "text/html":
        text = response.get_data(as_text=True)
        response.set_data(text.replace("</body>", f"{_ASSETS}</body>"))
    return response
