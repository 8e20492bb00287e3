"""The same seed is the same run: two simulators on manual clocks, byte for byte apart from the clock on the wall."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from running_simulator import Running, running
from tayari_simulator.scenario.read import read_scenarios

SCENARIOS, _ = read_scenarios([Path(__file__).parents[2] / "scenarios"])
OPTIONS = {"in_flight": "mix", "query_too_early_s": "0"}
WALL = ("at", "duration_s")
"""Wall-clock fields of an entry."""
MIX = {"success": 5, "insufficient-funds": 2, "callbacks/duplicate": 2, "service/brown-out": 3, "ack/truncated": 1}


def entries_of(seed: int) -> list[dict[str, Any]]:
    """The journal of one run of thirty payments, drawn from a mix."""
    with running(SCENARIOS, clock="manual:1791372903", seed=seed, options=OPTIONS, mix=MIX) as simulator:
        token = simulator.token()
        for number in range(30):
            pay(simulator, number, token)
        journal = requests.get(f"{simulator.control_url}/v1/journal", timeout=5).json()["entries"]
    return [told(entry, simulator) for entry in journal]


def pay(simulator: Running, number: int, token: str) -> None:
    with suppress(requests.exceptions.RequestException):  # an acknowledgement that breaks off
        simulator.push(f"25471234{number:04d}", amount=100 + number, reference="SAME", token=token)
    requests.post(f"{simulator.control_url}/v1/clock/advance", json={"by_s": 3}, timeout=30).raise_for_status()


def told(entry: dict[str, Any], simulator: Running) -> dict[str, Any]:
    """An entry without the clock on the wall, and with names for the ports of this run."""
    kept = {key: value for key, value in entry.items() if key not in WALL}
    response = dict(kept["response"] or {})
    response["headers"] = {name: value for name, value in response.get("headers", {}).items() if name != "Date"}
    text = repr({**kept, "response": response})
    for url, name in ((simulator.daraja_url, "DARAJA"), (simulator.callback_url.removesuffix("/pay/callback"), "SHOP")):
        text = text.replace(url, name).replace(url.removeprefix("http://"), name)
    return {"entry": text}


def test_the_same_seed_is_the_same_run_and_another_seed_another() -> None:
    first = entries_of(7)

    assert len(first) > 50
    assert first == entries_of(7)
    assert first != entries_of(8)
