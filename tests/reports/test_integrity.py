"""An edited run.json is not rendered in silence; a narrowed run does not call the whole integration ready."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from samples import not_ready, ready
from tayari_reports.errors import ReportError
from tayari_reports.integrity import refuse_if_changed
from tayari_reports.jsonio import read_run
from tayari_reports.sentences import answer, first_step, title
from tayari_reports.verdict import judge
from tayari_reports.writers import write_all


def test_a_run_that_was_written_whole_is_taken(tmp_path: Path) -> None:
    path = write_all(not_ready(), tmp_path)["json"]

    refuse_if_changed(read_run(path), path)

    assert judge(read_run(path)).verdict.value == "NOT_READY"


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

    assert title(judgement) == "Ready, for C03 only"
    assert "no word on the whole integration" in answer(judgement)
    assert "tayari check --suite release" in first_step(run, judgement)
