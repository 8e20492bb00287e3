"""The same seed is the same run: two simulators on manual clocks, byte for byte apart from the clock on the wall."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from running_simulator import PASSWORD, STAMP, Running, running
from shipped_scenarios import FOLDER, SHIPPED
from tayari_simulator.config import SANDBOX_SHORT_CODE
from test_server_process import started

OPTIONS = {"in_flight": "mix", "query_too_early_s": "0"}
WALL = ("at", "duration_s")
"""Wall-clock fields of an entry."""
MIX = {"success": 5, "insufficient-funds": 2, "callbacks/duplicate": 2, "service/brown-out": 3, "ack/truncated": 1}


def entries_of(seed: int) -> list[dict[str, Any]]:
    """The journal of one run of thirty payments, drawn from a mix."""
    with running(SHIPPED, clock="manual:1791372903", seed=seed, options=OPTIONS, mix=MIX) as simulator:
        token = simulator.token()
        for number in range(30):
            pay(simulator, number, token)
        journal = requests.get(f"{simulator.control_url}/v1/journal", timeout=5).json()["entries"]
    return [comparable(entry, simulator) for entry in journal]


def pay(simulator: Running, number: int, token: str) -> None:
    with suppress(requests.exceptions.RequestException):  # an acknowledgement that breaks off
        simulator.push(f"25471234{number:04d}", amount=100 + number, reference="SAME", token=token)
    requests.post(f"{simulator.control_url}/v1/clock/advance", json={"by_s": 3}, timeout=30).raise_for_status()


def comparable(entry: dict[str, Any], simulator: Running) -> dict[str, Any]:
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


FLAGS = ("--clock", "manual:1791372903", "--option", "in_flight=mix", "--option", "query_too_early_s=0")
WRITTEN = ",".join(f"{name}={weight}" for name, weight in {**MIX, "seeded/drawn": 3}.items())
DRAWN = """\
scenario: seeded/drawn
about: Delays of every kind, and a fault by chance.
outcome: {after_s: {uniform: [1, 9]}, callback_after_s: {lognormal: {median: 1, sigma: 1}}}
faults:
  - duplicate: {count: 3, gap_s: {uniform: [0.1, 4]}}
  - delay: {by_s: {lognormal: {median: 2, sigma: 1}}, probability: 0.5}
"""


def process_run(seed: int, hash_seed: int, folder: Path, merchant: Running) -> dict[str, Any]:
    """Everything that one process says and does over thirty payments and their queries, apart from the wall clock."""
    flags = (*FLAGS, "--seed", str(seed), "--mix", WRITTEN, "--scenarios", str(folder), "--scenarios", str(FOLDER))
    merchant.taken.clear()
    with started(*flags, PYTHONHASHSEED=str(hash_seed)) as (_, ready):
        there = replace(merchant, daraja_url=ready["daraja_url"], control_url=ready["control_url"])
        token = there.token()
        for number in range(30):
            pay(there, number, token)
        there.control.advance(by_s=120)
        payments = [without_wall(row) for row in there.control.payments()]
        asked = [ask(there, str(row["checkout_request_id"]), token) for row in payments]
        journal = requests.get(f"{there.control_url}/v1/journal", timeout=5).json()["entries"]
    return {
        "payments": payments,
        "answers to queries": asked,
        "callbacks": [(taken.method, taken.headers, taken.body) for taken in merchant.taken],
        "journal": [comparable(entry, there) for entry in journal],
    }


def without_wall(payment: dict[str, Any]) -> dict[str, Any]:
    """A payment without how long the merchant took over its callbacks."""
    return {**payment, "callbacks": [{**row, "duration_s": 0} for row in payment["callbacks"]]}


def ask(there: Running, checkout_request_id: str, token: str) -> tuple[int, bytes]:
    body = {
        "BusinessShortCode": SANDBOX_SHORT_CODE, "Password": PASSWORD, "Timestamp": STAMP,
        "CheckoutRequestID": checkout_request_id,
    }  # fmt: skip
    answer = requests.post(
        f"{there.daraja_url}/mpesa/stkpushquery/v1/query",
        json=body, headers={"Authorization": f"Bearer {token}"}, timeout=5,
    )  # fmt: skip
    return answer.status_code, answer.content


def test_the_same_seed_is_the_same_run_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "seeded").mkdir()
    (tmp_path / "seeded/drawn.yaml").write_text(DRAWN)
    with running() as merchant:
        first, again, other = (
            process_run(seed, hashes, tmp_path, merchant) for seed, hashes in ((7, 1), (7, 2), (8, 1))
        )

    assert len({row["receipt"] for row in first["payments"]}) > 10
    assert len(first["callbacks"]) > 30
    for part in first:
        assert first[part] == again[part], part
        assert first[part] != other[part], part
