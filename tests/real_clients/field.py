"""Runs every published package of the field against the simulator and writes what came of it. Outside CI.

    python tests/real_clients/field.py            # all packages, about fifteen minutes the first time
    python tests/real_clients/field.py NAME ...   # these; the others keep what is noted

Writes docs/field.json, and docs/field.md from it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Final

import yaml
from clients import CLIENTS, DRIVERS
from driver_process import RECEIVER_URL, Driver, Json, object_of, settings_of
from environments import FOLDER, command_of, python_of_latest
from field_page import PAGE, RECORD, render
from tayari_control.client import ControlClient
from tayari_control.simulator_process import CallbackRoute, SimulatorOptions, start_simulator

TABLE: Final = yaml.safe_load((Path(__file__).parent / "field.yaml").read_text())
ZONE: Final = "Asia/Tokyo"
"""The zone of the drivers: neither that of East Africa nor UTC."""
ERRORS: Final = {
    "400.002.02": "ack/invalid-phone",
    "404.001.03": "token/rejected",
    "500.001.1001": "ack/subscriber-locked",
    "429 fault": "service/rate-limit-429",
    "503 page": "service/edge-503",
    "504, but taken": "ack/gateway-timeout",
}
"""What the next push is answered, by the scenario that does it."""


def row_of(name: str) -> Json:
    """A row of the table with what it takes from a shared one."""
    own = TABLE["packages"].get(name, {})
    shared = TABLE["shared"].get(own.get("like"), {})
    row = {**shared, **own, "operations": {**shared.get("operations", {}), **own.get("operations", {})}}
    row["setup"] = (shared.get("setup", "") + own.get("setup", "")).replace("MODULE", own.get("module", ""))
    return row


def look_at(name: str) -> Json:
    """Everything about one package."""
    row = row_of(name)
    known = None if name in TABLE["packages"] else next(client for client in CLIENTS if client.name == name)
    package = row.get("package", name)
    about: Json = {
        "row": name,
        "package": package,
        "registry": "npm" if known and known.driver.suffix == ".js" else "PyPI",
    }
    if "reason" in row:
        return about | {"reason": row["reason"]}
    if known is None:
        words = [str(python_of_latest(package, *row.get("also", ()))), "-P", str(DRIVERS / "expressions.py")]
        more: dict[str, str] = {}
    else:
        words, more = command_of(name, known.driver)
    about |= _described(package, words) | ({"undeclared": row["also"]} if "also" in row else {})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options = SimulatorOptions(
        scenarios=(Path(__file__).parents[2] / "scenarios",),
        clock="scaled:20",
        callbacks=CallbackRoute(rewrite={RECEIVER_URL: f"http://127.0.0.1:{port}"}),
        extra=("--option", "same_amount=accept"),
    )
    with start_simulator(options) as simulator, tempfile.TemporaryDirectory() as folder:
        settings = settings_of(simulator, port, Path(folder), phone="254722000100") | more
        texts = {key: Template(text).substitute(settings) for key, text in row.get("environment", {}).items()}
        settings |= {**texts, "ROW": json.dumps(row), "ON_DEMAND": "1", "TZ": ZONE, "HOME": folder}
        driver = Driver(words, settings, Path(folder))
        control = ControlClient(simulator.control_url)
        try:
            return about | _played(driver, control)
        finally:
            driver.end()
            control.close()


def _described(name: str, words: list[str]) -> Json:
    """Version, and the Python that it asks for."""
    if words[0] == "node":
        package = json.loads((FOLDER / f"npm-{name}" / "node_modules" / name / "package.json").read_text())
        return {"version": package["version"], "needs": f"Node {package.get('engines', {}).get('node', '(any)')}"}
    code = "import importlib.metadata as m, sys; d = m.metadata(sys.argv[1]); print(d['Version'], d['Requires-Python'])"
    done = subprocess.run([words[0], "-c", code, name], capture_output=True, text=True, check=True)
    version, _, needs = done.stdout.strip().partition(" ")
    return {"version": version, "needs": f"Python {'(any)' if needs == 'None' else needs}"}


def _played(driver: Driver, control: ControlClient) -> Json:
    reply = driver.line_with("rows")
    if "ended" in reply:
        return {"reason": f"does not start: {_short(reply['ended'])}"}
    rows = reply["rows"]
    entries = [entry for entry in control.journal(limit=1000)["entries"] if entry["kind"] == "request"]
    seen: Json = {
        "way_in": "hosts in its code" if reply["replaced"] else "a setting",
        "operations": {name: _outcome(row) for name, row in rows.items()},
        **_on_the_wire(entries),
    }
    message = rows.get("stk_push", {}).get("message")
    if message is None:
        return seen | {"errors": {}, "parser": {}}
    return seen | {
        "errors": {error: _answered(driver, control, scenario) for error, scenario in ERRORS.items()},
        "parser": _parsed(driver, message) if "parsed" in rows["stk_push"] or _parses(driver, message) else {},
    }


def _outcome(row: Json) -> str:
    """An operation in a few words."""
    if "raised" in row:
        error = str(row["raised"])
        refused = re.search(r'"errorMessage": ?"([^"]*)', error)
        return f"refused: {refused[1]}" if refused else _short(error)
    if "message" in row and row["message"] is None:
        return f"not served: answers {_short(json.dumps(row.get('answer')))}"
    if "parse_raised" in row:
        return "served; its parser: " + _short(str(row["parse_raised"]))
    message = row.get("message")
    code = message.get("Result", {}).get("ResultCode", 0) if isinstance(message, dict) else 0
    return "served" if str(code) == "0" else f"declined: {code}"


def _short(text: str) -> str:
    """In one line, without the folders of this machine, and without the advice of libraries."""
    text = re.sub(r"/\S*/site-packages/", "", text).partition(" [type=")[0]
    return " ".join(text.split())[:120]


def _on_the_wire(entries: list[Json]) -> Json:
    """What its calls looked like."""
    tokens = sum(entry["endpoint"] == "oauth" for entry in entries)
    others = len(entries) - tokens
    pushes = [body for entry in entries if entry["endpoint"] == "stk_push" and (body := object_of(_body(entry)))]
    wire = (
        {key: type(pushes[0][key]).__name__ for key in ("Amount", "PhoneNumber", "Timestamp") if key in pushes[0]}
        if pushes
        else {}
    )
    return {
        "token_calls": tokens,
        "calls": others,
        "types": {
            key: {"int": "number", "float": "number with decimals", "str": "text"}[kind] for key, kind in wire.items()
        },
        "zone": _zone(str(pushes[0].get("Timestamp"))) if pushes else "",
    }


def _body(entry: Json) -> str:
    return str(entry["request"]["body"] or "")


def _zone(timestamp: str) -> str:
    """Whose time a Timestamp is, to three minutes."""
    try:
        sent = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return f"none: {timestamp}"
    ahead = sent - datetime.now(UTC)
    for hours, whose in ((3, "East Africa"), (0, "UTC"), (9, "the machine's")):
        if abs(ahead - timedelta(hours=hours)) < timedelta(minutes=3):
            return whose
    return "wrong"


def _answered(driver: Driver, control: ControlClient, scenario: str) -> str:
    """What the caller sees when its next push is answered so."""
    before = control.journal(limit=1)["next"]
    time.sleep(0.4)  # twenty times faster: the payment before has ended
    control.play_next(scenario, endpoint="stk_push")
    reply = driver.ask({"push": True})
    control.clear_next()
    entries = control.journal(since=before, limit=1000)["entries"]
    pushes = sum(entry["endpoint"] == "stk_push" and entry["kind"] == "request" for entry in entries)
    seen = _seen(reply)
    if not pushes:
        return f"{seen}, without a push"
    if pushes > 1:
        return f"{seen}; pushes {pushes} times"
    return "reads that it was accepted" if seen == "succeeds" else seen


def _seen(reply: Json) -> str:
    if "raised" in reply:
        name, _, text = str(reply["raised"]).partition(":")
        if name in {"Refused", "an object"}:
            return "returns Daraja's answer"
        return f"raises {name}" + (" (undefined)" if "undefined" in text else "")
    answer = reply["answer"]
    text = json.dumps(answer)
    if answer is None or answer in ({}, [], ""):
        return "returns nothing"
    if re.search(r'"(ResponseCode|response_code)": "0"|ws_CO_|ACCEPTED|"okay": true', text):
        return "succeeds"
    if '"fault"' in text or "faultstring" in text:
        return "returns the gateway's answer"
    return "returns an error of its own" if re.search("error|fail", text, re.IGNORECASE) else "returns " + _short(text)


def _parses(driver: Driver, message: Json) -> bool:
    """Whether there is a parser at all: one that cannot read a success still is one."""
    reply = driver.ask({"parse": message})
    return "is not a function" not in str(reply) and "not callable" not in str(reply)


def _parsed(driver: Driver, message: Json) -> Json:
    """What its own parser makes of forms that Daraja sends."""
    callback = message["Body"]["stkCallback"]
    bare = {key: callback[key] for key in ("MerchantRequestID", "CheckoutRequestID")}
    items = callback["CallbackMetadata"]["Item"]
    forms = {
        "success": callback,
        "failure": {**bare, "ResultCode": 1032, "ResultDesc": "Request cancelled by user"},
        "lone Item": {**callback, "CallbackMetadata": {"Item": items[1]}},
        "letter code": {**bare, "ResultCode": "SFC_IC0003", "ResultDesc": "The operator does not exist."},
        'text "0"': {**callback, "ResultCode": "0"},
    }
    return {name: _read(driver.ask({"parse": {"Body": {"stkCallback": form}}})) for name, form in forms.items()}


def _read(reply: Json) -> str:
    if "raised" in reply:
        return "raises " + str(reply["raised"]).partition(":")[0]
    answer = reply["answer"] if isinstance(reply["answer"], dict) else {}
    for key, value in answer.items():
        if re.fullmatch("(is_?)?(success|successful|paid|okay)", key, re.IGNORECASE):
            return f"reads it: {key} {json.dumps(value)}"
    return "reads it"


def main() -> None:
    """Look at the packages that are named, or at all."""
    noted = {row["row"]: row for row in json.loads(RECORD.read_text())["packages"]} if RECORD.is_file() else {}
    every = [*(client.name for client in CLIENTS), *TABLE["packages"]]
    wanted = sys.argv[1:] or every
    if unknown := set(wanted) - set(every):
        sys.exit(f"not in the field: {', '.join(sorted(unknown))}; add a row to field.yaml")

    def attempt(name: str) -> Json:
        try:
            return look_at(name)
        except subprocess.CalledProcessError as error:
            last = str(error.stderr or error).strip().splitlines()[-1]
            return {"row": name, "package": name, "registry": "PyPI", "reason": f"does not install: {_short(last)}"}

    with ThreadPoolExecutor(int(os.environ.get("BUILDERS", "2"))) as workers:
        for row in workers.map(attempt, wanted):
            print(row["row"], row.get("reason", "ok"), flush=True)
            noted[row["row"]] = row
    order = sorted((noted[name] for name in every if name in noted), key=lambda row: ("reason" in row, row["package"]))
    RECORD.write_text(json.dumps({"looked_at": f"{datetime.now(UTC):%Y-%m-%d}", "packages": order}, indent=1) + "\n")
    PAGE.write_text(render(json.loads(RECORD.read_text())))


if __name__ == "__main__":
    main()
