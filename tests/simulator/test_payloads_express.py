"""B2B express checkout as in the example payloads: request, acknowledgement, both forms of the callback."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from core_kit import Desk, Playing, payload, wire
from tayari_simulator.state.behaviour import Behaviour, Fixed, Step
from tayari_simulator.state.ledger import Account
from test_payloads_stk import RECEIPT

PATH = "/v1/ussdpush/get-msisdn"
TILL = "9034112"
VENDOR = "600984"
CONVERSATION = re.compile(r"AG_20261007_[0-9A-Za-z]{20}")


def asked(desk: Desk, **changes: Any) -> Any:
    """The callback of a request like the example."""
    reply = desk.call(PATH, orjson.dumps(payload("b2b_express.request") | changes))
    assert json.dumps(wire(reply.body)) == json.dumps(payload("b2b_express.response"))
    (delivery,) = desk.after(20.0)
    assert delivery.url == payload("b2b_express.request")["callbackUrl"]
    return wire(delivery.body)


def ending(code: int) -> Desk:
    steps = (Step(result_code=code, after=Fixed(5.0)),)
    return Desk(till=TILL, choose=Playing(Behaviour(name="example", steps=steps), "b2b_express"))


def test_success_is_the_example() -> None:
    example = payload("b2b_express.callback.success")
    ours = asked(Desk(till=TILL))

    assert CONVERSATION.fullmatch(ours["conversationID"])
    assert RECEIPT.fullmatch(ours["transactionId"])
    drawn = {key: example[key] for key in ("conversationID", "transactionId")}
    assert json.dumps(ours | drawn) == json.dumps(example)


def test_a_cancelled_prompt_is_the_example() -> None:
    assert json.dumps(asked(ending(4001))) == json.dumps(payload("b2b_express.callback.cancelled"))


def test_the_till_pays_the_vendor() -> None:
    desk = Desk(till=TILL)
    ledger = desk.daraja.state.ledger
    before = [desk.daraja.state.organisations.find(code) and ledger.balance(code, Account.UTILITY)
              for code in (TILL, VENDOR)]  # fmt: skip
    asked(desk)

    assert [ledger.balance(TILL, Account.UTILITY), ledger.balance(VENDOR, Account.UTILITY)] == [
        (before[0] or 0) - 71,
        (before[1] or 0) + 71,
    ]
    assert sum(ledger.balances().values()) == 0


@pytest.mark.parametrize(("changes", "code"), [({"primaryShortCode": "9999999"}, "4104"), ({}, "1")])
def test_a_till_that_cannot_pay_says_why(changes: dict[str, Any], code: str) -> None:
    desk = Desk({"opening_utility": "70"}, till=TILL)

    assert asked(desk, **changes)["resultCode"] == code


@pytest.mark.parametrize("name", list(payload("b2b_express.request")))
def test_a_missing_field_is_named(name: str) -> None:
    body = {key: value for key, value in payload("b2b_express.request").items() if key != name}
    reply = Desk(till=TILL).call(PATH, orjson.dumps(body))

    assert (reply.status, wire(reply.body)["errorMessage"]) == (400, f"Bad Request - Invalid {name}")
