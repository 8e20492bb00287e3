"""Server-sent events, the HTTP archive and statements: what the console and `tayari watch` read."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
from running_simulator import Running, running
from shipped_scenarios import SHIPPED
from tayari_simulator.config import SANDBOX_PASSKEY, Config
from tayari_simulator.control.control_app import open_control_port
from tayari_simulator.control.events import MOST_IN_A_BATCH
from tayari_simulator.control.routes import console_page
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.transport.simulator import Simulator

MSISDN = "254712345678"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as alone:
        yield alone


def events(server: Running, query: str = "") -> Iterator[Any]:
    """The data of events as they come."""
    with requests.get(f"{server.control_url}/v1/events{query}", stream=True, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        for line in answer.iter_lines():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def until(timeline: Iterator[Any], identifier: str, state: str) -> list[Any]:
    """The entries of all events until the transaction has this state."""
    entries: list[Any] = []
    for event in timeline:
        entries += event["entries"]
        if any(row["id"] == identifier and row["state"] == state for row in event["payments"]):
            return entries
    raise AssertionError("the stream ended")


def test_events_report_the_past_and_each_new_event(server: Running) -> None:
    before = server.pushed("254711000001")
    server.push(MSISDN, token="expired")
    timeline = events(server)
    first = next(timeline)
    identifier = server.pushed(MSISDN, amount=9)
    entries = until(timeline, identifier, "paid")
    timeline.close()  # type: ignore[attr-defined]  # it is a generator

    assert before in [row["id"] for row in first["payments"]]
    assert [row["status"] for row in first["entries"] if row["endpoint"] == "stk_push"] == [404]
    assert {"oauth", "stk_push"} <= {row["endpoint"] for row in entries}
    assert all("body" not in row for row in entries)


def test_a_customers_own_payment_without_a_message_is_an_event_too(server: Running) -> None:
    timeline = events(server, "?latest=0")
    next(timeline)
    server.control.pay_c2b(short_code="600993", msisdn=MSISDN, amount=3)
    (payment,) = server.control.payments(msisdn=MSISDN, kind="c2b")

    assert until(timeline, payment["id"], "paid") == []
    timeline.close()  # type: ignore[attr-defined]  # it is a generator


def test_events_of_one_number_leave_out_the_others_and_report_a_reset() -> None:
    with running() as alone:
        timeline = events(alone, f"?msisdn={MSISDN}")
        next(timeline)
        alone.pushed("254711000002")
        mine = alone.pushed(MSISDN)
        numbers = {row["msisdn"] for row in until(timeline, mine, "paid")}
        alone.control.reset()

        assert numbers == {MSISDN}
        assert next(event for event in timeline if event["reset"])["payments"] == []


def test_more_than_can_be_shown_is_counted_as_skipped(server: Running) -> None:
    timeline = events(server, "?latest=0")
    next(timeline)
    for number in range(3 * MOST_IN_A_BATCH):
        server.control.pay_c2b(short_code="600993", msisdn=MSISDN, amount=number + 1)
    number = shown = skipped = 0
    while number < 3 * MOST_IN_A_BATCH:
        event = next(timeline)
        assert len(event["payments"]) <= MOST_IN_A_BATCH
        shown += len(event["payments"])
        skipped += event["skipped"]
        number = shown + skipped
    timeline.close()  # type: ignore[attr-defined]  # it is a generator

    assert number >= 3 * MOST_IN_A_BATCH


def test_nothing_is_done_once_the_listener_has_left() -> None:
    async def watched() -> tuple[int, int]:
        simulator = Simulator(Config(port=0, control_port=0))
        await simulator.start()
        port = await open_control_port(simulator, Selector(), host="127.0.0.1", port=0)
        async with aiohttp.ClientSession() as session, session.get(f"{port.url}/v1/events") as answer:
            await answer.content.readline()
            during = len(simulator.entries.watchers)
        simulator.pay_c2b(short_code="600993", msisdn=MSISDN, amount=1, reference="")
        async with asyncio.timeout(10):
            while simulator.entries.watchers or simulator.waiting.watchers:
                await asyncio.sleep(0.02)
        after = len(simulator.entries.watchers)
        await port.close()
        await simulator.close()
        return during, after

    assert asyncio.run(watched()) == (1, 0)


def test_a_port_that_closes_ends_the_streams_at_once() -> None:
    with running() as alone:
        timeline = events(alone)
        next(timeline)

    assert list(timeline) == []


def test_the_archive_has_each_exchange_and_no_secret(server: Running) -> None:
    token = server.token()
    identifier = server.pushed("254711000003", token=token)
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    whole = requests.get(f"{server.control_url}/v1/har", timeout=5)
    log = requests.get(f"{server.control_url}/v1/har?checkout_request_id={identifier}", timeout=5).json()["log"]
    push, callback = log["entries"]

    assert (log["version"], push["_endpoint"], callback["_kind"]) == ("1.2", "stk_push", "callback")
    assert json.loads(push["request"]["postData"]["text"])["Password"] == "***"
    assert {"name": "Authorization", "value": "Bearer ***"} in push["request"]["headers"]
    assert json.loads(callback["request"]["postData"]["text"])["Body"]["stkCallback"]["ResultCode"] == 0
    assert callback["response"]["status"] == 200
    assert token not in whole.text
    assert SANDBOX_PASSKEY not in whole.text


def test_an_account_is_topped_up_a_password_expires_and_the_statement_has_the_payment(server: Running) -> None:
    identifier = server.pushed("254711000004", amount=77, reference="INV77")
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    before = server.control.organisations()[0]["balances"]
    after = server.control.set_organisation(
        "174379", top_up=500, account="Working Account", initiator="testapi", expired=True
    )
    timeline = requests.get(f"{server.control_url}/v1/organisations/174379/statement", timeout=5).json()

    assert after["balances"] == {**before, "Working Account": before["Working Account"] + 500}
    assert after["expired_initiators"] == ["testapi"]
    assert server.control.set_organisation("174379", initiator="testapi", expired=False)["expired_initiators"] == []
    limited = server.control.set_organisation("174379", largest_amount=100, daily_payout=400)
    assert limited["limits"] == {"largest_amount": 100, "daily_payout": 400}
    assert server.control.set_organisation("174379", largest_amount=0, daily_payout=0)["limits"] == {
        "largest_amount": None, "daily_payout": None,
    }  # fmt: skip
    (posting,) = [row for row in timeline["postings"] if row["checkout_request_id"] == identifier]
    assert (posting["amount"], posting["other"], posting["reference"]) == (77, "254711000004", "INV77")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"initiator": "testapi"}, "initiator and expired go together"),
        ({"initiator": "nobody", "expired": True}, 'no initiator "nobody"; known here: testapi'),
        ({"account": "Utilty Account", "top_up": 1}, "did you mean Utility Account?"),
    ],
)
def test_what_cannot_be_done_to_an_organisation_says_what_is_known(
    server: Running, body: dict[str, Any], message: str
) -> None:
    answer = requests.put(f"{server.control_url}/v1/organisations/174379", json=body, timeout=5)

    assert answer.status_code in {400, 404}
    assert message in answer.json()["error"]["message"]


def test_the_page_runs_its_own_script_alone_and_loads_nothing_from_elsewhere(server: Running) -> None:
    answer = requests.get(f"{server.control_url}/", timeout=5)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"].startswith("'sha256-")
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "http" not in console_page()[0].replace("http://127.0.0.1", "")
    assert "innerHTML" not in console_page()[0]


def test_the_scenarios_that_a_handsets_answer_is_like_are_shipped_and_have_rules() -> None:
    shipped = {row.name: row for row in SHIPPED}
    alike = dict(re.findall(r'(\d+): "(payment/[\w-]+)"', console_page()[0]))

    assert alike["1032"] == "payment/cancelled"
    for code, name in alike.items():
        assert str(shipped[name].behaviour.steps[0].result_code) == code
        assert shipped[name].summary()["expect"]["rules"]  # type: ignore[index]  # it is a mapping


@pytest.mark.parametrize("path", ["/v1/events", "/v1/journal", "/"])
def test_a_page_of_another_site_cannot_load_anything(server: Running, path: str) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    rebound = {"Host": "console.evil.test"}
    answers = [
        requests.get(f"{server.control_url}{path}", headers=headers, timeout=5) for headers in (embedded, rebound)
    ]

    assert [row.json()["error"]["code"] for row in answers] == ["other_site", "other_host"]


def test_a_link_from_another_site_may_be_followed(server: Running) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert requests.get(f"{server.control_url}/", headers=headers, timeout=5).status_code == 200
