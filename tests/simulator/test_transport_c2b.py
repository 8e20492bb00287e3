"""C2B over real connections: the merchant's answer to the validation decides, and a restart loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from core_kit import payload
from tayari_simulator.journal.pending import PendingFile
from tayari_simulator.transport.simulator import Simulator
from transport_kit import NOT_COMPILED, Merchant, Port, in_loop, merchant, payments_of, port

VALIDATES = {"c2b_validation": "all", "c2b_validation_timeout_s": "0.2"}


def http(body: object, status: int = 200) -> bytes:
    text = orjson.dumps(body)
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text


async def never(_: bytes) -> None:
    return None


async def pay(there: Port, shop: Merchant, response_type: str = "Completed", validation: str = "") -> None:
    """Register the merchant's URLs, and let a customer pay 500 shillings."""
    urls = {"ConfirmationURL": f"{shop.url}/done", "ValidationURL": validation or f"{shop.url}/may"}
    body = payload("c2b_register.request") | urls | {"ResponseType": response_type}
    assert (await there.call("/mpesa/c2b/v2/registerurl", body))[0] == 200
    assert (await there.call("/mpesa/c2b/v2/simulate", payload("c2b_simulate.request.paybill")))[0] == 200


async def through(there: Port) -> Any:
    """The payment, once nothing of it is to come any more."""
    for _ in range(500):
        (transaction,) = payments_of(there.simulator)
        if transaction["state"] != "prompted" and not there.simulator.balance()["pending"]:
            return transaction
        await asyncio.sleep(0.01)
    raise AssertionError(transaction)


@pytest.mark.parametrize(
    ("answer", "response_type", "state", "code", "messages"),
    [
        (http({"ResultCode": "0"}), "Cancelled", "paid", 0, 2),
        (http({"ResultCode": "C2B00012"}), "Completed", "failed", "C2B00012", 1),
        (http({"ResultCode": "0"}, 500), "Cancelled", "failed", 2007, 1),
        (never, "Completed", "paid", 0, 2),
        (never, "Cancelled", "failed", 2007, 1),
    ],
)
def test_the_merchant_decides_or_response_type_does(
    answer: Any, response_type: str, state: str, code: object, messages: int
) -> None:
    async def reply(body: bytes) -> bytes | None:
        if orjson.loads(body)["TransactionType"]:
            return http({"ResultCode": 0})
        return answer if isinstance(answer, bytes) else None

    async def test() -> None:
        async with merchant(reply) as shop, port(options=VALIDATES) as there:
            await pay(there, shop, response_type)
            transaction = await through(there)

            assert (transaction["state"], transaction["result_code"]) == (state, code)
            assert transaction["validation"].startswith(("accepted", "rejected: C2B00012", "no answer: "))
            assert len(shop.requests) == messages

    in_loop(test)


def test_a_validation_that_cannot_be_sent_is_one_that_is_not_answered() -> None:
    async def test() -> None:
        async with merchant() as shop, port(options=VALIDATES) as there:
            await pay(there, shop, "Completed", "http://shop.example/may")
            transaction = await through(there)

            assert transaction["state"] == "paid"
            assert [body["TransID"] for body in shop.bodies] == [transaction["receipt"]]

    in_loop(test)


def test_a_c2b_message_is_sent_once_though_callbacks_are_repeated() -> None:
    async def refuse(_: bytes) -> bytes:
        return http({}, 500)

    async def test() -> None:
        options = VALIDATES | {"callback_retries": "3", "callback_retry_gap_s": "0"}
        async with merchant(refuse) as shop, port(options=options) as there:
            await pay(there, shop)
            await through(there)
            await there.simulator.wait("idle", timeout_s=5)

            assert [bool(body["TransactionType"]) for body in shop.bodies] == [False, True]

    in_loop(test)


def killed(simulator: Simulator) -> None:
    """As after kill -9: nothing is written any more."""
    assert isinstance(simulator.daraja.state.keeper, PendingFile)
    simulator.daraja.state.keeper.close()
    simulator.daraja.state.keeper = None


@NOT_COMPILED
def test_a_payment_that_was_validated_is_made_and_confirmed_by_the_next_process(tmp_path: Path) -> None:
    """The process ends after the answer to the validation, and before its confirmation."""

    async def test() -> None:
        file = str(tmp_path / "journal")
        accepts = http({"ResultCode": 0, "ThirdPartyTransID": "ORD-7"})
        async with merchant(accepts) as shop:
            async with port(journal_file=file, clock="manual", options=VALIDATES) as there:
                await pay(there, shop)
                answered = there.simulator.daraja.answered

                def answered_and_killed(*given: Any) -> None:
                    answered(*given)
                    killed(there.simulator)

                there.simulator.daraja.answered = answered_and_killed  # type: ignore[assignment, method-assign]
                await there.simulator.advance(to_next=True)
                assert shop.bodies[0]["TransactionType"] == ""
            async with port(journal_file=file, clock="manual", options=VALIDATES) as there:
                assert there.simulator.resumed.pending == 1
                await there.simulator.advance(until_idle=True)
                transaction = await through(there)

        confirmations = [body for body in shop.bodies if body["TransactionType"]]
        assert transaction["state"] == "paid"
        assert confirmations[-1]["ThirdPartyTransID"] == "ORD-7"
        assert {body["TransID"] for body in shop.bodies} == {transaction["receipt"]}

    in_loop(test)
