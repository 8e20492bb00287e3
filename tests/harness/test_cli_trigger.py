"""`tayari trigger`: what arrives at the merchant, and what each answer makes of the exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tayari.cli.commands import run
from tayari.cli.trigger_command import _ID_OF
from tayari_control.simulator_process import SimulatorOptions, SimulatorProcess, start_simulator
from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.state.behaviour import Call
from tayari_target.merchant_process import free_port
from tayari_target.resources import scenario_folder
from tiny_shop import Says, Shop, open_shop


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(SimulatorOptions(scenarios=(scenario_folder(),))) as started:
        yield started


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop({"POST /cb": Says({"taken": "from 254711000202"}), "POST /broken": Says("no", 500)}) as opened:
        yield opened


def sent(shop: Shop) -> list[dict[str, Any]]:
    return [json.loads(asked.body)["Body"]["stkCallback"] for asked in shop.asked]


def steering(simulator: SimulatorProcess) -> list[str]:
    """The flags that name a running simulator."""
    return ["--control", simulator.control_url, "--control-token", simulator.control_token]


def trigger(simulator: SimulatorProcess, shop: Shop, *words: str, path: str = "/cb") -> int:
    return run(["trigger", *words, "--to", f"{shop.url}{path}", *steering(simulator)])


def test_a_simulator_of_its_own_sends_one_callback(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["payment/insufficient-funds", "--msisdn", "254711000201", "--checkout-request-id", "ws_CO_mine_1"]

    assert run(["trigger", *words, "--to", f"{shop.url}/cb", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)

    (callback,) = sent(shop)
    assert (callback["ResultCode"], callback["CheckoutRequestID"]) == (1, "ws_CO_mine_1")
    assert printed["exit_code"] == 0
    assert printed["deliveries"][0]["status"] == 200
    assert "254711000202" not in json.dumps(printed)


def test_a_host_beyond_loopback_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trigger", "0", "--to", "http://shop.invalid/cb"]) == 20

    callback = capsys.readouterr().err
    assert "--allow-host shop.invalid" in callback
    assert "--rewrite" not in callback  # an option of `tayari simulate`


def test_headers_are_sent_beside_the_usual_ones(shop: Shop) -> None:
    named = ["--header", "X-Forwarded-For=196.201.214.200", "--header", "X-Note: a=b"]

    assert run(["trigger", "0", "--to", f"{shop.url}/cb", *named]) == 0

    (asked,) = shop.asked
    assert (asked.headers["X-Forwarded-For"], asked.headers["X-Note"]) == ("196.201.214.200", "a=b")
    assert asked.headers["Content-Type"].startswith("application/json")


def test_doctor_names_the_header_after_a_refused_caller(capsys: pytest.CaptureFixture[str]) -> None:
    with open_shop({"POST /cb": Says("go away", 403)}) as strict:
        assert run(["trigger", "0", "--to", f"{strict.url}/cb"]) == 10

    assert "--header X-Forwarded-For=196.201.214.200" in capsys.readouterr().out.replace("\n", " ")


def test_an_allowed_host_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trigger", "0", "--to", "http://shop.invalid/cb", "--allow-host", "shop.invalid"]) == 21

    assert "no answer" in capsys.readouterr().out


def test_a_code_is_reported_with_payer_amount_and_changes(simulator: SimulatorProcess, shop: Shop) -> None:
    where = "Body.stkCallback.CallbackMetadata.Item"
    words = ["--msisdn", "254711000203", "--amount", "250", "--set", f"{where}[MpesaReceiptNumber].Value=QQ=1"]
    words += ["--set", "Body.stkCallback.MerchantRequestID=17", "--drop", f"{where}[TransactionDate]"]

    assert trigger(simulator, shop, "0", *words) == 0

    (callback,) = sent(shop)
    items = {item["Name"]: item.get("Value") for item in callback["CallbackMetadata"]["Item"]}
    assert (items["Amount"], items["PhoneNumber"], items["MpesaReceiptNumber"]) == (250, 254711000203, "QQ=1")
    assert callback["MerchantRequestID"] == 17
    assert "TransactionDate" not in items


@pytest.mark.parametrize("how", [[], ["--parallel"]])
def test_it_is_sent_several_times_and_every_answer_shown(
    simulator: SimulatorProcess, shop: Shop, capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    assert trigger(simulator, shop, "1032", "--times", "3", *how) == 0

    first, *others = sent(shop)
    assert others == [first, first]
    assert capsys.readouterr().out.count("200") == 3


@pytest.mark.parametrize(("event", "code"), [("sfc_ic0003", "SFC_IC0003"), ("1038", 1038), ("e3008", "E3008")])
def test_codes_with_letters_and_codes_of_no_catalogue_are_sent(
    simulator: SimulatorProcess, shop: Shop, event: str, code: int | str
) -> None:
    assert trigger(simulator, shop, event) == 0

    assert sent(shop)[0]["ResultCode"] == code


def test_a_file_is_sent_as_it_is_or_changed(simulator: SimulatorProcess, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"Body": ')
    (tmp_path / "odd.json").write_text('{"Body": {"stkCallback": {"ResultCode": "0"}}}')

    assert trigger(simulator, shop, "--body", str(tmp_path / "torn.json")) == 0
    words = ["--set", "Body.stkCallback.ResultCode=1", "--checkout-request-id", "ws_CO_1"]
    assert trigger(simulator, shop, "--body", str(tmp_path / "odd.json"), *words) == 0

    assert shop.asked[0].body == '{"Body": '
    assert json.loads(shop.asked[1].body)["Body"]["stkCallback"] == {"ResultCode": 1, "CheckoutRequestID": "ws_CO_1"}


@pytest.mark.parametrize(
    ("words", "place"),
    [
        *((["0", "--kind", kind], _ID_OF.get(kind, "Result.ConversationID")) for kind in sorted(TRANSACTIONS)),
        *((["--message", name], _ID_OF[name]) for name in Call.MESSAGES[1:]),
        (["--message", "c2b_confirmation", "--kind", "stk_push"], "TransID"),
        (["--message", "bill_payment_push", "--kind", "c2b"], "transactionId"),
    ],
)
def test_messages_of_every_kind_are_sent_under_an_id_of_ones_own(
    simulator: SimulatorProcess, shop: Shop, words: list[str], place: str
) -> None:
    assert trigger(simulator, shop, *words, "--amount", "70", "--set", f"{place}=MINE") == 0

    found = json.loads(shop.asked[0].body)
    for key in place.split("."):
        found = found[key]
    assert found == "MINE"


def test_a_c2b_scenario_is_sent_under_a_receipt_of_ones_own(simulator: SimulatorProcess, shop: Shop) -> None:
    assert trigger(simulator, shop, "c2b/one-name", "--set", "TransID=UKT3ZVMFYT") == 0

    assert json.loads(shop.asked[0].body)["TransID"] == "UKT3ZVMFYT"
    assert "MiddleName" not in json.loads(shop.asked[0].body)


def test_another_answer_than_2xx_is_exit_10(simulator: SimulatorProcess, shop: Shop) -> None:
    assert trigger(simulator, shop, "1032", path="/broken") == 10


def test_a_merchant_that_does_not_run_is_exit_21(
    simulator: SimulatorProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["trigger", "1032", "--to", f"http://127.0.0.1:{free_port()}/cb", *steering(simulator)]

    assert run(words) == 21
    assert "connection refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "expected an EVENT (a scenario or a result code) or --body FILE, found neither"),
        (["1032", "--body", "x.json"], "found both"),
        (["payment/sucess"], "did you mean payment/success?"),
        (["sfc_ic003"], "did you mean SFC_IC0003?"),
        (["1032", "--set", "Body.stkCalback.ResultCode=1"], "did you mean Body.stkCallback.ResultCode?"),
        (["1032", "--drop", "Body.stkCallback.ResultCod"], "did you mean Body.stkCallback.ResultCode?"),
        (["1032", "--set", "Body"], "expected PATH=VALUE"),
        (["1032", "--msisdn", "0711"], "expected 12 digits"),
        (["1032", "--checkout-request-id", "ws_CO_none"], 'no payment "ws_CO_none"'),
        (["1032", "--allow-host", "shop.example"], "give them to `tayari simulate`"),
        (["--body", "/nowhere/x.json"], "/nowhere/x.json: cannot be read (No such file or directory)"),
        (["token/expires-soon"], "have no later message"),
        (["1032", "--message", "c2b_validation"], "--message is given alone"),
        (["--message", "c2b_validaton"], "did you mean c2b_validation?"),
        (["1", "--kind", "c2b"], "a c2b transaction that failed has no message"),
        (["0", "--kind", "c2c"], "did you mean c2b?"),
    ],
)
def test_bad_input_is_exit_20_and_nothing_is_sent(
    simulator: SimulatorProcess, shop: Shop, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert trigger(simulator, shop, *words) == 20

    assert problem in capsys.readouterr().err
    assert shop.asked == []


def test_a_callback_needs_a_place_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trigger", "1032"]) == 20

    assert "give --to URL" in capsys.readouterr().err


def test_a_scenario_that_sends_nothing_is_reported(
    simulator: SimulatorProcess, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trigger(simulator, shop, "service/outage-after-ack") == 20

    assert "sends no callback" in capsys.readouterr().err


def test_a_control_port_that_is_not_there_is_reported(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    control = f"http://127.0.0.1:{free_port()}"

    assert run(["trigger", "1032", "--to", f"{shop.url}/cb", "--control", control]) == 20
    assert "leave --control out" in capsys.readouterr().err


def test_a_running_simulator_sends_for_those_who_know_its_token(
    simulator: SimulatorProcess, shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["trigger", "1032", "--to", f"{shop.url}/cb", "--control", simulator.control_url]

    assert run(words) == 20
    assert "expected the header `Authorization: Bearer TOKEN`" in " ".join(capsys.readouterr().err.split())
    monkeypatch.setenv("TAYARI_CONTROL_TOKEN", simulator.control_token)
    assert run(words) == 0
