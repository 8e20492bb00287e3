"""`tayari explain`, of payments that a running simulator had, and of every kind of code."""

import json
from collections.abc import Iterator

import pytest
from pushing import MSISDN, push
from tayari.cli.commands import run
from tayari_control.client import ControlClient
from tayari_control.simulator_process import SimulatorOptions, SimulatorProcess, start_simulator
from tayari_target.merchant_process import free_port
from tayari_target.resources import scenario_folder
from tiny_shop import Says, open_shop

OTHER = "254711000102"
SECRET_PATH = "/cb/0123456789abcdef0123"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(SimulatorOptions(scenarios=(scenario_folder(),))) as started:
        yield started


@pytest.fixture(scope="module")
def payment(simulator: SimulatorProcess) -> str:
    """The CheckoutRequestID of a payment that failed, beside a refused push of the same payer."""
    control = ControlClient(simulator.control_url)
    with open_shop({f"POST {SECRET_PATH}": Says({"taken": f"from {MSISDN}"})}) as shop:
        control.play_next("payment/insufficient-funds", msisdn=MSISDN)
        identifier = str(push(simulator, shop.url + SECRET_PATH).json()["CheckoutRequestID"])
        push(simulator, shop.url + SECRET_PATH, Amount=0, PartyB="")
        assert control.wait("callback_answered", checkout_request_id=identifier, timeout_s=10)["met"]
    control.close()
    return identifier


