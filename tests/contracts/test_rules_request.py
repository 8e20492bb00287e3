"""Request rules: the judgement on one push, on canned bodies."""

import time
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from endings import ending
from fake_environment import environment
from tayari_contracts.checks.request.s01_password import password_problem
from tayari_contracts.checks.request.s02_timestamp import judge_two, moment_of, say_offset
from tayari_contracts.checks.request.s04_whole_amount import is_written_whole, shows, states_rounding
from tayari_contracts.checks.request.s06_phone_forms import FORMS
from tayari_contracts.checks.request.s08_reference_limits import text_problem
from tayari_contracts.checks.request.s10_callback_url import is_local, unusable, weaknesses
from tayari_contracts.checks.request.s16_no_amount import refuses_nothing_and_less
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed
from tayari_contracts.context.run_record import Allocation
from tayari_contracts.steps import pushes
from tayari_contracts.steps.forged_callback import secret_parts
from tayari_contracts.steps.pushes import amount_of, wire_problem
from tayari_target.target_file.target_model import CallTemplate, Pay
from tayari_target.views import Started

PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd"


def signed(plain: str) -> dict[str, object]:
    password = b64encode(plain.encode()).decode()
    return {"BusinessShortCode": 174379, "Timestamp": "20261007143515", "Password": password}


def test_a_password_of_short_code_passkey_and_timestamp_is_right() -> None:
    assert password_problem(signed(f"174379{PASSKEY}20261007143515"), passkey=PASSKEY) == ""


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (f"174379{PASSKEY}20261007143514", "made with the timestamp '20261007143514'"),
        (f"600000{PASSKEY}20261007143515", "does not begin with the BusinessShortCode"),
        ("174379another20261007143515", "not made with the passkey"),
        (f"174379-{PASSKEY}-20261007143515", "nothing between them"),
        ("", "is empty"),
    ],
)
def test_a_wrong_password_is_explained_without_its_secret(plain: str, words: str) -> None:
    problem = password_problem(signed(plain), passkey=PASSKEY)

    assert words in problem
    assert PASSKEY not in problem


def test_a_password_that_is_not_base64_is_said_to_be_none() -> None:
    assert password_problem({"Password": "***"}, passkey=PASSKEY) == "is not base64"


def test_a_timestamp_is_read_as_east_africa_time() -> None:
    assert moment_of("20261007143515") == datetime(2026, 10, 7, 11, 35, 15, tzinfo=UTC)
    assert moment_of(20261007143515) is not None


@pytest.mark.parametrize(
    "text", ["2026-10-07 14:35:15", "2026100714351", "20261307143515", None, True, "２０２６１００７１４３５１５"]
)
def test_a_malformed_timestamp_is_none(text: object) -> None:
    assert moment_of(text) is None


def test_a_clock_of_another_zone_is_named() -> None:
    assert say_offset(3 * 3600 + 2) == "UTC, three hours behind"
    assert say_offset(-20 * 60) == "20 minutes ahead"
    assert say_offset(8 * 3600) == "8.0 hours behind"


@pytest.mark.parametrize(
    ("raw", "amount"), [("99.50", Decimal("99.50")), (100, Decimal(100)), ("ten", None), (None, None)]
)
def test_an_amount_is_read_from_number_and_string(raw: object, amount: Decimal | None) -> None:
    assert amount_of(raw) == amount


@pytest.mark.parametrize("text", ["Pay KES 100 now", '"amount":100,', "Total 100.00", "100"])
def test_a_shown_amount_is_found(text: str) -> None:
    assert shows(text, 100)


@pytest.mark.parametrize("text", ["1100", "100.50", "KES 1,100", "0.100", "1003"])
def test_an_amount_inside_of_another_number_is_not_shown(text: str) -> None:
    assert not shows(text, 100)


def test_a_rounding_is_stated_by_both_amounts_or_a_word_and_not_by_99_alone() -> None:
    assert states_rounding("Your order of KES 99.50 is charged as KES 99")
    assert states_rounding("Rounded to KES 99")
    assert not states_rounding("Enter your PIN to pay KES 99")
    assert not states_rounding("Your order of KES 99.50")


def test_each_way_to_type_a_number_is_what_it_says() -> None:
    assert [form.type("712345678") for form in FORMS.values()] == [
        "0712345678", "0712345678", "254712345678", "+254712345678", "0712 345 678", "0712-345-678",
    ]  # fmt: skip


def test_both_numbers_of_a_push_must_be_the_payers() -> None:
    assert wire_problem({"PhoneNumber": 254712345678, "PartyA": "254712345678"}, "254712345678") == ""
    assert "PhoneNumber" in wire_problem({"PhoneNumber": "0712345678", "PartyA": "254712345678"}, "254712345678")
    assert "PartyA" in wire_problem({"PhoneNumber": "254712345678"}, "254712345678")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"AccountReference": "ORDER-000042-B", "TransactionDesc": "Order"}, "14 characters"),
        ({"AccountReference": "ORDER-42", "TransactionDesc": "Payment of order"}, "TransactionDesc"),
        ({"AccountReference": "ORDER-42", "TransactionDesc": " "}, "empty"),
        ({"AccountReference": "ORDER-42"}, "missing"),
        ({"AccountReference": "A&B #1", "TransactionDesc": "Order"}, "holds # &"),
    ],
)
def test_texts_outside_of_darajas_limits_are_found(body: dict[str, object], words: str) -> None:
    assert words in text_problem(body)


