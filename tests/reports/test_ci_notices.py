"""What GitHub and GitLab show beside the code: the verdict and each finding, and nothing that a merchant commands."""

import json
from dataclasses import replace

import pytest
import samples
from tayari_reports.model import Run, State
from tayari_reports.verdict import judge
from tayari_reports.writers.ci_notices import MOST_OF_A_KIND, github_annotations, gitlab_code_quality

HOSTILE = "paid 100 %\r\n::add-mask::x\n##[add-path]/tmp, so: \x1b[31mred"


def lines(run: Run) -> list[str]:
    return list(github_annotations(run, judge(run), "shop/tayari.yaml"))


@pytest.mark.parametrize("name", samples.ALL)
def test_the_first_annotation_is_the_verdict_and_fails_where_the_run_does(name: str) -> None:
    run = samples.ALL[name]()
    first = lines(run)[0]

    assert first.startswith("::notice " if judge(run).exit_code == 0 else "::error ")
    assert "file=shop/tayari.yaml,title=Tayari%3A " in first


def test_what_blocks_is_an_error_and_what_does_not_a_warning() -> None:
    run = samples.not_ready()
    found = judge(run)
    notices = lines(run)[1:]

    assert [line.split()[0] for line in notices] == ["::error"] * (len(found.blocking) + len(found.missing)) + [
        "::warning"
    ] * len(found.minor)
    assert "Repeat: tayari check --only" in notices[0]


def test_github_shows_ten_of_a_kind() -> None:
    checks = tuple(samples.ended(row[0], State.FAIL, "Bad.") for row in samples.RULES)
    many = replace(samples.not_ready(), checks=checks)

    assert len(judge(many).blocking) > MOST_OF_A_KIND
    assert sum(line.startswith("::error") for line in lines(many)) == MOST_OF_A_KIND + 1


def test_no_text_of_a_merchant_begins_a_line_or_ends_a_property() -> None:
    run = samples.run([samples.ended("C03", State.FAIL, HOSTILE)], merchant=HOSTILE)

    notices = lines(run)
    assert all(line.isprintable() for line in notices)
    assert all(line.startswith(("::error ", "::warning ")) for line in notices)
    assert "Paid 100 %25 ::add-mask" in notices[1]
    assert "##[" not in "".join(notices)
    properties = notices[1].removeprefix("::error ").split("::")[0]
    assert [part.split("=")[0] for part in properties.split(",")] == ["file", "title"]


def test_the_code_quality_report_has_one_lasting_entry_for_each_finding() -> None:
    run = samples.not_ready()
    found = judge(run)
    entries = json.loads(gitlab_code_quality(found, "shop/tayari.yaml"))

    assert [entry["check_name"] for entry in entries] == [
        one.rule.id for one in (*found.blocking, *found.missing, *found.waived, *found.minor)
    ]
    assert {entry["severity"] for entry in entries[: len(found.blocking)]} == {"blocker"}
    assert {entry["severity"] for entry in entries} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(entry["location"] == {"path": "shop/tayari.yaml", "lines": {"begin": 1}} for entry in entries)
    prints = [entry["fingerprint"] for entry in entries]
    assert len(set(prints)) == len(prints)
    assert prints == [entry["fingerprint"] for entry in json.loads(gitlab_code_quality(judge(run), "shop/tayari.yaml"))]