def test_a_payment_is_explained_without_its_number(
    simulator: SimulatorProcess, payment: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")

    assert run(["explain", payment, "--control", simulator.control_url]) == 0
    text = capsys.readouterr().out

    assert "played payment/insufficient-funds: it was queued for this MSISDN" in text
    assert "not asked: one_shot_msisdn is stronger" in text
    assert "none -> prompted" in text
    assert "prompted -> failed" in text
    assert "answered 200" in text
    assert "400.002.02" in text
    assert "- Amount is 0; expected whole shillings" in text
    assert "- PartyB is" in text
    assert MSISDN[3:] not in text
    assert "2547•••••101" in text


def test_the_identifier_is_whole_where_it_is_asked_for(
    simulator: SimulatorProcess, payment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tayari trigger --checkout-request-id` needs it; it ends in nine digits of the payer's number."""
    asked = ["explain", payment, "--control", simulator.control_url]

    assert run(asked) == 0
    masked = capsys.readouterr().out
    assert run([*asked, "--ids"]) == 0
    whole = capsys.readouterr().out
    assert run([*asked, "--ids", "--format", "json"]) == 0
    explained = json.loads(capsys.readouterr().out)

    assert payment not in masked
    assert "--ids" in masked
    assert payment in whole
    assert "--ids" not in whole
    assert explained["payments"][0]["payment"]["checkout_request_id"] == payment
    others = json.dumps(explained).replace(payment, "")  # its second and the nine digits can be a number by chance
    assert MSISDN not in others


@pytest.mark.parametrize(
    ("status", "remark"),
    [(200, ""), (403, "callbacks.source_header"), (500, "a callback was answered 500: the merchant did not take it")],
)
def test_a_callback_that_was_not_taken_is_remarked_on(
    simulator: SimulatorProcess, capsys: pytest.CaptureFixture[str], status: int, remark: str
) -> None:
    control = ControlClient(simulator.control_url)
    with open_shop({"POST /cb": Says({}, status)}) as shop:
        identifier = str(push(simulator, f"{shop.url}/cb", PartyA=OTHER, PhoneNumber=OTHER).json()["CheckoutRequestID"])
        assert control.wait("callback_answered", checkout_request_id=identifier, timeout_s=10)["met"]
    control.close()

    assert run(["explain", identifier, "--control", simulator.control_url, "--format", "json"]) == 0

    remarks = json.loads(capsys.readouterr().out)["payments"][0]["remarks"]
    assert len(remarks) == bool(remark)
    assert remark in "".join(remarks)


@pytest.mark.parametrize("written", [MSISDN, f"+{MSISDN}", f"0{MSISDN[3:]}"])
def test_a_payer_is_found_however_the_number_is_written(
    simulator: SimulatorProcess, payment: str, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    assert run(["explain", written, "--control", simulator.control_url, "--format", "json"]) == 0
    out = capsys.readouterr().out
    explained = json.loads(out)

    assert [row["chosen"]["scenario"] for row in explained["payments"]] == ["payment/insufficient-funds"]
    assert explained["payments"][0]["payment"]["callback_url"].endswith("/cb/...")
    assert len(explained["refusals"]) == 1
    assert len(explained["refusals"][0]["reasons"]) > 1
    assert MSISDN[3:] not in out


def test_a_payment_that_is_not_there_is_reported(
    simulator: SimulatorProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", "254711999999", "--control", simulator.control_url]) == 20

    output = capsys.readouterr().err
    assert "2547•••••999" in output
    assert "11999999" not in output


def test_a_simulator_that_does_not_run_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", MSISDN, "--control", f"http://127.0.0.1:{free_port()}"]) == 20

    assert "start one with `tayari simulate`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "kind", "found"),
    [
        ("1032", "results", "1032"),
        ("404.001.03", "errors", "404.001.03"),
        ("405.001.method_not_allowed", "errors", "405.001"),
        ("503", "errors", "00.002.1001"),
        ("503", "gateway", "imperva_503"),
        ("429", "gateway", "spike_arrest"),
        ("spike_arrest", "gateway", "spike_arrest"),
    ],
)
def test_result_codes_error_codes_and_http_statuses_are_known(
    capsys: pytest.CaptureFixture[str], code: str, kind: str, found: str
) -> None:
    assert run(["explain", code, "--format", "json"]) == 0

    rows = json.loads(capsys.readouterr().out)[kind]
    assert found in {str(word) for row in rows for word in (row["code"], row.get("name"))}
    assert all(row["meaning"] and row["source"] and row["mark"] and row["retry"] and row["say"] for row in rows)


EVERY_CODE = """
0 1 2 3 4 5 8 11 14 15 17 18 19 20 21 22 24 25 26 29 1001 1005 1019 1025 1031 1032 1036 1037 1050 1051 2001 2006
2007 2020 2028 2029 2033 2040 2043 2051 2202 4001 4102 4104 4201 4203 4999 5999 6000 6001 6004 6009 6011 8006 9999
E3008 R000001 R000002 SFC_IC0003 TP40087 TP40153 C2B00011 C2B00016 1000 00 200 409 4000 100000000 100000011
400.002.02 400.002.05 400.003.01 400.003.02 400.008.01 400.008.02 400.001 401.001 401.002.01 401.003.01 401
403.002.1001 404.001.01 404.002.01 404.003.01 404.001.03 404.001.04 405.001 500.001.1001 500.002.1001 500.003.02
500.003.03 500.003.1001 00.002.1001 policies.ratelimit.SpikeArrestViolation 429 502 503 504
"""
"""The reference's result codes (4), codes of the core (2.3), errors (2.2) and what the gateway answers (1.10)."""


@pytest.mark.parametrize("code", EVERY_CODE.split())
def test_every_code_of_the_reference_is_explained(capsys: pytest.CaptureFixture[str], code: str) -> None:
    assert run(["explain", code]) == 0

    output = capsys.readouterr().out
    assert all(word in output for word in ("meaning", "say", "retry", "source"))
    assert "this project's own wording" in output


def test_an_error_has_words_for_the_customer_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "500.001.1001.unable_to_lock_subscriber"]) == 0

    output = " ".join(capsys.readouterr().out.split())
    assert "Another M-Pesa request is open on your phone." in output
    assert "Kuna ombi lingine la M-Pesa" in output


def test_an_error_of_the_merchants_own_making_is_for_staff(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "403.002.1001"]) == 0

    assert "nothing to a customer: alert staff" in capsys.readouterr().out


def test_a_result_code_has_words_for_the_customer_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "1"]) == 0

    output = " ".join(capsys.readouterr().out.split())
    assert "balance is too low" in output
    assert "Salio lako la M-Pesa" in output
    assert "after top-up" in output


@pytest.mark.parametrize(
    ("code", "near"), [("1038", "1037"), ("500.001.1002", "500.001.1001"), ("spike_arest", "spike_arrest")]
)
def test_an_unknown_code_is_reported_with_the_nearest(capsys: pytest.CaptureFixture[str], code: str, near: str) -> None:
    assert run(["explain", code]) == 20

    assert f"{code} is not a code or a payment that we know; did you mean {near}?" in capsys.readouterr().err
