"""What is checked before a request's fields: method, token, content type, JSON; and the errors as a table."""

from __future__ import annotations

import orjson
import pytest
from core_kit import OAUTH, PUSH, QUERY, Desk, basic, error_of, payload, wire
from tayari_simulator.apis.core.gateway import family_of, token_error
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.catalogue.errors import ERROR_LIST, ERRORS, REQUEST_ID
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange

BODY = orjson.dumps(payload("stk_push.request"))


@pytest.mark.parametrize("row", ERROR_LIST, ids=lambda row: row.name)
def test_every_error_has_an_envelope_a_reason_and_a_source(row: object) -> None:
    spec = next(one for one in ERROR_LIST if one is row)
    envelope = wire(spec.body())

    assert envelope["requestId"] == ("" if spec.empty_request_id else REQUEST_ID)
    assert envelope["errorCode"] == spec.code
    assert ("errorMessage" in envelope) == (spec.message is not None)
    assert spec.when
    assert spec.source
    assert spec.name.startswith(spec.code)


def test_a_code_finds_its_error_only_where_it_has_one_meaning() -> None:
    assert ERRORS["404.001.03"].status == 404
    assert "500.001.1001" not in ERRORS
    assert "500.003.02" not in ERRORS


def test_names_of_errors_are_unique() -> None:
    assert len({row.name for row in ERROR_LIST}) == len(ERROR_LIST)


@pytest.mark.parametrize("authorization", [None, "token", "Bearer", "Bearer  ", "Basic abc"])
@pytest.mark.parametrize("path", [PUSH, QUERY])
def test_a_missing_or_malformed_header_is_404_001_04(path: str, authorization: str | None) -> None:
    reply = Desk().call(path, BODY, authorization=authorization)

    assert error_of(reply) == (404, "404.001.04", "Invalid Authentication Header")


def test_an_unknown_token_is_404_001_03_with_an_empty_request_id() -> None:
    reply = Desk().call(PUSH, BODY, authorization="Bearer unknown")

    assert error_of(reply) == (404, "404.001.03", "Invalid Access Token")
    assert wire(reply.body)["requestId"] == ""


@pytest.mark.parametrize(
    ("options", "status", "filled"),
    [({"invalid_token_status": "401"}, 401, False), ({"invalid_token_request_id": "filled"}, 404, True)],
)
def test_the_token_error_can_be_switched(options: dict[str, str], status: int, filled: bool) -> None:
    reply = Desk(options).call(PUSH, BODY, authorization="Bearer unknown")

    assert reply.status == status
    assert bool(wire(reply.body)["requestId"]) is filled


def test_a_token_is_good_for_its_hour_and_not_longer() -> None:
    desk = Desk()
    desk.now_s += 3599
    assert desk.call(PUSH, BODY).status == 200
    desk.now_s += 1

    assert error_of(desk.call(PUSH, BODY))[1] == "404.001.03"


def test_old_tokens_stay_good_unless_the_switch_cancels_them() -> None:
    for mode, status in (("off", 200), ("on", 404)):
        desk = Desk({"new_token_cancels_old": mode})
        desk.oauth(basic("k", "s"))

        assert desk.call(PUSH, BODY).status == status


def test_revoked_tokens_are_refused() -> None:
    desk = Desk()

    assert desk.daraja.state.tokens.revoke() == 1
    assert error_of(desk.call(PUSH, BODY))[1] == "404.001.03"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    desk = Desk()
    token = desk.authorization.split()[1]

    assert desk.call(PUSH, BODY, authorization=f"{scheme} {token}").status == 200


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize(("path", "body"), [(PUSH, BODY), (QUERY, orjson.dumps(payload("stk_query.request")))])
def test_without_a_content_type_the_first_field_is_blamed(content_type: str | None, path: str, body: bytes) -> None:
    reply = Desk().call(path, body, content_type=content_type)

    assert error_of(reply) == (400, "400.002.02", "Bad Request - Invalid BusinessShortCode")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;"])
def test_a_content_type_of_json_in_any_spelling_is_read(content_type: str) -> None:
    assert Desk().call(PUSH, BODY, content_type=content_type).status == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"BusinessShortCode=174379&Amount=1", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b'{"Amount": "\xff"}', "application/json"),
        (b"", "application/json"),
        (b"[1]", "application/json"),
        (b'"text"', "application/json"),
        (b"{" * 2000, "application/json"),
    ],
)
def test_a_body_that_is_not_a_json_object_is_400_002_05(body: bytes, content_type: str) -> None:
    reply = Desk().call(PUSH, body, content_type=content_type)

    assert error_of(reply) == (400, "400.002.05", "Invalid Request Payload")


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
def test_a_wrong_method_is_405_001_or_as_switched(row: object) -> None:
    endpoint = next(one for one in ENDPOINTS if one is row)
    wrong = next(method for method in ("GET", "POST", "PUT") if method not in {endpoint.method, endpoint.also})

    assert error_of(Desk().call(endpoint.path, method=wrong)) == (405, "405.001", f"{wrong} Method Not Allowed")
    switched = Desk({"wrong_method": "404.001.04"}).call(endpoint.path, method=wrong)
    assert error_of(switched)[1] == "404.001.04"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/mpesa/stkpush/v9", "404.001.01"), ("/", "404.001.01"), ("/mpesa/b2c/v1/paymentrequest", "404.002.01"),
        ("/mpesa/c2b/v2/registerurl", "404.003.01"), ("/mpesa/reversal/v1/request", "404.003.01"),
    ],
)  # fmt: skip
def test_an_unknown_path_is_refused_in_the_words_of_its_family(path: str, code: str) -> None:
    desk = Desk()
    reply = desk.daraja.not_found(JournalExchange(ExchangeKind.REQUEST, "", "POST", path, (), b"", 0.0, 0.0), path)

    assert family_of(path).not_found == code
    assert error_of(reply) == (404, code, "Resource not found")


