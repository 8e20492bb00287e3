"""The order of the checks, what is accepted, and that no body whatever makes the simulator stumble."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jsonschema
import orjson
import pytest
from core_kit import PUSH, QUERY, Desk, error_of, payload, request, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.apis import registry as endpoints
from tayari_simulator.apis.stk import stk_push, stk_query
from tayari_simulator.catalogue.options import Options

PUSH_FIELDS = stk_push.fields(Options()).rows
QUERY_FIELDS = stk_query.fields(Options()).rows
TABLES = [("stk_push.request", PUSH, PUSH_FIELDS), ("stk_query.request", QUERY, QUERY_FIELDS)]
CASES = [(name, path, row) for name, path, rows in TABLES for row in rows]

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(("name", "path", "row"), CASES, ids=lambda value: getattr(value, "name", None))
@pytest.mark.parametrize("bad", [None, "", {}, [], True, "<URL>"], ids=repr)
def test_a_missing_or_malformed_field_is_refused_by_its_name(name: str, path: str, row: Any, bad: Any) -> None:
    if bad == "<URL>" and row.name in {"Password", "AccountReference", "TransactionDesc", "CheckoutRequestID"}:
        pytest.skip("any text will do for this field")
    reply = Desk().call(path, orjson.dumps(request(name, {row.name: bad})))

    assert error_of(reply) == (400, "400.002.02", f"Bad Request - Invalid {row.called or row.name}")


@pytest.mark.parametrize(("name", "path", "rows"), TABLES, ids=["push", "query"])
def test_of_two_bad_fields_the_first_in_the_table_is_named(name: str, path: str, rows: Any) -> None:
    for first, second in pairwise(rows):
        reply = Desk().call(path, orjson.dumps(request(name, {first.name: None, second.name: None})))

        assert wire(reply.body)["errorMessage"].endswith(first.called or first.name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("BusinessShortCode", 1234), ("BusinessShortCode", "12345678"), ("Timestamp", "20261332143501"),
        ("Timestamp", "2026100714350"), ("TransactionType", "customerpaybillonline"), ("Amount", 0), ("Amount", -1),
        ("Amount", 1.5), ("Amount", 1.0), ("Amount", "1.0"), ("Amount", 250_001), ("Amount", "abc"), ("Amount", "٣"),
        ("PhoneNumber", "0708374149"), ("PhoneNumber", "+254708374149"), ("PhoneNumber", 25470837414),
        ("PhoneNumber", "254208374149"), ("PartyA", "255708374149"), ("CallBackURL", "https:host"),
        ("CallBackURL", "https://a b/"), ("CallBackURL", "https://<your-domain>/x"), ("CallBackURL", "ftp://host/x"),
        ("CallBackURL", "/hooks"), ("CallBackURL", "https://host/x\r\nX: y"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused(field: str, value: Any) -> None:
    assert error_of(Desk().push(**{field: value})) == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Amount", "250000"), ("Amount", 1), ("PhoneNumber", "254110000001"), ("PhoneNumber", 254180000001),
        ("AccountReference", 353353), ("AccountReference", "fifteen-letters"), ("TransactionDesc", "x" * 40),
        ("CallBackURL", "http://127.0.0.1:8000/cb?x=1"), ("CallBackURL", "HTTPS://Shop.Example.co.ke"),
        ("CallBackURL", "https://shop.example/mpesa/callback"), ("CallBackURL", "http://[::1]:8000/x"),
        ("Extra", {"unknown": 1}), ("Timestamp", 20261007143501),
    ],
)  # fmt: skip
def test_what_real_software_sends_is_accepted(field: str, value: Any) -> None:
    assert Desk().push(**{field: value}).status == 200


@pytest.mark.parametrize(
    ("options", "change", "called"),
    [
        ({"max_amount": "150000"}, {"Amount": 150_001}, "Amount"),
        ({"long_reference": "refuse"}, {"AccountReference": "thirteen-char"}, "AccountReference"),
        ({"long_reference": "refuse"}, {"TransactionDesc": "fourteen-chars"}, "Remarks"),
        ({"callback_url_words": "refuse"}, {"CallBackURL": "https://shop.example/MPESA/x"}, "CallBackURL"),
        ({"loopback_callback_url": "refuse"}, {"CallBackURL": "http://localhost:8000/x"}, "CallBackURL"),
        ({"loopback_callback_url": "refuse"}, {"CallBackURL": "http://127.0.0.1/x"}, "CallBackURL"),
    ],
)
def test_a_switch_makes_a_check_stricter(options: dict[str, str], change: dict[str, Any], called: str) -> None:
    assert Desk().push(**change).status == 200
    assert error_of(Desk(options).push(**change)) == (400, "400.002.02", f"Bad Request - Invalid {called}")


def test_transaction_desc_may_be_left_out_where_the_switch_says_so() -> None:
    assert Desk({"transaction_desc": "optional"}).push(TransactionDesc=None).status == 200


def test_a_wrongly_cased_key_is_explained_in_the_journal() -> None:
    desk = Desk()
    desk.push(PhoneNumber=None, phonenumber=254708374149)

    assert desk.note == "PhoneNumber is missing; phonenumber was sent, and names are case-sensitive"


@settings(max_examples=150, deadline=None)
@given(field=st.sampled_from([row.name for row in PUSH_FIELDS]), value=anything)
def test_any_value_in_any_field_is_answered_in_daraja_s_words(field: str, value: Any) -> None:
    reply = Desk().push(**{field: value})

    assert reply.status in {200, 400, 500}
    assert wire(reply.body).keys() & {"ResponseCode", "errorCode"}


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused_as_a_payload_or_a_field(body: bytes) -> None:
    status, code, _ = error_of(Desk().call(PUSH, body))

    assert (status, code) in {(400, "400.002.05"), (400, "400.002.02")}


@pytest.mark.parametrize("name", ["stk_push.request", "stk_push.request.strings", "stk_push.request.buy_goods"])
def test_the_published_schema_agrees_with_the_examples(name: str) -> None:
    schema = endpoints.schemas(Options())["stk_push"]

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(payload(name), schema)
    for row in PUSH_FIELDS:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(request(name, {row.name: None}), schema)


def test_every_field_says_what_it_is_and_how_it_is_known() -> None:
    assert all(row.about and row.source for _, _, row in CASES)
