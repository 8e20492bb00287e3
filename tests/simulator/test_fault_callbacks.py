"""Faults of the callback, one test each."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from bench_daraja import MSISDN, STARTED_S, Bench, codes_of, scenario_of
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.forge import Forge
from tayari_simulator.faults.huge_callback import HugeCallback
from tayari_simulator.faults.mutate import Mutate
from tayari_simulator.scenarios.lint import sample_message
from tayari_simulator.state.behaviour import Delivery

ITEM = "Body.stkCallback.CallbackMetadata.Item"


def delivered(fault: str, rest: str = "") -> list[Delivery]:
    """The callbacks of a payment of 100 shillings under one fault, in a minute."""
    bench = Bench()
    bench.selector.queue(scenario_of(f"scenario: a/b\nabout: x\n{rest}\nfaults: [{{{fault}}}]"), msisdn=MSISDN)
    bench.push()
    return bench.advance(60)


def times_of(deliveries: list[Delivery]) -> list[float]:
    return [delivery.due_s - STARTED_S for delivery in deliveries]


def callback(deliveries: list[Delivery]) -> dict[str, Any]:
    (delivery,) = deliveries
    stk_callback: dict[str, Any] = orjson.loads(delivery.body)["Body"]["stkCallback"]
    return stk_callback


def items(deliveries: list[Delivery]) -> dict[str, Any]:
    return {item["Name"]: item.get("Value", "no value") for item in callback(deliveries)["CallbackMetadata"]["Item"]}


def test_drop_sends_nothing() -> None:
    assert delivered("drop: {}") == []


def test_drop_leaves_later_results_alone() -> None:
    sent = delivered("drop: {}", "outcome: {result_code: 1037}\nthen: [{result_code: 0}]")

    assert codes_of(sent) == [0]


def test_duplicate_sends_the_same_body_apart() -> None:
    sent = delivered("duplicate: {count: 3, gap_s: 2}")

    assert times_of(sent) == [1, 3, 5]
    assert len({delivery.body for delivery in sent}) == 1
    assert [delivery.note for delivery in sent] == ["duplicate 1 of 3", "duplicate 2 of 3", "duplicate 3 of 3"]


def test_duplicate_in_parallel_sends_all_at_once() -> None:
    assert times_of(delivered("duplicate: {count: 3, parallel: true}")) == [1, 1, 1]


def test_delay_comes_later_than_the_outcome() -> None:
    assert times_of(delivered("delay: {by_s: 7}")) == [8]


def test_before_ack_calls_back_while_the_acknowledgement_is_held() -> None:
    bench = Bench()
    text = "scenario: a/b\nabout: x\nfaults: [{before_ack: {hold_s: 3, callback_at_s: 0.5}}]"
    bench.selector.queue(scenario_of(text), msisdn=MSISDN)

    assert bench.push().delay_s == 3
    assert times_of(bench.advance(10)) == [0.5]


def test_late_failure_sends_a_false_failure_after_a_success() -> None:
    bench = Bench()
    text = "scenario: a/b\nabout: x\nfaults: [{late_failure: {result_code: 1037, after_s: 2}}]"
    bench.selector.queue(scenario_of(text), msisdn=MSISDN)
    bench.push()
    identifier = bench.last_id
    sent = bench.advance(10)

    assert codes_of(sent) == [0, 1037]
    assert times_of(sent) == [1, 3]
    assert orjson.loads(bench.query(identifier).body)["ResultCode"] == "0"


@pytest.mark.parametrize(("form", "body"), [("empty", b""), ("text", b"Service is currently unreachable")])
def test_malformed_callback_has_no_json(form: str, body: bytes) -> None:
    assert [delivery.body for delivery in delivered(f"malformed_callback: {{form: {form}}}")] == [body]


def test_malformed_callback_can_break_off() -> None:
    (delivery,) = delivered("malformed_callback: {}")

    assert delivery.body.startswith(b'{"Body":{"stkCallback":')
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(delivery.body)


def test_mutate_sets_and_drops_by_path() -> None:
    sent = delivered(
        f'mutate: {{set: {{Body.stkCallback.ResultCode: "0", "{ITEM}[Amount].Value": 1}}, '
        f'drop: ["{ITEM}[MpesaReceiptNumber]"]}}'
    )

    assert callback(sent)["ResultCode"] == "0"
    assert items(sent)["Amount"] == 1
    assert list(items(sent)) == ["Amount", "TransactionDate", "PhoneNumber"]


def test_mutate_orders_the_named_items_first() -> None:
    assert list(items(delivered("mutate: {order: [PhoneNumber, Amount]}"))) == [
        "PhoneNumber",
        "Amount",
        "MpesaReceiptNumber",
        "TransactionDate",
    ]


def test_mutate_adds_an_item_without_a_value() -> None:
    sent = delivered(f'mutate: {{set: {{"{ITEM}[Balance]": {{Name: Balance}}}}}}')

    assert items(sent)["Balance"] == "no value"


def test_mutate_keeps_the_form_of_numbers() -> None:
    (delivery,) = delivered(
        f'mutate: {{set: {{"{ITEM}[Amount].Value": {{$decimal: "."}}, '
        f'"{ITEM}[TransactionDate].Value": {{$text: "."}}}}}}'
    )

    assert b'{"Name":"Amount","Value":100.00}' in delivery.body
    assert b'{"Name":"TransactionDate","Value":"2026' in delivery.body


def test_mutate_leaves_what_a_callback_lacks_and_says_so() -> None:
    sent = delivered(
        f'mutate: {{set: {{"{ITEM}[Amount].Value": 1}}, times: 2}}',
        "outcome: {result_code: 1037}\nthen: [{result_code: 0}]",
    )

    assert "is not in this body" in sent[0].note
    assert sent[1].note == "mutated"


def reordered(rest: str = "") -> Bench:
    bench = Bench()
    text = f"scenario: a/b\nabout: x\nfaults: [{{reorder: {{within_s: 10, gap_s: 0.5}}}}]\n{rest}"
    bench.selector.queue(scenario_of(text), msisdn=MSISDN)
    return bench


def test_reorder_lets_the_next_payments_callback_overtake() -> None:
    bench = reordered()
    bench.push()
    first = bench.last_id
    bench.advance(3)
    bench.push(msisdn="254722000000")
    second = bench.last_id
    sent = bench.advance(60)

    assert [delivery.transaction_id for delivery in sent] == [second, first]
    assert times_of(sent) == [4, 4.5]
    assert sent[1].note == "reordered"


def test_reorder_ends_when_nobody_overtakes() -> None:
    bench = reordered()
    bench.push()

    assert times_of(bench.advance(60)) == [11]


def test_reorder_is_not_overtaken_by_the_same_payment() -> None:
    bench = reordered("then: [{result_code: 1037}]\noutcome: {result_code: 1}")
    bench.push()

    assert times_of(bench.advance(60)) == [2, 11]


@pytest.mark.parametrize("whose", ["unknown", "guessed", "own"])
def test_forge_sends_a_false_callback_before_the_true_one(whose: str) -> None:
    sent = delivered(f"forge: {{id: {whose}, gap_s: 2, source: 198.51.100.7}}", "outcome: {result_code: 1032}")
    forged, true = sent
    stk_callback = orjson.loads(forged.body)["Body"]["stkCallback"]

    assert times_of(sent) == [1, 3]
    assert codes_of(sent) == [0, 1032]
    assert (forged.forged_from, true.forged_from) == ("198.51.100.7", "")
    assert (stk_callback["CheckoutRequestID"] == true.transaction_id) is (whose == "own")
    assert len(stk_callback["CheckoutRequestID"]) == len(true.transaction_id)
    assert stk_callback["CallbackMetadata"]["Item"][1]["Value"] == "FAKE000001"


def test_forge_guesses_the_second_and_the_phone() -> None:
    forged, true = delivered("forge: {id: guessed}")
    guess = orjson.loads(forged.body)["Body"]["stkCallback"]["CheckoutRequestID"]

    assert guess[:-10] == true.transaction_id[:-10]
    assert guess[-9:] == MSISDN[-9:]


def test_huge_callback_is_good_json_of_that_size() -> None:
    sent = delivered("huge_callback: {kilobytes: 300}")

    assert len(sent[0].body) == 300 * 1024
    assert callback(sent)["ResultDesc"].strip() == "The service request is processed successfully."
    assert items(sent)["Amount"] == 100


@pytest.mark.parametrize(("method", "empty"), [("GET", True), ("HEAD", True), ("PUT", False), ("DELETE", True)])
def test_wrong_method_calls_otherwise_and_then_posts(method: str, empty: bool) -> None:
    odd, true = delivered(f"wrong_method: {{method: {method}, gap_s: 2}}")

    assert [odd.method, true.method] == [method, "POST"]
    assert (odd.body == b"") is empty
    assert true.due_s - odd.due_s == 2


def messages_of(call: str, fault: TableFault) -> list[Any]:
    """What comes of the fault and one good message of this kind of transaction."""
    body = sample_message(call, success=True)
    return [orjson.loads(row.body) for row in fault.deliver((Delivery(0.0, "http://127.0.0.1/", body, "1", MSISDN),))]


def test_forge_reports_another_c2b_payment() -> None:
    forged, true = messages_of("c2b", Forge())

    assert forged["TransID"] != true["TransID"]
    assert forged | {"TransID": true["TransID"]} == true


def test_forge_sends_a_result_under_another_conversation() -> None:
    forged, true = messages_of("b2c", Forge(result_code=1))

    assert forged["Result"]["ConversationID"] != true["Result"]["ConversationID"]
    assert (forged["Result"]["ResultCode"], true["Result"]["ResultCode"]) == (1, 0)
    assert "ResultParameters" not in forged["Result"]


def test_forge_works_for_a_tills_payment_and_for_an_order() -> None:
    forged, true = messages_of("b2b_express", Forge(result_code=4001))
    assert forged["requestId"] != true["requestId"]
    assert (forged["resultCode"], true["resultCode"]) == ("4001", "0")
    forged, true = messages_of("ratiba", Forge())

    assert forged["responseHeader"].pop("responseRefID") != true["responseHeader"].pop("responseRefID")
    assert forged == true


@pytest.mark.parametrize(("call", "place"), [("c2b", "BillRefNumber"), ("b2c", "ResultDesc")])
def test_huge_callback_lengthens_a_text_of_any_message(call: str, place: str) -> None:
    (message,) = messages_of(call, HugeCallback(kilobytes=20))

    assert len((message.get("Result") or message)[place]) > 19_000


def test_order_puts_the_keys_of_a_flat_body_first() -> None:
    (message,) = messages_of("c2b", Mutate(order=("MSISDN", "TransID")))

    assert list(message)[:3] == ["MSISDN", "TransID", "TransactionType"]


def test_order_puts_the_parameters_of_a_result_first() -> None:
    (message,) = messages_of("b2c", Mutate(order=("TransactionReceipt",)))
    rows = message["Result"]["ResultParameters"]["ResultParameter"]

    assert rows[0]["Key"] == "TransactionReceipt"
    assert len(rows) == 8
