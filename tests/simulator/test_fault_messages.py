"""Faults of a message by its name: the C2B validation, the confirmation beside a callback, the payment push."""

from __future__ import annotations

import orjson
import pytest
from bench_daraja import scenario_of
from c2b_kit import CONFIRMATION, VALIDATION, answer, paid, register, validating
from core_kit import PUSH, Desk, payload, request, wire
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.behaviour import Delivery

OPT_IN = "/v1/billmanager-invoice/optin"
BILLS = "https://shop.example.co.ke/bills"


def queue(desk: Desk, fault: str, endpoint: str = "c2b") -> None:
    """The next call of the endpoint gets this fault."""
    selector = Selector()
    selector.queue(
        scenario_of(f"scenario: a/b\nabout: x\nwhen: {{endpoint: {endpoint}}}\nfaults: [{{{fault}}}]"),
        endpoint=endpoint,
    )
    desk.daraja.state.choose = selector


def validated(fault: str, *, response_type: str = "Completed") -> tuple[Desk, list[Delivery]]:
    """A payment whose validation gets this fault, and the messages of the next 2 s."""
    desk = validating(response_type=response_type)
    queue(desk, fault)
    paid(desk)
    return desk, desk.after(2.0)


@pytest.mark.parametrize(("response_type", "expected"), [("Completed", [CONFIRMATION]), ("Cancelled", [])])
def test_a_validation_that_is_not_sent_is_not_answered_in_time(response_type: str, expected: list[str]) -> None:
    desk, sent = validated('drop: {"on": c2b_validation}', response_type=response_type)

    assert sent == []
    assert [row.url for row in desk.after(6.0)] == []
    assert [row.url for row in desk.after(5.0)] == expected
    assert desk.daraja.state.schedule.next_s == float("inf")


def test_a_validation_is_changed_on_its_way_and_its_answer_counts() -> None:
    desk, (validation,) = validated('mutate: {set: {MSISDN: nobody}, "on": c2b_validation}')

    assert wire(validation.body)["MSISDN"] == "nobody"
    assert answer(desk, validation, {"ResultCode": "C2B00011", "ResultDesc": "Rejected"}) == []


def test_a_validation_that_comes_twice_is_decided_by_its_first_answer() -> None:
    desk, sent = validated('duplicate: {gap_s: 0.5, "on": c2b_validation}')

    assert [row.url for row in sent] == [VALIDATION, VALIDATION]
    assert len(answer(desk, sent[0], {"ResultCode": "0"})) == 1
    assert answer(desk, sent[1], {"ResultCode": "C2B00011"}) == []


def test_a_strangers_validation_decides_nothing() -> None:
    _, (forged, true) = validated('forge: {"on": c2b_validation, gap_s: 0.5}')

    assert forged.forged_from
    assert (forged.precedes, true.precedes) == (False, True)
    assert wire(forged.body)["TransID"] != wire(true.body)["TransID"]


def test_a_confirmation_is_met_by_both_of_its_names() -> None:
    for name in ("callback", "c2b_confirmation"):
        desk = Desk()
        register(desk)
        queue(desk, f'delay: {{by_s: 30, "on": {name}}}')
        paid(desk)

        assert desk.after(20.0) == []
        assert [row.url for row in desk.after(20.0)] == [CONFIRMATION]


def pushing(desk: Desk) -> list[str]:
    """Where the messages of one STK payment go, in half a minute."""
    assert desk.call(PUSH, orjson.dumps(request("stk_push.request", {}))).status == 200
    return [row.url for row in desk.after(30.0)]


def desk_with_further_messages() -> Desk:
    """A short code that gets callback, C2B confirmation and payment push for its STK payments."""
    desk = Desk()
    register(desk, ShortCode="174379")
    body = payload("bill_manager.optin.request") | {"shortcode": "174379", "callbackurl": BILLS}
    assert desk.call(OPT_IN, orjson.dumps(body)).status == 200
    return desk


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("callback", payload("stk_push.request")["CallBackURL"]),
        ("c2b_confirmation", CONFIRMATION),
        ("bill_payment_push", BILLS),
    ],
)
def test_only_the_message_of_the_name_is_dropped(name: str, dropped: str) -> None:
    desk = desk_with_further_messages()
    every = pushing(desk)
    desk.after(200.0)
    queue(desk, f'drop: {{"on": {name}}}', "stk_push")

    assert len(every) == 3
    assert pushing(desk) == [url for url in every if url != dropped]


def test_a_forged_payment_push_names_another_payment_and_is_sent_once() -> None:
    desk = desk_with_further_messages()
    queue(desk, 'forge: {"on": bill_payment_push}', "stk_push")
    assert desk.call(PUSH, orjson.dumps(request("stk_push.request", {}))).status == 200
    forged, true = [row for row in desk.after(30.0) if row.url == BILLS]

    assert wire(forged.body)["transactionId"] != wire(true.body)["transactionId"]
    assert forged.attempts_left == 0
    assert true.attempts_left > 0


def test_a_change_is_tried_on_the_message_that_it_is_put_on() -> None:
    with pytest.raises(AssertionError, match="accountRef"):
        scenario_of('scenario: a/b\nabout: x\nfaults: [{mutate: {drop: [accountRef], "on": bill_payment_push}}]')
    scenario_of('scenario: a/b\nabout: x\nfaults: [{mutate: {drop: [accountReference], "on": bill_payment_push}}]')


def test_a_scenario_names_only_messages_that_its_endpoint_sends() -> None:
    with pytest.raises(AssertionError, match="never applies to c2b_validation calls"):
        scenario_of('scenario: a/b\nabout: x\nfaults: [{drop: {"on": c2b_validation}}]')
