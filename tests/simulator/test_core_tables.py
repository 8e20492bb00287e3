"""The tables: switches, result codes, what is remembered and what is forgotten."""

from __future__ import annotations

import pytest
from core_kit import Desk
from tayari_simulator.apis.security_credential import LONGEST_KEPT, REMEMBERED, SecurityCredentials
from tayari_simulator.catalogue.advice import RETRY
from tayari_simulator.catalogue.options import OPTIONS, OptionError, Options
from tayari_simulator.catalogue.provenance import Profile
from tayari_simulator.catalogue.results import RESULTS, Wording, find, wire_form
from tayari_simulator.state.agenda import NEVER, Agenda
from tayari_simulator.state.prompts import Prompts
from tayari_simulator.state.tokens import MOST_TOKENS, Tokens
from tayari_simulator.state.transaction_store import Transactions
from tayari_simulator.state.transactions import Status, Transaction


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
@pytest.mark.parametrize("profile", Profile)
def test_every_switch_has_a_possible_default_in_every_profile(row: object, profile: Profile) -> None:
    option = next(one for one in OPTIONS if one is row)

    assert option.check(option.default(profile)) == Options(profile).text(option.name)
    assert option.about
    assert option.source


@pytest.mark.parametrize(
    ("name", "value"),
    [(row.name, value) for row in OPTIONS for value in row.choices or ("0", "3")],
)
def test_a_payment_comes_to_its_end_under_every_position_of_every_switch(name: str, value: str) -> None:
    desk = Desk({name: value})
    if (name, value) in {("token_lifetime_s", "0"), ("max_amount", "0")}:
        assert desk.push().status in {400, 404}
        return
    changes = {"CallBackURL": "https://shop.example.co.ke/hooks/pay", "PhoneNumber": 254711000111}
    identifier = desk.pushed(**changes)

    results = desk.results(100)

    assert [result["CheckoutRequestID"] for result in results] == [identifier]
    assert desk.daraja.world.transactions.find(identifier).status is not Status.PROMPTED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"in_fligt": "mix"}, "did you mean in_flight?"),
        ({"zzzz": "1"}, "known are b2b_failure"),
        ({"in_flight": "never"}, "'never' is not one of mix, 4999"),
        ({"max_amount": "-1"}, "'-1' is not a number of at least 0"),
        ({"max_amount": "nan"}, "'nan' is not a number"),
    ],
)
def test_a_wrong_switch_is_explained(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Options(Profile.DOCUMENTED, overrides)

    assert message in str(caught.value)


@pytest.mark.parametrize("row", RESULTS, ids=lambda row: f"{row.code}-{row.apis[0]}")
def test_every_result_code_can_be_shown_and_found(row: object) -> None:
    result = next(one for one in RESULTS if one is row)
    shown = result.to_dict()

    assert find(result.code) is not None
    assert wire_form(str(result.code)) == result.code
    assert shown["retry"] in RETRY
    assert result.meaning
    assert set(result.variants) <= set(Wording)
    assert bool(result.say_en) == bool(result.say_sw)


def test_every_code_that_a_customer_meets_has_words_for_him() -> None:
    assert all(row.say_en and row.text for row in RESULTS if "stk" in row.apis or "stk_query" in row.apis)


def test_a_code_with_two_meanings_has_the_one_of_stk_for_stk() -> None:
    assert find(17).text == "Rule limited."  # type: ignore[union-attr]
    assert {row.text for row in RESULTS if row.code == 17} == {"Rule limited.", "System internal error.", ""}
    assert find("no such code") is None


def payment(number: int, status: Status = Status.PAID) -> Transaction:
    made = Transaction(
        f"ws_CO_{number}", "1", "stk_push", f"25470000000{number % 3}", 1, "1", "1", "A", "http://x/", 0.0, 1.0
    )
    made.status = status
    return made


def test_beyond_the_bound_the_oldest_finished_payments_are_forgotten() -> None:
    store = Transactions(most=5)
    for number in range(12):
        store.add(payment(number))

    assert [row.id for row in store.all()] == [f"ws_CO_{number}" for number in range(7, 12)]
    assert len(store) == 5
    assert sum(len(store.of(f"25470000000{tail}")) for tail in range(3)) == 5


def test_a_payment_that_is_open_is_never_forgotten() -> None:
    store = Transactions(most=2)
    for number in range(6):
        store.add(payment(number, Status.PROMPTED))

    assert len(store) == 6


def test_a_later_push_keeps_its_prompt_when_an_earlier_one_closes() -> None:
    prompts = Prompts()
    first, second = payment(0), payment(3)
    prompts.open(first)
    prompts.open(second)
    prompts.close(first)
    assert prompts.on("254700000000") is second
    prompts.close(second)

    assert prompts.on("254700000000") is None


def test_tokens_are_bounded_and_the_newest_stay() -> None:
    tokens = Tokens()
    for number in range(MOST_TOKENS + 3):
        tokens.issue(str(number), app="a", expires_s=1.0, cancel_old=False)

    assert len(tokens) == MOST_TOKENS
    assert tokens.find("Bearer 0", 0.0) is None
    assert tokens.find(f"Bearer {MOST_TOKENS}", 0.0) is not None


def test_the_agenda_keeps_the_order_of_time_and_then_of_planning() -> None:
    agenda = Agenda()
    plans = [payment(number) for number in range(4)]
    for plan, due_s in zip(plans, (2.0, 1.0, 2.0, 1.0), strict=True):
        agenda.add(due_s, plan)

    assert agenda.next_s == 1.0
    assert agenda.pop_due(0.5) is None
    due = [agenda.pop_due(5.0) for _ in range(5)]
    assert [found and found[2] for found in due] == [plans[1], plans[3], plans[0], plans[2], None]
    assert agenda.next_s == NEVER


def test_forgetting_leaves_nothing() -> None:
    desk = Desk()
    desk.pushed()
    desk.daraja.forget()

    assert desk.push().status == 404
    assert desk.daraja.next_due_s() == NEVER
    assert len(desk.daraja.world.transactions) == 0


def test_a_credential_is_judged_by_its_text_once_and_only_so_many_are_kept() -> None:
    credentials = SecurityCredentials()
    sealed, other = credentials.encrypt("Secret1"), credentials.encrypt("Secret2")

    assert [credentials.decrypt(text) for text in (sealed, other, sealed)] == ["Secret1", "Secret2", "Secret1"]
    for number in range(REMEMBERED + 10):
        assert credentials.decrypt(f"bm8{number:05}") is None
    assert credentials.decrypt("A" * (LONGEST_KEPT + 4)) is None
    assert len(credentials.kept) == REMEMBERED
    assert credentials.decrypt(sealed) == "Secret1"
