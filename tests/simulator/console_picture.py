"""Draws docs/console.png: the console with payments and two handsets. `python tests/simulator/console_picture.py`"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench_daraja import scenario_of
from playwright.sync_api import sync_playwright
from running_simulator import running

ROOT = Path(__file__).parents[2]
PAYERS = ("254722000001", "254722000002", "254722000003")
IN_HAND = {"254712345678": "en", "254711000002": "sw"}


def draw(path: Path) -> None:
    """Play a few payments and take a picture of the page."""
    poor = scenario_of((ROOT / "scenarios/payment/insufficient-funds.yaml").read_text())
    with running([poor]) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 620})
        for msisdn, language in IN_HAND.items():
            server.control.hold_handset(msisdn, language=language, balance=4000)
        page.goto(server.control_url)
        page.wait_for_selector("#live:text-is('live')")
        server.control.play_next(poor.name, msisdn=PAYERS[0])
        for number, msisdn in enumerate(PAYERS, start=1):
            server.pushed(msisdn, amount=450 * number, reference=f"INV{number}")
        server.push(PAYERS[2], token="expired")
        for number, msisdn in enumerate(IN_HAND, start=7):
            identifier = server.pushed(msisdn, amount=100 * number, reference=f"INV{number}")
            server.control.answer_prompt(msisdn, "pay")
            server.control.wait("callback_answered", timeout_s=10, checkout_request_id=identifier)
        server.pushed("254712345678", amount=1500, reference="INV9")
        page.wait_for_selector("text=Ksh1,500.00")
        page.locator("#view td.paid").nth(3).wait_for()
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/console.png")
