"""Pushes and queries: credentials, the lock, the two-minute rule, and a query that is right at every moment."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from core_kit import PASSKEY, STAMP, Desk, Playing, error_of, wire
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.state.behaviour import Behaviour, Fixed, QuerySays, Step

LOCKED = "Unable to lock subscriber, a transaction is already in process for the current subscriber"


def password(short_code: str = "174379", passkey: str = PASSKEY, stamp: str = STAMP) -> str:
    return b64encode(f"{short_code}{passkey}{stamp}".encode()).decode()


def says(desk: Desk, identifier: str) -> tuple[int, str | None]:
    """Status, and ResultCode or the message of a query."""
    reply = desk.query(identifier)
    answer = wire(reply.body)
    return reply.status, answer.get("ResultCode") or answer.get("errorMessage")


@pytest.mark.parametrize(
    ("changes", "message", "note"),
    [
        ({"BusinessShortCode": 600000}, "Merchant does not exist", "known here is 174379"),
        ({"Password": password(passkey="other")}, "Wrong credentials", "another passkey"),
        ({"Password": password(stamp="20261007143502")}, "Wrong credentials", "another Timestamp"),
        ({"Password": password(short_code="600000")}, "Wrong credentials", "does not begin with the short code"),
        ({"Password": "not base64!"}, "Wrong credentials", "not base64"),
        ({"Password": f"174379{PASSKEY}{STAMP}"}, "Wrong credentials", "not base64"),
    ],
)
def test_short_code_and_password_are_truly_checked(changes: dict[str, Any], message: str, note: str) -> None:
    desk = Desk()

    assert error_of(desk.push(**changes)) == (500, "500.001.1001", message)
    assert note in desk.note
    assert error_of(desk.query("ws_CO_1", **changes)) == (500, "500.001.1001", message)


def test_buy_goods_needs_a_till() -> None:
    changes = {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": 9034112}

    assert error_of(Desk().push(**changes))[2] == "Bad Request - Invalid TransactionType"
    assert Desk(till="9034112").push(**changes).status == 200


@pytest.mark.parametrize(
    ("till", "changes", "code"),
    [
        (None, {"PartyB": 600000}, 2028),
        ("9034112", {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": 9034113}, "SFC_IC0003"),
    ],
)
def test_a_wrong_receiver_shows_in_the_result(till: str | None, changes: dict[str, Any], code: int | str) -> None:
    desk = Desk(till=till)
    desk.pushed(**changes)

    assert [result["ResultCode"] for result in desk.results()] == [code]


def test_the_phone_is_locked_until_the_result_and_other_phones_are_not() -> None:
    desk = Desk()
    first = desk.pushed()

    assert error_of(desk.push(Amount=2)) == (500, "500.001.1001", LOCKED)
    assert first in desk.note
    assert desk.push(PhoneNumber=254711000111).status == 200
    desk.after(1)
    assert desk.push(Amount=2).status == 200


def test_the_second_push_of_a_busy_phone_can_end_in_1001_instead() -> None:
    desk = Desk({"subscriber_lock": "result_1001"})
    first, second = desk.pushed(), desk.pushed(Amount=2)

    assert {result["CheckoutRequestID"]: result["ResultCode"] for result in desk.results()} == {first: 0, second: 1001}


def test_the_same_amount_within_two_minutes_ends_in_17() -> None:
    desk = Desk()
    desk.pushed(Amount=5)
    desk.after(60)
    desk.pushed(Amount=6)
    desk.after(30)
    desk.pushed(Amount=5)
    assert [result["ResultCode"] for result in desk.results(35)] == [17]
    desk.after(120)
    desk.pushed(Amount=5)

    assert [result["ResultCode"] for result in desk.results()] == [0]


def test_identical_pushes_make_two_payments() -> None:
    desk = Desk({"subscriber_lock": "off", "same_amount": "accept"})

    assert desk.pushed() != desk.pushed()
    assert len(desk.results()) == 2


@pytest.mark.parametrize(
    ("options", "profile", "changes"),
    [
        ({}, Profile.SANDBOX_OBSERVED, {}),
        ({"phone_as_string": "silent_1037"}, Profile.DOCUMENTED, {"PhoneNumber": "254711000111"}),
    ],
)
def test_a_phone_that_nobody_answers_times_out(options: dict[str, str], profile: Profile, changes: Any) -> None:
    desk = Desk(options, profile)
    desk.pushed(**changes)

    assert desk.results(25) == []
    assert [result["ResultCode"] for result in desk.results(40)] == [1037]


def test_ordinary_phones_in_a_sandbox_can_have_a_bad_debt() -> None:
    desk = Desk({"ordinary_phones": "bad_debt"})
    identifier = desk.pushed(PhoneNumber=254711000111)

    assert [result["ResultCode"] for result in desk.results()] == ["E3008"]
    assert says(desk, identifier) == (200, "E3008")


def test_the_query_goes_from_too_early_over_in_flight_to_the_result() -> None:
    play = Playing(Behaviour(name="slow", steps=(Step(result_code=0, after=Fixed(10)),)))
    desk = Desk({"in_flight": "4999"}, choose=play)
    identifier = desk.pushed()

    assert says(desk, identifier) == (400, "Bad Request - Invalid CheckoutRequestID")
    desk.after(5)
    assert says(desk, identifier) == (200, "4999")
    desk.after(5)
    assert says(desk, identifier) == (200, "0")


def test_the_mix_of_in_flight_forms_shows_all_of_them() -> None:
    play = Playing(Behaviour(name="slow", steps=(Step(result_code=0, after=Fixed(1000)),)))
    desk = Desk({"query_too_early_s": "0"}, choose=play)
    identifier = desk.pushed()

    forms = {says(desk, identifier) for _ in range(100)}

    assert forms == {(200, "4999"), (500, "The transaction is being processed"), (500, None)}


@pytest.mark.parametrize(("form", "status"), [("4999", 200), ("processing", 500), ("empty", 500), ("too_early", 400)])
def test_a_scenario_chooses_the_in_flight_forms_and_the_last_repeats(form: str, status: int) -> None:
    query = QuerySays(in_flight=("processing", form))
    desk = Desk(choose=Playing(Behaviour(name="x", steps=(Step(result_code=0, after=Fixed(9)),), query=query)))
    identifier = desk.pushed()

    assert [desk.query(identifier).status for _ in range(3)] == [500, status, status]


@pytest.mark.parametrize(
    ("says_instead", "expected"),
    [
        (QuerySays(result_code=1032), (200, "1032")),
        (QuerySays(error="500.003.02.system_busy"), (500, "System is busy. Please try again in few minutes.")),
    ],
)
def test_the_query_can_contradict_the_truth_for_some_calls(says_instead: QuerySays, expected: Any) -> None:
    limited = QuerySays(result_code=says_instead.result_code, error=says_instead.error, for_calls=2)
    desk = Desk(choose=Playing(Behaviour(name="x", query=limited)))
    identifier = desk.pushed()
    desk.after(5)

    assert [says(desk, identifier) for _ in range(3)] == [expected, expected, (200, "0")]


def test_the_query_can_name_another_payment() -> None:
    desk = Desk(choose=Playing(Behaviour(name="x", query=QuerySays(checkout_request_id="ws_CO_other"))))
    identifier = desk.pushed()
    desk.after(5)

    assert wire(desk.query(identifier).body)["CheckoutRequestID"] == "ws_CO_other"


@pytest.mark.parametrize(
    ("switch", "identifier", "status"),
    [
        ("by_form", "ws_CO_071020261435039708374149", 500),
        ("by_form", "junk", 400),
        ("400.002.02", "ws_CO_071020261435039708374149", 400),
        ("500.001.1001", "junk", 500),
    ],
)
def test_an_unknown_id_is_answered_as_switched(switch: str, identifier: str, status: int) -> None:
    assert Desk({"query_unknown_id": switch}).query(identifier).status == status


def test_a_push_of_a_suspended_organisation_is_refused() -> None:
    desk = Desk(till="555111")
    for code in ("174379", "555111"):
        organisation = desk.daraja.state.organisations.find(code)
        assert organisation is not None
        organisation.active = False
        changes = {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "555111"} if code == "555111" else {}

        reply = desk.push(**changes)

        assert (reply.status, wire(reply.body)["errorMessage"]) == (500, "Merchant does not exist")
        assert desk.note == f"the organisation {code} is suspended"
        organisation.active = True
        assert desk.push(**changes).status == 200
        desk.after(300)
