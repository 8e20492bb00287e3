"""The sample shop and what it is sent: every form of callback is read, kept and answered."""

import asyncio
import json

import pytest
from tayari_contracts.context.message_topics import problems_of, promises_in
from tiny_daraja import DUKA, PAID, TinyDaraja, open_shop

TOPICS = {
    "1": "insufficient_funds",
    "2": "below_minimum",
    "3": "above_maximum",
    "4": "daily_limit",
    "8": "receiver_full",
    "17": "try_later_two_minutes",
    "1001": "subscriber_busy",
    "1019": "expired",
    "1025": "push_failed",
    "1032": "cancelled",
    "1036": "push_failed",
    "1037": "no_answer",
    "2001": "wrong_pin",
    "2028": "merchant_problem",
    "8006": "pin_locked",
    "9999": "push_failed",
    "SFC_IC0003": "merchant_problem",
    "5999": "unconfirmed",
}


@pytest.mark.parametrize("code", TOPICS)
def test_every_code_has_its_own_plain_words(code: str) -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth=code)) as shop:
            payment = await shop.pay()
            assert await shop.call_back(code=int(code) if code.isdigit() else code) == 200
            seen = await shop.until(payment, "FAILED", "PAID", within_s=0.5)

            assert seen["status"] == ("PENDING" if code == "5999" else "FAILED")
            assert problems_of(seen["message"], TOPICS[code]) == []
            assert code in {"1"} or promises_in(seen["message"]) == []

    asyncio.run(story())


@pytest.mark.parametrize(
    "items",
    [
        [
            ("Amount", 100.0),
            ("MpesaReceiptNumber", "UKN1ABCDEF"),
            ("Balance", None),
            ("TransactionDate", "20261123101010"),
        ],
        [("PhoneNumber", "254712345678"), ("MpesaReceiptNumber", "UKN1ABCDEF"), ("Amount", "100.00")],
        {"Name": "MpesaReceiptNumber", "Value": "UKN1ABCDEF"},
    ],
)
def test_metadata_is_read_by_name_in_every_form(items: object) -> None:
    if isinstance(items, list):
        items = [{"Name": name} if value is None else {"Name": name, "Value": value} for name, value in items]
    callback = {"CheckoutRequestID": "ws_CO_1", "ResultCode": "0", "CallbackMetadata": {"Item": items}}

    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            payment = await shop.pay()
            url = shop.daraja.pushes[0]["CallBackURL"]
            assert await shop.post_raw(url, json.dumps({"Body": {"stkCallback": callback}})) == 200
            seen = await shop.until(payment, "PAID")

            assert (seen["status"], seen["receipt"]) == ("PAID", "UKN1ABCDEF")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"Body": null}', 400),
        ('{"Body": {"stkCallback": {}}}', 400),
        ("x" * 70_000, 413),
    ],
)
def test_what_is_no_callback_is_refused_without_damage(raw: str, status: int) -> None:
    async def story() -> None:
        async with open_shop() as shop:
            payment = await shop.pay()

            assert await shop.post_raw(shop.daraja.pushes[0]["CallBackURL"], raw) == status
            assert (await shop.see(payment))["status"] == "PENDING"

    asyncio.run(story())


def test_a_success_without_a_receipt_waits_for_mpesa_to_agree() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            payment = await shop.pay()
            await shop.call_back(Amount=100)
            waiting = await shop.until(payment, "PAID", within_s=0.5)
            shop.daraja.truth = "0"

            assert waiting["status"] == "PENDING"
            assert (await shop.until(payment, "PAID"))["credited"] == 100

    asyncio.run(story())


def test_messages_are_kept_as_they_came() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            payment = await shop.pay()
            raw = '{"Body":{"stkCallback":{"CheckoutRequestID":"ws_CO_1","ResultCode":1032,  "ResultDesc":"x"}}}'
            await shop.post_raw(shop.daraja.pushes[0]["CallBackURL"], raw)
            async with shop.session.get(f"{shop.url}/api/payments/{payment['id']}/messages") as reply:
                assert (await reply.json())["messages"] == [raw]

    asyncio.run(story())


def test_queries_leave_growing_gaps_and_stop_when_the_result_is_known() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            payment = await shop.pay()
            await asyncio.sleep(0.9)
            first, second = (b - a for a, b in zip(shop.daraja.queried_at, shop.daraja.queried_at[1:3], strict=False))
            await shop.call_back(code=1032)
            asked = len(shop.daraja.queried_at)
            await asyncio.sleep(1.2)

            assert second > 1.5 * first
            assert (await shop.see(payment))["status"] == "FAILED"
            assert len(shop.daraja.queried_at) == asked

    asyncio.run(story())


def test_the_pages_take_a_payment_and_show_its_state() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            async with shop.session.get(shop.url) as reply:
                page = await reply.text()
            order = page.partition('name="order" value="')[2][:32]
            form = {"good": "kahawa", "phone": "0712 345 678", "order": order}
            async with shop.session.post(f"{shop.url}/pay", data=form) as reply:
                waiting, url = await reply.text(), reply.url
            await shop.call_back(**{**PAID, "Amount": 650})
            await shop.until({"id": url.path.rpartition("/")[2]}, "PAID")
            async with shop.session.get(url) as reply:
                paid = await reply.text()

            assert "Angalia simu yako" in waiting
            assert "Asante sana!" in paid
            assert "UKN1ABCDEF" in paid

    asyncio.run(story())


def test_the_shop_imports_nothing_of_the_project() -> None:
    imports = [line for path in DUKA.rglob("*.py") for line in path.read_text().splitlines() if "import" in line]

    assert [line for line in imports if "tayari" in line] == []
