"""`GET /v1/explain`: the choice, the refusals and the events of a payment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from bench_daraja import scenario_of
from running_simulator import Running, running
from tayari_simulator.control.explain import NOT_KEPT, chosen_way, considered
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Play
from tayari_simulator.state.transactions import Transaction

LOADED = [
    scenario_of("scenario: a/amount\nabout: x\nwhen: {amount: 300}\noutcome: {result_code: 1032, after_s: 1}"),
    scenario_of("scenario: a/both\nabout: x\nwhen: {amount: 300, reference: ELSE}"),
    scenario_of("scenario: a/named\nabout: x\nwhen: {reference: INV9}"),
    scenario_of(
        "scenario: payment/late-success\nabout: x\nmagic: 12\noutcome: {result_code: 1037}\nthen: [{result_code: 0}]"
    ),
]
WAYS = ["one_shot_msisdn", "one_shot_endpoint", "handset", "msisdn", "amount", "reference", "mix", "active", "default"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with running(LOADED, clock="manual") as found:
        yield found


def explained(simulator: Running, which: str) -> Any:
    answer = requests.get(f"{simulator.control_url}/v1/explain/{which}", timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def settle(simulator: Running) -> None:
    requests.post(f"{simulator.control_url}/v1/clock/advance", json={"until": "idle"}, timeout=30).raise_for_status()


def test_the_choice_is_shown_with_all_other_ways(simulator: Running) -> None:
    identifier = simulator.pushed("254711000001", amount=300, reference="INV9")
    (payment,) = explained(simulator, identifier)["payments"]
    rows = {row["way"]: row for row in payment["considered"]}

    assert payment["chosen"] == {"scenario": "a/amount", "way": "amount", "why": "the amount chooses it"}
    assert list(rows) == WAYS
    assert [row["way"] for row in payment["considered"] if row["matched"]] == ["amount"]
    assert rows["amount"]["near"] == [{"scenario": "a/both", "why": "it wants reference ELSE, not INV9"}]
    assert rows["reference"]["near"] == [{"scenario": "a/named", "why": "it fits, but amount is stronger"}]
    assert "no one-shot was waiting for this MSISDN" in rows["one_shot_msisdn"]["why"]
    assert rows["default"]["why"] == "not asked: amount is stronger"


@pytest.mark.parametrize(
    ("how", "scenario", "way"),
    [
        ({"amount": 5}, None, "default"),
        ({"amount": 5, "reference": "INV9"}, "a/named", "reference"),
        ({"msisdn": "254700000012"}, "payment/late-success", "msisdn"),
        ({"msisdn": "254700000000", "amount": 12}, "payment/late-success", "amount"),
    ],
)
def test_each_way_is_named(simulator: Running, how: dict[str, Any], scenario: str | None, way: str) -> None:
    how = {"msisdn": f"2547110001{len(way):02d}", **how}
    (payment, *_) = reversed(explained(simulator, simulator.pushed(how.pop("msisdn"), **how))["payments"])

    assert (payment["chosen"]["scenario"], payment["chosen"]["way"]) == (scenario, way)
    settle(simulator)


def test_queued_mixed_and_active_are_named_too(simulator: Running) -> None:
    control = simulator.control_url
    requests.post(f"{control}/v1/next", json={"scenario": "a/both", "msisdn": "254711000201"}, timeout=5)
    met = [explained(simulator, simulator.pushed("254711000201", amount=6))["payments"][0]["chosen"]]
    requests.put(f"{control}/v1/scenarios/active", json={"scenario": "a/both"}, timeout=5)
    met.append(explained(simulator, simulator.pushed("254711000202", amount=6))["payments"][0]["chosen"])
    requests.post(f"{control}/v1/mix", json={"mix": "late-success=1"}, timeout=5)
    met.append(explained(simulator, simulator.pushed("254711000203", amount=6))["payments"][0]["chosen"])
    requests.post(f"{control}/v1/reset", timeout=5)

    assert [row["way"] for row in met] == ["one_shot_msisdn", "active", "mix"]
    assert met[2]["scenario"] == "payment/late-success"


def test_states_are_shown_before_and_after_each_event(simulator: Running) -> None:
    identifier = simulator.pushed("254700000012")
    settle(simulator)
    (payment,) = explained(simulator, identifier)["payments"]
    moved = [(row["event"], row["before"], row["after"]) for row in payment["events"] if row["event"] != "callback"]
    callbacks = [row for row in payment["events"] if row["event"] == "callback"]

    assert moved == [("accepted", None, "prompted"), ("result", "prompted", "failed"), ("result", "failed", "paid")]
    assert [row["after"] for row in callbacks] == ["failed", "paid"]
    assert all(row["status"] == 200 and "stkCallback" in row["callback"] for row in callbacks)
    assert explained(simulator, payment["payment"]["receipt"])["payments"][0]["payment"] == payment["payment"]


def test_a_refusal_is_shown_with_all_its_reasons_while_daraja_names_one(simulator: Running) -> None:
    body = {"BusinessShortCode": "17437", "Amount": 1.5, "PhoneNumber": "254711000301", "CallBackURL": "nowhere"}
    url = f"{simulator.daraja_url}/mpesa/stkpush/v1/processrequest"
    headers = {"Authorization": f"Bearer {simulator.token()}"}
    assert requests.post(url, json=body, headers=headers, timeout=5).status_code == 400
    found = explained(simulator, "254711000301")
    (refusal,) = found["refusals"]

    assert found["payments"] == []
    assert (refusal["status"], refusal["code"]) == (400, "400.002.02")
    named = {reason.partition(" ")[0] for reason in refusal["reasons"]}
    assert {"Password", "Timestamp", "Amount", "PartyA", "CallBackURL", "AccountReference"} <= named
    assert "PhoneNumber" not in named


def test_a_busy_phone_and_a_dead_token_are_reasons(simulator: Running) -> None:
    first = simulator.pushed("254711000302")
    simulator.push("254711000302")
    simulator.push("254711000302", token="dead")
    busy, dead = explained(simulator, first)["refusals"]

    assert busy["reasons"] == [f"the prompt of {first} is open"]
    assert dead["code"] == "404.001.03"
    assert dead["reasons"] == ["the token is unknown, expired or revoked"]
    settle(simulator)


def test_a_refusal_by_a_scenario_is_shown_as_its_effect(simulator: Running) -> None:
    inline = {"faults": [{"gateway_fault": {"fault": "spike_arrest"}}]}
    requests.post(f"{simulator.control_url}/v1/next", json={"scenario": inline, "msisdn": "254711000303"}, timeout=5)
    simulator.push("254711000303")
    (refusal,) = explained(simulator, "254711000303")["refusals"]

    assert (refusal["status"], refusal["code"]) == (429, "policies.ratelimit.SpikeArrestViolation")
    assert refusal["reasons"] == ["the scenario inline/given lets Daraja answer so"]


@pytest.mark.parametrize("which", ["ws_CO_1", "254799999998", "nonsense", "%20"])
def test_what_is_not_known_is_404(simulator: Running, which: str) -> None:
    answer = requests.get(f"{simulator.control_url}/v1/explain/{which}", timeout=5)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_payment"


def test_magic_and_provenance_are_shown(simulator: Running) -> None:
    magic = requests.get(f"{simulator.control_url}/v1/magic", timeout=5).json()["magic"]
    rows = requests.get(f"{simulator.control_url}/v1/provenance", timeout=5).json()["provenance"]

    assert magic[0]["msisdn"] == "254700000012"
    assert {row["scenario"] for row in magic} == {row.name for row in LOADED}
    assert {"documented", "observed", "disputed", "assumed"} == {row["mark"] for row in rows}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "required key `mix` is missing"),
        ({"mix": "nothing=1"}, 'no scenario "nothing" is loaded'),
        ({"mix": {"late-success": "much"}}, "expected NAME=WEIGHT,... or numbers by name"),
        ({"mix": {}}, "found 0 scenarios"),
        ({"mix": 5}, "expected NAME=WEIGHT,... or numbers by name"),
        ({"mix": "late-success=1", "seed": 2}, "seed: unknown key"),
    ],
)
def test_a_bad_mix_is_refused_and_changes_nothing(simulator: Running, body: dict[str, Any], problem: str) -> None:
    url, before = f"{simulator.control_url}/v1/mix", {"payment/late-success": 2}
    assert requests.post(url, json={"mix": {"late-success": 2}}, timeout=5).json() == {
        "mix": {"payment/late-success": 2}
    }
    answer = requests.post(url, json=body, timeout=5)

    assert answer.status_code == 400
    assert problem in answer.json()["error"]["message"]
    kept = requests.get(f"{simulator.control_url}/v1/settings", timeout=5).json()["mix"]
    assert kept == before
    assert requests.post(url, json={"mix": None}, timeout=5).json() == {"mix": None}


def test_the_client_calls_the_control_api(simulator: Running) -> None:
    control = simulator.control

    assert control.mix("late-success=3") == {"payment/late-success": 3}
    assert control.mix({"a/named": 1}) == {"a/named": 1}
    assert control.mix(None) is None
    assert control.magic()[0]["scenario"] == "payment/late-success"
    assert {row["kind"] for row in control.provenance()} == {"API", "option", "error", "edge", "result code", "fault"}
    identifier = simulator.pushed("254711000401")
    assert control.explain("254711000401")["payments"] == control.explain(identifier)["payments"]


def test_a_payment_of_an_earlier_process_says_that_its_choice_was_not_kept() -> None:
    play = Play(LOADED[0].behaviour)
    payment = Transaction("ws_CO_1", "1", "stk_push", "254711000001", 1, "174379", "174379", "R", "http://x", 0.0, 0.0)
    payment.play = play

    assert {row["why"] for row in considered(Selector(LOADED), payment)} == {NOT_KEPT}
    assert chosen_way(payment) is None
