"""An edited run.json is not rendered in silence; a narrowed run does not call the whole integration ready."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rendered_figures import screen
from samples import minor, not_ready, ready
from tayari_reports.model import Run
from tayari_reports.model.codec import ReportError
from tayari_reports.model.facts import Build
from tayari_reports.model.merged_run import merge
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge, refuse_if_changed
from tayari_reports.verdict.comparison import compare
from tayari_reports.verdict.sentences import answer, first_step, shout, title
from tayari_reports.writers.pages.history import read_history, render
from tayari_reports.writers.writer_table import write_all


def test_a_run_that_was_written_whole_is_taken(tmp_path: Path) -> None:
    path = write_all(not_ready(), tmp_path)["json"]

    refuse_if_changed(read_run(path), path)

    assert judge(read_run(path)).verdict.value == "NOT_READY"


def test_a_run_with_bytes_that_are_no_text_is_compared_as_it_was_read(tmp_path: Path) -> None:
    path = write_all(not_ready(), tmp_path)["json"]
    path.write_bytes(path.read_bytes().replace(b'"merchant": "', b'"merchant": "\xff', 1))

    refuse_if_changed(read_run(path), path)
    path.write_bytes(path.read_bytes().replace(b'"verdict": "NOT_READY"', b'"verdict": "READY"', 1))
    with pytest.raises(ReportError, match="it says READY"):
        refuse_if_changed(read_run(path), path)


def test_failed_rules_that_were_cut_out_are_noticed(tmp_path: Path) -> None:
    path = write_all(not_ready(), tmp_path)["json"]
    document = json.loads(path.read_text())
    failed = {check["rule"] for check in document["checks"] if check["state"] == "fail"}
    document["checks"] = [check for check in document["checks"] if check["rule"] not in failed]
    document["plan"] = [rule for rule in document["plan"] if rule["id"] not in failed]
    path.write_text(json.dumps(document))

    with pytest.raises(ReportError, match="it says NOT_READY"):
        refuse_if_changed(read_run(path), path)


def test_a_narrowed_run_says_so_in_its_headline() -> None:
    run = replace(ready(), selection="C03")
    judgement = judge(run)

    assert title(judgement) == "Part passed: C03 only"
    assert "says nothing about the whole integration" in answer(judgement)
    assert "tayari check --suite release" in first_step(run, judgement)


PARTS = ["A01", "load", "payment/success payment/failure-callback-never-comes ack/lost ack/late callbacks/duplicate"]


@pytest.mark.parametrize("selection", PARTS)
@pytest.mark.parametrize("make", [ready, minor])
def test_a_part_that_passed_never_looks_like_ready(make: Callable[[], Run], selection: str, tmp_path: Path) -> None:
    run = replace(make(), selection=selection)
    assert judge(run).exit_code == 0

    page = write_all(run, tmp_path, formats=["html"])["html"].read_text()
    badge = write_all(run, tmp_path, formats=["badge"])["badge"].read_text()
    write_all(run, tmp_path, formats=["json"])
    trend = render(read_history(tmp_path))

    assert 'class="verdict partial"' in page
    assert 'class="verdict partial"' in trend
    assert 'class="READY"' not in trend
    assert "#1f6a4d" not in badge
    assert "M-Pesa readiness" not in badge
    headlines = [title(judge(run)), shout(judge(run)).capitalize()]
    assert all(line.startswith("Part passed") for line in headlines)


def test_a_long_selection_is_shown_by_whole_names() -> None:
    assert title(judge(replace(ready(), selection=PARTS[2]))) == (
        "Part passed: payment/success, payment/failure-callback-never-comes and 3 more only"
    )


BUILD = Build(
    name="rc 2",
    commit="2f254700123456abcdef2f254700123456abcdef+changes",
    branch="till",
    ci_run="https://ci.example/7",
    operator="amina",
)


@pytest.mark.parametrize("kind", ["json", "html", "md", "junit", "ctrf"])
def test_every_rendering_says_which_build_was_judged(kind: str, tmp_path: Path) -> None:
    text = write_all(replace(ready(), build=BUILD), tmp_path, formats=[kind])[kind].read_text().replace("\\", "")

    for part in ("rc 2", "2f2547001234", "till", "https://ci.example/7", "amina", ready().config_sha256[:12]):
        assert part in text


def test_the_terminal_says_which_build_was_judged() -> None:
    shown = " ".join(screen(replace(ready(), build=BUILD)).replace("│", " ").split())

    assert (
        "Build: rc 2, commit 2f2547001234+changes, branch till, CI run https://ci.example/7, by amina, target file"
        in shown
    )


def test_two_builds_are_distinguished_and_merged_by_both_names() -> None:
    first, second = replace(ready(), build=BUILD), replace(ready(), run_id="b", build=replace(BUILD, name="rc 3"))

    assert (
        "the build changed (rc 2, 2f2547001234+changes → rc 3, 2f2547001234+changes)" in compare(first, second).cautions
    )
    assert merge([first, second]).build == replace(BUILD, name="rc 2 and rc 3")
