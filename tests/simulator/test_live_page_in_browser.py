"""Every text of the simulator's live page can be read, with a payment on it."""

import shutil

import pytest
import requests
from legibility import problems_everywhere
from playwright.sync_api import sync_playwright
from tayari_control.process import start_simulator

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install Chromium")
def test_every_text_of_the_live_page_can_be_read() -> None:
    with start_simulator() as daraja, sync_playwright() as playwright:
        requests.post(f"{daraja.daraja_url}/mpesa/stkpush/v1/processrequest", json={"Amount": 1}, timeout=10)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        problems = list(problems_everywhere(browser, daraja.control_url))
        browser.close()

    assert problems == []
