"""What is masked, in which forms, and what is left readable."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_reports.model import State
from tayari_reports.redaction import LONGEST, Redactor, fingerprint, redact_record, secret_fields
from tayari_reports.redaction.secret_fields import KnownSecrets

PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
SECRET = 'p/ss w&rd"é+1'
redact = Redactor([PASSKEY, SECRET]).text


def encoded(text: str) -> str:
    """Base64, as it goes over the wire."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("254712345678", "2547•••••678"),
        ("+254712345678", "+2547•••••678"),
        ("0712345678", "07•••••678"),
        ("0110345678", "01•••••678"),
        ("+254 712 345 678", "+2547•••••678"),
        ("0712-345-678", "07•••••678"),
        ("%2B254712345678", "%2B2547•••••678"),
        ("phone=%20254712345678&x=1", "phone=%202547•••••678&x=1"),
        (r"\u0020254712345678", r"\u00202547•••••678"),
        ("2.54712345678E11", "2.547•••••678E11"),
        ("254712345678.0", "2547•••••678.0"),
        ("ws_CO_071020261435032708374149", "ws_CO_0710202614350327•••••149"),
        ("ws_CO_12082024103757041711000111", "ws_CO_120820241037570417•••••111"),
        ("/pay/254712345678/status", "/pay/2547•••••678/status"),
    ],
)
def test_an_msisdn_loses_its_middle_in_every_form(written: str, shown: str) -> None:
    assert redact(written) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "20261007143521",
        "174379",
        "UJ7K4T9QWX",
        "2026-10-07 14:35:03",
        "127.0.0.1:9310",
        "ws_CO_191220191020363925",
        "1234567",
    ],
)
def test_numbers_that_are_no_msisdn_stay_readable(harmless: str) -> None:
    assert redact(harmless) == harmless


def test_a_number_seen_once_is_masked_inside_longer_numbers_too() -> None:
    run = samples.run(notes=("payer 0712345678", "reference 88712345678001", "bare 712345678"))

    assert redact_record(run).notes == ("payer 07•••••678", "reference 887•••••678001", "bare 7•••••678")


def test_a_json_body_stays_json_when_its_numbers_are_masked() -> None:
    body = '{"PhoneNumber": 254708374149, "list": [254708374149, 1], "Amount": 1500.0, "pin": 1234}'

    assert json.loads(redact(body)) == {
        "PhoneNumber": "2547•••••149",
        "list": ["2547•••••149", 1],
        "Amount": 1500.0,
        "pin": "[redacted]",
    }


