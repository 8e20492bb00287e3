"""A load that cannot begin leaves questions open; it does not hide what the suites proved."""

from __future__ import annotations

from tayari.run.load import not_begun
from tayari_reports.model import Category, Check, Rule, Run, Severity, State, Verdict
from tayari_reports.verdict import judge


def rule(name: str) -> Rule:
    return Rule(id=name, title=name, category=Category.PERFORMANCE, severity=Severity.HIGH)


def test_a_proven_failure_outranks_a_load_that_did_not_begin() -> None:
    loaded = not_begun((rule("L01"),), "the merchant had ended")
    failed = Check(rule="C03", state=State.FAIL, reason="Credited twice.")
    run = Run(
        run_id="r",
        tayari_version="0",
        suite="ci",
        profile="documented",
        merchant="shop",
        base_url="",
        started_at=0.0,
        finished_at=1.0,
        plan=(rule("C03"), *loaded.plan),
        checks=(failed, *loaded.checks),
    )
    judgement = judge(run)

    assert judgement.verdict is Verdict.NOT_READY
    assert [one.rule.id for one in judgement.missing] == ["L01"]
