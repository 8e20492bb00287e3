"""Our tab in Locust's page, seen in a browser while a load runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tayari_load
from legibility import problems_of
from tayari_reports.model import Load
from tayari_reports.model.codec import from_value
from tayari_target.merchant_process import free_port
from test_report_access import axe  # noqa: F401 - a fixture

LOCUSTFILE = Path(tayari_load.__file__).with_name("locustfile.py")
DUKA = Path(__file__).parents[2] / "examples" / "duka" / "tayari.yaml"
CHROMIUM = Path("/usr/bin/chromium")
_AXE = "axe.run('#tayari').then(found => found.violations.map(one => `${one.impact} ${one.id}: ${one.nodes[0].html}`))"


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def until(met: Any, *, within_s: float = 30.0) -> None:
    """Ask again and again; the last refusal is the failure."""
    end = time.monotonic() + within_s
    while True:
        try:
            assert met()
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


@contextmanager
def locust_page(folder: Path) -> Iterator[str]:
    """Locust with its page, loading duka at a held rate; ended as Ctrl-C would."""
    port = free_port()
    words = ["--web-host", "127.0.0.1", "--web-port", str(port), "--autostart", "--rate", "6", "--stop-timeout", "8"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")},
        "TAYARI_TARGET": str(DUKA),
        "TAYARI_LOAD_OUT": str(folder / "load.json"),
    }
    with (folder / "log").open("wb") as log:
        locust = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *words], env=environment, stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{url}/tayari/state")["funnel"][3]["count"] > 0)
        yield url
    finally:
        locust.send_signal(signal.SIGINT)
        locust.wait(40)


def problems_on(page: Any) -> list[str]:
    """What the browser complains of from now on."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type in {"error", "warning"} else None)
    return problems


def stop(page: Any) -> None:
    """Stop the load by its button, and wait until its accounts are shown."""
    page.get_by_role("button", name="Stop").click()
    page.locator("#tayari-verdict", has_text="finished after").wait_for(timeout=60_000)
    page.locator("#tayari-balance", has_text="The fake's balance adds up").wait_for()
    shoot(page, "finished")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")
def test_the_tab_shows_payments_and_switches_scenarios_while_the_load_runs(tmp_path: Path) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    with locust_page(tmp_path) as url, sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        problems = problems_on(page)
        page.goto(url)
        page.get_by_role("tab", name="Payments").click()
        page.locator("#tayari-funnel tbody tr").nth(3).wait_for()
        rows = page.locator("#tayari-funnel tbody th").all_inner_texts()
        judged(page, "#tayari-verdict.met")
        page.locator("#tayari-verdict", has_text="Thresholds kept so far").wait_for()
        shoot(page, "running")
        unreadable = problems_of(page, "#tayari")

        play(page, "payment/cancelled")
        page.locator("#tayari-said", has_text="playing payment/cancelled").wait_for()
        judged(page, "#tayari-thresholds .threshold.missed")
        page.locator("#tayari-verdict.missed", has_text="now: scenario payment/cancelled").wait_for()
        assert page.locator("#tayari-chart rect.fault").count() == 3, "one column through all three charts"
        shoot(page, "missed")
        red = page.locator(".threshold.missed").first.evaluate("node => getComputedStyle(node).borderLeftColor")
        play(page, "payment/wrong-pin")
        page.locator("#tayari-chart .fault-number", has_text="2").first.wait_for()
        play(page, "")
        page.locator("#tayari-said", has_text="payments succeed").wait_for()

        by_keyboard = reached_by_keyboard(page)
        page.locator("header button, header [role=button]").last.click()
        page.locator("#tayari.dark").wait_for()
        shoot(page, "dark")
        unreadable += problems_of(page, "#tayari")
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_function("document.querySelector('#tayari-chart svg').viewBox.baseVal.width < 400")
        too_wide = page.evaluate("document.querySelector('#tayari').scrollWidth > window.innerWidth")
        shoot(page, "phone")
        unreadable += problems_of(page, "#tayari")
        page.set_viewport_size({"width": 1280, "height": 1100})
        stop(page)
        browser.close()

    load = from_value(Load, json.loads((tmp_path / "load.json").read_text()))
    assert rows[:5] == ["started", "acknowledged", "called back", "settled", "credited twice"]
    assert problems == []
    assert unreadable == []
    assert red == "rgb(198, 40, 40)"
    assert by_keyboard == ["tayari-scenario", "tayari-play"]
    assert not too_wide
    assert [what for _, _, what in load.faults] == ["scenario payment/cancelled", "scenario payment/wrong-pin"]
    assert load.declined > 0, "customers who cancel see that: it is no failure in the end"


@pytest.mark.browser
@pytest.mark.registry
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")
def test_axe_finds_nothing_in_the_tab_in_either_theme(tmp_path: Path, axe: str) -> None:  # noqa: F811
    sync = pytest.importorskip("playwright.sync_api")
    with locust_page(tmp_path) as url, sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.goto(f"{url}/?tab=payments")
        play(page, "payment/cancelled")
        judged(page, "#tayari-thresholds .threshold.missed")
        page.evaluate(axe)
        found = [page.evaluate(_AXE)]
        page.locator("header button, header [role=button]").last.click()
        page.locator("#tayari.dark").wait_for()
        found.append(page.evaluate(_AXE))
        browser.close()

    assert found == [[], []]


def judged(page: Any, selector: str) -> None:
    """Wait for a verdict on the thresholds; on a machine that is too busy for the generator there is none."""
    page.locator(f"{selector}, #tayari-verdict.open").first.wait_for(timeout=60_000)
    if page.locator("#tayari-verdict.open", has_text="Performance cannot be judged").count():
        pytest.skip("the machine is too busy for the load's generator: the tab was NOT looked at to the end")


def play(page: Any, scenario: str) -> None:
    page.locator("#tayari-scenario").select_option(scenario)
    page.locator("#tayari-play").click()


def reached_by_keyboard(page: Any) -> list[str]:
    """What of ours the tab key comes to, in order."""
    page.get_by_role("tab", name="Payments").focus()
    found = []
    for _ in range(6):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id")
        if name.startswith("tayari") and name not in found:
            found.append(name)
    return found


def shoot(page: Any, name: str) -> None:
    """Keep a picture where one is wanted."""
    if folder := os.environ.get("TAYARI_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