@pytest.mark.parametrize(
    "text",
    [
        PASSKEY,
        PASSKEY.encode().hex(),
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        json.dumps(SECRET).replace("/", r"\/"),
        encoded(SECRET),
        encoded(f"174379{PASSKEY}20261007143503"),
        encoded(f"x{SECRET}y"),
        encoded(f"xy{SECRET}z"),
        quote(encoded(f"key:{SECRET}"), safe=""),
        base64.urlsafe_b64encode(f"??{SECRET}>>".encode()).decode(),
    ],
)
def test_a_given_secret_is_found_in_every_encoding(text: str) -> None:
    masked = redact(f"before {text} after")

    assert "[redacted]" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert text not in masked


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ('{"Password": "MTc0Mzc5YmZi"}', "MTc0"),
        ('{"access_token": "c9SQxWWhmd", "expires_in": "3599"}', "c9SQ"),
        ('{"consumerSecret":"abcdefgh","ConsumerKey":"ijklmnop"}', "abcdefgh"),
        ('{"SecurityCredential": "IAJVUHDGj0yDU3aop"}', "IAJV"),
        (r'{"raw": "{\"password\": \"hunter2\"}"}', "hunter2"),
        ("{'passkey': 'hunter2'}", "hunter2"),
        ("grant_type=client_credentials&client_secret=hunter2&x=1", "hunter2"),
        ("http://shop/login?token=hunter2", "hunter2"),
        ("http://user:hunter2@shop/", "hunter2"),
        ("<Password>hunter2</Password>", "hunter2"),
        ('<input type="hidden" name="csrf_token" value="hunter2">', "hunter2"),
        ('<input value="hunter2" name="csrf_token">', "hunter2"),
        ("Authorization: Bearer c9SQxWWhmdVRlyh0", "c9SQ"),
        ("sent Bearer c9SQxWWhmdVRlyh0 to Daraja", "c9SQ"),
        (f"sent Basic {encoded('key:hunter2')}", encoded("key:hunter2")),
        ("Cookie: session=hunter2; theme=dark", "hunter2"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJhbGci"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ"),
        ("passkey: bfb279f9aa9b", "bfb279"),
        ('{"pwd": "hunter2"}', "hunter2"),
        ('{"userOtp": "hunter2"}', "hunter2"),
        ('{"otp": 834512}', "834512"),
        ("auth=hunter2&x=1", "hunter2"),
        ("called with token=Bearer hunter2", "hunter2"),
        ('{"tokens": ["first1", "hunter2"]}', "hunter2"),
        ('{"tokens": [["first1"], ["hunter2"]]}', "hunter2"),
        ('{"tokens": ["first1", "hunter2', "hunter2"),
        (r'{"raw": "{\"tokens\": [\"first1\", \"hunter2\"]}"}', "hunter2"),
        ("{'secrets': ['first1', 'hunter2']}", "hunter2"),
        ("<input type=hidden name=csrf value=hunter2>", "hunter2"),
        ("<input value=hunter2 name=csrf>", "hunter2"),
        ("<input type=password name=p value=hunter2>", "hunter2"),
        ("<meta name=csrf-token content=hunter2>", "hunter2"),
    ],
)
def test_a_secret_that_nobody_named_is_found_by_its_place(text: str, leak: str) -> None:
    assert leak not in Redactor().text(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "The Bearer header is missing; expected one on every call.",
        "Basic authentication is expected for the token.",
        "Invalid Access Token: 404.001.03 was answered twice.",
        "2 tokens were fetched for 10 payments; expected at most 2.",
        "The Password does not decode to short code, passkey and timestamp.",
        "Secrets never leave: none seen in 14 replies.",
    ],
)
def test_sentences_about_secrets_stay_readable(sentence: str) -> None:
    assert Redactor().text(sentence) == sentence


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer c9SQxWWhmdVRlyh0", "Bearer [redacted]"),
        ("authorization", "whatever", "[redacted]"),
        ("X-Api-Key", "abc", "[redacted]"),
        ("Set-Cookie", "sid=abc; Path=/; HttpOnly; SameSite=Lax", "sid=[redacted]; Path=/; HttpOnly; SameSite=Lax"),
        ("Cookie", "sid=abc; theme=dark", "sid=[redacted]; theme=[redacted]"),
        ("Set-Cookie", "a=1one; Path=/, sid=2two; HttpOnly", "a=[redacted]; Path=/, sid=[redacted]; HttpOnly"),
        (
            "Set-Cookie",
            "a=1one; Expires=Wed, 21 Oct 2026 07:28:00 GMT, sid=2two",
            "a=[redacted]; Expires=Wed, 21 Oct 2026 07:28:00 GMT, sid=[redacted]",
        ),
        *((name, "hunter2", "[redacted]") for name in ("X-Auth", "X-JWT", "X-Session", "X-Otp", "pwd")),
        ("X-Author", "Wanjiku", "Wanjiku"),
        ("Location", "/pay?msisdn=254712345678&token=abc", "/pay?msisdn=2547•••••678&token=[redacted]"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_headers_are_masked_by_name_and_by_value(name: str, value: str, shown: str) -> None:
    assert Redactor().header(name, value) == (name, shown)
    assert Redactor().header(name, shown) == (name, shown)


PIECES = st.sampled_from(
    [
        *("254712345678", "0712 345 678", "ws_CO_07102026143503", "7•••••678", "abc1234567", PASSKEY, "[redacted]"),
        *('"Password": "', "token=", "Bearer ", "Cookie: ", "<input name='pin' value='", "password:"),
        *('"', "'", "&", "{", "}", ":", ", ", "\n", "\\", ">", " ", "="),
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("name", samples.ALL)
def test_redacting_a_redacted_run_changes_nothing(name: str) -> None:
    once = redact_record(samples.ALL[name](), [PASSKEY])

    assert redact_record(once, [PASSKEY]) == once


NAMES = ("password", "Pass_Key", "secret", "tokens", "api-key", "set-cookie", "Authorization", "myPin", "opinion", "a")
SIGNS = ('":', '" : "', '":["', '\\":\\"', "':'", ": ", "=", ">", "[", "\n")
VALUES = (
    "abc12345",
    "-17.5",
    "Bearer a1b2c3d4",
    "Basic dTpw",
    "eyJhbGciOiJI.eyJzdWIi.x",
    "https://u:p@h",
    "-----BEGIN PRIVATE KEY-----",
)
ENDS = ('"', '\\"', "'", "]", "</a>", "<input name=", "\n", "")
FIELD = st.tuples(*map(st.sampled_from, (NAMES, SIGNS, VALUES, ENDS))).map("".join)


@settings(max_examples=400)
@given(st.lists(FIELD, max_size=3).map("".join))
def test_a_pattern_is_left_out_only_where_it_would_change_nothing(text: str) -> None:
    """Each pattern is tried only on texts with the signs that it needs: with all of them tried, the same is masked."""
    rules = secret_fields
    every = {sign for sign, _, _ in (*rules._SHAPES, *rules._FIELDS)} | {"["}
    whole = rules._without_named(rules._replaced(rules._SHAPES, text, every), every)
    whole = rules._BEARER.sub(rules._if(rules._is_token), whole)
    assert rules.redact_fields(text) == rules._BASIC.sub(rules._if(rules._is_pair), whole)


def test_a_list_of_secrets_stays_json_and_keeps_what_is_beside_it() -> None:
    body = '{"tokens": ["one", ["two"]], "amount": [1, 2]}'

    assert json.loads(redact(body)) == {"tokens": ["[redacted]"], "amount": [1, 2]}


def test_the_secret_part_of_a_callback_address_is_masked_everywhere_and_a_payment_id_is_not() -> None:
    (exchange, *_) = samples.exchanges()
    secret, payment_id = "Zq8vK2mN4pR6tW1x", "7f3c2b1a-0d9e-4f8a-b7c6-d5e4f3a2b1c0"
    url = f"http://127.0.0.1:5000/mpesa/{payment_id}/{secret}"
    push = replace(exchange, kind="to_daraja", request_body=json.dumps({"CallBackURL": url}))
    asked = replace(exchange, kind="to_merchant", url=f"http://127.0.0.1:5000/pay/{payment_id}")
    check = samples.ended("C20", State.FAIL, f"The callback to {secret} failed.", evidence=(push, asked))

    for masked in (str(redact_record(check)), str(redact_record(samples.run(checks=(check,), notes=(secret,))))):
        assert secret not in masked
        assert payment_id in masked


def test_the_address_of_a_delivered_callback_is_enough_to_know_its_secret() -> None:
    (exchange, *_) = samples.exchanges()
    sent = replace(exchange, kind="callback", url="http://127.0.0.1:5000/cb?k=Zq8vK2mN4pR6tW1x")
    check = samples.ended("C20", State.FAIL, "Zq8vK2mN4pR6tW1x was refused.", evidence=(sent,))

    assert "Zq8vK2mN" not in str(redact_record(check))


@pytest.mark.parametrize(
    ("first", "then"), [("hush-hush", "a-hush-hush-b"), ("a-hush-hush-b", "hush-hush"), ("x9x9", "hush-hush")]
)
def test_secrets_that_are_added_are_found_beside_those_before_the_longest_first(first: str, then: str) -> None:
    known = KnownSecrets([then], besides=KnownSecrets([first]))

    assert known.redact(f"{first}, {then}, {encoded(then)}") == "[redacted], [redacted], [redacted]"


@pytest.mark.parametrize("form", [quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], PASSKEY.encode().hex()])
def test_a_secret_that_holds_another_form_of_one_before_is_masked_as_a_whole(form: str) -> None:
    """A part of a callback's address can be the passkey in another form, with more around it."""
    address_part = f"left~{form}~right"
    known = KnownSecrets([address_part], besides=KnownSecrets([SECRET, PASSKEY]))

    assert known.redact(f"POST /{address_part} answered") == "POST /[redacted] answered"


def test_short_and_empty_secrets_do_not_blot_out_the_report() -> None:
    assert Redactor(["", "a", "key"]).text("a key for all") == "a key for all"


def test_hashes_are_not_taken_for_telephone_numbers_and_a_secret_among_them_is() -> None:
    digest = "0712345678abcdef" * 4
    run = samples.run(config_sha256=digest)

    assert redact_record(run).config_sha256 == digest
    assert redact_record(run, [digest]).config_sha256 == "[redacted]"


def test_a_huge_body_is_cut_and_says_by_how_much() -> None:
    (exchange, *_) = samples.exchanges()
    check = samples.ended("C20", State.FAIL, "Crashed.", evidence=(replace(exchange, request_body="x" * 100_000),))

    body = redact_record(check).evidence[0].request_body
    assert body.endswith(f"… [{100_000 - LONGEST} more characters left out]")
    assert redact_record(redact_record(check)) == redact_record(check)


def test_the_fingerprint_of_a_failure_ignores_numbers_and_masks() -> None:
    first = fingerprint("C03", "Credited twice: KES 3000 for ws_CO_0710202614 by 254712345678.")
    again = fingerprint("C03", "Credited twice: KES 90 for ws_CO_99 by 2547•••••678.")

    assert first == again
    assert len(first) == 16
    assert first != fingerprint("C04", "Credited twice: KES 3000 for ws_CO_0710202614 by 254712345678.")
    assert first != fingerprint("C03", "Not credited at all.")
