"""One control API over several processes: asked of the owner, of all, or of the first, and put together."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

import orjson
from cluster_kit import Crew, crew, shipped
from http_kit import in_loop, merchant
from tayari_simulator.cluster.front import ROWS
from tayari_simulator.control.routes import ROUTES


def test_every_row_of_the_control_api_has_one_here() -> None:
    assert {(method, path) for method, path, _ in ROWS} == {(row.method, row.path) for row in ROUTES}


async def pay(made: Crew, url: str, each: int) -> list[str]:
    """So many payments of each process's phones, all pushed at the first one; their ids."""
    there = await made.logged_in(0)
    phones = [phone for index in range(made.expected) for phone in islice(made.phones(index), each)]
    told = [await there.push(url, PhoneNumber=phone, Amount=200) for phone in phones]
    assert {status for status, _ in told} == {200}
    return [body["CheckoutRequestID"] for _, body in told]


def test_the_journal_is_one_in_order_and_a_cursor_sees_each_entry_once() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(3) as three:
            seen: list[Any] = []
            cursor = 1

            async def read() -> None:
                nonlocal cursor
                page = await three.control("GET", f"/v1/journal?since={cursor}&limit=7")
                seen.extend(page["entries"])
                cursor = page["next"]

            paying = asyncio.create_task(pay(three, shop.url, 8))
            while not paying.done():
                await read()
            await three.control("POST", "/v1/wait", {"for": "idle", "timeout_s": 5})
            last = -1
            while last != len(seen):
                last = len(seen)
                await read()
            numbers = [entry["seq"] for entry in seen]
            whole = await three.control("GET", "/v1/journal")

            assert len(numbers) == 1 + 24 + 24
            assert numbers == sorted(set(numbers)) == [entry["seq"] for entry in whole["entries"]]
            assert len({number % 64 for number in numbers}) == 3
            assert [entry["at"] for entry in seen if entry["kind"] == "request"] == sorted(
                entry["at"] for entry in seen if entry["kind"] == "request"
            )

    in_loop(scenario)


def test_the_latest_entries_come_without_since_and_those_of_one_payment_with_its_key() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(2) as two:
            ids = await pay(two, shop.url, 3)
            await two.control("POST", "/v1/wait", {"for": "callback_answered", "count": 6, "timeout_s": 5})
            whole = (await two.control("GET", "/v1/journal"))["entries"]
            page = await two.control("GET", "/v1/journal?limit=2")
            own = await two.control("GET", f"/v1/journal?checkout_request_id={ids[-1]}")
            by_reference = await two.control("GET", f"/v1/journal?reference={_reference(whole)}")

            assert page["entries"] == whole[-2:]
            assert [entry["kind"] for entry in own["entries"]] == ["request", "callback"]
            assert len(by_reference["entries"]) == 12

    in_loop(scenario)


def test_wait_ends_when_enough_has_happened_in_all_together() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(3, options={"outcome_after_s": "0.1"}) as three:
            body = {"for": "callback_answered", "count": 5, "timeout_s": 5}
            waiting = asyncio.create_task(three.control("POST", "/v1/wait", body))
            await pay(three, shop.url, 2)
            told = await waiting
            await three.control("POST", "/v1/wait", {"for": "idle", "timeout_s": 5})
            due = await three.control("POST", "/v1/wait", {"for": "result_due", "count": 6, "timeout_s": 5})
            more = await three.control("POST", "/v1/wait", {"for": "push_seen", "count": 7, "timeout_s": 0.05})

            assert told["met"]
            assert told["waited_s"] < 3
            assert 5 <= len(told["entries"]) <= 6
            assert (due["met"], len(due["entries"])) == (True, 6)
            assert (more["met"], len(more["entries"])) == (False, 6)
            assert (await three.asked("POST", "/v1/wait", {"for": "nothing"}))[0] == 400

    in_loop(scenario)


