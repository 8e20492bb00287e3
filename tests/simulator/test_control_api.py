"""The control API over HTTP, with the harness's own client where it has a method."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests
from core_kit import payload
from running_simulator import Running, becomes_silent, running
from shipped_scenarios import SHIPPED
from tayari_control.client import ControlClient, ControlError
from tayari_control.simulator_process import SimulatorOptions, start_simulator

MSISDN = "254712345678"


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One server for the tests of this module; they keep apart by MSISDN."""
    with running(SHIPPED) as server:
        yield server


def test_health_and_settings_say_where_daraja_is(shared: Running) -> None:
    health = requests.get(f"{shared.control_url}/health", timeout=5).json()
    settings = shared.control.settings()

    assert health["status"] == "ok"
    assert health["daraja_url"] == settings["daraja_url"] == shared.daraja_url
    assert health["version"] == settings["version"]
    assert settings["control_url"] == shared.control_url
    assert settings["clock"] == "real"


def test_scenarios_are_listed_and_shown_as_their_files_have_them(shared: Running) -> None:
    listed = {row["name"]: row for row in shared.control.scenarios()}
    shown = shared.control.scenario("payment/insufficient-funds")

    assert len(listed) == len(SHIPPED)
    assert set(listed["service/down"]) == {"name", "about", "endpoint", "expect"}
    assert shown["outcome"] == {"result_code": 1, "after_s": 0.5}
    assert shown["expect"]["message"] == {"topic": "insufficient_funds", "not_generic": True}


def test_the_next_payment_of_an_msisdn_plays_what_was_queued(shared: Running) -> None:
    control, msisdn = shared.control, "254712000001"
    control.play_next("payment/cancelled", msisdn=msisdn)
    identifier = shared.pushed(msisdn)
    answer = control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    (payment,) = control.payments(checkout_request_id=identifier)

    assert answer["met"]
    assert (payment["scenario"], payment["state"], payment["result_code"]) == ("payment/cancelled", "failed", 1032)
    assert [call["status"] for call in payment["callbacks"]] == [200]


def test_each_further_result_of_a_payment_falls_due_when_a_test_says_so(shared: Running) -> None:
    control, msisdn = shared.control, "254712000033"
    then = [{"result_code": 0, "after_s": 600}]
    control.play_next({"outcome": {"result_code": 1032, "after_s": 600}, "then": then}, msisdn=msisdn)
    identifier = shared.pushed(msisdn)
    states = [control.payments(checkout_request_id=identifier)[0]["state"]]
    for count in (1, 2):
        brought = control.bring_result(identifier)
        assert control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier, count=count)["met"]
        states.append(control.payments(checkout_request_id=identifier)[0]["state"])
    with pytest.raises(ControlError, match="no further result") as refused:
        control.bring_result(identifier)

    assert states == ["prompted", "failed", "paid"]
    assert brought["result_due_at"] <= time.time() + 1
    assert (refused.value.status, refused.value.code) == (409, "no_result")


def test_a_payment_that_nobody_knows_has_no_result_to_bring_forward(shared: Running) -> None:
    with pytest.raises(ControlError) as refused:
        shared.control.bring_result("ws_CO_nobody")

    assert (refused.value.status, refused.value.code) == (404, "unknown_payment")


def test_whoever_prepares_a_payment_learns_the_number_of_the_next_journal_entry(shared: Running) -> None:
    control, msisdn = shared.control, "254712000032"
    queued = control.play_next("payment/success", msisdn=msisdn)
    held = control.hold(msisdn, for_s=0)
    shared.pushed(msisdn)

    entries = control.journal(since=held, msisdn=msisdn)["entries"]
    assert queued <= held <= control.journal_end()
    assert [entry["endpoint"] for entry in entries if entry["kind"] == "request"] == ["stk_push"]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_held_callback_is_sent_when_it_is_let_go(shared: Running, *, at_once: bool) -> None:
    control, msisdn = shared.control, f"25471200003{int(at_once)}"
    control.play_next({"outcome": {"result_code": 0, "after_s": 0.01}}, msisdn=msisdn, hold_s=60 if at_once else 0)
    if not at_once:
        control.hold(msisdn, for_s=60)
    identifier = shared.pushed(msisdn)
    due = control.wait("result_due", timeout_s=5, checkout_request_id=identifier)["met"]
    while_held = control.wait("callback_answered", timeout_s=0.2, checkout_request_id=identifier)["met"]
    control.hold(msisdn, for_s=0)

    assert (due, while_held) == (True, False)
    assert control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)["met"]


