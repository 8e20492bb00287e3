"""The sample shop's order page in a real browser."""

import asyncio
import shutil

import pytest
from playwright.async_api import async_playwright
from tiny_daraja import PAID, TinyDaraja, open_shop

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def test_a_page_that_stays_open_follows_the_server() -> None:
    async def story() -> None:
        async with open_shop(TinyDaraja(truth="0")) as shop, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = await browser.new_page()
            mistakes: list[str] = []
            page.on("console", lambda line: mistakes.append(line.text) if line.type == "error" else None)
            await page.goto(shop.url)
            await page.get_by_text("Asali").click()
            await page.fill("#phone", "0712 345 678")
            await page.click("button")
            await page.get_by_text("Angalia simu yako").wait_for()
            await shop.call_back(**{**PAID, "Amount": 480})
            await page.locator(".slip.paid").wait_for(timeout=15_000)
            shown = await page.inner_text("dl")
            await browser.close()

            assert "UKN1ABCDEF" in shown
            assert mistakes == []

    asyncio.run(story())
