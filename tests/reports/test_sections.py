"""The sections that are derived: what to do, strengths, checklist, configuration, validity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import samples
from tayari_contracts.catalogue.rules import catalogue
from tayari_reports.model import Run, State
from tayari_reports.model.facts import How
from tayari_reports.model.statement_records import ChecklistAnswer
from tayari_reports.statements.checklist import ITEMS, KNOWN, ItemStanding, answered, configuration
from tayari_reports.verdict import groups, judge
from tayari_reports.verdict.groups import areas, strengths
from tayari_reports.verdict.next_steps import plan_of
from tayari_reports.verdict.sentences import scope, validity

WHOLE = (
    "STK push collections. Suite ci, Daraja profile documented. The merchant was judged by its traffic and by the "
    "payment states that it shows."
)


def standing(run: Run, item: str) -> tuple[ItemStanding, bool | None]:
    (found,) = [one for one in answered(run, judge(run).outcomes) if one.item.id == item]
    return found.standing, found.good


def test_money_comes_first_and_the_hours_add_up() -> None:
    plan = plan_of(judge(samples.not_ready()))

    assert [(one.outcome.rule.id, one.priority, one.by_day) for one in plan.must] == [
        ("C03", 1, 1),
        ("C07", 1, 1),
        ("A12", 2, 1),
    ]
    assert [(one.outcome.rule.id, one.priority, one.by_day) for one in plan.should] == [("U01", 3, 2)]
    assert plan.must_hours == 6
    assert plan.sentence.startswith(
        "Estimated time to ready: about 6 hours of work for 3 blocking failures, 1 working day"
    )
    assert "2 blocking rules have no answer yet" in plan.sentence


def test_an_invalid_run_estimates_nothing() -> None:
    assert (
        plan_of(judge(samples.invalid())).sentence == "This run does not show how long it takes: repair the run first."
    )


def test_strengths_are_whole_categories_of_a_thing_and_areas_have_a_failure_or_a_question() -> None:
    judgement = judge(samples.not_ready())
    strong = {one.title: one for one in strengths(judgement)}
    weak = areas(judgement)

    assert strong["Access tokens"].categories == ()
    assert [one.rule.id for one in strong["Access tokens"].passed] == ["T01", "T04", "T09"]
    assert all(one.state is State.PASS for group in strong.values() for one in group.passed)
    assert weak[0].title == "Callbacks"
    assert [one.rule.id for one in weak[0].failed] == ["C03", "C07"]
    assert sorted(one.rule.id for one in weak[0].open) == ["C10", "C21"]
    assert strengths(judge(samples.invalid())) == ()


def test_a_strength_names_its_categories_only_where_others_are_not_whole() -> None:
    made = samples.run([samples.ended("A12", State.FAIL, "No retry.")])
    (group,) = [one for one in strengths(judge(made)) if one.title == "Callbacks"]
    thing = [one for one in strengths(judge(made)) if one.title == "Acknowledgements and retries"]

    assert group.categories == ()
    assert thing == []


def test_a_measurement_replaces_an_attestation_and_a_failure_of_a_part_is_enough() -> None:
    stated = replace(samples.not_ready().attestations[0], item="database.duplicates")
    run = replace(samples.not_ready(), attestations=(stated,))

    assert standing(run, "database.duplicates") == (ItemStanding.MEASURED, False)
    assert standing(replace(samples.ready(), attestations=()), "security.forged") == (ItemStanding.MEASURED, True)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("database.backups", (ItemStanding.ATTESTED, True)),
        ("support.refunds", (ItemStanding.ATTESTED, False)),
        ("security.access", (ItemStanding.EXPIRED, None)),
        ("documentation.runbook", (ItemStanding.MISSING, None)),
        ("own.insurance", (ItemStanding.ATTESTED, False)),
    ],
)
def test_an_item_is_attested_expired_or_without_answer(item: str, expected: tuple[ItemStanding, bool | None]) -> None:
    assert standing(samples.ready(), item) == expected


def test_no_attestation_changes_a_number_or_the_verdict() -> None:
    every = tuple(
        replace(samples.ready().attestations[0], item=item, answer=ChecklistAnswer.YES) for item in sorted(KNOWN)
    )
    for make in samples.ALL.values():
        bare, attested = judge(replace(make(), attestations=())), judge(replace(make(), attestations=every))
        assert (bare.verdict, bare.score, bare.coverage, bare.counts) == (
            attested.verdict,
            attested.score,
            attested.coverage,
            attested.counts,
        )


def test_a_person_answers_only_where_nothing_was_measured_right_or_wrong() -> None:
    stated = tuple(
        replace(samples.ready().attestations[0], item=item)
        for item in ("callback.https", "environment.short_code", "environment.go_live")
    )
    found = {row.setting.item: row for row in configuration(replace(samples.ready(), attestations=stated))}

    assert (found["callback.https"].setting.how, found["callback.https"].good) == (How.MEASURED, False)
    declared = found["environment.short_code"]
    assert (declared.setting.how, declared.setting.value, declared.good) == (How.ATTESTED, "174379", True)
    assert declared.setting.note == "Daraja's sandbox."
    assert found["environment.go_live"].attestation is not None
    assert (found["callback.tls"].setting.how, found["callback.tls"].good) == (How.NOT_KNOWN, None)


def test_who_says_no_of_a_setting_is_shown_so_and_an_ended_word_is_none() -> None:
    (yes, *_) = samples.ready().attestations
    stated = (
        replace(yes, item="environment.go_live", answer=ChecklistAnswer.NO),
        replace(yes, item="environment.production_url", expires="2026-10-06"),
    )
    found = {row.setting.item: row for row in configuration(replace(samples.ready(), attestations=stated))}

    assert found["environment.go_live"].good is False
    assert found["environment.production_url"].good is None
    assert "ended on 2026-10-06" in found["environment.production_url"].setting.note


def test_a_good_verdict_says_how_long_it_stands_and_a_bad_one_nothing() -> None:
    waived = samples.waived()

    assert "valid until 2027-01-05" in validity(samples.ready(), judge(samples.ready()))
    assert "valid until 2026-10-15" in validity(waived, judge(waived))
    assert validity(samples.not_ready(), judge(samples.not_ready())) == ""


@pytest.mark.parametrize(
    ("make", "begins"),
    [
        (samples.ready, f"Ready for {WHOLE} Valid until 2027-01-05, or until the code, "),
        (samples.minor, "Ready with minor fixes for STK push collections. "),
        (samples.not_ready, f"Not ready for {WHOLE}"),
        (samples.inconclusive, "No answer yet for STK push collections. "),
        (samples.invalid, "This run says nothing about STK push collections. Suite ci, Daraja profile documented."),
        (lambda: samples.run(selection="C03"), "Part passed for STK push collections. Suite ci, only C03, Daraja "),
        (
            lambda: samples.run(capabilities=("payout", "stk_push")),
            "Ready for payouts and STK push collections. ",
        ),
        (lambda: samples.run(capabilities=()), "Ready for what was tried. Suite ci"),
    ],
)
def test_the_scope_begins_with_the_verdict(make: Callable[[], Run], begins: str) -> None:
    run = make()

    assert scope(run, judge(run)).startswith(begins)


def test_a_clock_that_is_not_real_is_part_of_the_scope() -> None:
    run = samples.run(clock="scaled:60")

    assert ", clock scaled:60. The merchant" in scope(run, judge(run))


def test_payouts_and_refunds_are_asked_about_where_the_merchant_has_them() -> None:
    shop = samples.not_ready()
    payroll = replace(shop, capabilities=("payout",))

    def asked(run: Run) -> set[str]:
        return {one.item.section for one in answered(run, judge(run).outcomes)}

    assert asked(shop).isdisjoint({"Payouts", "Refunds", "C2B"})
    assert "C2B" in asked(replace(shop, capabilities=("c2b",)))
    assert "Payouts" in asked(payroll)
    assert "Refunds" not in asked(payroll)
    assert "Refunds" in asked(replace(shop, capabilities=("refund",)))


def test_the_checklists_rules_exist_and_every_family_of_rules_has_a_title() -> None:
    rows = catalogue().values()

    assert {rule for item in ITEMS for rule in item.rules} <= set(catalogue())
    assert {row.family for row in rows} <= set(groups.TITLES)


def test_measured_money_answers_the_questions_about_customers_payments() -> None:
    rules = [replace(samples.rule("C03"), id=name) for name in ("B07", "B12", "M01", "B14", "B15")]
    checks = [replace(samples.passed("C03"), rule=one.id) for one in rules[:-1]]
    failed = replace(samples.ended("C03", State.FAIL, "The second page was not read."), rule="B15")
    run = replace(samples.ready(), capabilities=("c2b",), plan=tuple(rules), checks=(*checks, failed), attestations=())

    stated = {one.item.id: (one.standing, one.answer) for one in answered(run, judge(run).outcomes)}

    assert stated["c2b.once"] == (ItemStanding.MEASURED, "yes")
    assert stated["c2b.recovered"] == (ItemStanding.MEASURED, "no")
    assert stated["c2b.allocation"] == (ItemStanding.MISSING, "")