def test_an_inline_scenario_refuses_and_then_accepts(shared: Running) -> None:
    msisdn = "254712000002"
    shared.control.play_next({"faults": [{"html": {"page": "imperva_503", "times": 2}}]}, msisdn=msisdn)

    assert [shared.push(msisdn).status_code for _ in range(3)] == [503, 503, 200]


def test_times_queues_that_many_payments(shared: Running) -> None:
    msisdn = "254712000003"
    shared.control.play_next({"outcome": {"result_code": 1, "after_s": 0.01}}, msisdn=msisdn, times=2)
    for amount in (1, 2, 3):
        identifier = shared.pushed(msisdn, amount=amount)
        shared.control.wait("result_due", timeout_s=5, checkout_request_id=identifier)

    assert [row["result_code"] for row in shared.control.payments(msisdn=msisdn)] == [1, 1, 0]


@pytest.mark.parametrize("since", [0, 1])
def test_every_page_of_the_journal_is_read(shared: Running, since: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        shared.token()
    whole = [entry["seq"] for entry in shared.control.journal()["entries"]]
    monkeypatch.setattr("tayari_control.client._PAGE", 2)

    read = [entry["seq"] for entry in shared.control.journal_entries(since=since)]

    assert len(read) > 2
    assert read == whole


def test_the_journal_is_read_by_payment_kind_and_number(shared: Running) -> None:
    control, msisdn = shared.control, "254712000004"
    before = control.journal()["next"]
    control.play_next("callbacks/duplicate", msisdn=msisdn)
    identifier = shared.pushed(msisdn)
    control.wait("callback_answered", timeout_s=5, msisdn=msisdn, count=2)
    found = control.journal(msisdn=msisdn, since=before)["entries"]
    callbacks = control.journal(checkout_request_id=identifier, kind="callback")["entries"]

    assert [entry["kind"] for entry in found] == ["request", "callback", "callback"]
    assert found[0]["request"]["body"]
    assert [entry["response"]["status"] for entry in callbacks] == [200, 200]
    assert control.journal(msisdn=msisdn, since=found[1]["seq"], limit=1)["entries"][0]["seq"] == found[1]["seq"]


def test_a_wait_that_is_not_met_is_an_answer(shared: Running) -> None:
    answer = shared.control.wait("push_seen", timeout_s=0.1, msisdn="254712999999")

    assert (answer["met"], answer["entries"]) == (False, [])
    assert answer["waited_s"] >= 0.1


def test_a_wait_ends_as_soon_as_its_condition_is_met(shared: Running) -> None:
    control, msisdn = shared.control, "254712000005"
    control.play_next({"outcome": {"after_s": 0.2}}, msisdn=msisdn)
    shared.push(msisdn)
    answer = control.wait("result_due", timeout_s=300, msisdn=msisdn)

    assert answer["met"]
    assert answer["waited_s"] < 300


def test_revoked_tokens_are_refused() -> None:
    with running() as alone:
        token = alone.token()

        assert alone.control.revoke_tokens() == 1
        assert alone.push(MSISDN, token=token).json()["errorCode"] == "404.001.03"


def test_a_wallet_decides_whether_a_payment_succeeds(shared: Running) -> None:
    msisdn = "254712000006"
    shared.control.set_wallet(msisdn, balance=50)
    shared.push(msisdn, amount=51)
    shared.control.wait("result_due", timeout_s=5, msisdn=msisdn)

    assert [row["result_code"] for row in shared.control.payments(msisdn=msisdn)] == [1]


def test_an_outage_refuses_connections_and_ends_by_itself() -> None:
    with running() as alone:
        alone.control.refuse_connections(for_s=0.3)
        with pytest.raises(requests.ConnectionError):
            alone.token()
        end = time.monotonic() + 10
        while True:
            try:
                assert alone.token()
                break
            except requests.ConnectionError:
                assert time.monotonic() < end, "the port did not open again"
                time.sleep(0.05)


def test_in_a_silent_outage_of_a_process_connecting_times_out() -> None:
    with start_simulator(SimulatorOptions()) as simulator:
        control = ControlClient(simulator.control_url)
        control.refuse_connections(for_s=600, silent=True)
        assert becomes_silent(simulator.daraja_url)
        control.close()


def test_a_manual_clock_is_advanced_by_steps() -> None:
    with running(clock="manual") as alone:
        control = alone.control
        control.play_next({"outcome": {"result_code": 1037, "after_s": 60}}, msisdn=MSISDN)
        identifier = alone.pushed(MSISDN)
        early = control.advance(by_s=59)
        (waiting,) = control.payments(checkout_request_id=identifier)
        late = control.advance(to="next")
        (done,) = control.payments(checkout_request_id=identifier)

        assert (early["fired"], waiting["result_code"]) == (0, None)
        assert late["now_s"] - early["now_s"] == pytest.approx(1)
        assert (done["result_code"], [call["status"] for call in done["callbacks"]]) == (1037, [200])
        assert control.advance(until="idle")["fired"] == 0


def test_the_active_scenario_plays_for_everyone_until_reset() -> None:
    with running(SHIPPED) as alone:
        alone.control.activate("payment/wrong-pin")
        alone.control.play_next("payment/success", msisdn="254712000008")
        alone.push("254712000007")
        first = alone.control.payments(msisdn="254712000007")[0]["scenario"]
        alone.control.reset()
        alone.push("254712000008")

        assert first == "payment/wrong-pin"
        assert [row["scenario"] for row in alone.control.payments()] == [""]


def test_what_is_queued_can_be_dropped() -> None:
    with running(SHIPPED) as alone:
        alone.control.play_next("payment/cancelled", msisdn=MSISDN)
        dropped = requests.delete(f"{alone.control_url}/v1/next", timeout=5).json()
        alone.push(MSISDN)

        assert dropped == {"dropped": 1}
        assert alone.control.payments()[0]["scenario"] == ""


def test_a_scenario_is_loaded_from_yaml_and_can_be_queued(shared: Running) -> None:
    control, msisdn = shared.control, "254712000009"
    control.load_scenario("scenario: own/code\nabout: x\noutcome: {result_code: 77, result_desc: Own, after_s: 0.01}")
    control.play_next("own/code", msisdn=msisdn)
    shared.push(msisdn)
    control.wait("result_due", timeout_s=5, msisdn=msisdn)

    assert [row["result_desc"] for row in control.payments(msisdn=msisdn)] == ["Own"]


def test_codes_and_schemas_are_published(shared: Running) -> None:
    codes: dict[Any, Any] = {row["code"]: row for row in shared.control.codes()}
    schema = shared.control.schemas()["stk_push"]

    assert codes["SFC_IC0003"]["retry"]
    assert "PhoneNumber" in schema["properties"]
    assert "Amount" in schema["required"]


def test_metrics_count_what_has_happened() -> None:
    with running() as alone:
        identifier = alone.pushed(MSISDN)
        alone.push("254712000010", token="wrong")
        alone.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
        text = requests.get(f"{alone.control_url}/metrics", timeout=5).text

        assert "tayari_pushes_accepted_total 1\n" in text
        assert "tayari_callbacks_answered_total 1\n" in text
        assert 'tayari_refusals_total{code="404.001.03"} 1\n' in text
        assert "# TYPE tayari_callbacks_late_p99_seconds gauge\n" in text
        assert "# HELP tayari_journal_dropped_total Entries that the journal's bound pushed out.\n" in text


def test_an_error_of_the_client_carries_the_refusal(shared: Running) -> None:
    with pytest.raises(ControlError) as refused:
        shared.control.play_next("payment/sucess", msisdn=MSISDN)

    assert (refused.value.status, refused.value.code) == (404, "unknown_scenario")
    assert str(refused.value) == 'no scenario "payment/sucess" is loaded; did you mean payment/success?'


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("b2b_express_callback", "b2b_express.callback.success"),
        ("b2b_express_callback", "b2b_express.callback.cancelled"),
        ("ratiba_callback", "ratiba.callback.success"),
        ("ratiba_callback", "ratiba.callback.fail"),
        ("bill_payment_push", "bill_manager.payment_push"),
    ],
)
def test_the_schema_of_a_message_takes_its_examples_and_no_half_of_one(
    shared: Running, name: str, example: str
) -> None:
    schema, body = shared.control.schemas()[name], payload(example)

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(body, schema)
    body.pop(next(iter(body)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, schema)
