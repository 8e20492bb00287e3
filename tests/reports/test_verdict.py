"""The verdict, case by case of its table."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples
from samples import ended, run, untested
from tayari_reports.model import Check, NotTested, Preflight, Run, State, Verdict
from tayari_reports.verdict import Judgement, judge
from tayari_reports.verdict.confidence import bound

FAIL, WARN, PASS = State.FAIL, State.WARN, State.PASS


def without(made: Run, *rules: str) -> Run:
    """The run without the checks of these rules."""
    return replace(made, checks=tuple(check for check in made.checks if check.rule not in rules))


@pytest.mark.parametrize(
    ("made", "verdict", "exit_code"),
    [
        (samples.ready(), Verdict.READY, 0),
        (samples.minor(), Verdict.READY_WITH_MINOR_FIXES, 0),
        (samples.inconclusive(), Verdict.INCONCLUSIVE, 11),
        (samples.not_ready(), Verdict.NOT_READY, 10),
        (samples.invalid(), Verdict.INVALID_RUN, 12),
        (run([ended("U01", FAIL, "A SHOULD failed.")]), Verdict.READY_WITH_MINOR_FIXES, 0),
        (run([ended("T09", WARN, "A MUST, met in part.")]), Verdict.READY_WITH_MINOR_FIXES, 0),
        (run([ended("T09", FAIL, "A MUST failed.")]), Verdict.NOT_READY, 10),
        (run([ended("T09", State.UNKNOWN, "Cannot tell.")]), Verdict.INCONCLUSIVE, 11),
        (run([ended("T09", State.ERROR, "Tayari broke.")]), Verdict.INCONCLUSIVE, 11),
        (run([untested("T09", NotTested.UNSUPPORTED)]), Verdict.INCONCLUSIVE, 11),
        (run([untested("U01", NotTested.UNSUPPORTED)]), Verdict.READY, 0),
        (run([Check(rule="T09", state=State.NOT_APPLICABLE, reason="No such thing.")]), Verdict.READY, 0),
    ],
)
def test_each_row_of_the_table_of_verdicts(made: Run, verdict: Verdict, exit_code: int) -> None:
    judgement = judge(made)

    assert (judgement.verdict, judgement.exit_code) == (verdict, exit_code)


def test_a_proven_failure_outranks_missing_evidence() -> None:
    made = run([ended("C03", FAIL, "Credited twice."), untested("C06", NotTested.SET_UP_FAILED)])

    assert judge(made).verdict is Verdict.NOT_READY


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (run(plan=(), checks=()), "No rule ran: the plan is empty."),
        (run(checks=()), "No rule ran: 24 planned, none could be judged."),
        (
            run([], plan=run().plan[:1], checks=(untested(run().plan[0].id, NotTested.SET_UP_FAILED),)),
            "No rule ran: 1 planned, none could be judged (The payment could not be started).",
        ),
        (run(interrupted=True), "The run was interrupted before its end."),
        (without(run(), "C03", "C07"), "2 of 24 planned rules lack a result: C03, C07."),
        (run(preflight=(Preflight(name="clock", ok=False),)), "Preflight failed: clock"),
        (
            replace(run(), plan=run().plan[1:]),
            "Reported on, but not in the plan: score and coverage would not count it.",
        ),
    ],
)
def test_a_run_that_cannot_carry_a_verdict_is_invalid_and_says_why(made: Run, sentence: str) -> None:
    judgement = judge(made)

    assert judgement.verdict is Verdict.INVALID_RUN
    assert sentence in [reason.sentence for reason in judgement.reasons]


def test_a_run_in_which_every_check_broke_is_invalid() -> None:
    made = run(ended(row[0], State.ERROR, "Tayari broke.") for row in samples.RULES)

    assert judge(made).verdict is Verdict.INVALID_RUN


def test_a_planned_rule_without_a_check_counts_as_not_tested() -> None:
    judgement = judge(without(run(), "C03"))

    outcome = next(one for one in judgement.outcomes if one.rule.id == "C03")
    assert (outcome.state, outcome.not_tested) == (State.NOT_TESTED, NotTested.NO_RESULT)
    assert judgement.counts[State.NOT_TESTED] == 1


@pytest.mark.parametrize("worse", [State.FAIL, State.ERROR, State.UNKNOWN, State.NOT_TESTED, State.WARN])
def test_the_worst_of_several_checks_of_one_rule_counts(worse: State) -> None:
    made = run()
    made = replace(made, checks=(*made.checks, ended("C03", worse, "Not so good."), samples.passed("C03")))

    outcome = next(one for one in judge(made).outcomes if one.rule.id == "C03")
    assert (outcome.state, outcome.reason, len(outcome.checks)) == (worse, "Not so good.", 3)


def test_fewer_executions_than_the_plan_demands_are_no_result_and_a_failure_stays_one() -> None:
    plan = tuple(replace(rule, executions=2) if rule.id in {"C03", "C06"} else rule for rule in run().plan)
    judgement = judge(run([ended("C06", FAIL, "Paid in full with KES 1.")], plan=plan))

    states = {one.rule.id: one.state for one in judgement.outcomes}
    assert judgement.verdict is Verdict.INVALID_RUN
    assert (states["C03"], states["C06"]) == (State.NOT_TESTED, State.FAIL)


def test_a_pass_over_nothing_tried_is_not_a_pass() -> None:
    judgement = judge(run([samples.passed("C03", tries=0)]))

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.missing[0].reason == "Reported as passed, but nothing was tried."


def test_score_and_coverage_weigh_all_rules_that_apply() -> None:
    made = run(
        [
            ended("C03", FAIL, "Twice."),
            untested("T09", NotTested.UNSUPPORTED),
            Check(rule="L01", state=State.NOT_APPLICABLE, reason="No load."),
            Check(rule="C20", state=State.ATTESTED, reason="By hand."),
        ]
    )
    weights = {rule.id: rule.weight for rule in made.plan}
    applicable = sum(weights.values()) - weights["L01"]
    judgement = judge(made)

    passed = applicable - weights["C03"] - weights["T09"] - weights["C20"]
    judged = applicable - weights["T09"] - weights["C20"]
    assert judgement.score == int(1000 * passed / applicable) / 10
    assert judgement.coverage == int(1000 * judged / applicable) / 10


def test_the_score_is_cut_and_never_rounded_up_to_a_hundred() -> None:
    rules = tuple(replace(samples.rule("C03"), id=f"R{number}") for number in range(5000))
    checks = (*(samples.passed(rule.id) for rule in rules[1:]), ended("R0", FAIL, "Twice."))

    assert judge(run(plan=rules, checks=checks)).score == 99.9


def test_blocking_failures_come_in_the_order_of_money() -> None:
    found = [ended(name, FAIL, "Failed.") for name in ("T09", "T01", "A01", "C07", "C21")]
    judgement = judge(run(found))

    assert [one.rule.id for one in judgement.blocking] == ["C07", "A01", "T01", "T09"]
    assert [one.rule.id for one in judgement.minor] == ["C21"]
    assert [reason.rule for reason in judgement.reasons] == ["C07", "A01", "T01", "T09", "C21"]


def test_the_categories_add_up_to_the_total() -> None:
    judgement: Judgement = judge(samples.not_ready())

    for state in State:
        assert sum(row.counts[state] for row in judgement.categories) == judgement.counts[state]
    assert judgement.total.total == len(samples.RULES)


def test_confidence_says_how_often_and_how_it_was_seen() -> None:
    judgement = judge(run([samples.passed("C03", tries=1), samples.passed("T01", tries=60)]))

    sentence = judgement.confidence.sentence
    assert "tried between once and 60 times" in sentence
    assert (
        "in up to 4.9 % of real cases for the rule that was tried most often, and in up to 95 % for one that"
        in sentence
    )


def test_the_bound_comes_near_three_over_n() -> None:
    assert bound(0) == 1.0
    assert bound(1000) == pytest.approx(3 / 1000, rel=0.01)


def test_blocking_failures_come_gravest_first_and_money_first_among_equals() -> None:
    """A rule about the set-up that nobody may waive says nothing of money, and stands behind what is critical."""
    made = run([ended(name, FAIL, "It failed.") for name in ("T01", "T04", "S06", "S12", "C03")])
    unwaivable = {"T04", "S06", "C03"}
    plan = tuple(replace(rule, waivable=rule.id not in unwaivable) for rule in made.plan)

    blocking = judge(replace(made, plan=plan)).blocking

    assert [one.rule.id for one in blocking] == ["C03", "S12", "S06", "T01", "T04"]
    assert [one.money_critical for one in blocking] == [True, True, True, False, False]
