"""Lipa na Bonga: points are counted and redeemed, and the money arrives as a C2B confirmation."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from c2b_kit import PAYER, SHORT_CODE, register
from core_kit import Desk, error_of, payload, wire
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.ledger import Account

POINTS = "/v1/lipa/na/bonga/calculate-points"
REDEEM = "/v1/lipa/na/bonga/redeem-paybill"
REQUEST: dict[str, Any] = {
    "msisdn": PAYER, "amount": 100, "bongaPoints": 500, "conversionRate": 0.2, "shortCode": SHORT_CODE,
    "accountNumber": "HOUSE-12B",
}  # fmt: skip


def redeem(desk: Desk, **changes: Any) -> Reply:
    return desk.call(REDEEM, orjson.dumps(REQUEST | changes))


def test_points_are_worth_what_the_switch_says_in_the_envelope_of_the_family() -> None:
    points = wire(Desk({"bonga_rate": "0.5"}).call(POINTS, orjson.dumps({"points": 301})).body)

    assert list(points["header"]) == list(payload("iot.envelope.response")["header"])
    assert points["header"]["responseCode"] == 200
    assert points["body"]["amount"] == 150


def test_a_redemption_is_confirmed_and_takes_nothing_from_the_wallet() -> None:
    desk = Desk()
    register(desk)
    desk.daraja.state.ledger.set_wallet(PAYER, 5)
    answer = wire(redeem(desk).body)
    (confirmation,) = desk.after(60.0)
    points = wire(confirmation.body)

    assert points["TransID"] == answer["body"]["transactionId"]
    assert (points["TransAmount"], points["BillRefNumber"]) == ("100.00", "HOUSE-12B")
    assert desk.daraja.state.ledger.wallet(PAYER) == 5
    assert desk.daraja.state.ledger.balance(SHORT_CODE, Account.UTILITY) == 1_000_100
    assert sum(desk.daraja.state.ledger.balances().values()) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("msisdn", "0711"), ("amount", 0), ("bongaPoints", "x"), ("conversionRate", 0), ("conversionRate", "nan"),
     ("conversionRate", [1]), ("conversionRate", True), ("shortCode", "123456"), ("shortCode", "1"),
     ("accountNumber", ""), ("accountNumber", "x" * 21)],
)  # fmt: skip
def test_bad_fields_are_refused(field: str, value: Any) -> None:
    assert error_of(redeem(Desk(), **{field: value})) == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize("value", [None, -1, "many", 1.5, {}])
def test_bad_points_are_refused(value: Any) -> None:
    assert error_of(Desk().call(POINTS, orjson.dumps({"points": value})))[:2] == (400, "400.002.02")
