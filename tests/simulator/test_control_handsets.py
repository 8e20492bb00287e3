"""Phones controlled by hand: a prompt waits, its answer decides, and the phone shows M-Pesa's messages."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from core_kit import payload
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from running_simulator import Running, running
from tayari_simulator.apis.core.organisations import SANDBOX_INITIATOR, SANDBOX_PASSWORD
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.server.arguments import read_arguments
from tayari_simulator.server.process import _behaviours as behaviours_of
from tayari_simulator.server.process import load_scenarios
from tayari_simulator.state.behaviour import Call, Delivery
from tayari_simulator.state.handsets import WAITS
from tayari_simulator.state.schedule import NEVER, Schedule

ROOT = Path(__file__).parents[2]
MSISDN = "254712345678"
OTHER = "254712000001"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as alone:
        yield alone


@pytest.fixture(autouse=True)
def _fresh(server: Running) -> None:
    server.control.reset()


def hold(server: Running, msisdn: str = MSISDN, **how: Any) -> Any:
    return server.control.hold_handset(msisdn, **how)


def shown(server: Running, msisdn: str = MSISDN) -> Any:
    return server.control.handset(msisdn)


def press(server: Running, what: str, pin: str | None = None) -> Any:
    return server.control.answer_prompt(MSISDN, what, pin=pin)


def result_of(server: Running, checkout_request_id: str) -> Any:
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=checkout_request_id)
    (payment,) = server.control.payments(checkout_request_id=checkout_request_id)
    return payment["result_code"]


def test_a_prompt_waits_and_is_paid_by_pin_then_balance_and_message_follow(server: Running) -> None:
    hold(server, balance=1500)
    identifier = server.pushed(MSISDN, amount=300, reference="INV7")
    prompt = shown(server)["prompt"]
    press(server, "pay", pin="1234")
    code = result_of(server, identifier)
    phone = shown(server)

    assert prompt["checkout_request_id"] == identifier
    assert prompt["text"] == "Do you want to pay Ksh300.00 to EXAMPLE SHOP Account no. INV7? Enter M-PESA PIN:"
    assert code == 0
    assert (phone["prompt"], phone["balance"]) == (None, 1200)
    (message,) = phone["messages"]
    assert message["text"].startswith(
        f"{message['receipt']} Confirmed. Ksh300.00 sent to EXAMPLE SHOP for account INV7"
    )
    assert "New M-PESA balance is Ksh1,200.00." in message["text"]


@pytest.mark.parametrize(
    ("what", "more", "code"),
    [
        ("cancel", {}, 1032),
        ("no_answer", {}, 1037),
        ("wrong_pin", {}, 2001),
        ("pay", {"pin": "9999"}, 2001),
        ("pay", {}, 0),
    ],
)
def test_each_answer_has_its_result(server: Running, what: str, more: dict[str, str], code: int) -> None:
    hold(server)
    identifier = server.pushed(MSISDN)
    press(server, what, more.get("pin"))

    assert result_of(server, identifier) == code


def test_too_little_money_and_three_wrong_pins_have_their_own_results(server: Running) -> None:
    hold(server, balance=10)
    poor = server.pushed(MSISDN, amount=11)
    press(server, "pay")
    codes = [result_of(server, poor)]
    for amount in range(1, 5):
        identifier = server.pushed(MSISDN, amount=amount)
        press(server, "wrong_pin")
        codes.append(result_of(server, identifier))
    hold(server, pin="4321")
    identifier = server.pushed(MSISDN, amount=9)
    press(server, "pay", pin="4321")

    assert [*codes, result_of(server, identifier)] == [1, 2001, 2001, 2001, 8006, 0]
    assert next(row["text"].split(".")[0] for row in shown(server)["messages"]) == "Failed"


def test_messages_are_in_swahili_where_the_phone_is(server: Running) -> None:
    hold(server, language="sw", balance=1000)
    identifier = server.pushed(MSISDN, amount=300)
    prompt = shown(server)["prompt"]["text"]
    press(server, "pay")
    result_of(server, identifier)

    assert prompt.startswith("Je, unataka kulipa Ksh300.00 kwa EXAMPLE SHOP")
    assert "Baki yako mpya ya M-PESA ni Ksh700.00." in shown(server)["messages"][0]["text"]


def test_each_message_keeps_the_balance_of_its_moment(server: Running) -> None:
    hold(server, balance=1000)
    for amount in (100, 200):
        identifier = server.pushed(MSISDN, amount=amount)
        press(server, "pay")
        result_of(server, identifier)
    hold(server, balance=50)
    texts = [row["text"] for row in shown(server)["messages"]]

    assert ["Ksh900.00" in texts[0], "Ksh700.00" in texts[1]] == [True, True]


def test_only_the_handset_waits_and_after_its_release_none_does(server: Running) -> None:
    hold(server)
    waiting = server.pushed(MSISDN)
    others = server.pushed(OTHER)
    code = result_of(server, others)
    server.control.release_handset(MSISDN)
    still = server.control.payments(checkout_request_id=waiting)[0]["state"]
    press(server, "cancel")
    result_of(server, waiting)

    assert (code, still) == (0, "prompted")
    assert result_of(server, server.pushed(MSISDN, amount=7)) == 0


def test_a_phone_without_a_prompt_cannot_answer(server: Running) -> None:
    hold(server)
    refused = requests.post(f"{server.control_url}/v1/handsets/{MSISDN}/answer", json={"press": "pay"}, timeout=5)

    assert refused.status_code == 409
    assert "shows no prompt that waits" in refused.json()["error"]["message"]


def test_a_queued_scenario_goes_before_the_handset_and_explain_names_the_handset(server: Running) -> None:
    hold(server)
    server.control.play_next({"outcome": {"result_code": 1032, "after_s": 0.01}}, msisdn=MSISDN)
    queued = server.pushed(MSISDN)
    code = result_of(server, queued)
    waiting = server.pushed(MSISDN, amount=7)
    chosen = server.control.explain(waiting)["payments"][0]["chosen"]

    assert code == 1032
    assert (chosen["way"], chosen["scenario"]) == ("handset", "handset")


def test_a_customers_own_payment_writes_to_the_phone_and_a_refused_one_says_so(server: Running) -> None:
    hold(server, balance=1000)
    server.control.pay_c2b(short_code="600992", msisdn=MSISDN, amount=100, reference="ACC9")
    server.control.wait("idle", timeout_s=5)
    organisation = {"ShortCode": "600994", "ResponseType": "Cancelled", "ConfirmationURL": server.callback_url,
                    "ValidationURL": "http://127.0.0.1:1/nobody"}  # fmt: skip
    headers = {"Authorization": f"Bearer {server.token()}"}
    url = f"{server.daraja_url}/mpesa/c2b/v2/registerurl"
    requests.post(url, json=organisation, headers=headers, timeout=5).raise_for_status()
    server.control.set_organisation("600994", validates=True)
    server.control.pay_c2b(short_code="600994", msisdn=MSISDN, amount=50, reference="REFUSE")
    server.control.wait("idle", timeout_s=5)
    texts = [row["text"] for row in shown(server)["messages"]]

    assert "Ksh100.00 sent to EXAMPLE SHOP for account ACC9" in texts[0]
    assert texts[1] == "Failed. EXAMPLE SHOP did not accept your payment of Ksh50.00 for account REFUSE."
    assert shown(server)["balance"] == 900


def test_a_payout_arrives_with_its_message(server: Running) -> None:
    hold(server, balance=1000)
    certificate = load_pem_x509_certificate(server.control.certificate().encode())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    payout = {
        "OriginatorConversationID": "payout-1", "InitiatorName": SANDBOX_INITIATOR, "Amount": 250, "PartyA": "600992",
        "SecurityCredential": b64encode(key.encrypt(SANDBOX_PASSWORD.encode(), PKCS1v15())).decode(),
        "CommandID": "BusinessPayment", "PartyB": MSISDN, "Remarks": "wages", "Occassion": "",
        "QueueTimeOutURL": f"{server.callback_url}/late", "ResultURL": f"{server.callback_url}/result",
    }  # fmt: skip
    url, headers = f"{server.daraja_url}/mpesa/b2c/v3/paymentrequest", {"Authorization": f"Bearer {server.token()}"}
    asked = requests.post(url, json=payout, headers=headers, timeout=5)
    server.control.wait("idle", timeout_s=5)
    (message,) = shown(server)["messages"]

    assert asked.status_code == 200, asked.text
    assert "You have received Ksh250.00 from EXAMPLE SHOP" in message["text"]
    assert "New M-PESA balance is Ksh1,250.00." in message["text"]


def test_the_calls_that_the_document_shows_press_the_buttons(server: Running) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("NO CURL: the calls of docs/console.md were not made")
    lines = re.findall(r"^curl .*$", (ROOT / "docs/console.md").read_text(encoding="utf-8"), re.MULTILINE)
    results: list[str] = []
    for line in lines:
        if line.split("-d")[0].rstrip().endswith("/answer"):
            results.append(server.pushed(MSISDN, amount=100 + len(results)))
        _, *words = shlex.split(line.replace("http://127.0.0.1:9311", server.control_url))
        subprocess.run([curl, "-sS", "--fail-with-body", *words], check=True, capture_output=True, timeout=10)

    assert len(lines) == 4
    assert shown(server)["language"] == "sw"
    assert [result_of(server, identifier) for identifier in results] == [0, 1032]


def test_a_phone_out_of_reach_shows_nothing_and_ends_in_1037() -> None:
    with running(clock="manual") as alone:
        hold(alone, reachable=False)
        identifier = alone.pushed(MSISDN)
        prompt = shown(alone)["prompt"]
        due_s = alone.control.payments()[0]["result_due_at"] - alone.control.payments()[0]["created_at"]
        alone.control.advance(until="idle")

        assert prompt is None
        assert 26 <= due_s <= 62
        assert result_of(alone, identifier) == 1037


def test_an_interactive_simulator_waits_for_every_phone_and_a_prompt_ends_after_a_minute() -> None:
    with running(clock="manual", interactive=True) as alone:
        identifier = alone.pushed(MSISDN)
        alone.control.advance(by_s=59)
        waiting = alone.control.payments()[0]["state"]
        alone.control.advance(by_s=1.1)
        late = result_of(alone, identifier)
        other = alone.pushed(MSISDN, amount=7)
        press(alone, "pay")
        balance = alone.control.balance()

        assert (waiting, late, result_of(alone, other)) == ("prompted", 1037, 0)
        assert balance["balanced"]


def test_a_plan_that_is_brought_forward_happens_once_and_the_others_keep_their_order() -> None:
    schedule = Schedule()
    plans = [Delivery(due_s=float(at), url="", body=b"", transaction_id=str(at), msisdn="") for at in range(1, 6)]
    for plan in plans:
        schedule.add(plan.due_s, plan)
    schedule.bring_forward(plans[4], 0.5)
    happened = []
    while (popped := schedule.pop_due(9.0)) is not None:
        happened.append((popped[0], popped[2]))

    assert happened == [(0.5, plans[4]), *((plan.due_s, plan) for plan in plans[:4])]
    assert (len(schedule), schedule.next_s) == (0, NEVER)


def test_the_flag_interactive_lets_every_phone_wait() -> None:
    chosen = [load_scenarios(read_arguments(words, {})).chooses for words in (["--interactive"], [])]

    assert chosen == [True, False]


def test_a_reset_puts_all_phones_down(server: Running) -> None:
    hold(server, pin="9876")
    server.control.reset()
    phone = shown(server)

    assert (phone["held"], phone["pin"], phone["balance"]) == (False, "1234", None)


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("PUT", MSISDN, {"pin": "12345"}, 'pin: found "12345"; expected four digits as text'),
        ("PUT", MSISDN, {"language": "fr"}, "language: found"),
        ("PUT", "0712", {}, "expected 12 digits"),
        ("POST", f"{MSISDN}/answer", {"press": "approve"}, "press: found"),
        ("POST", f"{MSISDN}/answer", {"press": "cancel", "pin": "1234"}, "leave pin out"),
    ],
)
def test_what_a_handset_cannot_do_says_what_it_can(
    server: Running, method: str, path: str, body: Any, message: str
) -> None:
    answer = requests.request(method, f"{server.control_url}/v1/handsets/{path}", json=body, timeout=5)

    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_a_restarted_simulator_knows_the_behaviour_of_a_prompt_that_waited() -> None:
    assert behaviours_of(Selector())("handset") is WAITS


def test_a_selector_without_handsets_chooses_nothing() -> None:
    selector = Selector()
    selector.hold(MSISDN)
    chosen = selector.for_transaction(Call.STK_PUSH, msisdn=MSISDN, amount=1, reference="", prompted=MSISDN)
    selector.release(MSISDN)

    assert chosen is not None
    assert chosen.behaviour is WAITS
    assert not selector.chooses


TILL = "9034112"
PROMPTS = {
    "ratiba": ("/standingorder/v1/createStandingOrderExternal", "ratiba.request"),
    "bonga_redeem": ("/v1/lipa/na/bonga/redeem-paybill", ""),
    "b2b_express": ("/v1/ussdpush/get-msisdn", "b2b_express.request"),
}
BONGA = {"msisdn": MSISDN, "amount": 100, "bongaPoints": 500, "conversionRate": 0.2, "shortCode": "600984",
         "accountNumber": "HOUSE-12B"}  # fmt: skip


@pytest.fixture(scope="module")
def till() -> Iterator[Running]:
    """A simulator whose business has a till, so that B2B express checkout has somebody to ask."""
    with running(till=TILL, clock="manual") as alone:
        yield alone


def prompted(till: Running, kind: str, **how: Any) -> str:
    """The id of a transaction of this kind whose prompt goes to the handset."""
    till.control.reset()
    till.control.set_organisation(TILL, nominated_number=MSISDN)
    hold(till, **how)
    path, example = PROMPTS[kind]
    body = payload(example) if example else dict(BONGA)
    changed = {"PartyA": MSISDN, "CallBackURL": till.callback_url, "callbackUrl": till.callback_url,
               "primaryShortCode": TILL, "StartDate": "20900101", "EndDate": "20900601"}  # fmt: skip
    body |= {key: value for key, value in changed.items() if key in body}
    headers = {"Authorization": f"Bearer {till.token()}"}
    requests.post(till.daraja_url + path, json=body, headers=headers, timeout=5).raise_for_status()
    (payment,) = till.control.payments(kind=kind)
    assert payment["phone"] == MSISDN
    return str(payment["id"])


@pytest.mark.parametrize(
    ("kind", "what", "code", "state"),
    [
        ("ratiba", "pay", 0, "paid"),
        ("ratiba", "cancel", 1032, "failed"),
        ("ratiba", "no_answer", 1037, "failed"),
        ("ratiba", "wrong_pin", 2001, "failed"),
        ("bonga_redeem", "pay", 0, "paid"),
        ("bonga_redeem", "cancel", 1031, "failed"),
        ("bonga_redeem", "wrong_pin", 2001, "failed"),
        ("b2b_express", "pay", 0, "paid"),
        ("b2b_express", "cancel", 4001, "failed"),
        ("b2b_express", "no_answer", 4201, "failed"),
        ("b2b_express", "wrong_pin", 4203, "failed"),
    ],
)
def test_every_prompt_waits_and_each_answer_has_the_code_of_its_api(
    till: Running, kind: str, what: str, code: int, state: str
) -> None:
    identifier = prompted(till, kind)
    waiting = shown(till)["prompt"]
    press(till, what)
    till.control.wait("result_due", timeout_s=5, checkout_request_id=identifier)
    (payment,) = till.control.payments(checkout_request_id=identifier)

    assert waiting["checkout_request_id"] == identifier
    assert (payment["result_code"], payment["state"]) == (code, state)


@pytest.mark.parametrize(
    ("kind", "language", "asks", "reports"),
    [
        ("ratiba", "en", "every month to EXAMPLE SHOP Account no.", "Your standing order"),
        ("ratiba", "sw", "kila mwezi kwa EXAMPLE SHOP", "Malipo yako ya kudumu"),
        (
            "bonga_redeem",
            "en",
            "use 500 Bonga points to pay Ksh100.00 to EXAMPLE SHOP",
            "500 Bonga points",
        ),
        ("bonga_redeem", "sw", "pointi 500 za Bonga", "pointi 500 za Bonga"),
        ("b2b_express", "en", f"asks till {TILL} to pay Ksh71.00", f"Ksh71.00 paid from till {TILL}"),
        ("b2b_express", "sw", f"inaomba till {TILL} ilipe Ksh71.00", f"imelipwa kutoka till {TILL}"),
    ],
)
def test_every_prompt_has_its_words_and_its_message(
    till: Running, kind: str, language: str, asks: str, reports: str
) -> None:
    identifier = prompted(till, kind, language=language)
    prompt = shown(till)["prompt"]["text"]
    press(till, "pay")
    till.control.wait("result_due", timeout_s=5, checkout_request_id=identifier)
    messages = {row["checkout_request_id"]: row["text"] for row in shown(till)["messages"]}

    assert asks in prompt
    assert len(prompt) <= 182, "M-Pesa shows no longer prompt (reference 3.1)"
    assert reports in messages[identifier]


def test_a_till_without_a_nominated_number_asks_no_phone(till: Running) -> None:
    prompted(till, "b2b_express")
    till.control.set_organisation(TILL, nominated_number="")
    body = payload("b2b_express.request") | {"primaryShortCode": TILL, "callbackUrl": till.callback_url}
    headers = {"Authorization": f"Bearer {till.token()}"}
    requests.post(till.daraja_url + PROMPTS["b2b_express"][0], json=body, headers=headers, timeout=5)

    assert till.control.payments(kind="b2b_express")[-1]["scenario"] == ""


def test_a_prompt_stays_on_its_phone_when_the_till_nominates_another(till: Running) -> None:
    identifier = prompted(till, "b2b_express")
    till.control.set_organisation(TILL, nominated_number="254712000111")

    press(till, "pay")
    till.control.wait("result_due", timeout_s=5, checkout_request_id=identifier)

    assert till.control.payments(checkout_request_id=identifier)[0]["state"] == "paid"
    assert identifier in [row["checkout_request_id"] for row in shown(till)["messages"]]


def test_what_a_till_cannot_pay_says_nothing_of_the_operators_own_wallet() -> None:
    with running(till=TILL, clock="manual", options={"opening_utility": "70"}) as poor:
        identifier = prompted(poor, "b2b_express")
        press(poor, "pay")
        poor.control.wait("result_due", timeout_s=5, checkout_request_id=identifier)
        messages = {row["checkout_request_id"]: row["text"] for row in shown(poor)["messages"]}

        assert poor.control.payments(checkout_request_id=identifier)[0]["result_code"] == 1
        assert "balance" not in messages[identifier]


def test_a_standing_order_beside_an_open_prompt_is_refused_by_m_pesas_own_rule(till: Running) -> None:
    till.control.reset()
    hold(till)
    till.pushed(MSISDN)
    body = payload("ratiba.request") | {"PartyA": MSISDN, "CallBackURL": till.callback_url}
    headers = {"Authorization": f"Bearer {till.token()}"}
    requests.post(till.daraja_url + PROMPTS["ratiba"][0], json=body, headers=headers, timeout=5)
    till.control.advance(by_s=30)

    assert till.control.payments(kind="ratiba")[0]["result_code"] == 1001
