"""A tab of our own in Locust's page: payments, callbacks, faults, thresholds, and a switch for scenarios."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, request
from tayari_control.client import ControlError

from tayari_load.conducting import Conductor
from tayari_load.page_state import funnel, state

KEY: Final = "payments"
TITLE: Final = "Payments"
_STRUCTURE: Final = (
    {"key": "what", "title": "Payments"},
    {"key": "count", "title": "Count"},
    {"key": "share", "title": "Share of started"},
)
_SWITCHED: Final = "scenario "
_ASSETS: Final = '<link rel="stylesheet" href="./tayari/tab.css"><script src="./tayari/tab.js" defer></script>'


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


def _blueprint(conductor: Conductor, guarded: Any) -> Blueprint:
    tab = Blueprint("tayari", __name__)

    @tab.get("/tayari/state")
    @guarded  # type: ignore[untyped-decorator]
    def show_state() -> Response:
        return _json(state(conductor.campaign))

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

    @tab.get("/tayari/tab.css")
    def style() -> Response:
        return Response(files("tayari_load").joinpath("page.css").read_text("utf-8"), mimetype="text/css")

    return tab


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


def _extended(response: Response, conductor: Conductor) -> Response:
    """Our rows in Locust's statistics, our script in its page."""
    if request.path.endswith("/stats/requests") and response.is_json:
        report = {**(response.get_json() or {}), "extended_stats": [{"key": KEY, "data": funnel(conductor.campaign)}]}
        response.set_data(json.dumps(report))
    elif request.path.endswith("/") and response.mimetype == "text/html":
        text = response.get_data(as_text=True)
        response.set_data(text.replace("</body>", f"{_ASSETS}</body>"))
    return response
