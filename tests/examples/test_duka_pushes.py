"""The sample shop and its push requests: read well, signed well, retried well, and shown in plain words."""

import asyncio
import base64
from itertools import pairwise
from typing import Any

import pytest
from tiny_daraja import BUSY, QUICK, TinyDaraja, ok, open_shop, refused

LOCK = "Unable to lock subscriber, a transaction is already in process for the current subscriber"
BAD_TOKEN = refused(404, "404.001.03", "Invalid Access Token")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("0712345678", "254712345678"),
        ("0110 123-456", "254110123456"),
        ("+254 712 345 678", "254712345678"),
        ("254180123456", "254180123456"),
        (712345678, "254712345678"),
    ],
)
def test_kenyan_numbers_are_understood(typed: object, sent: str) -> None:
    async def story() -> None:
        async with open_shop() as shop:
            await shop.pay(phone=typed)

            assert (shop.daraja.pushes[0]["PhoneNumber"], shop.daraja.pushes[0]["PartyA"]) == (sent, sent)

    asyncio.run(story())


@pytest.mark.parametrize(
    "given",
    [
        {"phone": "+1 212 555 0100"},
        {"phone": "020 272 0000"},
        {"phone": "07123"},
        {"phone": None},
        {"amount": 99.50},
        {"amount": "99.50"},
        {"amount": 0},
        {"amount": -5},
        {"amount": True},
        {"amount": "many"},
        {"amount": 300_000},
        {"reference": ""},
    ],
)
def test_what_mpesa_would_refuse_is_refused_before_anything_is_sent(given: dict[str, Any]) -> None:
    async def story() -> None:
        async with open_shop() as shop:
            answer = await shop.pay(**{"reference": "A1", **given})

            assert (answer["http"], answer["status"]) == (400, "FAILED")
            assert len(answer["message"]) > 20
            assert shop.daraja.pushes == []

    asyncio.run(story())


def test_a_push_is_signed_and_within_every_limit() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            await shop.pay(reference="Mama Njeri & Sons #42 @ Kibera")
            push = shop.daraja.pushes[0]
            signed = base64.b64decode(push["Password"]).decode()

            assert signed == QUICK.short_code + QUICK.passkey + push["Timestamp"]
            assert len(push["Timestamp"]) == 14
            assert push["AccountReference"] == "Mama Njeri  "
            assert 1 <= len(push["TransactionDesc"]) <= 13
            assert push["CallBackURL"].startswith("https://shop.example/hooks/")

    asyncio.run(story())


def test_a_busy_mpesa_is_tried_again_with_growing_gaps_and_then_reported() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(push_script=[BUSY] * 9)) as shop:
            answer = await shop.pay()
            first, second = (later - sooner for sooner, later in pairwise(shop.daraja.pushed_at))

            assert second > 1.5 * first > 0.5
            assert answer["http"] == 503
            assert "unavailable" in answer["message"]
            assert "PayBill 174379" in answer["message"]
            assert "Nothing was taken" in answer["message"]

    asyncio.run(story())


def test_a_busy_mpesa_that_recovers_takes_the_payment() -> None:
    async def story() -> None:
        page = (503, "<html>Request unsuccessful. Incapsula incident ID: 1-1</html>")
        async with open_shop(TinyDaraja(push_script=[page])) as shop:
            assert (await shop.pay())["http"] == 202
            assert len(shop.daraja.pushes) == 2

    asyncio.run(story())


@pytest.mark.parametrize(
    ("wire", "http", "word"),
    [
        (refused(500, "500.001.1001", LOCK), 409, "Another M-Pesa request"),
        (refused(500, "500.001.1001", "Wrong credentials"), 502, "our staff"),
        (refused(500, "500.001.1001", "Merchant does not exist"), 502, "our staff"),
        (refused(400, "400.002.02", "Bad Request - Invalid PhoneNumber"), 400, "phone number"),
        (refused(400, "400.002.02", "Bad Request - Invalid Amount"), 400, "amount"),
        (ok(ResponseCode="1", CheckoutRequestID="", ResponseDescription="Rejected"), 502, "did not accept"),
        ((403, "<html>Request unsuccessful.</html>"), 503, "unavailable"),
        (refused(504, "", ""), 202, "checking"),
        (ok(ResponseCode="0", ResponseDescription="Success"), 202, "checking"),
        ((200, "{"), 202, "checking"),
    ],
)
def test_each_other_answer_has_its_own_words_and_is_not_repeated(wire: tuple[int, str], http: int, word: str) -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(push_script=[wire])) as shop:
            answer = await shop.pay()

            assert answer["http"] == http
            assert word in answer["message"]
            assert len(shop.daraja.pushes) == 1

    asyncio.run(story())


def test_twenty_customers_share_one_token() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            await asyncio.gather(*(shop.pay(reference=f"A{n}") for n in range(20)))

            assert (shop.daraja.tokens, len(shop.daraja.pushes)) == (1, 20)

    asyncio.run(story())


@pytest.mark.parametrize(
    "wire",
    [
        BAD_TOKEN,
        refused(401, "401.002.01", "Error Occurred - Invalid Access Token - t1"),
        refused(401, "401.003.01", "Error Occurred - Invalid Access Token"),
        refused(400, "400.003.01", "Invalid Access Token"),
        ok(
            fault={
                "faultstring": "Invalid access token",
                "detail": {"errorcode": "keymanagement.service.invalid_access_token"},
            }
        ),
    ],
)
def test_a_refused_token_is_replaced_once_in_every_form(wire: tuple[int, str]) -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(push_script=[wire])) as shop:
            assert (await shop.pay())["http"] == 202
            assert (shop.daraja.tokens, len(shop.daraja.pushes)) == (2, 2)

    asyncio.run(story())


def test_a_token_that_is_refused_again_is_reported_and_not_looped() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(push_script=[BAD_TOKEN] * 9)) as shop:
            answer = await shop.pay()

            assert (answer["http"], answer["status"]) == (502, "FAILED")
            assert len(shop.daraja.pushes) == 2

    asyncio.run(story())


@pytest.mark.parametrize("wire", [(400, ""), (403, "<html>blocked</html>"), (401, "{}"), (200, "[]")])
def test_no_token_is_a_calm_answer(wire: tuple[int, str]) -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(token_script=[wire])) as shop:
            answer = await shop.pay()

            assert answer["http"] in {502, 503}
            assert "Nothing was taken" in answer["message"]

    asyncio.run(story())


@pytest.mark.parametrize("life", ["3599", 3599])
def test_the_life_of_a_token_may_be_text_or_number(life: object) -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(token_script=[ok(access_token="t", expires_in=life)])) as shop:
            await shop.pay(reference="A1")
            await shop.pay(reference="A2")

            assert (shop.daraja.tokens, len(shop.daraja.pushes)) == (1, 2)

    asyncio.run(story())
