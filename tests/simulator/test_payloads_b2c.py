"""B2C as in the example payloads: request, acknowledgement, every result."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from core_kit import Desk, Playing, error_of, payload, wire
from initiator_kit import B2C as V3
from initiator_kit import CONVERSATION, NODE_ID, PHONE, PLACEHOLDER, RECEIPT, SHORT_CODE, ask
from initiator_kit import ending as ending_of
from tayari_simulator.apis.core.organisations import Organisation, Organisations
from tayari_simulator.catalogue.results import ABOVE_MAXIMUM
from tayari_simulator.state.behaviour import Behaviour, Fixed, Reply, Step
from tayari_simulator.state.ledger import WALLET, Account, Ledger

V1 = "/mpesa/b2c/v1/paymentrequest"
FAILURES = [
    ("above_maximum", 3), ("account_rule", 2006), ("below_minimum", 2), ("credential_locked", 8006),
    ("daily_limit", 4), ("debit_party_invalid", 11), ("initiator_invalid", 2001), ("initiator_not_allowed", 21),
    ("insufficient", 1), ("max_balance", 8), ("operator_missing", "SFC_IC0003"), ("product_assignment", 2028),
    ("system_error", 17), ("unregistered_recipient", 2040),
]  # fmt: skip


def pay(desk: Desk, path: str = V3, **changes: Any) -> Reply:
    """A payout like the example, with a credential that this simulator can open."""
    return ask(desk, path, "b2c_v3.request" if path == V3 else "b2c_v1.request", **changes)


def result_of(desk: Desk, **changes: Any) -> Any:
    """The `Result` of a payout that was accepted: the only message that is sent."""
    reply = pay(desk, **changes)
    assert reply.status == 200, reply.body
    (delivery,) = desk.after(20.0)
    return wire(delivery.body)["Result"]


def ending(code: int | str) -> Desk:
    return ending_of(code, "b2c")


def same(ours: dict[str, Any], example: dict[str, Any]) -> None:
    """Equal but for what is drawn: the conversation and the receipt have the right form."""
    assert CONVERSATION.fullmatch(ours["ConversationID"])
    form = PLACEHOLDER if PLACEHOLDER.fullmatch(example["TransactionID"]) else RECEIPT
    assert form.fullmatch(ours["TransactionID"])
    assert (form is PLACEHOLDER) == bool(PLACEHOLDER.fullmatch(ours["TransactionID"]))
    drawn = {"ConversationID": example["ConversationID"], "TransactionID": example["TransactionID"]}
    assert json.dumps(ours | drawn) == json.dumps(example)


@pytest.mark.parametrize("version", ["b2c_v3", "b2c_v1"])
def test_the_acknowledgement_is_the_example(version: str) -> None:
    example = payload(f"{version}.response")
    ours = wire(pay(Desk(), V3 if version == "b2c_v3" else V1).body)

    assert CONVERSATION.fullmatch(ours["ConversationID"])
    if version == "b2c_v1":
        assert NODE_ID.fullmatch(ours["OriginatorConversationID"])
        ours["OriginatorConversationID"] = example["OriginatorConversationID"]
    assert json.dumps(ours | {"ConversationID": example["ConversationID"]}) == json.dumps(example)


@pytest.mark.parametrize(("name", "code"), FAILURES)
def test_a_failure_is_the_example(name: str, code: int | str) -> None:
    same(result_of(ending(code)), payload(f"b2c.result.fail.{name}")["Result"])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("success", {}),
        ("success.reordered", {"b2c_parameters": "receiver_first", "internal_results_url": "production"}),
    ],
)
def test_a_success_is_the_example(name: str, options: dict[str, str]) -> None:
    example = payload(f"b2c.result.{name}")["Result"]
    ours = result_of(Desk(options))
    parameters = {row["Key"]: row["Value"] for row in ours["ResultParameters"]["ResultParameter"]}

    assert [row["Key"] for row in ours["ResultParameters"]["ResultParameter"]] == [
        row["Key"] for row in example["ResultParameters"]["ResultParameter"]
    ]
    assert parameters["TransactionReceipt"] == ours["TransactionID"]
    assert RECEIPT.fullmatch(ours["TransactionID"])
    assert parameters["TransactionAmount"] == 250
    assert parameters["ReceiverPartyPublicName"] == f"{PHONE} - AMINA WANJIRU"
    assert re.fullmatch(r"07\.10\.2026 14:\d\d:\d\d", parameters["TransactionCompletedDateTime"])
    assert parameters["B2CUtilityAccountAvailableFunds"] == "999750.00"
    assert ours["ReferenceData"] == example["ReferenceData"]


def test_addresses_of_production_have_escaped_slashes() -> None:
    desk = Desk({"internal_results_url": "production"})
    pay(desk)

    assert rb"http:\/\/internalapi.safaricom.co.ke\/mpesa\/b2cresults\/v1\/submit" in desk.after(20.0)[0].body


def test_results_may_carry_text_for_numbers() -> None:
    result = result_of(Desk({"result_types": "text"}))

    assert (result["ResultType"], result["ResultCode"]) == ("0", "0")


def test_the_second_request_with_an_id_is_refused_and_pays_nothing() -> None:
    desk = Desk()
    pay(desk)
    reply = pay(desk)

    assert error_of(reply) == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    assert len(desk.after(20.0)) == 1
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 999_750


def test_version_1_has_no_de_duplication_and_pays_twice() -> None:
    desk = Desk()
    pay(desk, V1)
    pay(desk, V1)

    assert [wire(row.body)["Result"]["ResultCode"] for row in desk.after(20.0)] == [0, 0]
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 999_500


def test_an_empty_utility_account_ends_in_1_though_the_working_account_is_full() -> None:
    desk = Desk({"opening_utility": "249", "opening_working": "900000"})

    assert result_of(desk)["ResultCode"] == 1
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 249


@pytest.mark.parametrize(("shillings", "code"), [(9, 2), (10, 0), (250_000, 0), (250_001, 3)])
def test_the_result_reports_limits(shillings: int, code: int) -> None:
    assert result_of(Desk(), Amount=shillings)["ResultCode"] == code


def test_a_wallet_that_would_hold_too_much_ends_in_8() -> None:
    desk = Desk()
    desk.daraja.state.ledger.set_wallet(PHONE, 499_900)

    assert result_of(desk)["ResultCode"] == 8
    assert result_of(desk, OriginatorConversationID="other", Amount=100)["ResultCode"] == 0
    assert desk.daraja.state.ledger.balance(PHONE, WALLET) == 500_000


def limited(largest_amount: int, daily_payout: int, options: dict[str, str] | None = None) -> Desk:
    desk = Desk(options or {})
    organisations = desk.daraja.state.organisations
    organisation = organisations.find(SHORT_CODE)
    assert organisation is not None
    organisations.set_limits(organisation, largest_amount, daily_payout)
    return desk


def test_a_limit_that_an_organisation_begins_with_counts_also_after_a_reset() -> None:
    organisations = Organisations((Organisation(short_code="600100", largest_amount=300),), Ledger(), opening={})

    for _ in range(2):
        assert organisations.limit_result("600100", 300) is None
        assert organisations.limit_result("600100", 301) == ABOVE_MAXIMUM
        organisations.reset()


def test_the_result_reports_limits_of_the_organisation_until_the_next_day() -> None:
    desk = limited(300, 500, {"token_lifetime_s": "9e9"})
    amounts = (301, 300, 201, 200, 1000)
    codes = [result_of(desk, OriginatorConversationID=f"id-{at}", Amount=at)["ResultCode"] for at in amounts]
    desk.now_s += 86_400
    tomorrow = result_of(desk, OriginatorConversationID="tomorrow", Amount=300)["ResultCode"]

    assert codes == [3, 0, 4, 0, 3]
    assert tomorrow == 0
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 1_000_000 - 800


def test_a_limit_of_0_takes_the_organisations_own_limit_away() -> None:
    desk = limited(300, 0)
    organisations = desk.daraja.state.organisations
    organisation = organisations.find(SHORT_CODE)
    assert organisation is not None
    organisations.set_limits(organisation, 0, None)

    assert result_of(desk, Amount=301)["ResultCode"] == 0


def test_a_wrong_password_ends_in_2001_and_locks_after_three() -> None:
    desk = Desk()
    wrong = desk.daraja.state.credentials.encrypt("Safaricom111!")
    codes = [
        result_of(desk, OriginatorConversationID=f"payout-{number}", SecurityCredential=wrong)["ResultCode"]
        for number in range(4)
    ]

    assert codes == [2001, 2001, 8006, 8006]
    assert result_of(desk)["ResultCode"] == 8006


def test_a_credential_of_another_certificate_is_acknowledged_and_ends_in_2001() -> None:
    foreign = payload("b2c_v3.request")["SecurityCredential"]

    assert result_of(Desk(), SecurityCredential=foreign)["ResultCode"] == 2001


def test_an_unknown_initiator_or_organisation_ends_in_2001() -> None:
    assert result_of(Desk(), InitiatorName="nobody")["ResultCode"] == 2001
    assert result_of(Desk(), PartyA=700_000)["ResultCode"] == 2001


def test_a_role_that_does_not_allow_the_command_ends_in_21() -> None:
    desk = Desk()
    organisation = desk.daraja.state.organisations.find(SHORT_CODE)
    assert organisation is not None
    organisation.initiators[0].commands = frozenset({"SalaryPayment"})

    assert result_of(desk)["ResultCode"] == 21


def test_a_suspended_organisation_ends_in_11() -> None:
    desk = Desk()
    organisation = desk.daraja.state.organisations.find(SHORT_CODE)
    assert organisation is not None
    organisation.active = False

    assert result_of(desk)["ResultCode"] == 11


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"OriginatorConversationID": None}, "OriginatorConversationID"),
        ({"InitiatorName": ""}, "InitiatorName"),
        ({"SecurityCredential": "%%%"}, "SecurityCredential"),
        ({"CommandID": "businesspayment"}, "CommandID"),
        ({"Amount": "10.5"}, "Amount"),
        ({"PartyA": "12"}, "PartyA"),
        ({"PartyB": "0711000111"}, "PartyB"),
        ({"Remarks": "x"}, "Remarks"),
        ({"QueueTimeOutURL": "no url"}, "QueueTimeOutURL"),
        ({"ResultURL": None}, "ResultURL"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    assert error_of(pay(Desk(), **changes)) == (400, "400.002.02", f"Bad Request - Invalid {field}")


def test_occassion_is_optional_and_the_other_spelling_is_ignored() -> None:
    assert pay(Desk(), Occassion=None, Occasion="Refund").status == 200


def test_a_queue_time_out_calls_its_own_url_and_settles_nothing() -> None:
    steps = (
        Step(result_code=0, after=Fixed(5.0), truth=False, to_timeout_url=True),
        Step(result_code=0, after=Fixed(5.0)),
    )
    desk = Desk(choose=Playing(Behaviour(name="example", steps=steps), "b2c"))
    pay(desk)
    (first,) = desk.after(6.0)
    untouched = desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY)
    (second,) = desk.after(6.0)

    assert first.url == "https://shop.example.co.ke/b2c/timeout"
    same(wire(first.body)["Result"], payload("result.queue_timeout.unverified")["Result"])
    assert untouched == 1_000_000
    assert second.url == "https://shop.example.co.ke/b2c/result"
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 999_750


def test_whatever_happens_the_ledger_sums_to_zero() -> None:
    desk = Desk()
    pay(desk)
    desk.pushed()
    desk.after(60.0)
    balances = desk.daraja.state.ledger.balances()

    assert sum(balances.values()) == 0
    assert balances[SHORT_CODE, Account.UTILITY] == 999_750
