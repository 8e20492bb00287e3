"""Waivers: which count, which do not and why, and that none of them touches a number."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples
from tayari_reports.model import Check, Level, Run, State, Verdict
from tayari_reports.model.statement_records import Waiver
from tayari_reports.statements.waivers import WaiverStanding
from tayari_reports.verdict import Judgement, judge
from tayari_reports.verdict.next_steps import plan_of
from tayari_reports.verdict.sentences import answer

REASON = "No retry after HTTP 503; expected at least one, with growing gaps."


def failing(*waivers: Waiver) -> Run:
    """One blocking failure of A12, and these waivers."""
    return samples.run([samples.ended("A12", State.FAIL, REASON)], waivers=waivers)


def standing(judgement: Judgement) -> WaiverStanding:
    (one,) = judgement.waivers
    return one.standing


def test_an_active_waiver_lifts_a_failure_to_minor_and_leaves_the_numbers_alone() -> None:
    bare, waived = judge(failing()), judge(failing(samples.waiver("A12")))

    assert (bare.verdict, waived.verdict) == (Verdict.NOT_READY, Verdict.READY_WITH_MINOR_FIXES)
    assert (bare.score, bare.coverage, bare.counts) == (waived.score, waived.coverage, waived.counts)
    assert [one.rule.id for one in waived.waived] == ["A12"]


@pytest.mark.parametrize(
    ("expires", "expected", "soon"),
    [
        ("2026-10-06", WaiverStanding.EXPIRED, False),
        ("2026-10-07", WaiverStanding.ACTIVE, True),
        ("2026-10-21", WaiverStanding.ACTIVE, True),
        ("2026-10-22", WaiverStanding.ACTIVE, False),
        ("2027-01-05", WaiverStanding.ACTIVE, False),
        ("2027-01-06", WaiverStanding.TOO_LONG, False),
        ("soon", WaiverStanding.EXPIRED, False),
    ],
)
def test_a_waiver_counts_from_the_day_of_the_run_for_at_most_ninety_days(
    expires: str, expected: WaiverStanding, soon: bool
) -> None:
    judgement = judge(failing(samples.waiver("A12", expires=expires)))

    (one,) = judgement.waivers
    assert (one.standing, one.soon) == (expected, soon)
    assert (judgement.verdict is Verdict.READY_WITH_MINOR_FIXES) == (expected is WaiverStanding.ACTIVE)


def test_a_waiver_of_a_rule_that_passes_is_stale() -> None:
    assert standing(judge(samples.run(waivers=(samples.waiver("A12"),)))) is WaiverStanding.STALE


def test_a_waiver_does_not_cover_another_failure_of_the_same_rule() -> None:
    judgement = judge(failing(samples.waiver("A12", fingerprint="0123456789abcdef")))

    assert standing(judgement) is WaiverStanding.CHANGED
    assert judgement.verdict is Verdict.NOT_READY


def test_a_rule_that_fails_in_two_ways_needs_both_waived() -> None:
    run = failing(samples.waiver("A12"))
    second = samples.ended("A12", State.FAIL, "Seven retries within a second.")
    judgement = judge(samples.run((), plan=run.plan, checks=(*run.checks, second), waivers=run.waivers))

    assert standing(judgement) is WaiverStanding.ACTIVE
    assert judgement.verdict is Verdict.NOT_READY


def test_what_may_never_be_waived_stays_a_failure() -> None:
    failure = samples.ended(
        "C03", State.FAIL, "Credited twice: KES 3000 for a payment of KES 1500; expected one credit."
    )
    judgement = judge(samples.run([failure], waivers=(samples.waiver("C03"),)))

    assert standing(judgement) is WaiverStanding.UNWAIVABLE
    assert judgement.verdict is Verdict.NOT_READY


@pytest.mark.parametrize("level", Level)
def test_what_nobody_may_waive_blocks_at_any_level(level: Level) -> None:
    plan = tuple(replace(rule, level=level) if rule.id == "C03" else rule for rule in samples.run().plan)
    made = samples.run([samples.ended("C03", State.FAIL, "Credited twice.")], plan=plan)

    assert judge(replace(made, waivers=(samples.waiver("C03"),))).verdict is Verdict.NOT_READY


def test_a_waiver_answers_no_open_question() -> None:
    unknown = samples.ended("A12", State.UNKNOWN, REASON)
    judgement = judge(samples.run([unknown], waivers=(samples.waiver("A12"),)))

    assert standing(judgement) is WaiverStanding.STALE
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_a_waiver_of_a_rule_outside_the_plan_is_reported_as_such() -> None:
    assert standing(judge(failing(samples.waiver("Z99")))) is WaiverStanding.NOT_PLANNED


def test_a_failure_without_a_fingerprint_is_known_by_its_reason() -> None:
    bare = Check(
        rule="A12", state=State.FAIL, reason="No retry after HTTP 500; expected at least one, with growing gaps."
    )

    assert judge(samples.run([bare], waivers=(samples.waiver("A12"),))).verdict is Verdict.READY_WITH_MINOR_FIXES


def test_a_waived_failure_is_never_shown_as_no_failure() -> None:
    only, among = judge(failing(samples.waiver("A12"))), judge(with_others(samples.waiver("A12")))

    assert answer(only) == "1 blocking failure is waived, until 2026-12-01 at the latest."
    assert answer(among).endswith("until 2026-12-01 at the latest; 1 lesser finding should be fixed.")
    assert [one.rule.id for one in among.waived_blocking] == ["A12"]
    assert plan_of(only).sentence == "Nothing blocks today; what is waived blocks again when its waiver ends."


def test_other_failures_and_open_questions_are_shown_beside_waived_failures() -> None:
    waiver = samples.waiver("A12")
    failed = samples.run([samples.ended("A12", State.FAIL, REASON), samples.ended("A06", State.FAIL, "Pushed twice.")])
    unknown = samples.run([samples.ended("A12", State.FAIL, REASON), samples.ended("Q12", State.UNKNOWN, "Unclear.")])

    assert answer(judge(replace(failed, waivers=(waiver,)))).endswith(
        "1 blocking rule failed, with money at stake; 1 more under waivers."
    )
    assert answer(judge(replace(unknown, waivers=(waiver,)))).startswith("1 blocking failure is waived, but 1 ")


def with_others(*waivers: Waiver) -> Run:
    """The blocking failure of A12, and a SHOULD that is not met."""
    found = [samples.ended("A12", State.FAIL, REASON), samples.ended("U01", State.WARN, "One text for all.")]
    return samples.run(found, waivers=waivers)
