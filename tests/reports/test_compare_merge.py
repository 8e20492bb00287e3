"""Two runs side by side, several as one, and a folder of them as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import samples
from sample_load import load
from tayari_reports.model import SCHEMA, NotTested, Run, State, Verdict
from tayari_reports.model.codec import ReportError
from tayari_reports.model.facts import Build, Code
from tayari_reports.model.merged_run import merge
from tayari_reports.verdict import judge
from tayari_reports.verdict.comparison import Comparison, compare, to_json, to_markdown
from tayari_reports.writers.pages.history import read_history, render
from tayari_reports.writers.writer_table import write_all


def rules(found: Comparison, key: str) -> list[str]:
    return [one.rule.id for one in getattr(found, key)]


def test_each_rule_of_a_comparison_is_listed_by_its_change() -> None:
    old = samples.run(
        [
            samples.ended("C03", State.FAIL, "Credited twice."),
            samples.ended("A12", State.FAIL, "No retry."),
            samples.untested("C06", NotTested.TARGET_KEY_MISSING, "merchant.ledger"),
        ]
    )
    new = samples.run(
        [
            samples.ended("A12", State.FAIL, "Retried without end."),
            samples.ended("T01", State.FAIL, "A token for each call."),
            samples.ended("Q12", State.UNKNOWN, "Only one query."),
        ]
    )
    found = compare(old, new)

    assert (rules(found, "newly_failing"), rules(found, "fixed")) == (["T01"], ["C03"])
    assert (rules(found, "still_failing"), found.still_failing[0].otherwise) == (["A12"], True)
    assert (rules(found, "newly_untested"), rules(found, "newly_judged")) == (["Q12"], ["C06"])
    assert found.worse
    assert not compare(new, new).worse
    assert "A12 Transient refusals are retried with growing gaps: failed → failed, in another way" in to_markdown(found)
    assert to_json(found)["new_failures"][0]["rule"] == "T01"


def test_scores_of_one_plan_are_compared() -> None:
    found = compare(samples.not_ready(), samples.ready())

    assert found.scores == "Score 72.0 % → 100.0 %, coverage 89.3 % → 100.0 %."


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"plan": samples.ready().plan[:-1], "checks": samples.ready().checks[:-1]}, "the plans differ (gone: L02)"),
        ({"profile": "sandbox-observed"}, "Daraja was played differently"),
        ({"merchant": "soko"}, "different merchants (duka, soko)"),
    ],
)
def test_scores_that_mean_different_things_are_not_compared_and_it_says_why(
    change: dict[str, object], why: str
) -> None:
    found = compare(samples.ready(), replace(samples.ready(), **change))  # type: ignore[arg-type]  # fields of Run

    assert found.scores.startswith("Scores are not compared: ")
    assert why in found.scores
    assert "→ 100.0 %" not in to_markdown(found)


@pytest.mark.parametrize(
    "change", [{"invalid": ("the clock was set",)}, {"interrupted": True}, {"finished_at": 1_900_000_000.0}]
)
def test_a_worse_verdict_is_worse_though_no_rule_changed(change: dict[str, object]) -> None:
    """The new run proves nothing; or the waiver of its failure has ended meanwhile."""
    old = samples.waived() if "finished_at" in change else samples.ready()
    new = replace(old, **change)  # type: ignore[arg-type]  # fields of Run

    assert not compare(old, old).worse
    assert compare(old, new).worse
    assert not compare(new, old).worse


def shard(names: set[str], run_id: str, **more: object) -> Run:
    """A run of some rules only."""
    whole = samples.not_ready()
    plan = tuple(rule for rule in whole.plan if rule.id in names)
    checks = tuple(check for check in whole.checks if check.rule in names)
    return replace(whole, plan=plan, checks=checks, run_id=run_id, load=None, **more)  # type: ignore[arg-type]


def test_shards_make_the_whole_again() -> None:
    whole = samples.not_ready()
    names = [rule.id for rule in whole.plan]
    merged = merge([shard(set(names[:9]), "a"), shard(set(names[9:]), "b", seed=8)])
    one, other = judge(merged), judge(whole)

    assert (one.verdict, one.score, one.coverage, one.counts) == (
        other.verdict,
        other.score,
        other.coverage,
        other.counts,
    )
    assert merged.merged_from == ("a", "b")
    assert "The runs had the seeds 7, 8." in merged.notes


def test_the_worst_result_of_merged_runs_counts_and_left_out_is_replaced() -> None:
    left_out = samples.run(
        [samples.untested("C03", NotTested.NOT_SELECTED), samples.untested("C06", NotTested.SET_UP_FAILED)]
    )
    failed = samples.run([samples.ended("T01", State.FAIL, "A token for each call.")], run_id="b")
    found = {one.rule.id: one.state for one in judge(merge([left_out, failed])).outcomes}

    assert (found["C03"], found["C06"], found["T01"]) == (State.PASS, State.NOT_TESTED, State.FAIL)


def test_the_meanings_of_one_error_code_stay_apart_and_are_counted() -> None:
    locked, unknown = (
        Code(code="500.001.1001", kind="error", text=text, times=2) for text in ("Unable to lock", "No such merchant")
    )
    merged = merge(
        [replace(samples.ready(), codes=(locked, unknown)), replace(samples.ready(), run_id="b", codes=(locked,))]
    )

    assert [(code.text, code.times) for code in merged.codes] == [("Unable to lock", 4), ("No such merchant", 2)]


def test_one_bad_part_spoils_the_whole() -> None:
    merged = merge([samples.ready(), replace(samples.invalid(), run_id="b")])

    assert judge(merged).verdict is Verdict.INVALID_RUN
    assert judge(merge([samples.ready(), replace(samples.ready(), run_id="b", interrupted=True)])).exit_code == 12


def test_a_load_that_proves_nothing_is_not_forgotten_for_a_later_one() -> None:
    lost = replace(samples.ready(), load=replace(load(), invalid=("workers were lost",)))
    later = replace(samples.ready(), run_id="b", started_at=lost.started_at + 60.0, load=load())

    assert judge(later).verdict is Verdict.READY
    assert judge(merge([lost, later])).verdict is Verdict.INVALID_RUN


def test_two_commits_are_not_one_merchant() -> None:
    old, new = (replace(samples.ready(), run_id=name, build=Build(commit=name * 40)) for name in "ab")

    with pytest.raises(ReportError, match="different commits of the merchant"):
        merge([old, new])
    assert merge([old, replace(samples.ready(), run_id="c")]).build.commit == "a" * 40

    changed = replace(old, run_id="d", build=Build(commit="a" * 40 + "+changes"))
    with pytest.raises(ReportError, match=r"a{40}, a{40}\+changes"):
        merge([old, changed])


def test_signatures_do_not_survive_a_merge() -> None:
    merged = merge([samples.ready(), samples.run(run_id="b")])

    assert merged.sign_off == ()
    assert any("has to be signed" in note for note in merged.notes)


def test_two_merchants_are_said_to_be_two_before_anything_is_called_new() -> None:
    found = compare(samples.ready(), replace(samples.not_ready(), merchant="soko"))
    text = to_markdown(found)

    assert not found.same_merchant
    assert text.index("These are two merchants, duka and soko") < text.index("New failures")
    assert to_json(found)["same_merchant"] is False
    assert "two merchants" not in to_markdown(compare(samples.ready(), samples.not_ready()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "is given twice"),
        ({"run_id": "b", "merchant": "soko"}, r"different merchants \(duka, soko\)"),
        ({"run_id": "b", "config_sha256": "f" * 64}, "different target files"),
        ({"run_id": "b", "profile": "sandbox-observed"}, "different profiles"),
        ({"run_id": "b", "plan": (replace(samples.rule("C03"), title="Other"),)}, "rule C03 is not the same"),
    ],
)
def test_what_does_not_belong_together_is_not_merged(change: dict[str, object], message: str) -> None:
    with pytest.raises(ReportError, match=message):
        merge([samples.ready(), replace(samples.ready(), **change)])  # type: ignore[arg-type]  # fields of Run


def test_one_run_is_not_merged() -> None:
    with pytest.raises(ReportError, match="1 run given; expected two or more"):
        merge([samples.ready()])


def test_a_folder_of_runs_is_a_history_that_breaks_where_the_plan_changes(tmp_path: Path) -> None:
    day = 86_400.0
    for number, run in enumerate([samples.not_ready(), samples.minor(), samples.ready()]):
        later = replace(run, run_id=f"run-{number}", finished_at=run.finished_at + number * day)
        if number == 2:
            later = replace(later, plan=later.plan[:-1], checks=later.checks[:-1])
        write_all(later, tmp_path / str(number), formats=["json", "ctrf"])
    (tmp_path / "torn.json").write_text('{"schema": "1.0.0", "run_id"')
    found = read_history(tmp_path)
    page = render(found)

    assert [one.run.run_id for one in found.runs] == ["run-0", "run-1", "run-2"]
    assert [one.breaks for one in found.runs] == [False, False, True]
    assert len(found.refused) == 1
    assert page.count('<path class="mark"') == 1
    table = page.partition("<tbody>")[2]
    assert table.index("2026-10-09") < table.index("2026-10-08") < table.index("2026-10-07")
    assert "torn.json" in page


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no run in it"):
        read_history(tmp_path)


def test_a_run_of_the_first_schema_is_read_and_written_as_todays(tmp_path: Path) -> None:
    path = write_all(replace(samples.ready(), schema="1.0.0"), tmp_path, formats=["json"])["json"]

    assert read_history(tmp_path).runs[0].run.schema == SCHEMA
    assert path.exists()


def test_the_history_shows_what_changed_since_the_last_run_of_the_same_plan(tmp_path: Path) -> None:
    other = replace(samples.ready(), plan=samples.run().plan[:-1], checks=samples.run().checks[:-1])
    made = (samples.ready(), samples.invalid(), other, samples.not_ready(), samples.not_ready(), samples.ready())
    for number, run in enumerate(made):
        later = replace(run, run_id=f"run-{number}", finished_at=run.finished_at + number * 3600)
        write_all(later, tmp_path / str(number), formats=["json"])
    found = read_history(tmp_path).runs

    assert [one.change for one in found] == [
        "",
        "",
        "",
        "4 new failures, 3 no longer judged",
        "no change",
        "4 fixed, 3 newly judged",
    ]
    assert [one.scored for one in found] == [True, False, True, True, True, True]


def test_an_invalid_run_has_no_score_in_the_history(tmp_path: Path) -> None:
    write_all(samples.ready(), tmp_path / "a", formats=["json"])
    bad = replace(samples.invalid(), run_id="bad", finished_at=samples.ready().finished_at + 60)
    write_all(bad, tmp_path / "b", formats=["json"])
    page = render(read_history(tmp_path))

    assert "An invalid run has no score" in page
    assert page.count('<circle class="dot') == 2
