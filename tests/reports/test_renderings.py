"""Each rendering is what its readers expect, and cannot be broken by what a merchant answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import samples
from rendered_figures import screen
from sample_load import load
from tayari_reports.model import Run, State, Verdict
from tayari_reports.model.codec import ReportError
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge
from tayari_reports.verdict.sentences import TITLES
from tayari_reports.writers.writer_table import USUAL, write_all

MOST_LINES = 30
NASTY = "</script><script>alert(1)</script> | `code` [x](javascript:1) @everyone \x1b[31m\x00\u202e <b>&amp;"


def test_a_written_run_can_be_judged_again_to_the_same_end(tmp_path: Path) -> None:
    first = write_all(samples.not_ready(), tmp_path / "a")
    second = write_all(read_run(first["json"]), tmp_path / "b")

    for kind in USUAL:
        assert first[kind].read_bytes() == second[kind].read_bytes(), kind


@pytest.mark.parametrize("name", samples.ALL)
def test_markdown_fits_a_pull_request(name: str, tmp_path: Path) -> None:
    run = samples.ALL[name]()
    many = replace(run, checks=tuple(samples.ended(row[0], State.FAIL, "Bad. " * 200) for row in samples.RULES))

    for one in (run, many):
        text = write_all(one, tmp_path, formats=["md"])["md"].read_text()
        assert len(text.splitlines()) <= MOST_LINES


def test_junit_counts_failures_errors_and_skips(tmp_path: Path) -> None:
    root = ET.parse(write_all(samples.not_ready(), tmp_path, formats=["junit"])["junit"]).getroot()

    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("25", "4", "2")
    assert sum(int(suite.get("skipped", "")) for suite in root.iter("testsuite")) == 1
    case = next(case for case in root.iter("testcase") if str(case.get("name")).startswith("C03 "))
    failure = case.find("failure")
    assert failure is not None
    assert "Credited twice" in str(failure.get("message"))
    assert "Repeat: tayari check --only C03" in str(failure.text)


def test_junit_names_the_merchant_in_a_suite_too_for_tools_that_merge_reports(tmp_path: Path) -> None:
    root = ET.parse(write_all(samples.not_ready(), tmp_path, formats=["junit"])["junit"]).getroot()

    merchant = root.find("testsuite[@name='Verdict']/properties/property[@name='tayari.merchant']")
    assert merchant is not None
    assert root.get("name") == f"Tayari {merchant.get('value')}" == f"Tayari {samples.not_ready().merchant}"


@pytest.mark.parametrize("name", samples.ALL)
def test_junit_is_flat_for_readers_that_find_no_nested_suite_and_no_second_property_of_a_name(
    name: str, tmp_path: Path
) -> None:
    root = ET.parse(write_all(samples.ALL[name](), tmp_path, formats=["junit"])["junit"]).getroot()

    assert list(root.iter("testcase")) == root.findall("testsuite/testcase")
    properties = [one.get("name") for one in root.iter("property")]
    assert len(properties) == len(set(properties))


@pytest.mark.parametrize("name", samples.ALL)
def test_junit_is_green_only_when_the_exit_code_is_zero(name: str, tmp_path: Path) -> None:
    run = samples.ALL[name]()
    root = ET.parse(write_all(run, tmp_path, formats=["junit"])["junit"]).getroot()

    assert (root.get("failures") == root.get("errors") == "0") == (judge(run).exit_code == 0)


def test_an_empty_run_is_red_for_readers_of_junit_alone(tmp_path: Path) -> None:
    path = write_all(samples.run(plan=(), checks=()), tmp_path, formats=["junit"])["junit"]

    assert ET.parse(path).getroot().get("failures") == "1"


@pytest.mark.parametrize("name", ["report.html", "report.md", "terminal"])
def test_score_and_success_are_distinguished_wherever_both_are_shown(name: str, tmp_path: Path) -> None:
    run = samples.not_ready()
    written = {path.name: path for path in write_all(run, tmp_path).values()}
    text = screen(run) if name == "terminal" else written[name].read_text(encoding="utf-8")

    assert "by its weight (critical 10, high 7.5, medium 5, low 2.5); Success counts each rule once." in " ".join(
        text.split()
    )


def test_the_terminal_names_the_verdict_first_and_then_what_to_do() -> None:
    lines = screen(samples.not_ready()).splitlines()

    assert "NOT READY: duka" in lines[0]
    assert "3 blocking rules failed, 2 of the rules with money at stake." in lines[1]
    assert "First: C03: Make the receipt number unique" in lines[2]


def test_the_terminal_names_what_ran_where_that_was_less_than_a_suite() -> None:
    run = samples.run([samples.ended("C03", State.FAIL, "Twice.")], selection="C03")

    assert "NOT READY, for C03 only: duka" in screen(run).splitlines()[0]


def test_the_terminal_names_the_suite_that_passed_where_it_does_not_hold_every_rule() -> None:
    first = [screen(replace(run, suite="smoke")).splitlines()[0] for run in (samples.ready(), samples.not_ready())]

    assert "READY, for suite smoke: duka" in first[0]
    assert "NOT READY: duka" in first[1]
    assert "READY: duka" in screen(replace(samples.ready(), suite="release")).splitlines()[0]


def test_a_run_in_which_nothing_ran_shows_no_table_of_zeros() -> None:
    shown = screen(samples.run(plan=(), checks=(), interrupted=True))

    assert "INVALID RUN: duka" in shown
    assert "Category" not in shown


def nasty_run() -> Run:
    """A run whose merchant answers with everything that could break a report."""
    made = samples.ended("C03", State.FAIL, NASTY, repeat=NASTY, scenario=NASTY)
    evidence = tuple(
        replace(one, title=NASTY, url=NASTY, request_body=NASTY, response_body=f'{{"x": "{NASTY}"}}', error=NASTY)
        for one in made.evidence
    )
    return samples.run(
        [replace(made, evidence=evidence)], merchant=NASTY, notes=(NASTY,), environment=((NASTY, NASTY),)
    )


def test_what_a_merchant_answers_cannot_break_out_of_any_rendering(tmp_path: Path) -> None:
    run = nasty_run()
    paths = write_all(run, tmp_path)

    page = paths["html"].read_text()
    assert page.count("<script") == 1
    assert "alert(1)" in page
    assert "<b>" not in page.replace("<b>Tayari</b>", "")
    assert ET.parse(paths["junit"]).getroot().get("failures") == "2"
    assert json.loads(paths["json"].read_text())["merchant"] == NASTY
    markdown = paths["md"].read_text()
    assert "<script" not in markdown.replace("\\<", "")
    assert "@everyone" not in markdown.replace("\\@", "")
    assert "\x1b" not in screen(run)


def test_every_rendering_shows_each_kind_of_money_under_load(tmp_path: Path) -> None:
    run = replace(samples.not_ready(), load=load())
    paths = write_all(run, tmp_path)

    markdown = paths["md"].read_text()
    assert "C2B payments: 186 started, 184 settled, 1 failed, 1 stuck, 0 not counted; STK payments: 300" in markdown
    assert len(markdown.splitlines()) <= MOST_LINES
    assert (
        '<th scope="row">C2B payments</th><td class="num">186</td><td class="num">184</td>' in paths["html"].read_text()
    )
    assert "STK payments: 300 started, 297 settled, 2 failed, 1 stuck, 7 not counted" in screen(run)


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="format 'doc' is not known; expected one of json, html, md, junit, ctrf"):
        write_all(samples.ready(), tmp_path, formats=["doc"])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ReportError, match=r"file/run\.json: cannot be written"):
        write_all(samples.ready(), tmp_path / "file")


def test_every_verdict_has_a_title() -> None:
    assert set(TITLES) == set(Verdict)


@pytest.mark.parametrize("name", samples.ALL)
def test_ctrf_has_a_failed_test_whenever_the_exit_code_is_not_zero(name: str, tmp_path: Path) -> None:
    run = samples.ALL[name]()
    tests = json.loads(write_all(run, tmp_path, formats=["ctrf"])["ctrf"].read_text())["results"]["tests"]
    (verdict,) = [test for test in tests if test["name"] == "Verdict"]

    assert (verdict["status"] == "failed") == (judge(run).exit_code != 0)
    assert bool(verdict.get("message")) == (judge(run).exit_code != 0)
    failed = {test["tags"][0] for test in tests if test["status"] == "failed" and test is not verdict}
    opened = {one.rule.id for one in judge(run).outcomes if one.state in (State.UNKNOWN, State.ERROR)}
    blocking = {one.rule.id for one in judge(run).outcomes if one.rule.blocking}
    assert opened & blocking <= failed


@pytest.mark.parametrize("kind", ["junit", "ctrf"])
def test_a_test_keeps_its_name_when_the_words_of_a_scenario_change(kind: str, tmp_path: Path) -> None:
    def names(about: str) -> str:
        scenario = replace(samples.rule("C03"), id="ack/lost", kind="scenario", title=about)
        run = replace(samples.run(), plan=(scenario,), checks=(samples.ended("ack/lost", State.FAIL, "Pushed twice."),))
        return write_all(run, tmp_path, formats=[kind])[kind].read_text()

    name = {"junit": 'name="ack/lost"', "ctrf": '"name": "ack/lost"'}[kind]
    assert name in names("The answer is lost.")
    assert "The answer got lost." in names("The answer got lost.")
