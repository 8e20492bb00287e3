"""What must hold for the verdict whatever a run contains."""

from __future__ import annotations

from dataclasses import replace

import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_runs import runs
from tayari_reports.model import Check, NotTested, Run, State, Verdict
from tayari_reports.redaction import fingerprint
from tayari_reports.verdict import judge

GOODNESS = {
    Verdict.READY: 3,
    Verdict.READY_WITH_MINOR_FIXES: 2,
    Verdict.INCONCLUSIVE: 1,
    Verdict.NOT_READY: 0,
    Verdict.INVALID_RUN: 0,
}
GREEN = {Verdict.READY, Verdict.READY_WITH_MINOR_FIXES}


@settings(deadline=None)
@given(runs(), st.data())
def test_adding_a_failure_never_improves_a_valid_run(run: Run, data: st.DataObject) -> None:
    before = judge(run)
    failure = Check(rule=data.draw(st.sampled_from(run.plan)).id, state=State.FAIL, reason="It failed.")
    after = judge(replace(run, checks=(*run.checks, failure)))

    if before.verdict is not Verdict.INVALID_RUN:
        assert GOODNESS[after.verdict] <= GOODNESS[before.verdict]
    assert after.score <= before.score


@settings(deadline=None)
@given(runs(), st.data())
def test_turning_a_check_into_a_failure_never_improves_the_score(run: Run, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(run.checks) - 1))
    failed = replace(run.checks[index], state=State.FAIL)
    after = judge(replace(run, checks=(*run.checks[:index], failed, *run.checks[index + 1 :])))

    assert after.score <= judge(run).score


@settings(deadline=None)
@given(runs(), st.data())
def test_removing_a_check_never_improves(run: Run, data: st.DataObject) -> None:
    before = judge(run)
    index = data.draw(st.integers(0, len(run.checks) - 1))
    after = judge(replace(run, checks=(*run.checks[:index], *run.checks[index + 1 :])))

    assert after.verdict is Verdict.INVALID_RUN
    assert after.score <= before.score
    assert after.coverage <= before.coverage


@settings(deadline=None)
@given(runs())
def test_an_open_question_about_a_blocking_rule_is_never_green(run: Run) -> None:
    judgement = judge(run)

    if any(one.rule.blocking and one.state in {"unknown", "not_tested", "error"} for one in judgement.outcomes):
        assert judgement.verdict not in GREEN


@settings(deadline=None)
@given(runs())
def test_a_run_that_is_not_ready_says_why(run: Run) -> None:
    judgement = judge(run)

    assert (judgement.verdict is Verdict.READY) <= (not judgement.blocking)
    if judgement.verdict is not Verdict.READY:
        assert judgement.reasons
        assert all(reason.sentence for reason in judgement.reasons)


@settings(deadline=None)
@given(runs(), st.frozensets(st.sampled_from([f"R{number}" for number in range(6)])), st.booleans())
def test_a_waiver_changes_no_number_and_makes_no_run_ready(run: Run, names: frozenset[str], fits: bool) -> None:
    waivers = tuple(
        replace(samples.waiver(name), fingerprint=fingerprint(name, "because") if fits else "other") for name in names
    )
    bare, covered = judge(run), judge(replace(run, waivers=waivers))

    assert (bare.score, bare.coverage, bare.counts) == (covered.score, covered.coverage, covered.counts)
    assert (covered.verdict is Verdict.READY) == (bare.verdict is Verdict.READY)
    if bare.verdict in {Verdict.INCONCLUSIVE, Verdict.INVALID_RUN}:
        assert covered.verdict is bare.verdict


@settings(deadline=None)
@given(runs(), st.data())
def test_what_is_unknown_never_becomes_passed(run: Run, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(run.checks) - 1))
    unsure = replace(run.checks[index], state=State.UNKNOWN)
    after = replace(run, checks=(*run.checks[:index], unsure, *run.checks[index + 1 :]))
    (outcome,) = [one for one in judge(after).outcomes if one.rule.id == unsure.rule]

    assert outcome.state is not State.PASS
    assert judge(after).verdict not in GREEN or not outcome.rule.blocking


@settings(deadline=None)
@given(runs(), st.data())
def test_a_planned_rule_without_a_result_is_not_tested(run: Run, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(run.plan)).id
    after = judge(replace(run, checks=tuple(check for check in run.checks if check.rule != name)))
    (outcome,) = [one for one in after.outcomes if one.rule.id == name]

    assert outcome.state is State.NOT_TESTED
    assert outcome.not_tested is NotTested.NO_RESULT
    assert after.verdict is Verdict.INVALID_RUN


@settings(deadline=None)
@given(runs())
def test_without_any_check_no_run_is_ready(run: Run) -> None:
    assert judge(replace(run, checks=())).verdict is Verdict.INVALID_RUN
    assert judge(replace(run, checks=(), plan=())).verdict is Verdict.INVALID_RUN


@settings(deadline=None)
@given(runs())
def test_a_verdict_depends_on_the_checks_and_not_on_their_order(run: Run) -> None:
    assert judge(replace(run, checks=run.checks[::-1])).verdict is judge(run).verdict


@settings(deadline=None)
@given(runs())
def test_score_never_exceeds_coverage(run: Run) -> None:
    judgement = judge(run)

    assert 0 <= judgement.score <= judgement.coverage <= 100
