"""Mistakes in scenario files: each is found, all at once, with its line."""

from __future__ import annotations

import pytest
from tayari_simulator.scenarios.scenario_reader import read_inline, read_scenario

HEAD = "scenario: a/b\nabout: x\n"


def problems_of(text: str) -> list[str]:
    """The problems of a file that begins with a good head, each from its third line on."""
    scenario, problems = read_scenario(HEAD + text, file="f")
    assert (scenario is None) == bool(problems)
    return [str(problem).removeprefix("f:") for problem in problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("whn: {}", "3: whn: unknown key; did you mean when?"),
        ("when: {endpoint: stk_pusk}", '3: when.endpoint: found "stk_pusk"; did you mean stk_push?'),
        ("when: {msisdn: 0712345678}", '3: when.msisdn: found "0712345678"; expected 12 digits, 2547... or 2541...'),
        ("when: {amount: 0}", "3: when.amount: found 0; expected at least 1"),
        ("when: {amount: 1.5}", "3: when.amount: found 1.5; expected a whole number"),
        ("outcome: 5", "3: outcome: found 5; expected a mapping"),
        ("outcome:\n  after_s: 0", "4: outcome.after_s: found 0; expected a number above 0"),
        ("outcome: {after_s: .inf}", '3: outcome.after_s: found ".inf"; expected a number'),
        ("outcome: {callback: yes}", '3: outcome.callback: found "yes"; expected true or false'),
        (
            "outcome: {after_s: {uniform: [2, 1]}}",
            "3: outcome.after_s.uniform: found [2, 1]; expected two numbers of seconds, the smaller first",
        ),
        (
            "outcome: {after_s: {normal: 1}}",
            "3: outcome.after_s: found a mapping of normal; "
            "expected seconds, {uniform: [a, b]} or {lognormal: {median: m, sigma: s}}",
        ),
        (
            "outcome: {result_code: 2002}",
            "3: outcome.result_code: 2002 is not a known ResultCode of STK; did you mean 2001?; "
            "a code of your own needs result_desc too",
        ),
        (
            "outcome: {result_code: SFC_IC0004}",
            "3: outcome.result_code: SFC_IC0004 is not a known ResultCode of STK; did you mean SFC_IC0003?; "
            "a code of your own needs result_desc too",
        ),
        (
            "outcome: {result_code: 4999}",
            "3: outcome.result_code: 4999 is no result, only the query says it; use query: {in_flight: [4999]}",
        ),
        ("then: []", "3: then: found a list; expected a list with something in it"),
        (
            "then: [{result_code: 0}]",
            "3: then[0]: the payment has succeeded already; for a second callback use duplicate",
        ),
        ("query: {}", "3: query: says nothing; give result_code, in_flight, checkout_request_id or error"),
        (
            "query: {error: 500.003.02}",
            '3: query.error: "500.003.02" is no error of Daraja; '
            "did you mean 500.003.02.spike_arrest or 500.003.02.system_busy?",
        ),
        (
            "query: {error: 404.001.03, result_code: 0}",
            "3: query.error: the query cannot give an error and a result_code at once; remove one",
        ),
        (
            "query: {result_code: 1038}",
            "3: query.result_code: 1038 is not a known ResultCode; did you mean 1037?; "
            "a code of your own needs result_desc too",
        ),
        ("faults: drop", '3: faults: found "drop"; expected a list of {fault: parameters}'),
        ("faults: [{duplicte: {}}]", "3: faults[0].duplicte: no such fault; did you mean duplicate?"),
        (
            "faults:\n- drop: {}\n- duplicate: {cuont: 2}",
            "5: faults[1].duplicate.cuont: unknown key; did you mean count?",
        ),
        ("faults: [{drop: {}, delay: {by_s: 1}}]", "3: faults[0]: found a mapping; expected one fault, as {drop: {}}"),
        ("faults: [{delay: 3}]", "3: faults[0].delay: found 3; expected a mapping of parameters"),
        ("faults: [{delay: {}}]", "3: faults[0].delay: required key `by_s` is missing"),
        (
            "faults: [{drop: {times: 0}}]",
            "3: faults[0].drop.times: found 0; expected a whole number of at least 1, or always",
        ),
        (
            "faults: [{html: {page: imperva_40}}]",
            '3: faults[0].html.page: "imperva_40" is no page of the edge; did you mean imperva_403?',
        ),
        (
            "faults: [{drop: {on: stk_query}}]",
            "3: faults[0].drop: drop cannot be put on stk_query; "
            "it goes on bill_payment_push, c2b_confirmation, c2b_validation, callback",
        ),
        (
            "when: {endpoint: oauth}\nfaults: [{drop: {}}]",
            "4: faults[0].drop: a scenario for oauth never applies to callback calls, only to oauth",
        ),
        (
            "faults: [{token_life: {expires_in: 5}}]",
            "3: faults[0].token_life: a scenario for stk_push never applies to oauth calls, "
            "only to bill_payment_push, c2b_confirmation, callback, stk_push, stk_query",
        ),
        ("faults: [{mutate: {}}]", "3: faults[0].mutate: changes nothing; give set, drop or order"),
        (
            "faults: [{mutate: {drop: [Body.stkCallback.ResultCod]}}]",
            '3: faults[0].mutate: "Body.stkCallback.ResultCod" is not in this body; '
            "did you mean Body.stkCallback.ResultCode?",
        ),
        (
            "outcome: {callback: false}\nfaults: [{duplicate: {}}]",
            "4: faults[0].duplicate: there is no callback to change: outcome.callback is false",
        ),
        (
            "outcome: {result_code: 1}\nfaults: [{late_failure: {}}]",
            "4: faults: late_failure follows a success; this payment never succeeds",
        ),
        (
            "outcome: {after_s: 2}\nfaults: [{before_ack: {}}]",
            "3: outcome.after_s: before_ack sets when the callback comes; remove one of the two",
        ),
        (
            "when: {endpoint: oauth}\noutcome: {result_code: 1}",
            "4: outcome: a scenario for oauth has no payment; remove it, or use endpoint: stk_push",
        ),
        (
            "when: {endpoint: stk_query, amount: 5}",
            "3: when.amount: stk_query calls carry none; queue the scenario through POST /v1/next",
        ),
        ("expect: {state: payd}", '3: expect.state: found "payd"; did you mean paid?'),
        ("expect: {state: [paid, payd]}", '3: expect.state[1]: found "payd"; did you mean paid?'),
        ("expect: {state: paid, never: paid}", "3: expect.never: paid is expected by state and forbidden by never"),
        (
            "expect: {state: failed, credits: 1}",
            "3: expect.credits: 1 expected, but state never is paid; nothing is credited without being paid",
        ),
        ("expect: {within_s: 5}", "3: expect.within_s: there is no expect.state that could be reached by then"),
        ("expect: {pushes: -1}", "3: expect.pushes: found -1; expected at least 0"),
        ("expect: {payouts: 1}", "3: expect.payouts: a merchant pays nothing out for stk_push calls; expected pushes"),
        (
            "when: {endpoint: b2c}\nexpect: {pushes: 1}",
            "4: expect.pushes: a merchant pushes nothing for b2c calls; expected payouts",
        ),
        ("expect: {message: {topic: wrongpin}}", '3: expect.message.topic: found "wrongpin"; did you mean wrong_pin?'),
        ("expect: {rules: [C3]}", '3: expect.rules[0]: found "C3"; expected a rule id such as C03'),
    ],
)
def test_a_mistake_is_reported_with_line_place_and_way_out(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_all_mistakes_of_a_file_are_reported_in_its_order() -> None:
    found = problems_of("outcome: {result_code: 9, after_s: -1}\nfaults: [{drp: {}}]\nexpect: {state: x}\nfoo: 1")

    assert [line.partition(":")[0] for line in found] == ["3", "4", "5", "6"]


def test_a_file_needs_its_name_and_its_about() -> None:
    _, problems = read_scenario("when: {endpoint: stk_push}", file="f")

    assert [problem.message for problem in problems] == [
        "required key `scenario` is missing",
        "required key `about` is missing",
    ]


@pytest.mark.parametrize("name", ["plain", "Big/word", "a/b/c", "a/b c", "/b", "a/"])
def test_a_name_is_folder_and_words(name: str) -> None:
    _, problems = read_scenario(f'scenario: "{name}"\nabout: x', file="f")

    assert "expected folder/word-word" in problems[0].message


@pytest.mark.parametrize("text", ["", "5", "[]", "text"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    scenario, problems = read_scenario(text, file="f")

    assert scenario is None
    assert problems[0].message.endswith("expected a mapping")


def test_a_code_of_ones_own_is_allowed_with_its_text() -> None:
    scenario, problems = read_scenario(HEAD + 'outcome: {result_code: 777, result_desc: "Own"}', file="f")

    assert problems == []
    assert scenario is not None
    assert scenario.behaviour.steps[0].result_desc == "Own"


def test_an_inline_scenario_may_go_without_name_and_about() -> None:
    scenario, problems = read_inline({"outcome": {"result_code": "1032"}})

    assert problems == []
    assert scenario is not None
    assert scenario.behaviour.steps[0].result_code == 1032
