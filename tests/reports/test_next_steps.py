"""What comes next, and how far a run can be trusted: both derived, and never silent."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples
from sample_load import load
from tayari_reports.model import NotTested, Run, State
from tayari_reports.model.statement_records import Decision
from tayari_reports.verdict import judge
from tayari_reports.verdict.confidence import ConfidenceLevel
from tayari_reports.verdict.next_steps import before_signing, next_steps
from tayari_reports.verdict.sentences import first_step


def steps(run: Run) -> dict[str, str]:
    return {step.do: step.detail for step in next_steps(run, judge(run))}


def silent(run: Run) -> Run:
    """The run without settings, limits and statements: only its checks speak."""
    return replace(run, configuration=(), monitoring=(), attestations=(), sign_off=())


def test_a_run_that_is_not_ready_is_mended_answered_and_run_again() -> None:
    made = steps(silent(samples.not_ready()))

    assert list(made)[:3] == [
        "Fix 3 blocking failures",
        "Get an answer to 2 blocking rules",
        "Fix 1 lesser finding, or decide to live with it",
    ]
    assert made["Fix 3 blocking failures"] == "C03, C07, A12; about 6 hours, money first"
    assert made["Run it again, and compare"].startswith("tayari check --suite ci")
    assert not any(step.startswith("Decide and sign") for step in made)


@pytest.mark.parametrize("target", ["shop/tayari.yaml", "'my shop/tayari.yaml'"])
def test_the_next_command_names_the_target_file_of_the_run(target: str) -> None:
    run = silent(samples.not_ready())
    named = tuple(replace(check, repeat=f"tayari check {target} --only {check.rule}") for check in run.checks)

    step = steps(replace(run, checks=named))["Run it again, and compare"]

    assert step.startswith(f"tayari check {target} --suite ci; ")


def test_the_keys_that_would_answer_open_questions_come_first() -> None:
    run = samples.run(
        [
            samples.ended("Q12", State.UNKNOWN, "Only one query was seen."),
            samples.ended("C10", State.ERROR, "Tayari broke."),
            samples.untested("C06", NotTested.TARGET_KEY_MISSING, "merchant.ledger"),
        ]
    )

    detail = steps(run)["Get an answer to 3 blocking rules"]
    assert detail.startswith("add merchant.ledger to the target file (C06); ")
    assert "ran, but could not be judged (Q12)" in detail
    assert "Tayari itself failed, see what it says (C10)" in detail


def test_a_ready_run_leaves_to_people_what_is_theirs() -> None:
    run = replace(samples.ready(), suite="release")
    made = steps(run)

    assert "Decide and sign: Performance and Business" in made
    assert made["Meet the condition of Security"].startswith("The access list is renewed")
    assert made["Close 2 answers that a person gave as “no” or “partly”"].endswith("Insurance")
    assert made["Set right 1 setting"] == "The callback URL is https: no, http://shop.example"
    assert "2 answers of people are “no” or “partly”" in before_signing(run, judge(run))
    assert "Performance and Business have not signed" in before_signing(run, judge(run))
    assert list(made)[-1] == "Keep this suite in CI"


def test_a_waiver_that_ends_soon_is_a_step_of_its_owner() -> None:
    made = steps(samples.waived())

    assert made["Fix 1 waived failure before its waiver ends"] == "A12; about 2 hours"
    assert made["The waiver of A12 ends soon"].startswith("it ends in 8 days, on 2026-10-15; ")


def test_an_invalid_run_is_mended_first_and_nothing_else_is_asked() -> None:
    assert list(steps(samples.invalid())) == ["Repair the run", "Run it again, and compare"]


def test_a_run_in_which_nothing_could_be_tested_names_the_key_that_is_missing() -> None:
    nothing = samples.run(
        [samples.untested(row[0], NotTested.TARGET_KEY_MISSING, "merchant.c2b") for row in samples.RULES]
    )

    assert steps(nothing)["Repair the run"] == (
        "Add merchant.c2b to the target file, or select what the merchant does."
    )  # fmt: skip


def test_a_run_whose_rules_are_all_blocked_names_what_blocks_them() -> None:
    why = "blocked by C25: an ordinary success was answered 500"
    nothing = samples.run(
        [replace(samples.untested(row[0], NotTested.BLOCKED), reason=why) for row in samples.RULES]
    )  # fmt: skip

    assert steps(nothing)["Repair the run"] == f"{samples.RULES[0][0]} could not be judged, {why}"


@pytest.mark.parametrize("name", samples.ALL)
def test_there_is_always_a_next_step(name: str) -> None:
    assert next_steps(samples.ALL[name](), judge(samples.ALL[name]()))


def level(run: Run) -> tuple[ConfidenceLevel, tuple[str, ...]]:
    found = judge(run).confidence
    return found.level, found.limits


def test_confidence_is_high_only_where_nothing_limits_it() -> None:
    whole = replace(samples.ready(), suite="release", load=replace(load(), doubts=()))

    assert level(whole) == (ConfidenceLevel.HIGH, ())
    assert level(replace(whole, load=load())) == (
        ConfidenceLevel.MODERATE,
        ("the load run could not judge performance",),
    )
    assert level(replace(whole, load=None)) == (ConfidenceLevel.MODERATE, ("there was no load run",))
    assert level(replace(whole, suite="smoke")) == (ConfidenceLevel.MODERATE, ("the suite was smoke, not release",))


@pytest.mark.parametrize(
    ("run", "expected", "limit"),
    [
        (samples.run(depth="black box"), ConfidenceLevel.LOW, "only traffic was seen, not what the merchant stored"),
        (samples.run(selection="C03"), ConfidenceLevel.LOW, "only C03 ran"),
        (samples.run(clock="manual"), ConfidenceLevel.MODERATE, "the clock was manual"),
        (
            samples.run([samples.passed("C03", tries=2)]),
            ConfidenceLevel.MODERATE,
            "1 of 24 passed rules were tried fewer than 3",
        ),
        (samples.run(load=replace(load(), settled=299)), ConfidenceLevel.MODERATE, "only 299 payments settled"),
        (samples.run(plan=(), checks=()), ConfidenceLevel.NONE, "coverage was 0.0 %"),
        (
            samples.run(samples.untested(row[0], NotTested.UNSUPPORTED) for row in samples.RULES[:9]),
            ConfidenceLevel.LOW,
            "coverage was",
        ),
    ],
)
def test_what_limits_the_confidence_is_said(run: Run, expected: ConfidenceLevel, limit: str) -> None:
    found, limits = level(run)

    assert found is expected
    assert any(limit in one for one in limits), limits
    assert limit in judge(run).confidence.because


def test_who_decided_against_it_is_the_first_thing_that_is_left() -> None:
    (qa, security) = samples.ready().sign_off
    against = replace(qa, decision=Decision.NO_GO, conditions="Not before the audit.")
    run = replace(samples.ready(), sign_off=(against, security))

    assert before_signing(run, judge(run)).startswith("QA decided “no go”; ")
    assert steps(run)["Settle the “no go” of QA"] == "Amina Wanjiru, 2026-10-08: Not before the audit."


def test_less_than_everything_is_never_left_to_sign() -> None:
    selected, smoke = samples.run(selection="load"), silent(samples.run(suite="smoke"))

    assert list(steps(silent(selected)))[-1] == "Run every rule before you decide"
    assert before_signing(selected, judge(selected)) == ""
    assert not any(step.startswith("Decide and sign") for step in steps(selected))
    assert steps(smoke)["Run every rule before you decide"].startswith("suite smoke leaves rules out")
    assert "Keep this suite in CI" not in steps(smoke)
    assert first_step(smoke, judge(smoke)).endswith("run every rule: tayari check --suite release.")


def test_what_this_run_left_out_is_answered_by_the_command_that_runs_it() -> None:
    left = replace(
        samples.untested("C06", NotTested.NOT_SELECTED), reason="run it again with as many", repeat="tayari x"
    )
    run = samples.run([left])

    assert first_step(run, judge(run)) == "C06: run it again with as many: tayari x"
