"""The HTML report as a file: whole, self-contained, small, and complete without a browser's help."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import samples
from sample_load import load
from tayari_reports.model import Run, State
from tayari_reports.verdict import judge
from tayari_reports.writers.writer_table import write_all

VOID = {"meta", "link", "br", "hr", "img", "input", "rect"}


class Outline(HTMLParser):
    """Collects ids, links and open elements, and notes an element that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.out_of_order: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if "href" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A self-closed element opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.out_of_order.append(tag)


def page(run: Run, folder: Path) -> str:
    return write_all(run, folder, formats=["html"])["html"].read_text()


def outline(text: str) -> Outline:
    made = Outline()
    made.feed(text)
    return made


@pytest.mark.parametrize("name", samples.ALL)
def test_the_page_is_well_formed_and_every_link_has_its_place(name: str, tmp_path: Path) -> None:
    made = outline(page(samples.ALL[name](), tmp_path))

    assert (made.out_of_order, made.open) == ([], [])
    assert len(made.ids) == len(set(made.ids))
    assert {link.removeprefix("#") for link in made.links if link.startswith("#")} <= set(made.ids)
    assert {link for link in made.links if not link.startswith("#")} <= {"https://wiki.example/restore-2026-09"}


@pytest.mark.parametrize("name", samples.ALL)
def test_the_page_needs_nothing_from_elsewhere(name: str, tmp_path: Path) -> None:
    text = page(samples.ALL[name](), tmp_path)

    assert not re.search(r"<(link|img|iframe|object|embed)\b|\bsrc=|@import|url\(", text)
    assert "default-src 'none'" in text


def test_a_sentence_shows_keys_as_code_and_stays_escaped(tmp_path: Path) -> None:
    reason = "`merchant.ledger` is missing, and the merchant said `<b>`; run it `--suite ci`"
    text = page(samples.run([samples.ended("C03", State.FAIL, reason)]), tmp_path)

    assert "<code>merchant.ledger</code> is missing, and the merchant said <code>&lt;b&gt;</code>" in text
    assert '<code><span class="nowrap">--suite</span> ci</code>' in text


def test_every_rule_has_a_deep_link_and_every_exchange_of_a_failure_too(tmp_path: Path) -> None:
    ids = set(outline(page(samples.not_ready(), tmp_path)).ids)

    assert {row[0] for row in samples.RULES} <= ids
    assert {f"C03-{number}" for number in range(1, 5)} <= ids


def test_a_failure_opens_to_cost_fix_command_and_proof(tmp_path: Path) -> None:
    text = page(samples.not_ready(), tmp_path)
    (finding,) = re.findall(r'<details class="finding" id="C03".*?<details class="finding"', text, re.DOTALL)

    for part in (
        "gives away KES 300,000",
        "Make the receipt number unique",
        'tayari check <span class="nowrap">--only</span> C03',
        "duplicate 2 of 2",
    ):
        assert part in finding


def test_what_was_not_tested_is_listed_with_the_key_that_enables_it(tmp_path: Path) -> None:
    text = page(samples.not_ready(), tmp_path)

    assert "Add <code>merchant.audit</code> to the target file" in text


@pytest.mark.parametrize(
    "part",
    [
        "not a certification by Safaricom",
        "judged by its traffic and by the payment states that it shows",
        "disputed",
        "9b74c9897bac770f",
    ],
)
def test_the_page_says_its_limits(part: str, tmp_path: Path) -> None:
    assert part in page(samples.ready(), tmp_path)


def test_a_run_narrowed_to_one_rule_says_so_beside_the_verdict(tmp_path: Path) -> None:
    assert "duka · suite ci, only C03" in page(samples.run(selection="C03"), tmp_path)


def test_the_charts_leave_a_gap_where_nothing_was_measured(tmp_path: Path) -> None:
    text = page(samples.ready(), tmp_path)

    assert text.count('<svg class="chart"') == 4
    assert "settled p95 up to 6.5" in text


def test_fault_windows_are_shaded_and_named(tmp_path: Path) -> None:
    text = page(samples.ready(), tmp_path)

    assert text.count('<g class="window">') == 4
    assert "Daraja answers 503 from 30 to 42 s" in text


def test_a_load_run_without_a_timeline_or_samples_still_has_a_page(tmp_path: Path) -> None:
    bare = replace(
        load(),
        timeline=(),
        outcomes=(),
        callback_lag=(),
        settled_p50_s=None,
        settled_p95_s=None,
        settled_p99_s=None,
    )
    nothing = replace(bare, timeline=((0.0, 0, 0, None), (1.0, 0, 0, None)))

    assert "– · – · –" in page(samples.run(load=bare), tmp_path)
    assert page(samples.run(load=nothing), tmp_path).count('<svg class="chart"') == 1


def thousand() -> Run:
    """A thousand rules, all failed, each with four exchanges of some kilobytes."""
    base = samples.rule("C03")
    rules = tuple(replace(base, id=f"R{number:04}") for number in range(1000))
    evidence = tuple(
        replace(one, response_body=one.response_body + " " * 20 + '<&">' * 300) for one in samples.exchanges()
    )
    checks = tuple(samples.ended(rule.id, State.FAIL, "Credited twice.", evidence=evidence) for rule in rules)
    return samples.run(plan=rules, checks=checks)


def test_a_thousand_failures_stay_below_five_megabytes_and_say_what_was_left_out(tmp_path: Path) -> None:
    text = page(thousand(), tmp_path)

    assert len(text.encode()) < 5_000_000
    assert "more exchanges are in run.json" in text
    assert 'id="R0000-1"' in text


def test_a_rule_id_with_a_slash_and_a_blank_is_still_a_link(tmp_path: Path) -> None:
    rule = replace(samples.rule("C03"), id="payment/insufficient funds")
    run = samples.run(plan=(rule,), checks=(samples.ended(rule.id, State.FAIL, "Wrong."),))

    made = outline(page(run, tmp_path))
    assert "payment/insufficient-funds" in made.ids
    assert "#payment/insufficient-funds" in made.links
    assert judge(run).blocking
