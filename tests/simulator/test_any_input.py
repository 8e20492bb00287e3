"""Whatever is sent to whichever path, the answer is Daraja's, and what comes of it later is well-formed."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any, Final

import orjson
import pytest
from core_kit import PAYLOADS, Desk, wire
from tayari_simulator.apis.registry import ENDPOINTS, Endpoint
from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import PAGES
from tayari_simulator.catalogue.options import Options

ROUNDS: Final = 250
WITH_FIELDS: Final = [row for row in ENDPOINTS if row.fields is not None]
DEEP: Final = "[" * 900 + "]" * 900
ODD_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 10**18, -(2**63), 1.5, 1e308, "", " ", "0", "-1", "1e9", "NaN", "9" * 400, "x" * 5000,
    "\x00", "\ud7ff\ufdd0", "🙂" * 30, "٣٣٣", "254711000111", "2547110001112", "600992", "174379", "20991301",
    "http://127.0.0.1:1/x", "http://" + "a" * 3000, "AG_20261007_2010abcdef0123456789", "UJ7K4T9QWX", [], {}, [[]],
    [{}], {"a": {"b": []}}, ["x"] * 40, {"x": 1}, "<b>&amp;</b>", "' OR 1=1 --", "../../etc/passwd", "%s%n{0}",
)  # fmt: skip
ODD_BODIES: Final = (
    b"", b"null", b"true", b"7", b'"x"', b"[]", b"{}", b"[{}]", b"[[]]", b"{", b'{"a":', b"{'a': 1}", b"\xff\xfe",
    b"\xef\xbb\xbf{}", DEEP.encode(), b'{"Amount":1e400}', b'{"Amount":NaN}', b'{"a":1,"a":2}', b"x=1&y=2", b"\x00" * 9,
    b'{"a":' * 400 + b"1" + b"}" * 400, b'{"\\ud800":1}', b"[" + b"{}," * 1500 + b"{}]", b"9" * 5000,
)  # fmt: skip
ODD_TYPES: Final = (
    None,
    "",
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "a/b; c=d",
    "x" * 99,
)
NEVER_ACCEPTED: Final = {"stk_query", "mobile_center_offers"}
"""The first needs a payment that was made, the other is a GET."""
CODES: Final = {row.code for row in ERRORS.values()}


BONGA: Final = {
    "msisdn": "254711000111", "amount": 10, "bongaPoints": 50, "conversionRate": 0.2, "shortCode": "600984",
    "accountNumber": "INV-1", "points": 50,
}  # fmt: skip


@cache
def example(row: Endpoint) -> dict[str, Any]:
    """The first example that this call accepts; else a body with each of its fields."""
    assert row.fields is not None
    names = {field.name for field in row.fields(Options()).rows if field.required}
    found: list[Any] = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("*request*.json"))]
    for body in [*(body[0] if isinstance(body, list) else body for body in found), BONGA]:
        if names and names <= set(body) and Desk().call(row.path, _whole(row, body)).status == 200:
            return dict(body)
    return dict.fromkeys(names, "254711000111")


def _whole(row: Endpoint, body: dict[str, Any]) -> bytes:
    return orjson.dumps([body] if row.many else body)


def spoilt(row: Endpoint, random: Random) -> bytes:
    """A body with some odd values; one in four is no such body at all."""
    if random.random() < 0.25:
        return random.choice(ODD_BODIES)
    body = dict(example(row))
    assert row.fields is not None
    names = [field.name for field in row.fields(Options()).rows] or ["anything"]
    for _ in range(random.randrange(4)):
        name = random.choice([*names, "Other"])
        if random.random() < 0.2:
            body.pop(name, None)
        else:
            body[name] = random.choice(ODD_VALUES)
    whole: Any = [body] * random.choice((0, 1, 2, 1001)) if row.many and random.random() < 0.7 else body
    return orjson.dumps(whole)


def check_answer(status: int, body: bytes) -> None:
    """Daraja's own: what succeeded, an error of the catalogue, or one of the gateway's pages."""
    if status < 400 or not body:
        return
    if body.decode() in {page.body for page in PAGES.values()}:
        return
    answer = wire(body)
    code = answer.get("errorCode") or answer.get("rescode")
    header = answer.get("header") or answer.get("ResponseHeader") or {}
    assert code in CODES or "fault" in answer or header or code == str(status), (status, body)
    assert status < 500 or code in CODES, (status, body)


@pytest.mark.parametrize("row", WITH_FIELDS, ids=lambda row: row.name)
def test_every_call_is_answered_as_daraja_does_and_what_follows_is_good(row: Endpoint) -> None:
    random = Random(row.name)
    desk = Desk(till="600000")
    sealed = desk.daraja.state.credentials.encrypt("Safaricom999!*!")
    example(row).update({"SecurityCredential": sealed} if "SecurityCredential" in example(row) else {})
    accepted = 0
    for _ in range(ROUNDS):
        query = random.choice(("", "?", "?a=%ff&b", "?pageNo=-1&pageSize=99999999999999999999", "?" + "a=1&" * 500))
        kind = "application/json" if random.random() < 0.8 else random.choice(ODD_TYPES)
        method = row.method if random.random() < 0.9 else random.choice(("GET", "PUT", "BREW", row.also or "POST"))
        reply = desk.call(row.path, spoilt(row, random), method=method, content_type=kind, query=query)
        check_answer(reply.status, reply.body)
        accepted += reply.status == 200
        for delivery in desk.after(random.choice((0.0, 1.0, 40.0))):
            assert isinstance(wire(delivery.body), dict)
    desk.after(400.0)

    assert accepted or row.name in NEVER_ACCEPTED
    assert sum(desk.daraja.state.ledger.balances().values()) == 0


@pytest.mark.parametrize("path", ["/", "//", "/mpesa", "/mpesa/b2c/v9/x", "/v1/billmanager-invoice/none", "/imsi/%00"])
def test_an_unknown_path_is_not_found_whatever_it_is_sent(path: str) -> None:
    desk = Desk()
    for body in ODD_BODIES:
        desk.call("/mpesa/stkpush/v1/processrequest", body)
        exchange = desk.notes[-1]
        reply = desk.daraja.not_found(exchange, path)

        assert reply.status == 404
        assert wire(reply.body)["errorCode"] in CODES
