"""Results: callback and query always agree, money that moved stays moved, wallets and limits hold."""

from __future__ import annotations

from typing import Any

import pytest
from core_kit import Desk, Playing, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.apis.core.execution import message_of
from tayari_simulator.catalogue.results import RESULTS, Wording, find, wire_form
from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import ALWAYS, Armed, Behaviour, Call, Delivery, Fixed, Reply, Step
from tayari_simulator.state.transactions import NEXT, Event, IllegalEvent, Status, Transaction

STK = sorted({str(row.code) for row in RESULTS if "stk" in row.apis})


def blank() -> Transaction:
    return Transaction(
        "ws_CO_1", "1", "stk_push", "254700000001", 1, "174379", "174379", "A", "http://127.0.0.1/", 0.0, 1.0
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", Event)
def test_every_pair_of_status_and_event_moves_as_the_table_says(status: Status, event: Event) -> None:
    payment = blank()
    payment.status = status
    if (status, event) not in NEXT:
        with pytest.raises(IllegalEvent, match=f"{status} cannot be {event}"):
            payment.move(event)
    else:
        payment.move(event)

        assert payment.status is NEXT[status, event]


def test_no_row_leads_back_to_a_prompt_or_away_from_paid() -> None:
    assert Status.PROMPTED not in NEXT.values()
    assert {after for (before, _), after in NEXT.items() if before is Status.PAID} == {Status.PAID}


@pytest.mark.parametrize("code", STK)
@pytest.mark.parametrize("wording", Wording)
def test_callback_and_query_agree_on_every_code(code: str, wording: Wording) -> None:
    desk = Desk({"wording": wording}, choose=Playing(Behaviour(name="x", steps=(Step(result_code=code),))))
    identifier = desk.pushed()
    result = desk.results(1.0)[0]
    answer = wire(desk.query(identifier).body)
    row = find(code)

    assert row is not None
    assert result["ResultCode"] == wire_form(code) == row.code
    assert answer["ResultCode"] == code
    assert result["ResultDesc"] == answer["ResultDesc"] == row.wording(wording)
    assert ("CallbackMetadata" in result) == (code == "0")


@settings(max_examples=60, deadline=None)
@given(codes=st.lists(st.sampled_from([0, 1, 1032, 1037, "E3008"]), min_size=1, max_size=5), ask_at=st.floats(0, 6))
def test_whatever_results_follow_each_other_a_paid_payment_stays_paid(codes: list[int | str], ask_at: float) -> None:
    steps = tuple(Step(result_code=code, after=Fixed(1.0)) for code in codes)
    desk = Desk({"query_too_early_s": "0", "in_flight": "4999"}, choose=Playing(Behaviour(name="x", steps=steps)))
    identifier = desk.pushed()
    queried = [result["ResultCode"] for result in desk.results(ask_at)]
    answer = wire(desk.query(identifier).body)["ResultCode"]

    expected = "0" if 0 in queried else str(queried[-1]) if queried else "4999"
    assert answer == expected
    assert queried == codes[: len(queried)]


def test_a_late_success_pays_and_a_receipt_is_one_and_the_same() -> None:
    steps = (Step(result_code=1037), Step(result_code=0, after=Fixed(600)), Step(result_code=0, after=Fixed(1)))
    desk = Desk(choose=Playing(Behaviour(name="late", steps=steps)))
    identifier = desk.pushed()
    results = desk.results(700)
    receipts = {result["CallbackMetadata"]["Item"][1]["Value"] for result in results[1:]}
    payment = desk.daraja.state.transactions.find(identifier)

    assert payment is not None
    assert [result["ResultCode"] for result in results] == [1037, 0, 0]
    assert receipts == {payment.receipt}
    assert payment.pending == 3  # callbacks that nobody has answered


def test_a_false_callback_is_sent_but_does_not_become_true() -> None:
    steps = (Step(result_code=1032), Step(result_code=0, truth=False))
    desk = Desk(choose=Playing(Behaviour(name="lie", steps=steps)))
    identifier = desk.pushed()

    assert [result["ResultCode"] for result in desk.results()] == [1032, 0]
    assert wire(desk.query(identifier).body)["ResultCode"] == "1032"


def test_a_suppressed_callback_leaves_the_query() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", steps=(Step(result_code=0, callback=False),))))
    identifier = desk.pushed()

    assert desk.results() == []
    assert wire(desk.query(identifier).body)["ResultCode"] == "0"


def test_a_late_callback_comes_after_the_truth() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", steps=(Step(result_code=0, callback_after=Fixed(5.0)),))))
    identifier = desk.pushed()

    assert desk.results(2) == []
    assert wire(desk.query(identifier).body)["ResultCode"] == "0"
    assert [result["CheckoutRequestID"] for result in desk.results(5)] == [identifier]


def test_a_held_callback_waits_until_it_is_let_go_and_the_truth_does_not() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", steps=(Step(result_code=0, after=Fixed(0.5)),))))
    desk.daraja.state.waiting_callbacks.hold("254708374149", 12.0, desk.now_s)
    identifier = desk.pushed()

    assert desk.results(3) == []
    assert wire(desk.query(identifier).body)["ResultCode"] == "0"
    assert len(desk.daraja.state.schedule) == 1

    desk.daraja.state.waiting_callbacks.hold("254708374149", 0, desk.now_s)

    assert [result["CheckoutRequestID"] for result in desk.results(0.1)] == [identifier]


def test_a_held_callback_goes_by_itself_when_its_time_is_over_and_others_are_not_held() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", steps=(Step(result_code=0, after=Fixed(0.5)),))))
    desk.daraja.state.waiting_callbacks.hold("254708374149", 12.0, desk.now_s)
    held, free = desk.pushed(), desk.pushed(PhoneNumber=254711000111, PartyA=254711000111)

    assert [result["CheckoutRequestID"] for result in desk.results(2)] == [free]
    assert [result["CheckoutRequestID"] for result in desk.results(11)] == [held]
    assert desk.results(60) == []


def test_a_wallet_pays_until_it_is_empty_and_others_always_can() -> None:
    desk = Desk()
    desk.daraja.state.ledger.set_wallet("254708374149", 100)
    codes = []
    for amount in (60, 50, 40, 1):
        desk.pushed(Amount=amount)
        codes += [result["ResultCode"] for result in desk.results(2)]
    desk.pushed(Amount=250_000, PhoneNumber=254711000111)

    assert codes == [0, 1, 0, 1]
    assert desk.daraja.state.ledger.wallet("254708374149") == 0
    assert [result["ResultCode"] for result in desk.results()] == [0]


def test_the_daily_limit_ends_in_4_until_the_next_day_in_east_africa() -> None:
    desk = Desk()
    for amount in (250_000, 249_999):
        desk.pushed(Amount=amount)
        desk.after(2)
    desk.pushed(Amount=2)
    assert [result["ResultCode"] for result in desk.results(2)] == [4]
    desk.after(9 * 3600 + 25 * 60)
    renewed = "Bearer " + wire(desk.oauth().body)["access_token"]
    desk.authorization = renewed
    desk.pushed(Amount=2)

    assert [result["ResultCode"] for result in desk.results(2)] == [0]


class Twice(TableFault):
    """Every callback two times, the second a second later."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        first = deliveries[0]
        again = Delivery(first.due_s + 1, first.url, first.body, first.transaction_id, first.msisdn)
        return (*deliveries, again)


class Busy(TableFault):
    """An outage in front of Daraja."""

    def instead(self) -> Reply | None:
        return Reply(503, b"<html>busy @request-id@</html>", content_type="text/html")


def test_a_callback_fault_rewrites_what_is_sent() -> None:
    armed = (Armed(fault=Twice(), on=Call.CALLBACK, times=ALWAYS),)
    desk = Desk(choose=Playing(Behaviour(name="x", armed=armed)))
    identifier = desk.pushed()

    assert [result["CheckoutRequestID"] for result in desk.results()] == [identifier, identifier]


def test_a_push_fault_answers_instead_so_often_and_then_daraja_recovers() -> None:
    playing = Playing(Behaviour(name="down", armed=(Armed(fault=Busy(), on=Call.STK_PUSH, times=2),)))
    desk = Desk(choose=playing)

    replies = [desk.push() for _ in range(3)]

    assert [reply.status for reply in replies] == [503, 503, 200]
    assert b"@request-id@" not in replies[0].body
    assert playing.accepted_msisdns == ["254708374149"]
    assert len(desk.results()) == 1
    assert desk.notes[1].scenario == "down"


@pytest.mark.parametrize("call", [Call.OAUTH, Call.STK_QUERY])
def test_faults_reach_tokens_and_queries_too(call: str) -> None:
    behaviour = Behaviour(
        name="down", armed=(Armed(fault=Busy(), on=call),), token_expires_in_s=60, token_expires_in_as="number"
    )
    desk = Desk(choose=Playing(behaviour, call))
    identifier = desk.pushed()
    desk.after(3)
    ask: Any = desk.oauth if call == Call.OAUTH else lambda: desk.query(identifier)

    assert [ask().status, ask().status] == [503, 200]


def test_a_scenario_shortens_the_life_of_a_token() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", token_expires_in_s=60, token_expires_in_as="number"), Call.OAUTH))
    answer = wire(desk.oauth().body)
    desk.authorization = f"Bearer {answer['access_token']}"
    desk.after(59)
    assert desk.push().status == 200
    desk.after(1)

    assert answer["expires_in"] == 60
    assert desk.push(Amount=3).status == 404


def test_a_fresh_callback_can_be_made_of_any_code() -> None:
    desk = Desk()
    identifier = desk.pushed()
    payment = desk.daraja.state.transactions.find(identifier)
    assert payment is not None
    with pytest.raises(ValueError, match="no result yet"):
        message_of(desk.daraja.state, payment, None, desk.now_s)

    forged = wire(message_of(desk.daraja.state, payment, 0, desk.now_s))["Body"]["stkCallback"]

    assert forged["ResultCode"] == 0
    assert payment.status is Status.PROMPTED


def test_transaction_date_can_be_earlier_than_the_push() -> None:
    desk = Desk({"transaction_date_skew_s": "600"})
    desk.pushed()
    items = desk.results()[0]["CallbackMetadata"]["Item"]

    assert {"Name": "TransactionDate", "Value": 20261007142504} in items
