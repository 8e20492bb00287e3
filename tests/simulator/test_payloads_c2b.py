"""The example payloads of C2B are what the simulator puts on the wire, key order included."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from c2b_kit import PAYER, REGISTER_V1, SIMULATE_V1, answer, paid, register, simulate, validating
from core_kit import Desk, payload, wire

NODE_ID = re.compile(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d{8}")
CONVERSATION_ID = re.compile(r"AG_20261007_[0-9a-f]{20}")
RECEIPT = re.compile(r"UJ7[0-9A-Z]{7}")


def same(ours: Any, name: str, **given: Any) -> None:
    """Ours is the example, once the named fields (those drawn, or those of the example's customer) are taken over."""
    example = payload(name)
    for key in given:
        assert key in ours
        ours[key] = example[key]
    assert json.dumps(ours) == json.dumps(example)


@pytest.mark.parametrize(
    ("name", "form"),
    [("response", "usual"), ("response.description_only", "description_only"), ("response.eight_zeros", "eight_zeros"),
     ("response.v1_legacy", "empty_ids")],
)  # fmt: skip
def test_a_registration_is_acknowledged_in_every_form_that_was_seen(name: str, form: str) -> None:
    ours = wire(register(Desk({"c2b_register_ack": form})).body)
    example = payload(f"c2b_register.{name}")
    if ours.get("OriginatorCoversationID"):
        assert NODE_ID.fullmatch(ours["OriginatorCoversationID"])
        ours["OriginatorCoversationID"] = example["OriginatorCoversationID"]

    assert json.dumps(ours) == json.dumps(example)


def test_version_one_of_register_takes_the_same_body() -> None:
    assert wire(register(Desk(), REGISTER_V1).body)["ResponseCode"] == "0"


@pytest.mark.parametrize("name", ["paybill", "till"])
def test_the_example_requests_are_accepted(name: str) -> None:
    reply = simulate(Desk(), **payload(f"c2b_simulate.request.{name}"))

    assert NODE_ID.fullmatch(wire(reply.body)["OriginatorCoversationID"])
    same(wire(reply.body), "c2b_simulate.response", OriginatorCoversationID="drawn")


def test_version_one_of_simulate_has_a_conversation_id_and_no_response_code() -> None:
    ours = wire(simulate(Desk(), SIMULATE_V1).body)

    assert CONVERSATION_ID.fullmatch(ours["ConversationID"])
    same(ours, "c2b_simulate.response.v1", ConversationID="drawn", OriginatorCoversationID="drawn")


def test_validation_and_confirmation_are_the_examples() -> None:
    desk = validating({"c2b_names": "empty"})
    desk.daraja.state.ledger.set("600984", "Utility Account", 30171)
    desk.now_s += 426
    transaction = paid(desk)
    (validation,) = desk.after(1.0)
    ours = wire(validation.body)
    (confirmation,) = answer(desk, validation, payload("c2b.validation.reply.accept.with_third_party_id"))

    assert RECEIPT.fullmatch(transaction.id)
    assert ours["TransID"] == confirmation["TransID"] == transaction.receipt == transaction.id
    same(ours, "c2b.validation.request", TransID="drawn")
    same(confirmation, "c2b.confirmation.paybill.v2", TransID="drawn")


def test_a_pay_bill_confirmation_can_have_a_hash_and_one_name() -> None:
    desk = Desk({"c2b_names": "missing", "c2b_msisdn": "hashed"})
    desk.daraja.state.organisations.find("600984")
    desk.daraja.state.ledger.set("600984", "Utility Account", 30671)
    register(desk)
    desk.now_s += 494
    paid(desk, Amount=1)
    (confirmation,) = desk.after(1.0)

    same(wire(confirmation.body), "c2b.confirmation.paybill.hashed", TransID="drawn")


def test_a_till_confirmation_of_production_has_no_account() -> None:
    """The example's balance has cents, which whole shillings cannot have; its short code is nobody's here."""
    desk = Desk({"c2b_names": "empty", "c2b_msisdn": "hashed", "c2b_till_type": "Customer Merchant Payment"})
    register(desk)
    desk.now_s += 596
    paid(desk, Amount=120, CommandID="CustomerBuyGoodsOnline")
    (confirmation,) = desk.after(1.0)
    drawn = {"TransID": "", "BusinessShortCode": "", "OrgAccountBalance": ""}

    same(wire(confirmation.body), "c2b.confirmation.till.hashed", **drawn)


def test_the_old_confirmation_shows_the_whole_number_and_all_names() -> None:
    """The example is of 2019, and of a customer with a middle name; the payers here have none."""
    desk = Desk({"c2b_names": "full", "c2b_msisdn": "full"})
    desk.daraja.state.organisations.find("600984")
    desk.daraja.state.ledger.set("600984", "Utility Account", 49187)
    register(desk, REGISTER_V1)
    paid(desk, Amount=10, Msisdn="254708374149", BillRefNumber="invoice008")
    (confirmation,) = desk.after(1.0)
    drawn = {"TransID": "", "TransTime": "", "FirstName": "", "MiddleName": "", "LastName": ""}

    same(wire(confirmation.body), "c2b.confirmation.v1_plain", **drawn)


def test_a_rejection_as_in_the_example_cancels_the_payment() -> None:
    desk = validating()
    transaction = paid(desk, Msisdn=PAYER)
    (validation,) = desk.after(1.0)

    assert answer(desk, validation, payload("c2b.validation.reply.reject")) == []
    assert transaction.result_code == "C2B00012"


def test_the_plain_acceptance_of_the_example_lets_the_payment_go_on() -> None:
    desk = validating()
    paid(desk)
    (validation,) = desk.after(1.0)
    (confirmation,) = answer(desk, validation, payload("c2b.validation.reply.accept"))

    assert confirmation["ThirdPartyTransID"] == ""
