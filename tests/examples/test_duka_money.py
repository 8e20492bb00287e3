"""The sample shop and money: credited once, for the right amount, when M-Pesa agrees."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_daraja import DROP, IN_FLIGHT, PAID, QUICK, QueryBudget, TinyDaraja, ok, open_shop, refused


def test_a_success_is_credited_once_however_often_it_comes() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            payment = await shop.pay()
            await shop.call_back(**PAID)
            seen = await shop.until(payment, "PAID")
            answers = await asyncio.gather(*(shop.call_back(**PAID) for _ in range(10)))

            assert (payment["http"], payment["status"]) == (202, "PENDING")
            assert (seen["receipt"], seen["credited"]) == ("UKN1ABCDEF", 100)
            assert set(answers) == {200}
            assert await shop.total() == 100

    asyncio.run(story())


def test_a_success_that_mpesa_denies_is_not_credited() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="1032")) as shop:
            payment = await shop.pay()
            await shop.call_back(**PAID)

            assert (await shop.until(payment, "REVIEW"))["status"] == "REVIEW"
            assert await shop.total() == 0

    asyncio.run(story())


def test_a_forged_path_changes_nothing() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            payment = await shop.pay()
            push = shop.daraja.pushes[0]
            forged = push["CallBackURL"].rpartition("/")[0] + "/" + "0" * 32

            assert await shop.call_back({**push, "CheckoutRequestID": "ws_CO_1", "CallBackURL": forged}, **PAID) == 200
            assert (await shop.see(payment))["status"] == "PENDING"

    asyncio.run(story())


def test_another_amount_is_for_a_person() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            payment = await shop.pay()
            await shop.call_back(**{**PAID, "Amount": 1})

            assert (await shop.until(payment, "REVIEW"))["status"] == "REVIEW"
            assert await shop.total() == 0

    asyncio.run(story())


def test_one_receipt_pays_one_order() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop:
            first, second = await shop.pay(reference="A1"), await shop.pay(reference="A2")
            await shop.call_back(0, **PAID)
            await shop.until(first, "PAID")
            await shop.call_back(1, **PAID)

            assert (await shop.until(second, "REVIEW"))["status"] == "REVIEW"
            assert await shop.total("A2") == 0

    asyncio.run(story())


def test_a_late_failure_does_not_undo_a_payment_and_a_late_success_is_honoured() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="1032")) as shop:
            payment = await shop.pay()
            await shop.call_back(code=1032)
            failed = await shop.until(payment, "FAILED")
            shop.daraja.truth = "0"
            await shop.call_back(**PAID)
            paid = await shop.until(payment, "PAID")
            await shop.call_back(code="1037")

            assert (failed["status"], paid["status"], paid["credited"]) == ("FAILED", "PAID", 100)
            assert (await shop.see(payment))["status"] == "PAID"

    asyncio.run(story())


def test_a_missing_callback_is_replaced_by_a_query_and_may_bring_its_receipt_later() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0", query_script=[IN_FLIGHT, IN_FLIGHT])) as shop:
            payment = await shop.pay()
            paid = await shop.until(payment, "PAID")
            await shop.call_back(**PAID)
            await asyncio.sleep(0.1)

            assert (paid["status"], paid["receipt"], paid["credited"]) == ("PAID", None, 100)
            assert (await shop.see(payment))["receipt"] == "UKN1ABCDEF"
            assert await shop.total() == 100

    asyncio.run(story())


def test_a_lost_acknowledgement_is_never_pushed_again_and_its_callback_still_pays() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0", push_script=[DROP])) as shop:
            payment = await shop.pay()
            repeated = await shop.pay()
            await shop.call_back(**PAID)
            paid = await shop.until(payment, "PAID")

            assert (payment["status"], repeated["id"], paid["status"]) == ("PENDING", payment["id"], "PAID")
            assert len(shop.daraja.pushes) == 1

    asyncio.run(story())


def test_a_lost_acknowledgement_without_a_callback_ends_with_a_person() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(push_script=[DROP])) as shop:
            payment = await shop.pay()

            assert (await shop.until(payment, "REVIEW"))["status"] == "REVIEW"
            assert len(shop.daraja.pushes) == 1

    asyncio.run(story())


def test_a_callback_before_the_acknowledgement_pays_once() -> None:
    async def story() -> None:
        daraja = TinyDaraja(truth="0")
        async with open_shop(daraja) as shop:

            async def early(push: dict[str, object]) -> None:
                await shop.call_back(push, **PAID)
                await asyncio.sleep(0.2)

            daraja.before_ack = early
            payment = await shop.pay()

            assert (await shop.until(payment, "PAID"))["credited"] == 100

    asyncio.run(story())


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        database = str(tmp_path / "duka.db")
        daraja = TinyDaraja(truth="0")
        async with open_shop(daraja, database=database) as shop:
            payment = await shop.pay()
        async with open_shop(daraja, database=database) as shop:
            await shop.call_back(**PAID)
            paid = await shop.until(payment, "PAID")

            assert (paid["receipt"], paid["credited"]) == ("UKN1ABCDEF", 100)

    asyncio.run(story())


def test_a_start_works_at_once_on_what_waited_in_the_queue(tmp_path: Path) -> None:
    async def story() -> None:
        slow = replace(QUICK, callback_queue_s=3_600.0)
        daraja, database = TinyDaraja(truth="0"), str(tmp_path / "duka.db")
        async with open_shop(daraja, database=database, settings=slow) as shop:
            payment = await shop.pay()
            await shop.call_back(**PAID)
        async with open_shop(daraja, database=database, settings=slow) as shop:
            paid = await shop.until(payment, "PAID")

            assert (paid["receipt"], paid["credited"]) == ("UKN1ABCDEF", 100)

    asyncio.run(story())


def test_clicking_twice_pushes_once() -> None:
    async def story() -> None:
        async with open_shop() as shop:
            answers = await asyncio.gather(*(shop.pay(headers={"Idempotency-Key": f"k{n % 2}"}) for n in range(6)))

            assert len({answer["id"] for answer in answers}) == 1
            assert len(shop.daraja.pushes) == 1

    asyncio.run(story())


def test_an_answer_about_another_payment_is_ignored() -> None:
    async def story() -> None:
        other = ok(ResponseCode="0", CheckoutRequestID="ws_CO_99", ResultCode="0")
        async with open_shop(TinyDaraja(query_script=[other] * 3)) as shop:
            payment = await shop.pay()
            await shop.call_back(**PAID)

            assert (await shop.until(payment, "PAID", "REVIEW", within_s=0.5))["status"] == "PENDING"

    asyncio.run(story())


def test_errors_of_a_query_change_nothing() -> None:
    async def story() -> None:
        errors = [
            refused(500, "500.001.1001", ""),
            refused(400, "400.002.02", "Bad Request - Invalid CheckoutRequestID"),
            (503, "<html>Request unsuccessful.</html>"),
        ]
        async with open_shop(TinyDaraja(truth="0", query_script=errors)) as shop:
            payment = await shop.pay()
            await shop.call_back(**PAID)
            paid = await shop.until(payment, "PAID", "FAILED", "REVIEW")

            assert (paid["status"], paid["credited"]) == ("PAID", 100)

    asyncio.run(story())


def test_a_query_that_nobody_wants_any_more_is_left_to_the_next_in_line() -> None:
    async def story() -> None:
        budget = QueryBudget(replace(QUICK, queries_per_minute=5))
        assert await budget.take(lambda: True)

        assert not await budget.take(lambda: False), "it is not waited for"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.take(lambda: True), 0.2)

    asyncio.run(story())
