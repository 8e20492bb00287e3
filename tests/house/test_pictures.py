"""The pictures of the documents are drawn here, from what runs.

`TAYARI_PICTURES=docs pytest -m long tests/house/test_pictures.py` draws them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import samples
from bench_daraja import scenario_of
from playwright.sync_api import sync_playwright
from running_simulator import running
from tayari_reports.writers.write_pdf import find_browser
from tayari_reports.writers.writer_table import write_all
from test_load_page import judged, locust_page, play

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PICTURES = {"console.png": ("README.md", "docs/console.md"), "report.png": ("docs/report.md",),
            "load.png": ("docs/load.md",)}  # fmt: skip
"""Each picture, and the documents that show it."""
PAYERS = ("254722000001", "254722000002", "254722000003")
IN_HAND = {"254712345678": "en", "254711000002": "sw"}


def test_every_picture_of_the_documents_is_drawn_here_and_shown() -> None:
    shown: dict[str, tuple[str, ...]] = {}
    for page in sorted([ROOT / "README.md", *DOCS.rglob("*.md")]):
        for picture in re.findall(r"!\[[^\]]+\]\((?:docs/)?([\w.-]+\.png)\)", page.read_text(encoding="utf-8")):
            shown[picture] = (*shown.get(picture, ()), str(page.relative_to(ROOT)))

    assert shown == PICTURES
    assert {path.name for path in DOCS.rglob("*.png")} == set(PICTURES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = find_browser()
    if program is None:
        pytest.skip("NO BROWSER: the pictures were not drawn; install Chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures are kept."""
    wanted = os.environ.get("TAYARI_PICTURES")
    return ROOT / wanted if wanted else tmp_path


@pytest.mark.long
@pytest.mark.browser
def test_the_console_is_drawn_with_payments_and_two_handsets(browser: Any, folder: Path) -> None:
    poor = scenario_of((ROOT / "scenarios/payment/insufficient-funds.yaml").read_text())
    with running([poor]) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 620})
        for msisdn, language in IN_HAND.items():
            server.control.hold_handset(msisdn, language=language, balance=4000)
        page.goto(server.control_url)
        page.wait_for_selector("#live:text-is('live')")
        server.control.play_next(poor.name, msisdn=PAYERS[0])
        token = server.token()
        for number, msisdn in enumerate(PAYERS, start=1):
            server.pushed(msisdn, amount=450 * number, reference=f"INV{number}", token=token)
        server.push(PAYERS[2], token="expired")
        for number, msisdn in enumerate(IN_HAND, start=7):
            identifier = server.pushed(msisdn, amount=100 * number, reference=f"INV{number}", token=token)
            server.control.answer_prompt(msisdn, "pay")
            server.control.wait("callback_answered", timeout_s=10, checkout_request_id=identifier)
        server.pushed("254712345678", amount=1500, reference="INV9", token=token)
        page.wait_for_selector("text=Ksh1,500.00")
        page.locator("#view td.paid").nth(3).wait_for()
        page.screenshot(path=folder / "console.png")

    assert (folder / "console.png").stat().st_size > 20_000


@pytest.mark.long
@pytest.mark.browser
def test_the_report_is_drawn_with_its_verdict(browser: Any, folder: Path, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(write_all(samples.not_ready(), tmp_path, formats=["html"])["html"].as_uri())
    page.screenshot(path=folder / "report.png")

    assert (folder / "report.png").stat().st_size > 20_000


@pytest.mark.long
@pytest.mark.browser
def test_locusts_tab_is_drawn_while_a_scenario_plays(browser: Any, folder: Path, tmp_path: Path) -> None:
    with locust_page(tmp_path) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 1084})
        page.goto(f"{url}/?tab=payments")
        judged(page, "#tayari-verdict.met")
        page.wait_for_timeout(8_000)  # a chart of a few seconds shows little
        play(page, "payment/cancelled")
        judged(page, "#tayari-thresholds .threshold.missed")
        page.locator("#tayari-chart rect.fault").first.wait_for()
        page.screenshot(path=folder / "load.png")

    assert (folder / "load.png").stat().st_size > 20_000