@pytest.mark.parametrize(
    ("path", "note"),
    [
        ("/mpesa/b2c/v2/paymentrequest", "no API has this path; did you mean /mpesa/b2c/v3/paymentrequest?"),
        ("/nothing/like/it", "no API has this path"),
    ],
)
def test_the_journal_says_which_path_may_be_meant(path: str, note: str) -> None:
    exchange = JournalExchange(ExchangeKind.REQUEST, "", "POST", path, (), b"", 0.0, 0.0)

    Desk().daraja.not_found(exchange, path)

    assert exchange.note == note


def test_queries_of_one_app_are_limited_where_the_switch_says_so() -> None:
    desk = Desk({"queries_per_minute": "5"})
    identifier = desk.pushed()
    desk.after(2)

    assert [desk.query(identifier).status for _ in range(2)] == [200, 429]
    desk.after(12)
    assert desk.query(identifier).status == 200


def test_a_refused_call_still_belongs_to_its_phone() -> None:
    desk = Desk()
    desk.call(PUSH, BODY, authorization="Bearer unknown")

    assert desk.notes[-1].msisdn == "254708374149"


@pytest.mark.parametrize(
    ("query", "authorization", "code"),
    [
        ("", basic(), "400.008.02"),
        ("?grant_type=password", basic(), "400.008.02"),
        ("?grant_type=client_credentials", "Bearer abc", "400.008.01"),
        ("?grant_type=client_credentials", "Basic ???", "400.008.01"),
        ("?grant_type=client_credentials", "Basic bm9jb2xvbg==", "400.008.01"),
    ],
)
def test_token_requests_are_refused_in_order(query: str, authorization: str, code: str) -> None:
    reply = Desk().call(OAUTH, method="GET", authorization=authorization, query=query)

    assert error_of(reply)[:2] == (400, code)


@pytest.mark.parametrize(
    ("switch", "status", "empty"), [("empty_400", 400, True), ("empty_401", 401, True), ("400.008.01", 400, False)]
)
def test_an_empty_pair_is_no_app_even_where_any_pair_is_one(switch: str, status: int, empty: bool) -> None:
    desk = Desk({"oauth_wrong_credentials": switch})
    reply = desk.oauth(basic("", ""))

    assert (reply.status, reply.body == b"") == (status, empty)
    assert desk.note == "the consumer key and the secret are empty"
    assert desk.oauth(basic("any", "pair")).status == 200


def test_an_empty_pair_is_taken_where_that_is_switched() -> None:
    assert Desk({"empty_key_pair": "accept"}).oauth("Basic Og==").status == 200


@pytest.mark.parametrize(
    ("switch", "status", "empty"), [("empty_400", 400, True), ("empty_401", 401, True), ("400.008.01", 400, False)]
)
def test_a_wrong_key_or_secret_is_answered_as_switched(switch: str, status: int, empty: bool) -> None:
    desk = Desk({"oauth_wrong_credentials": switch}, key="known", secret="known")
    reply = desk.oauth(basic("known", "wrong"))

    assert (reply.status, reply.body == b"") == (status, empty)
    assert "secret" in desk.note


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("/mpesa/stkpush/v1/processrequest", {}, "404.001.03"),
        ("/mpesa/reversal/v1/request", {}, "404.001.03"),
        ("/mpesa/b2c/v3/paymentrequest", {}, "401.002.01"),
        ("/mpesa/b2pochi/v1/paymentrequest", {}, "401.002.01"),
        ("/mpesa/accountbalance/v1/query", {}, "401.002.01"),
        ("/mpesa/c2b/v2/registerurl", {}, "400.003.01"),
        ("/mpesa/c2b/v2/registerurl", {"c2b_invalid_token": "401.003.01"}, "401.003.01.invalid_access_token"),
        ("/mpesa/transactionstatus/v1/query", {}, "400.003.01"),
        ("/mpesa/qrcode/v1/generate", {}, "401.001"),
        ("/mpesa/qrcode/v1/generate", {"qr_invalid_token": "400.003.01"}, "400.003.01"),
        ("/pulltransactions/v1/query", {}, "401.001"),
        ("/v1/billmanager-invoice/optin", {}, "401.unauthorized"),
        ("/v1/nothing-known", {}, "404.001.03"),
    ],
)
def test_a_bad_token_is_refused_in_the_words_of_its_family(path: str, options: dict[str, str], error: str) -> None:
    assert token_error(path, Options(overrides=options)) is ERRORS[error]


def test_a_refused_query_belongs_to_the_phone_of_its_payment() -> None:
    desk = Desk()
    known = desk.pushed()
    desk.authorization = "Bearer of-yesterday"

    assert desk.query(known).status != 200
    assert (desk.notes[-1].transaction_id, desk.notes[-1].msisdn) == (known, "254708374149")
    desk.query("ws_CO_of_nobody_1")
    assert desk.notes[-1].msisdn == ""