def test_texts_at_the_limit_are_fine() -> None:
    assert text_problem({"AccountReference": "ORDER-000042", "TransactionDesc": "Payment of it"}) == ""


@pytest.mark.parametrize(
    "url",
    ["", " ", "https:shop.example/cb", "https:///cb", "shop.example/cb", "https://<your-domain>/cb", "ftp://shop.example",
     "https://shop.example/c b", "https://undefined/cb", "https://shop.example:port/cb", "https://{host}/cb"],
)  # fmt: skip
def test_a_url_that_leads_nowhere_is_unusable(url: str) -> None:
    assert unusable(url) != ""


SECRET = "kT3v9QxWmA7fLr2ZpY8d"


@pytest.mark.parametrize(
    "url",
    [
        f"https://shop.example.co.ke/hooks/{SECRET}",
        "https://shop.example.co.ke/hooks/550e8400-e29b-41d4-a716-446655440000",
        f"https://shop.example.co.ke/hooks/stk?token={SECRET}",
        f"http://127.0.0.1:8000/hooks/{SECRET}",
        f"http://host.docker.internal:8000/hooks/{SECRET}",
    ],
)
def test_a_good_url_and_a_good_url_of_a_test_have_no_weakness(url: str) -> None:
    assert unusable(url) == ""
    assert weaknesses([url]) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"http://shop.example.co.ke/{SECRET}", "not HTTPS"),
        (f"https://abc.ngrok-free.app/{SECRET}", "tunnel"),
        (f"https://shop.example.co.ke/mpesa/{SECRET}", "the word mpesa"),
        (f"https://shop.example.co.ke/api/query/{SECRET}", "the word query"),
        ("https://shop.example.co.ke/stk/callback", "cannot be guessed"),
        ("https://shop.example.co.ke/stk-callback-handler-v2", "cannot be guessed"),
        ("https://shop.example.co.ke/callbacks/20261007143515", "cannot be guessed"),
        ("http://127.0.0.1:8000/paymentCallbackHandler", "cannot be guessed"),
    ],
)
def test_what_a_forger_or_production_would_use_is_found(url: str, words: str) -> None:
    assert [weakness for weakness in weaknesses([url]) if words in weakness]


def test_a_word_inside_of_another_word_is_not_refused() -> None:
    assert weaknesses([f"https://example.co.ke/executive/mysqlite/{SECRET}"]) == []


def test_a_random_part_is_recognised_wherever_it_is() -> None:
    assert secret_parts(f"https://a.example/x/{SECRET}/y?z=1") == [SECRET]


@pytest.mark.parametrize("part", ["TASxjPreYjcNIuVrTQjEsAopIdqqFoPO", "QP3U8OxU3i-exe2sXVnytQ3JJN9JsQqR"])
def test_a_random_part_without_a_digit_or_with_a_word_is_as_good_as_any(part: str) -> None:
    assert weaknesses([f"https://shop.example.co.ke/till/{part}"]) == []


def test_no_random_part_of_twenty_thousand_looks_like_words() -> None:
    letters = Random(1)
    parts = (urlsafe_b64encode(letters.randbytes(24)).decode() for _ in range(20_000))

    assert [part for part in parts if not secret_parts(f"https://a.example/{part}")] == []


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("10.1.2.3", True), ("[::1]", True), ("8.8.8.8", False)]
)
def test_private_hosts_are_a_tests(host: str, local: bool) -> None:
    assert is_local(urlsplit(f"http://{host}:80/x")) is local


@pytest.mark.parametrize(
    ("behind_s", "later_behind_s", "ends"),
    [
        (720.0, 720.4, "passes"),  # the clock is wrong, by the same time in both
        (-1800.0, -1740.0, "Failed"),  # the minutes do not move
        (90.0, 95.1, "Failed"),
    ],
)
def test_a_wrong_format_of_the_timestamp_is_distinguished_from_a_wrong_clock(
    behind_s: float, later_behind_s: float, ends: str
) -> None:
    assert ending(judge_two, "1", "2", behind_s, later_behind_s) == ends


@pytest.mark.parametrize(("raw", "whole"), [(10, True), ("10", True), (10.0, False), ("10.00", False), ("1e1", False)])
def test_a_whole_amount_is_written_without_a_point(raw: object, whole: bool) -> None:
    assert is_written_whole(raw) is whole


def test_a_host_of_a_tutorial_is_nobodys() -> None:
    secret = "/cb/8f3a91c07d5e42b6"

    assert any("tutorials" in weak for weak in weaknesses([f"https://yourdomain.com{secret}"]))
    assert not any("tutorials" in weak for weak in weaknesses([f"https://duka.co.ke{secret}"]))


class BreaksOnZero:
    """Its program ends on an order of 0 shillings, and its web server answers 503 with nothing to read."""

    def start_payment(self, *, amount: int, **_: object) -> Started:
        if amount <= 0:
            return Started(accepted=False, status=503, payment_id=None, body="")
        return Started(accepted=True, status=200, payment_id="7")


def test_a_503_for_one_order_alone_is_a_crash_and_no_busy_merchant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "ASKED_AGAIN_AFTER_S", (0.0, 0.0))
    pay = Pay(call=CallTemplate(method="POST", path="/pay", json={"amount": "{amount}"}))
    made: Any = environment(driver=BreaksOnZero(), pay=pay)

    with pytest.raises(Failed, match="an order of 0 shillings: the merchant answered 503 as a program that broke"):
        refuses_nothing_and_less(CheckContext(made, Allocation(), deadline=time.monotonic() + 30))
