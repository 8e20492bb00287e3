"""C2B: registration of URLs, validation, the payment, its one confirmation, and the ledger."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from c2b_kit import (
    CONFIRMATION,
    PAYER,
    REGISTER_V1,
    SHORT_CODE,
    SIMULATE,
    SIMULATE_V1,
    VALIDATION,
    answer,
    paid,
    register,
    simulate,
    validating,
)
from core_kit import Desk, error_of, payload, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.apis.core.daraja_state import DeliveryAnswer
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Status

BAD_REQUEST = (400, "400.003.02", "Bad Request")


@pytest.mark.parametrize(
    ("field", "value"),
    [("ShortCode", None), ("ShortCode", "12"), ("ResponseType", "completed"), ("ResponseType", None),
     ("ConfirmationURL", "shop.example"), ("ConfirmationURL", "https://shop.example/mpesa/confirm"),
     ("ValidationURL", None), ("ValidationURL", "https://shop.example/SQL"), ("ValidationURL", 5)],
)  # fmt: skip
def test_a_bad_field_of_a_registration_is_refused_without_its_name(field: str, value: Any) -> None:
    assert error_of(register(Desk(), **{field: value})) == BAD_REQUEST


@pytest.mark.parametrize(
    ("field", "value"),
    [("ShortCode", "x"), ("CommandID", "PayBill"), ("Amount", 0), ("Amount", "1.5"), ("Amount", 250_001),
     ("Msisdn", "0711000111"), ("Msisdn", None), ("BillRefNumber", "x" * 21), ("BillRefNumber", ["x"])],
)  # fmt: skip
def test_a_bad_field_of_a_simulated_payment_is_refused_without_its_name(field: str, value: Any) -> None:
    assert error_of(simulate(Desk(), **{field: value})) == BAD_REQUEST


def test_forbidden_words_and_free_text_can_be_allowed() -> None:
    desk = Desk({"c2b_url_words": "accept", "c2b_response_type": "free_text"})

    assert register(desk, ConfirmationURL="https://x.example/mpesa", ResponseType="whatever").status == 200


def test_an_unknown_short_code_is_answered_in_plain_text() -> None:
    for reply in (register(Desk(), ShortCode="123456"), simulate(Desk(), ShortCode="123456")):
        assert (reply.status, reply.body) == (500, b"Service is currently unreachable")


def test_the_last_registration_holds_in_the_sandbox() -> None:
    desk = Desk()
    register(desk)
    register(desk, ConfirmationURL="https://shop.example.co.ke/c2b/new")
    paid(desk)

    assert [row.url for row in desk.after(5.0)] == ["https://shop.example.co.ke/c2b/new"]


def test_a_second_registration_is_refused_in_production_and_changes_nothing() -> None:
    desk = Desk(profile=Profile.PRODUCTION_OBSERVED)
    assert register(desk).status == 200
    refused = register(desk, ConfirmationURL="https://shop.example.co.ke/c2b/new")

    assert error_of(refused) == (500, "500.003.1001", "Urls are already registered.")
    urls = desk.daraja.state.organisations.find(SHORT_CODE).urls  # type: ignore[union-attr]
    assert urls is not None
    assert urls.confirmation == CONFIRMATION


def test_production_has_no_simulate() -> None:
    reply = simulate(Desk(profile=Profile.PRODUCTION_OBSERVED))

    assert error_of(reply) == (404, "404.003.01", "Resource not found")


@pytest.mark.parametrize(("product", "path"), [("v2", REGISTER_V1), ("v2", SIMULATE_V1), ("v1", SIMULATE)])
def test_a_call_of_the_other_version_is_refused(product: str, path: str) -> None:
    desk = Desk({"c2b_product": product})
    call = register if path == REGISTER_V1 else simulate

    assert error_of(call(desk, path))[:2] == (401, "401.003.01")
    assert register(desk, REGISTER_V1 if product == "v1" else "/mpesa/c2b/v2/registerurl").status == 200


@pytest.mark.parametrize(("value", "code"), [("400.003.01", 400), ("401.003.01", 401)])
def test_a_bad_token_is_refused_in_the_words_of_the_family(value: str, code: int) -> None:
    reply = Desk({"c2b_invalid_token": value}).call(SIMULATE, b"{}", authorization="Bearer " + "x" * 28)

    assert error_of(reply)[:2] == (code, value)


def test_without_urls_a_payment_is_made_and_no_message_is_sent() -> None:
    desk = Desk()
    transaction = paid(desk)

    assert desk.after(60.0) == []
    assert transaction.status is Status.PAID


def test_a_payment_is_confirmed_once_and_credits_the_utility_account() -> None:
    desk = Desk()
    register(desk)
    before = desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY)
    transaction = paid(desk)
    (confirmation,) = desk.after(3600.0)
    sent_body = wire(confirmation.body)

    assert (confirmation.url, sent_body["TransID"], sent_body["TransAmount"]) == (
        CONFIRMATION,
        transaction.receipt,
        "500.00",
    )
    assert sent_body["OrgAccountBalance"] == f"{before + 500}.00"
    assert confirmation.headers == ()
    assert all(isinstance(value, str) for value in sent_body.values())


def test_a_payer_without_money_pays_nothing_and_nothing_is_sent() -> None:
    desk = Desk()
    register(desk)
    desk.daraja.state.ledger.set_wallet(PAYER, 499)
    transaction = paid(desk)

    assert desk.after(60.0) == []
    assert (transaction.result_code, transaction.receipt) == (1, "")
    assert desk.daraja.state.ledger.wallet(PAYER) == 499


def test_the_daily_limit_of_a_payer_counts_pushes_and_c2b_together() -> None:
    desk = Desk({"daily_limit": "600"})
    desk.pushed(PhoneNumber=PAYER, PartyA=PAYER, Amount=200)
    desk.after(60.0)
    first, second = paid(desk, Amount=300), paid(desk, Amount=101)
    desk.after(60.0)

    assert (first.result_code, second.result_code) == (0, 4)


def test_a_payment_above_the_limit_of_the_organisation_ends_in_3_whether_pushed_or_not() -> None:
    desk = Desk()
    organisations = desk.daraja.state.organisations
    for short_code in (SHORT_CODE, "174379"):
        organisation = organisations.find(short_code)
        assert organisation is not None
        organisations.set_limits(organisation, 300, None)
    payments = [paid(desk, Amount=amount) for amount in (300, 301)]
    desk.pushed(PhoneNumber=PAYER, PartyA=PAYER, Amount=301)
    pushed = desk.daraja.state.transactions.of(PAYER)[-1]
    desk.after(60.0)

    assert [row.result_code for row in (*payments, pushed)] == [0, 3, 3]


def test_a_suspended_short_code_is_not_paid() -> None:
    desk = Desk()
    desk.daraja.state.organisations.find(SHORT_CODE).active = False  # type: ignore[union-attr]
    transaction = paid(desk)
    desk.after(5.0)

    assert transaction.result_code == 14


def test_the_validation_comes_first_and_money_waits_for_its_answer() -> None:
    desk = validating()
    transaction = paid(desk)
    (validation,) = desk.after(60.0)

    assert (validation.url, validation.timeout_s, validation.precedes) == (VALIDATION, 8.0, True)
    assert transaction.status is Status.PROMPTED
    (confirmation,) = answer(desk, validation, {"ResultCode": 0, "ThirdPartyTransID": "ORD-1"})
    assert confirmation["ThirdPartyTransID"] == "ORD-1"
    assert confirmation["TransID"] == wire(validation.body)["TransID"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"ResultCode": "C2B00011", "ResultDesc": "Rejected"}, 200, "C2B00011"),
        ({"ResultCode": "C2B00015"}, 200, "C2B00015"),
        ({"ResultCode": 1, "ResultDesc": "Rejected"}, 200, "C2B00016"),
        ({"ResultCode": "C2B99999"}, 200, "C2B00016"),
    ],
)
def test_a_rejection_cancels_whatever_response_type_says(body: object, status: int, code: str) -> None:
    desk = validating(response_type="Completed")
    transaction = paid(desk)
    (validation,) = desk.after(5.0)

    assert answer(desk, validation, body, status=status) == []
    assert (transaction.result_code, transaction.receipt) == (code, "")


UNREAD: list[tuple[Any, int]] = [
    (None, 0), ({"ResultCode": 0}, 500), (b"", 200), (b"{", 200), ([], 200), ({}, 200), ({"ResultCode": None}, 200),
    ({"ResultCode": True}, 200), ({"ResultCode": [0]}, 200), (b"\xff\x00", 200), ({"resultcode": 0}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), UNREAD)
@pytest.mark.parametrize(("response_type", "code"), [("Completed", 0), ("Cancelled", 2007)])
def test_where_no_answer_can_be_read_response_type_decides(
    body: object, status: int, response_type: str, code: int
) -> None:
    desk = validating(response_type=response_type)
    transaction = paid(desk)
    (validation,) = desk.after(5.0)
    messages = answer(desk, validation, body, status=status)

    assert transaction.result_code == code
    assert len(messages) == (1 if code == 0 else 0)


def test_a_validation_that_is_answered_after_a_reset_changes_nothing() -> None:
    desk = validating()
    transaction = paid(desk)
    desk.after(5.0)
    desk.daraja.forget()
    desk.daraja.answered(transaction, DeliveryAnswer(200, b'{"ResultCode": 0}', desk.now_s))

    assert desk.after(60.0) == []
    assert sum(desk.daraja.state.ledger.balances().values()) == 0


def test_only_organisations_that_have_it_switched_on_are_asked_to_validate() -> None:
    desk = Desk()
    register(desk)
    desk.daraja.state.organisations.find(SHORT_CODE).validates = True  # type: ignore[union-attr]
    register(desk, ShortCode="600001")
    paid(desk)
    paid(desk, ShortCode="600001")

    assert sorted(row.url for row in desk.after(5.0)) == [CONFIRMATION, VALIDATION]


@pytest.mark.parametrize(
    ("form", "shown"),
    [("masked", "2547 ***** 111"), ("full", PAYER), ("masked_2019", "25471****111"),
     ("hashed", payload("c2b.confirmation.paybill.hashed")["MSISDN"])],
)  # fmt: skip
def test_the_number_is_shown_in_every_form_that_was_seen(form: str, shown: str) -> None:
    desk = Desk({"c2b_msisdn": form})
    register(desk)
    paid(desk)

    assert [wire(row.body)["MSISDN"] for row in desk.after(5.0)] == [shown]


def test_names_are_empty_in_some_confirmations_and_missing_in_others() -> None:
    desk = Desk()
    register(desk)
    for _ in range(30):
        paid(desk)
        desk.now_s += 1
    forms = {tuple(wire(row.body))[10:] for row in desk.after(60.0)}

    assert forms == {("FirstName",), ("FirstName", "MiddleName", "LastName")}


def test_an_stk_payment_is_confirmed_to_the_c2b_urls_under_the_same_receipt() -> None:
    desk = Desk()
    register(desk, ShortCode="174379")
    desk.pushed()
    callback, confirmation = desk.after(60.0)
    items = {
        row["Name"]: row["Value"] for row in wire(callback.body)["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    }
    sent_body = wire(confirmation.body)

    assert sent_body["TransID"] == items["MpesaReceiptNumber"]
    assert (sent_body["TransAmount"], sent_body["BusinessShortCode"]) == ("1.00", "174379")
    assert sent_body["BillRefNumber"] == payload("stk_push.request")["AccountReference"]
    assert callback.headers == (("Businessshortcode", "174379"),)
    assert confirmation.headers == ()


def test_an_stk_payment_is_confirmed_once_where_the_switch_says_no_or_it_fails() -> None:
    off, by_organisation, failing = Desk({"stk_c2b_confirmation": "off"}), Desk(), Desk()
    for desk in (off, by_organisation, failing):
        register(desk, ShortCode="174379")
    failing.daraja.state.ledger.set_wallet("254708374149", 0)
    by_organisation.daraja.state.organisations.find("174379").confirms_pushes = False  # type: ignore[union-attr]

    for desk in (off, by_organisation, failing):
        desk.pushed()
        assert len(desk.after(60.0)) == 1


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**18), st.floats(allow_nan=False, allow_infinity=False), st.text(),
    st.lists(st.integers(0, 3), max_size=2), st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    st.sampled_from(["600984", "254711000111", "Completed", "https://a.example/c", "2026-10-07 14:00:00", "nan", "١٢"]),
)  # fmt: skip
EXAMPLES = {
    "/mpesa/c2b/v2/registerurl": "c2b_register.request",
    "/mpesa/c2b/v1/simulate": "c2b_simulate.request.paybill",
    "/pulltransactions/v1/register": "pull_register.request",
    "/pulltransactions/v1/query": "pull_query.request",
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_whatever_a_field_holds_the_answer_is_good_or_a_refusal(path: str, data: st.DataObject) -> None:
    body = payload(EXAMPLES[path])
    for name in data.draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=2)):
        body[name] = data.draw(VALUES)
    try:
        sent = orjson.dumps(body)
    except TypeError:
        return  # text that cannot be written as UTF-8
    reply = Desk().call(path, sent)

    assert reply.status in (200, 400) or reply.body == b"Service is currently unreachable"
    assert reply.status != 400 or error_of(reply)[1] in ("400.003.02", "400.002.02", "400.001")


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("c2b"), st.integers(1, 900), st.integers(0, 2)),
        st.tuples(st.just("push"), st.integers(1, 900), st.integers(0, 2)),
        st.tuples(st.just("answer"), st.sampled_from(["0", "C2B00012", "silence"]), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(0, 130), st.just(0)),
        st.tuples(st.just("wallet"), st.integers(0, 1500), st.integers(0, 2)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(ACTIONS, st.sampled_from(["Completed", "Cancelled"]), st.sampled_from(["all", "by_organisation"]))
def test_whatever_happens_money_is_neither_made_nor_lost_and_each_receipt_is_confirmed_once(
    actions: list[tuple[str, Any, int]], response_type: str, validation: str
) -> None:
    desk = Desk({"c2b_validation": validation, "subscriber_lock": "off", "token_lifetime_s": "999999"})
    register(desk, ShortCode="174379", ResponseType=response_type)
    state = desk.daraja.state
    waiting: list[Any] = []
    confirmed: list[str] = []

    def take(seconds: float) -> None:
        for row in desk.after(seconds):
            if row.precedes:
                waiting.append(row)
            elif row.url == CONFIRMATION:
                confirmed.append(wire(row.body)["TransID"])

    for action, value, number in actions:
        phone = f"25471100011{number}"
        if action == "c2b":
            paid(desk, ShortCode="174379", Amount=value, Msisdn=phone)
        elif action == "push":
            assert desk.push(Amount=value, PhoneNumber=phone, PartyA=phone).status == 200
        elif action == "wallet":
            state.ledger.set_wallet(phone, value)
        elif action == "answer" and waiting:
            row = waiting.pop(number % len(waiting))
            status, body = (0, b"") if value == "silence" else (200, orjson.dumps({"ResultCode": value}))
            transaction = state.transactions.find(row.transaction_id)
            assert transaction is not None
            transaction.pending -= 1
            desk.daraja.answered(transaction, DeliveryAnswer(status, body, desk.now_s))
        take(float(value) if action == "wait" else 0.0)
        assert sum(state.ledger.balances().values()) == 0
    take(3600.0)

    receipts = [row.receipt for row in state.transactions.all() if row.receipt]
    paid_in = sum(row.amount for row in state.transactions.all() if row.status is Status.PAID)
    assert sorted(confirmed) == sorted(receipts)
    assert len(set(receipts)) == len(receipts)
    assert state.ledger.balance("174379", Account.UTILITY) == 1_000_000 + paid_in
    assert all((state.ledger.wallet(f"25471100011{number}") or 0) >= 0 for number in range(3))
