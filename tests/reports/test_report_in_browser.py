"""The HTML report in a real browser: folds, deep links, filters, widths, and nothing of a merchant's runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from legibility import problems_everywhere, problems_of
from playwright.sync_api import Browser, Page, sync_playwright
from tayari_reports.model import Run, State
from tayari_reports.writers.pages.history import read_history, render
from tayari_reports.writers.writer_table import write_all

pytestmark = pytest.mark.browser

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for all tests of this module."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: the report was not opened in one; install Chromium to run these tests")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; an error in its script fails the test."""
    made = browser.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    made.close()
    assert errors == []


def address(run: Run, folder: Path) -> str:
    return write_all(run, folder, formats=["html"])["html"].as_uri()


def test_the_first_screen_answers_ready_or_not_why_and_what_first(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(address(samples.not_ready(), tmp_path))

    for selector in ("h1", ".answer", ".first", "#score", ".why li:first-child"):
        box = page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 800, selector


def test_a_fold_opens_to_its_proof(page: Page, tmp_path: Path) -> None:
    page.goto(address(samples.not_ready(), tmp_path))
    page.locator("#C07 > summary").click()
    page.locator("#C07-2 > summary").click()

    assert page.locator("#C07-2 .wire > div > pre").first.is_visible()
    assert not page.locator("#C07-1 .wire > div > pre").first.is_visible()


@pytest.mark.parametrize("target", ["A12", "A12-3", "U01"])
def test_a_deep_link_opens_every_fold_on_the_way(target: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address(samples.not_ready(), tmp_path)}#{target}")

    assert page.locator(f"#{target}").get_attribute("open") is not None
    assert page.locator(f"#{target}").bounding_box() is not None


def test_a_link_of_the_first_screen_opens_its_finding(page: Page, tmp_path: Path) -> None:
    page.goto(address(samples.not_ready(), tmp_path))
    page.locator(".why a", has_text="C07").click()

    assert page.locator("#C07 .cmd").is_visible()


def test_the_rules_are_filtered_by_state_and_by_words(page: Page, tmp_path: Path) -> None:
    page.goto(address(samples.not_ready(), tmp_path))
    rows = page.locator(".rules tbody tr:visible")
    assert rows.count() == len(samples.RULES)

    page.locator("button[data-state=fail]").click()
    assert rows.count() == 3
    page.get_by_label("Search the rules").fill("forged")
    assert rows.count() == 1
    assert page.locator(".filter output").inner_text() == f"1 of {len(samples.RULES)} rules"


def test_the_filter_is_worked_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto(address(samples.not_ready(), tmp_path))
    page.locator("button[data-state=warn]").focus()
    page.keyboard.press("Enter")

    assert page.locator("button[data-state=warn]").get_attribute("aria-pressed") == "true"
    assert page.locator(".rules tbody tr:visible").count() == 1


def test_without_javascript_everything_is_there(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address(samples.not_ready(), tmp_path))

    assert page.locator(".rules tbody tr:visible").count() == len(samples.RULES)
    assert not page.locator(".filter").is_visible()
    page.locator("#C07 > summary").click()
    assert page.locator("#C07 .cmd").is_visible()
    page.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_sticks_out_at_any_width(width: int, page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address(samples.not_ready(), tmp_path))
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_has_colours_of_its_own_in_the_dark(browser: Browser, tmp_path: Path) -> None:
    where = address(samples.ready(), tmp_path)
    shades = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(where)
        shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()

    assert shades[0] != shades[1]


def test_what_the_merchant_answered_does_not_run(page: Page, tmp_path: Path) -> None:
    evil = "<img src=x onerror='window.ran=1'><script>window.ran=1</script></pre></details>"
    (first, *_) = samples.exchanges()
    proof = (replace(first, response_body=evil, title=evil, url=f"javascript:{evil}", error=evil),)
    run = samples.run([samples.ended("C03", State.FAIL, evil, evidence=proof)], merchant=evil)
    page.goto(f"{address(run, tmp_path)}#C03-1")

    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.locator("#C03-1 pre").last.inner_text() == evil


def test_paper_shows_the_findings_unfolded(page: Page, tmp_path: Path) -> None:
    page.goto(address(samples.not_ready(), tmp_path))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.finding:not([open])").count() == 0
    assert page.locator(".rules thead button").count() == 0, "Chromium would print the head on one page alone"
    heads = page.locator(".rules thead th").all_inner_texts()

    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.finding[open]").count() == 1
    assert page.locator(".rules thead button").all_inner_texts() == heads


NAMES = "payment/success payment/failure-callback-never-comes ack/lost ack/late callbacks/duplicate"


@pytest.mark.parametrize("name", ["not_ready", "ready", "invalid", "waived"])
def test_every_text_of_a_report_can_be_read_by_day_by_night_and_on_a_phone(
    name: str, browser: Browser, tmp_path: Path
) -> None:
    run = samples.ALL[name]()

    assert list(problems_everywhere(browser, address(run, tmp_path))) == []


def test_the_headline_of_a_gate_keeps_its_names_whole_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    run = replace(samples.ready(), selection=NAMES)

    assert list(problems_everywhere(browser, address(run, tmp_path))) == []


def test_every_text_of_the_trend_can_be_read(browser: Browser, tmp_path: Path) -> None:
    for number, make in enumerate((samples.ready, samples.not_ready, samples.invalid)):
        run = replace(make(), run_id=f"run-{number}", finished_at=samples.BEGAN + 100 * number)
        write_all(run, tmp_path / str(number), formats=["json"])
    page = tmp_path / "trend.html"
    page.write_text(render(read_history(tmp_path)))

    assert list(problems_everywhere(browser, page.as_uri())) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<p style="color: #999">pale</p>', 'contrast 2.85 <p class=""> pale'),
        ('<p style="background: #333; color: #555">dark on dark</p>', "contrast 1."),
        ('<p style="margin-left: 2000px; width: 9px">far</p>', "off screen <p"),
        ('<svg width="40" height="20"><text y="15">Measured</text></svg>', "label cut Measured"),
        ('<table><tr><th style="width: 20px; overflow-wrap: anywhere">Passed</th></tr></table>', "word broken Passed"),
        (
            '<p style="width: 30px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">long name</p>',
            "cut long",
        ),
    ],
)
def test_what_cannot_be_read_is_found(body: str, problem: str, page: Page) -> None:
    page.set_content(f"<!doctype html><html><body style='background: #fff'>{body}</body></html>")

    assert any(found.startswith(problem) for found in problems_of(page)), problems_of(page)
