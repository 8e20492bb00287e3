"""The report for everybody: axe in a real browser, ten thousand rules, sorting, and paper."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import samples
from playwright.sync_api import Browser, Page, sync_playwright
from tayari_reports.model import Run, State
from tayari_reports.model.facts import Code
from tayari_reports.writers.pages.history import read_history, render
from tayari_reports.writers.write_pdf import find_browser
from tayari_reports.writers.writer_table import write_all

pytestmark = pytest.mark.browser

AXE_VERSION = "4.10.3"
CACHE = Path(__file__).parents[2] / ".tayari/axe"
"""Outside of version control: axe-core (MPL-2.0) is fetched from the registry, never shipped."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for all tests of this module."""
    program = find_browser()
    if program is None:
        pytest.skip("NO BROWSER: the report was not opened in one; install Chromium to run these tests")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, fetched once into the cache."""
    script = CACHE / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("NO NPM: accessibility was not looked at; install npm to run these tests")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(CACHE), "--no-audit", "--no-fund", f"axe-core@{AXE_VERSION}"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if not script.exists():
            pytest.skip(f"NO REGISTRY: accessibility was not looked at; npm said: {ended.stderr.strip()[-300:]}")
    return script.read_text(encoding="utf-8")


def address(run: Run, folder: Path) -> str:
    return write_all(run, folder, formats=["html"])["html"].as_uri()


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, as `rule: how many, first place`."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate("axe.run(document).then(result => result.violations)")
    return [
        f"{one['impact']} {one['id']}: {len(one['nodes'])}, {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in {"serious", "critical", "moderate"}
    ]


@pytest.mark.registry
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", samples.ALL)
def test_axe_finds_nothing(name: str, scheme: str, browser: Browser, axe: str, tmp_path: Path) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]  # one of playwright's words
    page.goto(address(samples.ALL[name](), tmp_path))
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    found = violations(page, axe)
    page.close()
    assert found == []


@pytest.mark.registry
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone_and_in_the_history(
    scheme: str, browser: Browser, axe: str, tmp_path: Path
) -> None:
    address(samples.not_ready(), tmp_path / "page")
    write_all(samples.ready(), tmp_path / "runs/1", formats=["json"])
    write_all(samples.not_ready(), tmp_path / "runs/2", formats=["json"])
    trend = tmp_path / "trend.html"
    trend.write_text(render(read_history(tmp_path / "runs")))

    for uri in ((tmp_path / "page/report.html").as_uri(), trend.as_uri()):
        for size in ({"width": 390, "height": 844}, {"width": 1280, "height": 800}):
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]  # playwright's words
            page.goto(uri)
            assert violations(page, axe) == [], uri
            page.close()


def test_the_keyboard_reaches_and_opens_every_fold_with_a_visible_focus(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(address(samples.not_ready(), tmp_path))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details').id") == "C03"

    for fold in ("#C07", "#C07 .proof", "#C07-1", "#C07-1 .more", ".fold:has(#provenance)"):
        page.locator(f"{fold} > summary").first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        was = page.locator(fold).first.evaluate("fold => fold.open")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        page.keyboard.press("Enter")
        assert page.locator(fold).first.evaluate("fold => fold.open") is not was, fold
        assert width >= 2, fold
        page.locator(fold).first.evaluate("fold => { fold.open = true; }")
    assert page.locator("[tabindex]:not([tabindex='0'])").count() == 0
    page.close()


def test_the_focus_goes_down_the_page_as_the_eye_does(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(address(samples.ready(), tmp_path))
    places = []
    for _ in range(60):
        page.keyboard.press("Tab")
        places.append(page.evaluate("document.activeElement.getBoundingClientRect().top + window.scrollY"))

    drops = [before - after for before, after in pairwise(places[1:])]
    assert max(drops) < 800, places  # never back by more than a screen: columns side by side only
    page.close()


@pytest.mark.parametrize("wanted", ["reduce", "no-preference"])
def test_nothing_moves_by_itself(wanted: str, browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(reduced_motion=wanted)  # type: ignore[arg-type]  # one of playwright's words
    page.goto(address(samples.ready(), tmp_path))
    page.locator(".toc a").last.click()

    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.locator("#sign-off").bounding_box()["y"] < 800  # type: ignore[index]  # it is on the page
    page.close()


def many(count: int) -> Run:
    """A run over a number of rules; every tenth failed."""
    base = samples.rule("C03")
    rules = tuple(replace(base, id=f"R{number:05}", title=f"Requirement {number}") for number in range(count))
    checks = tuple(
        samples.ended(rule.id, State.FAIL, "Credited twice.") if number % 10 == 0 else samples.passed(rule.id, number)
        for number, rule in enumerate(rules)
    )
    return samples.run(plan=rules, checks=checks)


def test_a_thousand_checks_weigh_less_than_five_megabytes(tmp_path: Path) -> None:
    path = write_all(many(1_000), tmp_path, formats=["html"])["html"]

    assert path.stat().st_size < 5_000_000


@pytest.mark.slow
def test_ten_thousand_checks_are_filtered_and_sorted_at_once(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_default_timeout(300_000)  # a busy machine needs long for such a page
    page.goto(address(many(10_000), tmp_path))
    assert page.locator(".filter output").inner_text() == "10000 of 10000 rules"

    search = "document.querySelector('.filter input')"
    took_ms = page.evaluate(
        f"""() => {{
          const timed = act => {{
            const began = performance.now(); act(); document.body.offsetHeight; return performance.now() - began;
          }};
          const type = text => {{ {search}.value = text; {search}.dispatchEvent(new Event('input')); }};
          return [timed(() => type('requirement 77')), timed(() => type('requirement 777')), timed(() => type('')),
            timed(() => document.querySelector('.rules th:nth-child(2) button').click())];
        }}"""
    )
    assert page.locator(".rules tbody tr:visible").count() == 500
    page.get_by_role("button", name="Show 500 more").click()
    assert page.locator(".rules tbody tr:visible").count() == 1_000
    page.close()

    assert max(took_ms) < 20_000, took_ms  # milliseconds: that it answers at all; a slow machine is no failure


def test_the_rules_are_sorted_by_a_click_and_by_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(address(samples.not_ready(), tmp_path))
    states = "Array.from(document.querySelectorAll('.rules tbody tr'), row => row.dataset.state)"

    page.locator(".rules th button", has_text="State").click()
    first = page.evaluate(states)
    assert first[:4] == ["fail", "fail", "fail", "error"]
    assert page.locator(".rules th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.locator(".rules th button", has_text="State").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(states)[-3:] == ["fail", "fail", "fail"]
    assert page.locator(".rules th[aria-sort]").get_attribute("aria-sort") == "descending"

    page.locator(".rules th button", has_text="Severity").click()
    words = page.evaluate("Array.from(document.querySelectorAll('.rules tbody tr'), row => row.cells[3].textContent)")
    assert words == sorted(words, key=["critical", "high", "medium", "low"].index)
    page.close()


def test_paper_holds_the_whole_report(tmp_path: Path) -> None:
    if find_browser() is None:
        pytest.skip("NO BROWSER: no PDF was printed; install Chromium to run this test")

    paper = write_all(samples.not_ready(), tmp_path, formats=["pdf"])["pdf"].read_bytes()
    assert paper.startswith(b"%PDF-")
    assert len(paper) > 20_000


def test_no_table_is_cut_off_on_paper(browser: Browser, tmp_path: Path) -> None:
    """A long code without spaces once pushed two columns off the sheet; paper cannot be scrolled."""
    run = samples.not_ready()
    long_code = Code(
        code="policies.ratelimit.SpikeArrestViolation.of.merchant.v3",
        kind="error",
        text="Spike arrest violation. Allowed rate: MessageRate{messagesPerPeriod=5,periodInMicroseconds=60000000}",
        times=3,
        say_en="M-Pesa is busy right now. Nothing was taken. Please try again in two minutes.",
    )
    page = browser.new_page(viewport={"width": 688, "height": 1000})  # A4 without its margins, at 96 dpi
    page.goto(address(replace(run, codes=(*run.codes, long_code)), tmp_path))
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth)"
        ".map(box => box.getAttribute('aria-labelledby') + ': ' + box.scrollWidth + ' in ' + box.clientWidth)"
    )
    page.close()

    assert wide == []