def test_one_shots_wallets_and_explanations_are_asked_of_the_owner() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(2, shipped("payment/insufficient-funds")) as two:
            phone, there = two.phone(1), await two.logged_in(0)
            await two.control("POST", "/v1/next", {"scenario": "payment/insufficient-funds", "msisdn": phone})
            assert [member.selector.queued for member in two.members] == [0, 1]
            await two.control("PUT", f"/v1/wallets/{phone}", {"balance": 500})
            assert two.members[1].simulator.daraja.world.wallets.balance(phone) == 500
            _, told = await there.push(shop.url, PhoneNumber=phone)
            identifier = told["CheckoutRequestID"]
            await two.control("POST", "/v1/wait", {"for": "result_due", "msisdn": phone, "timeout_s": 5})
            explained = await two.control("GET", f"/v1/explain/{identifier}")
            (payment,) = (await two.control("GET", f"/v1/payments?checkout_request_id={identifier}"))["payments"]
            sent = await two.control("POST", "/v1/callbacks", {"checkout_request_id": identifier})

            assert explained["payments"][0]["chosen"]["scenario"] == "payment/insufficient-funds"
            assert payment["result_code"] == 1
            assert [row["status"] for row in sent["deliveries"]] == [200]
            other = two.phone(0)
            _, told = await there.push(shop.url, PhoneNumber=other)
            await two.control("POST", "/v1/wait", {"for": "result_due", "msisdn": other, "timeout_s": 5})
            (paid,) = (await two.control("GET", f"/v1/payments?msisdn={other}"))["payments"]
            assert (await two.control("GET", f"/v1/explain/{paid['receipt']}"))["msisdn"] == other
            assert (await two.asked("GET", "/v1/explain/NOTHING123"))[0] == 404

    in_loop(scenario)


def test_what_is_set_is_set_everywhere_and_what_is_refused_nowhere() -> None:
    async def scenario() -> None:
        async with crew(3, shipped("payment/insufficient-funds")) as three:
            yaml = "scenario: payment/short\nabout: Short of funds.\noutcome: {result_code: 1, after_s: 0.01}\n"
            assert await three.control("POST", "/v1/scenarios", {"yaml": yaml}) == {"scenario": "payment/short"}
            await three.control("PUT", "/v1/scenarios/active", {"scenario": "payment/short"})
            await three.control("POST", "/v1/mix", {"mix": "short=1"})
            assert [member.selector.active for member in three.members] == ["payment/short"] * 3
            assert [member.selector.mix for member in three.members] == [{"payment/short": 1.0}] * 3
            for method, path, body in (
                ("POST", "/v1/scenarios", {"yaml": "scenario: 3"}),
                ("PUT", "/v1/scenarios/active", {"scenario": "nothing/here"}),
                ("POST", "/v1/mix", {"mix": "nothing=1"}),
                ("POST", "/v1/next", {"scenario": "nothing/here", "msisdn": three.phone(2)}),
                ("POST", "/v1/clock/advance", {"by_s": 1}),
            ):
                status, told = await three.asked(method, path, body)
                assert 400 <= status < 500
                assert told["error"]["code"]
            assert [member.selector.active for member in three.members] == ["payment/short"] * 3
            await three.control("POST", "/v1/next", {"scenario": "payment/short", "endpoint": "stk_push", "times": 2})
            await three.control("POST", "/v1/next", {"scenario": "payment/short", "msisdn": three.phone(2)})
            assert await three.control("DELETE", "/v1/next") == {"dropped": 3}
            await three.control("POST", "/v1/reset", {})
            assert [member.selector.active for member in three.members] == [None] * 3

    in_loop(scenario)


