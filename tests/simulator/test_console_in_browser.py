"""The console in a real browser: a payment by keyboard alone, its page, both colour schemes, and a strict policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from bench_daraja import scenario_of
from legibility import problems_of
from playwright.sync_api import sync_playwright
from running_simulator import Running, running
from tayari_simulator.server.process import console_url
from test_report_access import axe, violations  # noqa: F401 - `axe` is a fixture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCENARIOS = Path(__file__).parents[2] / "scenarios/payment"
SHIPPED = [scenario_of((SCENARIOS / f"{name}.yaml").read_text()) for name in ("insufficient-funds", "wrong-pin")]
MSISDN: Final = "254712345678"
OTHER: Final = "254711000002"
TOKEN: Final = "a-token-of-this-simulator"
HOSTILE: Final = "<img src=x onerror=alert(1)>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install Chromium"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(SHIPPED, control_token=TOKEN) as alone:
        yield alone


@pytest.fixture(scope="module")
def page(server: Running) -> Iterator[Any]:
    """One page for all tests; what the browser complains of fails the last of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page: Any = browser.new_page(viewport={"width": 1280, "height": 900})
        page.complaints = []
        page.on(
            "console", lambda line: page.complaints.append(line.text) if line.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(f"dialog {dialog.message}"))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.set_default_timeout(60_000)
        page.goto(console_url(server.control_url, TOKEN))
        page.wait_for_selector("#live:text-is('live')")
        yield page
        browser.close()


def many(number: int) -> dict[str, Any]:
    """The event of a simulator with 1,000 payments in a second: it holds 100, and 900 are skipped."""
    now_s = 1_790_000_000 + number / 10
    rows = [
        {
            "id": f"ws_CO_{number}_{at}", "kind": "stk_push", "msisdn": f"2547{number:04}{at:04}", "amount": 10,
            "account_reference": f"ref {100 * number + at}", "state": "paid", "result_code": 0, "result_desc": "done",
            "receipt": "UKTFBS5DGC", "scenario": "", "created_at": now_s + at / 1e4, "callbacks": [],
        }
        for at in range(100)
    ]  # fmt: skip
    counts = dict.fromkeys(("accepted", "open", "answered", "unanswered", "refused", "dropped"), 0)
    return {"now_s": now_s, "reset": False, "skipped": 900, "counts": counts, "payments": rows, "entries": []}


def handset(page: Any, msisdn: str) -> Any:
    """The handset of this number on the page, which is added if need be."""
    phone = page.locator(f"section[aria-label='Handset {msisdn}']")
    if not phone.count():
        page.fill("#number", msisdn)
        page.click("text=Control by hand")
        phone.wait_for()
    return phone


def go_to(page: Any, name: str) -> None:
    """Follow a link of the navigation."""
    page.click(f"nav >> text={name}")
    page.wait_for_selector(f"nav a[aria-current=page]:text-is('{name}')")


def test_a_payment_is_made_from_the_handset_by_keyboard_alone(server: Running, page: Any) -> None:
    page.focus("#number")
    page.keyboard.type("0712345678")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"section[aria-label='Handset {MSISDN}']")
    page.evaluate("document.activeElement.blur()")
    identifier = server.pushed(MSISDN, amount=300, reference="INV7")
    page.wait_for_selector("text=Do you want to pay Ksh300.00 to EXAMPLE SHOP Account no. INV7?")
    page.wait_for_selector(f"[aria-label='M-PESA PIN of {MSISDN}']:focus")
    page.keyboard.type("1234")
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.messages >> text=New M-PESA balance is Ksh4,700.00.")
    page.wait_for_selector("#view td.state.paid")

    assert server.control.payments(checkout_request_id=identifier)[0]["result_code"] == 0


def test_two_handsets_stand_side_by_side_and_each_button_has_its_result(server: Running, page: Any) -> None:
    handset(page, MSISDN)
    phone = handset(page, OTHER)
    phone.locator("select[aria-label=Language]").select_option("sw")
    results = {}
    for amount, button in ((11, "Cancel"), (12, "Time out")):
        identifier = server.pushed(OTHER, amount=amount)
        phone.locator("text=Je, unataka kulipa").wait_for()
        phone.get_by_role("button", name=button).click()
        server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
        phone.locator("text=No prompt.").wait_for()
        results[button] = server.control.payments(checkout_request_id=identifier)[0]["result_code"]
    boxes = [page.locator(f"section[aria-label='Handset {number}']").bounding_box() for number in (MSISDN, OTHER)]

    assert results == {"Cancel": 1032, "Time out": 1037}
    assert boxes[0]["y"] == boxes[1]["y"]


def test_a_customer_pays_a_pay_bill_from_the_sim_menu(server: Running, page: Any) -> None:
    phone = handset(page, MSISDN)
    phone.locator("summary:has-text('Lipa na M-PESA')").click()
    phone.locator("[aria-label='Business or till number']").fill("600992")
    phone.locator("[aria-label='Account number']").fill("ACC9")
    phone.get_by_role("button", name="Pay", exact=True).click()
    phone.locator("ol.messages >> text=for account ACC9").wait_for()

    assert server.control.payments(msisdn=MSISDN, kind="c2b")[-1]["state"] == "paid"


