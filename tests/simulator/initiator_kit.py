"""Calls of the initiator APIs, with a credential that this simulator can open, and the comparison with examples."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
from core_kit import Desk, Playing, payload, request, wire
from tayari_simulator.state.behaviour import Behaviour, Fixed, Reply, Step

STATUS = "/mpesa/transactionstatus/v1/query"
BALANCE = "/mpesa/accountbalance/v1/query"
B2C = "/mpesa/b2c/v3/paymentrequest"
SHORT_CODE = "600992"
PHONE = "254711000111"
CONVERSATION = re.compile(r"AG_20261007_[0-9A-Za-z]{20}")
NODE_ID = re.compile(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d+")
RECEIPT = re.compile(r"[A-Z][A-L][1-9A-V][0-9A-Z]{7}")
PLACEHOLDER = re.compile(r"UJ70{7}|0{16}")
MOMENT = re.compile(r"20261007\d{6}")


def ask(desk: Desk, path: str, example: str, **changes: Any) -> Reply:
    """A request like the example; a change to None leaves the field out."""
    sealed = {"SecurityCredential": desk.daraja.state.credentials.encrypt("Safaricom999!*!")}
    return desk.call(path, orjson.dumps(request(example, sealed | changes)))


def result_of(desk: Desk, path: str, example: str, **changes: Any) -> Any:
    """The `Result` of a request that was accepted; what else is sent meanwhile is passed over."""
    reply = ask(desk, path, example, **changes)
    assert reply.status == 200, reply.body
    identifier = wire(reply.body)["ConversationID"]
    (delivery,) = [row for row in desk.after(20.0) if row.transaction_id == identifier]
    return wire(delivery.body)["Result"]


def parameters(result: Any) -> dict[str, Any]:
    """The parameters of a result by key; None: without a value."""
    return {row["Key"]: row.get("Value") for row in result["ResultParameters"]["ResultParameter"]}


def ending(code: int | str, call: str, options: dict[str, str] | None = None) -> Desk:
    """A Daraja where every request of this call ends so."""
    steps = (Step(result_code=code, after=Fixed(5.0)),)
    return Desk(options or {}, choose=Playing(Behaviour(name="example", steps=steps), call))


def same(ours: dict[str, Any], name: str) -> None:
    """Equal to an example but for what is drawn, each of which has the right form; and with keys in its order."""
    example = payload(name)["Result"]
    assert CONVERSATION.fullmatch(ours["ConversationID"])
    assert ours["OriginatorConversationID"]
    form = PLACEHOLDER if PLACEHOLDER.fullmatch(example["TransactionID"]) else RECEIPT
    assert form.fullmatch(ours["TransactionID"])
    assert PLACEHOLDER.fullmatch(example["TransactionID"]) or not PLACEHOLDER.fullmatch(ours["TransactionID"])
    drawn = {key: example[key] for key in ("ConversationID", "OriginatorConversationID", "TransactionID")}
    assert json.dumps(_formed(ours | drawn)) == json.dumps(_formed(example))


def _formed(result: Any) -> Any:
    """The values of parameters are compared by their types and forms alone: digits and letters are drawn."""
    rows = result.get("ResultParameters", {}).get("ResultParameter", [])
    formed = [
        {key: _form(value) if key == "Value" else value for key, value in row.items()}
        for row in (rows if isinstance(rows, list) else [rows])
    ]
    if not rows:
        return result
    return result | {"ResultParameters": {"ResultParameter": formed if isinstance(rows, list) else formed[0]}}


def _form(value: Any) -> Any:
    if isinstance(value, int):
        return "date" if MOMENT.fullmatch(str(value)) else "number"
    if MOMENT.fullmatch(str(value)):
        return "date as text"
    text = re.sub(r"-?\d+\.\d\d", "0.00", str(value))
    return re.sub(r"MinimumAmount=\d+", "MinimumAmount=0", text)