def test_balance_limits_metrics_and_page_are_sums() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(3) as three:
            await pay(three, shop.url, 2)
            await three.control("POST", "/v1/wait", {"for": "idle", "timeout_s": 5})
            balance = await three.control("GET", "/v1/balance")
            assert (balance["accepted"], balance["called_back"], balance["balanced"]) == (6, 6, True)
            assert (balance["processes"], balance["missing"]) == (3, 0)
            limits = await three.control("GET", "/v1/limits")
            assert limits["near_limit"] in {True, False}
            assert three.client is not None
            async with three.client.get(f"{three.control_url}/metrics") as answered:
                lines = dict(line.split() for line in (await answered.text()).splitlines() if not line.startswith("#"))
            assert lines["tayari_pushes_accepted_total"] == "6"
            assert lines["tayari_callbacks_answered_total"] == "6"
            assert lines["tayari_calls_passed_on_total"] == "4"
            async with three.client.get(f"{three.control_url}/") as answered:
                page = await answered.text()
            assert page.count('<i class="paid">') == 6
            assert (await three.control("GET", "/v1/settings"))["control_url"] == three.control_url

    in_loop(scenario)


def test_a_process_that_took_payments_along_shows_in_the_balance() -> None:
    async def scenario() -> None:
        async with crew(2) as two:
            zeros = dict.fromkeys(("accepted", "called_back", "dropped_by_scenario", "not_allowed", "forgotten",
                                   "difference", "owed", "planned", "pending"), 0)  # fmt: skip
            two.died.append(zeros | {"accepted": 5, "called_back": 3, "pending": 2, "owed": 2, "planned": 2})
            balance = await two.control("GET", "/v1/balance")

            assert (balance["accepted"], balance["difference"], balance["pending"], balance["died"]) == (5, 2, 0, 1)
            assert not balance["balanced"]

    in_loop(scenario)


def test_a_manual_clock_is_one_and_things_happen_in_their_order() -> None:
    async def scenario() -> None:
        async with merchant() as shop, crew(3, clock="manual") as three:
            there = await three.logged_in(0)
            for owner, after_s in ((0, 30), (1, 10), (2, 20)):
                await three.control("POST", "/v1/next", {"scenario": {"outcome": {"after_s": after_s}},
                                                         "msisdn": three.phone(owner)})  # fmt: skip
                assert (await there.push(shop.url, PhoneNumber=three.phone(owner)))[0] == 200
            began = three.members[0].simulator.now_s()
            first = await three.control("POST", "/v1/clock/advance", {"to": "next"})
            assert first == {"now_s": began + 10, "fired": 1}
            assert {member.simulator.now_s() for member in three.members} == {began + 10}
            assert (await three.control("POST", "/v1/clock/advance", {"by_s": 11}))["fired"] == 1
            assert (await three.control("POST", "/v1/clock/advance", {"until": "idle"}))["fired"] == 1
            assert {member.simulator.now_s() for member in three.members} == {began + 30}
            assert [_phone(body) for body in shop.bodies] == [three.phone(owner) for owner in (1, 2, 0)]
            assert (await three.asked("POST", "/v1/clock/advance", {"by_s": 1, "to": "next"}))[0] == 400

    in_loop(scenario)


def test_a_mix_of_several_processes_has_its_weights_in_sum() -> None:
    async def scenario() -> None:
        both = shipped("payment/success", "payment/insufficient-funds")
        async with merchant() as shop, crew(2, both, mix={"success": 50, "insufficient-funds": 50}) as two:
            await pay(two, shop.url, 60)
            rows = (await two.control("GET", "/v1/payments"))["payments"]
            names = [row["scenario"] for row in rows]

            assert len(names) == 120
            assert 35 <= names.count("payment/insufficient-funds") <= 85  # 60 expected, 5.5 is one deviation

    in_loop(scenario)


def _reference(entries: list[Any]) -> str:
    pushed = next(entry for entry in entries if entry["endpoint"] == "stk_push")
    return str(orjson.loads(pushed["request"]["body"])["AccountReference"])


def _phone(body: Any) -> str:
    return str(body["Body"]["stkCallback"]["CallbackMetadata"]["Item"][-1]["Value"])