def test_what_comes_from_outside_is_text_and_the_filter_finds_it(server: Running, page: Any) -> None:
    server.control.play_next("payment/insufficient-funds", msisdn="254722000001")
    server.pushed("254722000001", amount=450, reference=HOSTILE)
    go_to(page, "Payments")
    page.fill("[aria-label='Filter the timeline']", HOSTILE)
    page.wait_for_selector("#view td.state.failed")

    assert page.locator("#view tbody tr").count() == 1
    assert page.locator("img").count() == 0
    page.fill("[aria-label='Filter the timeline']", "")


def test_a_paid_payment_whose_callback_nobody_took_says_so_at_any_width(server: Running, page: Any) -> None:
    identifier = replace(server, callback_url="http://127.0.0.1:9/nobody").pushed("254722000003", reference="LOST")
    go_to(page, "Payments")
    page.fill("[aria-label='Filter the timeline']", "LOST")
    fault = page.locator("#view tbody .failed", has_text="cannot connect to 127.0.0.1:9")
    fault.locator("visible=true").wait_for()
    shown = [fault.locator("visible=true").count()]
    for width in (1600, 390):
        page.set_viewport_size({"width": width, "height": 900})
        shown.append(fault.locator("visible=true").count())
    page.set_viewport_size({"width": 1280, "height": 900})
    page.fill("[aria-label='Filter the timeline']", "")

    assert server.control.payments(checkout_request_id=identifier)[0]["state"] == "paid"
    assert shown == [1, 1, 1]


def test_what_was_refused_before_the_page_was_opened_is_shown(server: Running, page: Any) -> None:
    server.push("254722000009", token="expired")
    page.reload()
    page.wait_for_selector("#live:text-is('live')")

    page.wait_for_selector("#view tr.other >> text=254722000009")


