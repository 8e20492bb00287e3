"""Failures over one exchange, or over one text, are one cause; every rendering counts and names the same causes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from rendered_figures import screen
from tayari_reports.model import Check, Exchange, Level, Rule, Run, State
from tayari_reports.verdict import judge
from tayari_reports.verdict.causes import causes, decisive_exchange
from tayari_reports.verdict.sentences import answer
from tayari_reports.writers.writer_table import write_all


def call(number: int, kind: str = "callback", title: str = "callback") -> Exchange:
    url = "http://127.0.0.1:9/hooks/mpesa"
    headers = (("Content-Type", "application/json"), ("Host", "127.0.0.1:9"))
    return Exchange(
        at=samples.BEGAN + number, kind=kind, title=title, method="POST", url=url, status=200, request_headers=headers,
        request_body=json.dumps({"number": number, "name": "Mama Njeri's"}),
    )  # fmt: skip


def failed(name: str, reason: str, *numbers: int) -> Check:
    return replace(samples.ended(name, State.FAIL, reason), evidence=tuple(call(number) for number in numbers))


def money(name: str, title: str) -> Rule:
    return replace(samples.rule("C06"), id=name, title=title, kind="invariant")


def careful_shop() -> Run:
    """Seven rules fail, for four causes."""
    musts = (replace(rule, level=Level.MUST) for rule in samples.run().plan)
    plan = (*musts, money("M01", "Each receipt credits once"), money("M03", "Final states stay"))
    words = 'the customer was told "Payment failed. Please retry."; expected '
    broken = {
        "C03": failed("C03", "Credited twice.", 1, 2),
        "M01": failed("M01", "One order has two credits.", 1, 2),
        "C18": failed("C18", "Paid became failed.", 3),
        "M03": failed("M03", "Two final states changed.", 2, 3),
        "U01": failed("U01", words + "a plain word for each code", 5),
        "U05": failed("U05", words + "that the balance is too low", 6),
        "A12": failed("A12", "No retry.", 7),
    }
    checks = tuple(broken.get(rule.id, samples.passed(rule.id)) for rule in plan)
    return replace(samples.run(), plan=plan, checks=checks)


def test_a_money_invariant_joins_one_cause_and_joins_no_two() -> None:
    found = judge(careful_shop()).causes

    assert sorted([one.rule.id for one in cause.rules] for cause in found) == [
        ["A12"], ["C03", "M01", "M03"], ["C18"], ["U01", "U05"]
    ]  # fmt: skip


def test_an_invariant_that_nothing_else_explains_is_a_cause_of_its_own() -> None:
    run = careful_shop()
    alone = tuple(one for one in judge(run).blocking if one.rule.id in ("M01", "A12"))

    assert sorted(cause.root.rule.id for cause in causes(alone)) == ["A12", "M01"]


def test_the_token_that_all_calls_share_explains_nothing() -> None:
    token = replace(call(9, "to_daraja"), url="http://127.0.0.1:9/oauth/v1/generate")
    run = careful_shop()
    checks = tuple(replace(check, evidence=(token,)) if check.rule in ("C18", "M01") else check for check in run.checks)

    assert [one.rule.id for one in judge(replace(run, checks=checks)).causes[0].rules] == ["C03", "M03"]


def test_a_query_that_never_comes_is_one_cause_of_three_rules() -> None:
    rules = (
        samples.rule("C03"),
        replace(samples.rule("C18"), id="K01", title="Capabilities are true", group="set_up"),
        money("M05", "Paid is settled"),
    )
    masked = replace(call(1), request_body='{"number": "[redacted]"}', url="http://127.0.0.1:9/hooks/[redacted]")
    checks = (
        failed("C03", "Not asked.", 1),
        replace(failed("K01", "No query was seen."), evidence=(masked,)),
        failed("M05", "Pending.", 1, 2),
    )

    assert [[one.rule.id for one in cause.rules] for cause in judge(with_plan(rules, checks)).causes] == [
        ["C03", "K01", "M05"]
    ]


def with_plan(rules: tuple[Rule, ...], checks: tuple[Check, ...]) -> Run:
    musts = tuple(replace(rule, level=Level.MUST) for rule in rules)
    return replace(samples.run(), plan=musts, checks=checks)


@pytest.mark.parametrize("kind", ["json", "html", "md", "terminal"])
def test_every_rendering_says_how_many_causes_there_are(kind: str, tmp_path: Path) -> None:
    run = careful_shop()
    rendered = screen(run) if kind == "terminal" else write_all(run, tmp_path, formats=[kind])[kind].read_text()

    assert answer(judge(run)).startswith("7 blocking rules failed from 4 causes, ")
    assert "7 blocking rules failed from 4 causes" in rendered
    expected = {
        "json": '"causes"',
        "html": "4 causes, 7 rules",
        "md": "The same cause: M01, M03.",
        "terminal": "(4 causes, 7 rules)",
    }
    assert expected[kind] in rendered


def test_the_page_shows_where_to_look_how_to_repeat_it_and_what_a_waiver_says(tmp_path: Path) -> None:
    page = write_all(careful_shop(), tmp_path, formats=["html"])["html"].read_text()

    assert page.count("look here first") == 7
    assert "The same as <a" in page
    assert "curl -i -X POST http://127.0.0.1:9/hooks/mpesa" in page
    assert """Mama Njeri'"'"'s""" in page
    assert "Host: 127.0.0.1:9" not in page.partition("as curl")[2].partition("</pre>")[0]
    assert "- rule: A12\n" in page
    assert "    expires: 20" in page


def test_the_decisive_exchange_is_the_last_callback_else_the_last_call() -> None:
    one = judge(careful_shop()).blocking[0]
    evidence = (call(1), call(2), call(3, "to_daraja"), call(4, "to_merchant"))

    def decides(*given: Exchange) -> Exchange | None:
        return decisive_exchange(replace(one, checks=(replace(one.checks[0], evidence=given),)))

    assert decides(*evidence) == evidence[1]
    assert decides(*evidence[2:]) == evidence[2]
    assert decides() is None
