"""A tab of our own in Locust's page: payments, callbacks, faults, thresholds, and a switch for scenarios."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, request
from tayari.control.client import ControlError

from tayari_load.conducting import Conductor
from tayari_load.latencies import Span, enough_for
from tayari_load.results import timeline
from tayari_load.thresholds import judge

KEY: Final = "payments"
TITLE: Final = "Payments"
_STRUCTURE: Final = (
    {"key": "what", "title": "Payments"},
    {"key": "count", "title": "Count"},
    {"key": "share", "title": "Share of started"},
)
_SHOWN_S: Final = 120
_SWITCHED: Final = "scenario "


def add_tab(web_ui: Any, conductor: Conductor) -> None:
    """As Locust documents it: a tab with a table from `template_args`, its rows among the statistics; and what a table
    cannot show, drawn by a script of ours above it."""
    web_ui.template_args["extended_tabs"] = [
        *web_ui.template_args.get("extended_tabs", ()), {"title": TITLE, "key": KEY},
    ]  # fmt: skip
    web_ui.template_args["extended_tables"] = [
        *web_ui.template_args.get("extended_tables", ()), {"key": KEY, "structure": list(_STRUCTURE)},
    ]  # fmt: skip
    web_ui.app.register_blueprint(_blueprint(conductor, web_ui.auth_required_if_enabled))
    web_ui.app.after_request(lambda response: _extended(response, conductor))


def funnel(conductor: Conductor) -> list[dict[str, Any]]:
    """The rows of the table: how far payments came."""
    tally, witness = conductor.campaign.tally, conductor.campaign.witness
    started = tally.started
    called_back = witness.called_back - witness.unanswered if witness is not None and witness.watching else None
    rows = [
        ("started", started),
        ("acknowledged", tally.acknowledged),
        ("called back", called_back),
        ("settled", tally.settled),
        ("credited twice", tally.credited_twice),
        ("failed", tally.failed),
        ("declined or turned away", tally.excused),
        ("stuck", sum(second.stuck for second in list(tally.seconds.values()))),
    ]
    return [
        {
            "what": what,
            "count": "unknown" if number is None else number,
            "share": f"{number / started:.1%}" if started and number is not None else "",
        }
        for what, number in rows
    ]


def state(conductor: Conductor) -> dict[str, Any]:
    """Everything that the tab shows."""
    campaign = conductor.campaign
    witness, began = campaign.witness, campaign.started_at
    ends = campaign.finished_at or time.time()
    seen = campaign.tally if campaign.told else campaign.tally.so_far()
    judged = judge(seen, campaign.target.thresholds, campaign.circumstances())
    lag = witness.latencies if witness is not None else None
    return {
        "running": not campaign.told and not campaign.ending,
        "elapsed_s": round(ends - began, 1) if began else 0,
        "funnel": funnel(conductor),
        "thresholds": [
            {
                "name": row.name, "limit": row.limit, "unit": row.unit, "measured": row.measured,
                "met": row.met, "samples": row.samples, "reason": row.reason,
            }
            for row in judged
        ],
        "lag": {
            "p95_s": _percentile(lag, Span.CALLBACK_LAG),
            "answer_p95_s": _percentile(lag, Span.CALLBACK_ANSWER),
            "samples": lag.count(Span.CALLBACK_LAG) if lag is not None else 0,
            "seconds": _answers(conductor),
        },
        "timeline": timeline(campaign.tally, began)[-_SHOWN_S:],
        "faults": [
            [round(begin - began, 1), round(min(end, ends) - began, 1), what]
            for begin, end, what in campaign.faults
            if begin <= ends
        ],
        "arrivals": {"planned": campaign.tally.planned, "dropped": campaign.tally.dropped, "open": campaign.plan.open},
        "doubts": list(campaign.doubts()),
        "exact": "Percentiles here are of HDR histograms, 3 digits. Those of the other tabs are rounded by Locust.",
    }  # fmt: skip


def switch(conductor: Conductor, name: str | None) -> None:
    """Play this scenario from now on; None: payments succeed again. Its window is kept for the report.

    Raises:
        ControlError: the simulator does not know it.
    """
    campaign = conductor.campaign
    campaign.stage.control.activate(name)
    now = time.time()
    campaign.faults[:] = [
        (begin, now if what.startswith(_SWITCHED) and end == float("inf") else end, what)
        for begin, end, what in campaign.faults
    ]
    if name is not None:
        campaign.faults.append((now, float("inf"), f"{_SWITCHED}{name}"))


def _percentile(latencies: Any, span: Span) -> float | None:
    if latencies is None or latencies.count(span) < enough_for(95):
        return None
    value: float | None = latencies.percentile_s(span, 95)
    return value


def _answers(conductor: Conductor) -> list[list[float]]:
    """Per second: seconds since the start, and the slowest answer to a callback."""
    campaign = conductor.campaign
    if campaign.witness is None:
        return []
    rows = sorted(campaign.witness.answers.items())[-_SHOWN_S:]
    return [[at - int(campaign.started_at), max(values)] for at, values in rows]


def _blueprint(conductor: Conductor, guarded: Any) -> Blueprint:
    tab = Blueprint("tayari", __name__)

    @tab.get("/tayari/state")
    @guarded  # type: ignore[untyped-decorator]
    def show_state() -> Response:
        return _json(state(conductor))

    @tab.get("/tayari/scenarios")
    @guarded  # type: ignore[untyped-decorator]
    def show_scenarios() -> Response:
        control = conductor.campaign.stage.control
        try:
            found = sorted(str(row["name"]) for row in control.scenarios())
            return _json({"scenarios": found, "active": control.settings().get("active_scenario")})
        except ControlError as error:
            return _json({"scenarios": [], "active": None, "error": str(error)})

    @tab.post("/tayari/scenario")
    @guarded  # type: ignore[untyped-decorator]
    def set_scenario() -> Response:
        # JSON only: a page of another site cannot send it without asking first.
        name = (request.get_json(silent=True) or {}).get("scenario")
        if not request.is_json or (name is not None and not isinstance(name, str)):
            return _json({"error": 'expected JSON {"scenario": name or null}'}, 400)
        try:
            switch(conductor, name)
        except ControlError as error:
            return _json({"error": str(error)}, 400)
        return _json({"active": name})

    @tab.get("/tayari/tab.js")
    def script() -> Response:
        return Response(files("tayari_load").joinpath("page.js").read_text("utf-8"), mimetype="application/javascript")

    return tab


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


def _extended(response: Response, conductor: Conductor) -> Response:
    """Our rows in Locust's statistics, our script in its page."""
    if request.path.endswith("/stats/requests") and response.is_json:
        report = {**(response.get_json() or {}), "extended_stats": [{"key": KEY, "data": funnel(conductor)}]}
        response.set_data(json.dumps(report))
    elif request.path.endswith("/") and response.mimetype == "text/html":
        text = response.get_data(as_text=True)
        response.set_data(text.replace("</body>", '<script src="./tayari/tab.js" defer></script></body>'))
    return response