def test_the_page_of_a_payment_shows_why_and_what_to_do_and_sends_again(server: Running, page: Any) -> None:
    server.control.play_next("payment/insufficient-funds", msisdn="254722000002")
    identifier = server.pushed("254722000002", amount=450)
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    before = len(server.taken)
    go_to(page, "Payments")
    page.click("#view a:text-is('254722000002')")
    page.wait_for_selector("h2:text-is('What the merchant must do')")
    page.wait_for_selector("text=insufficient")
    page.click("button:text-is('Ten at once')")
    page.wait_for_selector("text=Ten at once: 10 sent")
    page.locator("[aria-label='Field to change']").select_option("Body.stkCallback.ResultCode")
    page.fill("[aria-label='New value']", "0")
    page.click("button:text-is('Send changed')")
    page.wait_for_selector("text=Body.stkCallback.ResultCode changed: 1 sent")
    copied = {}
    for name in ("Copy as tayari trigger", "Copy as scenario file"):
        page.click(f"button:text-is('{name}')")
        page.locator("button:text-is('Copied')").wait_for()
        copied[name] = page.evaluate("navigator.clipboard.readText()")
        page.locator(f"button:text-is('{name}')").wait_for()
    shown = page.inner_text("#view")
    page.evaluate("sessionStorage.clear()")  # as if the page were opened without the printed address
    page.click("button:text-is('Again')")
    page.wait_for_selector("text=expected the header `Authorization: Bearer TOKEN`")
    page.fill("[aria-label='Control token']", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Again: 1 sent")
    (unauthorized,) = page.complaints
    page.complaints.clear()

    assert "401 (Unauthorized)" in unauthorized
    assert len(server.taken) == before + 12
    assert b'"ResultCode":0' in server.taken[-2].body
    assert "U01" in shown
    assert copied["Copy as tayari trigger"] == (
        f"tayari trigger 1 --control {server.control_url} --checkout-request-id {identifier}"
    )
    assert server.control.load_scenario(copied["Copy as scenario file"])["scenario"] == "recorded/stk-push-1"
    assert "Bearer ***" in page.evaluate("document.querySelector('#view').textContent")


def test_ten_thousand_payments_are_kept_a_few_are_shown_and_the_page_says_so(server: Running, page: Any) -> None:
    go_to(page, "Payments")
    server.control.reset()
    crowds = [json.dumps(many(number)) for number in range(100)]
    page.route("**/v1/events*", lambda route: route.fulfill(
        content_type="text/event-stream", body="".join(f"event: happened\ndata: {data}\n\n" for data in crowds)
    ))  # fmt: skip
    page.reload()
    page.wait_for_selector("text=The latest 150 of 10,000 rows")
    rows = page.locator("#view tbody tr").count()
    note = page.inner_text("#view p.quiet")
    page.fill("[aria-label='Filter the timeline']", "ref 9999")
    page.locator("#view td:text-is('ref 9999')").wait_for()
    found = page.locator("#view tbody tr").count()
    page.unroute("**/v1/events*")
    page.goto(f"{server.control_url}/")
    page.wait_for_selector("#live:text-is('live')")

    assert (rows, found) == (150, 1)
    assert "90,000 left out: they came too fast to show" in note


def test_scenarios_are_activated_and_an_outage_begins_and_ends(server: Running, page: Any) -> None:
    go_to(page, "Scenarios")
    page.fill("[aria-label='Search scenarios']", "stk_push wrong-pin")
    page.click("button:text-is('Activate')")
    page.wait_for_selector("button:text-is('Deactivate')")
    active = server.control.settings()["active_scenario"]
    page.click("button:text-is('Deactivate')")
    page.wait_for_selector("button:text-is('Activate')")

    page.get_by_label("Seconds of the outage").fill("600")
    page.click("button:text-is('Outage for')")
    page.wait_for_selector("text=connections are refused for 600 s")
    with pytest.raises(requests.ConnectionError):
        server.push(OTHER, token="any")
    page.click("button:text-is('End it')")
    page.wait_for_selector("text=Daraja's port is open again")
    again = [server.control.end_outage(), bool(server.token())]

    assert again == [False, True]
    assert active == "payment/wrong-pin"
    assert server.control.settings()["active_scenario"] is None


def test_a_scenario_is_queued_for_a_number_however_it_is_typed(server: Running, page: Any) -> None:
    go_to(page, "Scenarios")
    page.get_by_label("Search scenarios").fill("payment/wrong-pin")
    page.get_by_label("Number to queue scenarios for").fill("0722000007")
    page.locator(".list button:text-is('Queue')").first.click()
    page.wait_for_selector("text=payment/wrong-pin plays at the next stk_push call of 254722000007")
    page.get_by_label("Search scenarios").fill("")
    page.get_by_label("Number to queue scenarios for").fill("")
    identifier = server.pushed("254722000007")

    assert server.control.payments(checkout_request_id=identifier)[0]["scenario"] == "payment/wrong-pin"


def test_an_organisation_is_topped_up_limited_and_its_statement_read(server: Running, page: Any) -> None:
    identifier = server.pushed("254722000003", amount=305)
    server.control.wait("callback_answered", timeout_s=5, checkout_request_id=identifier)
    go_to(page, "Organisations")
    own = page.locator("section[aria-label='Organisation 174379']")
    before = server.control.organisations()[0]["balances"]["Utility Account"]
    own.get_by_role("button", name="Top up").click()
    page.wait_for_selector("text=174379: Ksh10,000 added")
    own.get_by_label("Largest payment of 174379").fill("700")
    own.get_by_role("button", name="Set limits").click()
    page.wait_for_selector("text=174379: limits set")
    limits = server.control.organisations()[0]["limits"]
    own.get_by_label("Largest payment of 174379").fill("")
    with page.expect_response("**/v1/organisations/174379"):
        own.get_by_role("button", name="Set limits").click()
    own.get_by_role("button", name="Expire the password of testapi").click()
    own.get_by_role("button", name="Renew the password of testapi").wait_for()
    own.locator("summary:text-is('Statement')").click()
    own.locator("td:text-is('305')").wait_for()

    assert server.control.organisations()[0]["balances"]["Utility Account"] == before + 10_000
    assert limits == {"largest_amount": 700, "daily_payout": None}
    assert server.control.organisations()[0]["limits"]["largest_amount"] is None


def test_what_is_typed_stays_when_the_organisations_come_a_moment_later(server: Running, page: Any) -> None:
    go_to(page, "Organisations")
    field = page.get_by_label("Largest payment of 174379")
    field.wait_for()
    held = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/v1/organisations", hold)
    with page.expect_request("**/v1/organisations"):
        server.pushed("254722000003", amount=306)
    field.fill("700")
    with page.expect_response("**/v1/organisations"):
        held[0].continue_()
    page.evaluate("new Promise(done => setTimeout(done, 200))")

    assert field.input_value() == "700"


@pytest.mark.registry
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_any_view(server: Running, page: Any, axe: str, scheme: str, width: int) -> None:  # noqa: F811
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    phone = handset(page, MSISDN)
    identifier = server.pushed(MSISDN, amount=width + (scheme == "dark"))
    phone.get_by_label("M-PESA PIN").wait_for()
    found = []
    for name in ("Payments", "Scenarios", "Organisations", ""):
        if name:
            go_to(page, name)
        else:
            page.evaluate(f"location.hash = '#/payment/{identifier}'")
            page.wait_for_selector("h2:text-is('Send the callback again')")
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        found += [f"{name or 'a payment'}: {one}" for one in violations(page, axe)]
    server.control.answer_prompt(MSISDN, "cancel")

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_text_can_be_read_and_everything_has_a_name(page: Any, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    found = []
    for name in ("Payments", "Scenarios", "Organisations"):
        go_to(page, name)
        found += problems_of(page)
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter(one => !(one.labels && one.labels.length)"
        " && !one.getAttribute('aria-label') && !one.textContent.trim()).map(one => one.outerHTML)"
    )

    assert found == []
    assert unnamed == []
    assert page.complaints == []
