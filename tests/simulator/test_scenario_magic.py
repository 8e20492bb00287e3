"""Magic MSISDNs and amounts: whom they choose for, whom never, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_daraja import scenario_of
from shipped_scenarios import PROBLEMS, SHIPPED
from tayari_simulator.scenarios.magic import AMOUNT_PAYER, magic_markdown, magic_msisdn, magic_rows
from tayari_simulator.scenarios.scenario_reader import read_scenario, read_scenarios
from tayari_simulator.scenarios.selector import Misplaced, Selector
from tayari_simulator.scenarios.values import MAGIC_NUMBERS
from tayari_simulator.state.behaviour import Call

ROOT = Path(__file__).parents[2]


def chosen(selector: Selector, msisdn: str, amount: int = 100, *, call: str = Call.STK_PUSH) -> str | None:
    play = selector.for_transaction(call, msisdn=msisdn, amount=amount, reference="R")
    return play.behaviour.name if play else None


def test_each_shipped_scenario_of_a_payment_can_be_chosen_by_its_number_and_by_its_amount() -> None:
    selector = Selector(SHIPPED)
    numbered = [row for row in SHIPPED if row.magic is not None]

    assert not PROBLEMS
    assert {row.name for row in SHIPPED if row.name.startswith("payment/")} <= {row.name for row in numbered}
    for row in numbered:
        assert row.magic is not None
        call = row.when.endpoint
        assert chosen(selector, magic_msisdn(row.magic), call=call) == row.name
        assert chosen(selector, AMOUNT_PAYER, row.magic, call=call) == row.name


@pytest.mark.parametrize("msisdn", ["254712345678", "254708374149", "254110000011", "254790000012", "254700000001"])
def test_no_amount_surprises_another_payer(msisdn: str) -> None:
    selector = Selector(SHIPPED)

    assert {chosen(selector, msisdn, amount) for amount in range(1, MAGIC_NUMBERS[1] + 1)} == {None}


def test_the_payer_of_magic_amounts_pays_other_amounts_like_anybody() -> None:
    free = set(range(1, 999)) - {row.magic for row in SHIPPED}

    assert {chosen(Selector(SHIPPED), AMOUNT_PAYER, amount) for amount in free} == {None}


def test_a_one_shot_is_stronger_than_a_magic_number() -> None:
    selector = Selector(SHIPPED)
    row = next(row for row in SHIPPED if row.magic is not None)
    selector.queue(scenario_of("scenario: a/queued\nabout: x"), msisdn=magic_msisdn(row.magic or 0))

    assert chosen(selector, magic_msisdn(row.magic or 0)) == "a/queued"


def test_the_page_is_made_from_the_scenarios() -> None:
    assert (ROOT / "docs/magic.md").read_text() == magic_markdown(magic_rows(SHIPPED)), (
        "run: python -m tayari_simulator --scenarios scenarios --magic > docs/magic.md"
    )


def test_scenarios_that_name_a_condition_stand_in_the_table_too() -> None:
    (row,) = magic_rows([scenario_of("scenario: a/b\nabout: x\nwhen: {amount: 7, reference: INV}")])

    assert (row.msisdn, row.amount, row.reference, row.amount_payer) == (None, 7, "INV", None)
    assert "| any | 7 | `a/b` | x |" in magic_markdown([row])


def test_a_number_belongs_to_one_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / f"a/{name}.yaml").write_text(f"scenario: a/{name}\nabout: x\nmagic: 12\n")
    _, problems = read_scenarios([tmp_path])

    assert [str(row) for row in problems] == [
        f"{tmp_path}/a/two.yaml:3: magic: the number 12 is taken by {tmp_path}/a/one.yaml; give one of the two another"
    ]


def test_a_number_cannot_be_taken_by_loading() -> None:
    selector = Selector([scenario_of("scenario: a/one\nabout: x\nmagic: 12")])
    with pytest.raises(Misplaced, match="magic: 12 is the number of a/one"):
        selector.load(scenario_of("scenario: a/two\nabout: x\nmagic: 12"))
    selector.load(scenario_of("scenario: a/one\nabout: changed\nmagic: 12"))

    assert [row.name for row in selector.scenarios()] == ["a/one"]


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("magic: 9", "magic: found 9; expected at least 10"),
        ("magic: 1000", "magic: found 1000; expected at most 999"),
        ("magic: many", 'magic: found "many"; expected a whole number'),
        ("magic: 12\nwhen: {amount: 5}", "magic: gives an MSISDN and an amount, and so does when"),
        (f"magic: 12\nwhen: {{endpoint: {Call.OAUTH}}}", "magic: oauth calls have no MSISDN and no amount"),
    ],
)
def test_a_number_that_cannot_be_is_reported(rest: str, problem: str) -> None:
    _, problems = read_scenario(f"scenario: a/b\nabout: x\n{rest}", file="b.yaml")

    assert [problem in str(row) and str(row).startswith("b.yaml:3: ") for row in problems] == [True]
