"""The codes of a run: result codes, refusals and what the gateway answered, each with what the customer should read."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pushing import push, query
from tayari.run.codes import learn
from tayari_control.client import ControlClient
from tayari_control.simulator_process import DarajaAccount, SimulatorOptions, SimulatorProcess, start_simulator
from tayari_reports.model.facts import Code
from tayari_target.target_file.target_model import CallTemplate, Merchant, Pay, Target
from tayari_target.test_environment import TestEnvironment

FAULTS: tuple[dict[str, Any], ...] = (
    {"api_error": {"error": "500.001.1001.wrong_credentials"}},
    {"api_error": {"error": "500.001.1001.unable_to_lock_subscriber"}},
    {"api_error": {"error": "401.002.01"}},
    {"gateway_fault": {"fault": "spike_arrest"}},
    {"html": {"page": "imperva_503"}},
    {"empty_body": {"status": 500}},
)


MESSAGES = {"254711000201": "Your phone is busy with another payment.", "254711000299": "Of nobody."}

QUERY_REFUSED = {
    "scenario": "it/fails", "about": "Fails.", "when": {"endpoint": "stk_query"}, "faults": [FAULTS[4]],
}  # fmt: skip


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(SimulatorOptions()) as started:
        yield started


@pytest.fixture(scope="module")
def codes(simulator: SimulatorProcess) -> dict[str, Code]:
    """What a run says that met each of the faults once; by code and text."""
    control = ControlClient(simulator.control_url)
    for payer, fault in enumerate(FAULTS, 254711000200):
        control.play_next({"scenario": "it/fails", "about": "Fails.", "faults": [fault]}, msisdn=str(payer))
        push(simulator, "http://127.0.0.1:9/cb", PartyA=str(payer), PhoneNumber=str(payer))
    control.play_next(QUERY_REFUSED, endpoint="stk_query")
    query(simulator, "ws_CO_071020261435030712340000")
    pay = Pay(call=CallTemplate(method="POST", path="/pay"))
    merchant = Merchant(name="shop", base_url="http://127.0.0.1:1", pay=pay)
    target = Target(path=Path("tayari.yaml"), merchant=merchant, daraja=DarajaAccount(short_code="174379", passkey="k"))
    environment = SimpleNamespace(control=control, target=target)
    found = learn([cast(TestEnvironment, environment)], ask=False, messages=MESSAGES)
    control.close()
    return {
        f"{code.code} {code.text} {'query' if 'status query' in code.meaning else ''}".strip(): code for code in found
    }


def test_one_code_with_two_meanings_is_two_rows_with_words_of_their_own(codes: dict[str, Code]) -> None:
    two = [code for code in codes.values() if code.code == "500.001.1001"]

    assert len(two) == 2
    assert len({code.say_en for code in two}) == len({code.say_sw for code in two}) == 2
    assert {code.retry for code in two} == {"after fix", "after a wait"}


def test_the_gateway_and_the_edge_are_among_them(codes: dict[str, Code]) -> None:
    gateway = {code.code: code for key, code in codes.items() if code.kind == "gateway" and "query" not in key}

    assert set(gateway) == {"policies.ratelimit.SpikeArrestViolation", "imperva_503"}
    assert all(code.say_en and code.say_sw and code.retry == "backoff" for code in gateway.values())


def test_nothing_is_promised_of_a_payment_that_was_only_asked_about(codes: dict[str, Code]) -> None:
    pushed, asked = (code for code in codes.values() if code.code == "imperva_503")

    assert "Nothing was taken" in pushed.say_en
    assert asked.say_en == "We are checking your payment."
    assert (pushed.retry, asked.retry) == ("backoff", "poll")


def test_a_token_is_never_part_of_a_row(codes: dict[str, Code]) -> None:
    assert codes["401.002.01 Error Occurred - Invalid Access Token - {token}"].times == 1


def test_each_row_says_how_sure_it_is_and_from_where(codes: dict[str, Code]) -> None:
    assert len(codes) == len(FAULTS)
    assert all(code.mark and code.source and code.meaning for code in codes.values())


def test_a_refusal_is_shown_beside_the_message_to_its_customer(codes: dict[str, Code]) -> None:
    messages = {key: code.message for key, code in codes.items() if code.message}

    assert list(messages.values()) == ["Your phone is busy with another payment."]
    assert "500.001.1001" in next(iter(messages))


def test_payouts_and_reversals_have_codes_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"kind": kind, "result_code": code, "msisdn": "254711000111"} for kind, code in
            (("stk_push", 1), ("b2c", 1), ("b2c", 2040), ("reversal", "R000001"), ("account_balance", 0))]  # fmt: skip
    empty: dict[str, Any] = {"entries": [], "next": 1, "dropped": 0}
    control = ControlClient("http://127.0.0.1:9")
    monkeypatch.setattr(control, "_call", lambda _, path, **__: {"payments": rows} if "payments" in path else empty)
    pay = Pay(call=CallTemplate(method="POST", path="/pay"))
    merchant = Merchant(name="shop", base_url="http://127.0.0.1:1", pay=pay)
    target = Target(path=Path("tayari.yaml"), merchant=merchant, daraja=DarajaAccount(short_code="174379", passkey="k"))
    environment = SimpleNamespace(control=control, target=target)

    found = learn([cast(TestEnvironment, environment)], ask=False)

    assert [(code.kind, code.code) for code in found] == [
        ("result", "1"), ("payout", "1"), ("payout", "2040"), ("payout", "R000001")
    ]  # fmt: skip
    assert all(code.meaning and not code.say_en for code in found if code.kind == "payout")


def test_the_ends_of_customers_own_payments_are_counted_apart() -> None:
    rows = [{"kind": "c2b", "result_code": code, "msisdn": "254711000000"} for code in (0, "C2B00012", "C2B00012")]
    control = SimpleNamespace(payments=lambda: rows, journal_entries=lambda **_: [])
    pay = Pay(call=CallTemplate(method="POST", path="/pay"))
    merchant = Merchant(name="shop", base_url="http://127.0.0.1:1", pay=pay)
    target = Target(path=Path("tayari.yaml"), merchant=merchant, daraja=DarajaAccount(short_code="174379", passkey="k"))
    environment = SimpleNamespace(control=control, target=target)

    paid, rejected = learn([cast(TestEnvironment, environment)], ask=True)

    assert (paid.kind, paid.code, paid.times) == ("c2b", "0", 1)
    assert (rejected.kind, rejected.code, rejected.times) == ("c2b", "C2B00012", 2)
    assert "invalid account number" in rejected.meaning
    assert rejected.say_en == "", "M-Pesa informs the customer, and the merchant gets no message"
