"""The money invariants on made-up runs: each truth, each way of breaking it, and what must not be taken for that."""

from typing import Any

import pytest
from tayari_money.invariants import JUDGES, Account, Look, Pushed, Told, Word, is_owed, sentence
from tayari_money.payment_state import PaymentState
from tayari_money.preconditions import WITNESSES

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW


def success(at: float = 10.0, **how: Any) -> Told:
    return Told(at=at, word=Word.SUCCESS, **{"amount": 100.0, "receipt": "UKN1", **how})


def pushed(*told: Told, paid: bool = True, **how: Any) -> Pushed:
    fields: dict[str, Any] = {"amount": 100.0, "due_at": 9.0, "receipt": "UKN1", **how}
    return Pushed(checkout_request_id="ws_CO_1", paid=paid, told=told, **fields)


def looks(*states: PaymentState) -> tuple[Look, ...]:
    return tuple(
        Look(payment_id="p1", state=state, began=11.0 + number, ended=11.5 + number)
        for number, state in enumerate(states)
    )


def account(*pushes: Pushed, states: tuple[PaymentState, ...] = (PENDING, PAID), **how: Any) -> Account:
    fields: dict[str, Any] = {"ordered": 100.0, "credits": 1, "total": 100.0, "looks": looks(*states), **how}
    return Account(reference="T1", pushes=pushes or (pushed(success()),), **fields)


def broken(rule_id: str, *accounts: Account) -> list[str]:
    return [one.what for one in JUDGES[rule_id](accounts)]


@pytest.mark.parametrize("rule_id", JUDGES)
def test_an_ordinary_payment_breaks_nothing(rule_id: str) -> None:
    assert broken(rule_id, account()) == []


def test_two_credits_for_one_payment_break_m01_and_for_two_payments_do_not() -> None:
    assert broken("M01", account(credits=2)) == ["was credited 2 times for one payment of 100"]
    assert broken("M01", account(pushed(success()), pushed(success()), credits=2)) == []


def test_a_sum_that_was_seen_is_told_as_a_sum_and_never_as_a_count() -> None:
    twelve = account(credits=None, total=1200.0)
    number = account(credits=None, total=254716004321.0)

    assert broken("M01", twelve) == ["was credited 1200 shillings for one payment of 100"]
    assert broken("M04", twelve) == ["was credited 1200 shillings; 100 were paid"]
    assert broken("M04", number) == ["was credited 254716004321 shillings; 100 were paid"]


def test_credits_that_were_counted_break_m04_where_their_sum_is_more_than_was_paid() -> None:
    assert broken("M04", account(credits=12, total=1200.0)) == ["was credited 1200 shillings; 100 were paid"]
    assert broken("M04", account(pushed(success()), pushed(success()), credits=2, total=200.0)) == []
    assert broken("M04", account(pushed(success()), pushed(success()), credits=1, total=100.0)) == []


@pytest.mark.parametrize(
    ("rule_id", "idle", "at_work"),
    [
        ("M01", account(), account(pushed(success(), success(at=11.0)))),
        ("M03", account(states=(PENDING,)), account()),
        ("M04", account(credits=0, total=0.0), account()),
        ("M04", account(total=None), account()),
        ("M05", account(looks=()), account()),
    ],
)
def test_a_truth_is_kept_only_where_something_could_have_broken_it(
    rule_id: str, idle: Account, at_work: Account
) -> None:
    _, seen = WITNESSES[rule_id]

    assert (seen(idle), seen(at_work)) == (False, True)


def test_one_receipt_on_two_orders_breaks_m01() -> None:
    assert broken("M01", account(receipt="UKN1"), account(receipt="UKN1")) == ["is paid with UKN1, as T1 is"]


@pytest.mark.parametrize(
    "push",
    [
        pushed(),
        pushed(Told(at=10.0, word=Word.FAILURE)),
        pushed(success(), forged=True),
        pushed(Told(at=10.0, word=Word.UNDECIDED, by_query=True)),
    ],
    ids=["nothing said", "failure said", "forged", "in flight"],
)
def test_a_credit_without_a_word_of_success_breaks_m02(push: Pushed) -> None:
    assert broken("M02", account(push)) == ["was credited, and no word of M-Pesa said that it was paid"]


def test_a_query_proves_what_a_forged_callback_does_not() -> None:
    assert broken("M02", account(pushed(success(by_query=True), forged=True))) == []


def test_paid_before_the_proof_breaks_m02() -> None:
    assert broken("M02", account(pushed(success(at=14.0)))) == ["was paid 1.5 s before M-Pesa said so"]


@pytest.mark.parametrize(
    ("states", "push", "flips"),
    [
        ((PAID, FAILED), pushed(success()), 1),
        ((PAID, PENDING), pushed(success()), 1),
        ((PAID, REVIEW), pushed(success()), 0),
        ((FAILED, PAID), pushed(success()), 0),
        ((FAILED, PENDING), pushed(Told(at=10.0, word=Word.FAILURE)), 1),
        ((PAID, FAILED), pushed(success(), Told(at=11.0, word=Word.FAILURE, by_query=True)), 0),
        ((PENDING, FAILED), pushed(Told(at=10.0, word=Word.FAILURE)), 0),
    ],
)
def test_a_final_state_changes_on_new_evidence_only(states: tuple[PaymentState, ...], push: Pushed, flips: int) -> None:
    assert len(broken("M03", account(push, states=states))) == flips


def test_looks_of_two_threads_that_overlap_are_no_change() -> None:
    overlapping = (
        Look(payment_id="p1", state=PAID, began=11.0, ended=11.6),
        Look(payment_id="p1", state=PENDING, began=11.1, ended=11.2),
    )

    assert broken("M03", account(looks=overlapping)) == []


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"total": 99.0}, "was credited 99 shillings; 100 were paid"),
        ({"ordered": 150.0}, "is an order of 150 shillings, and 100 were asked for"),
    ],
)
def test_another_amount_breaks_m04(how: dict[str, Any], says: str) -> None:
    assert broken("M04", account(**how)) == [says]


def test_rounding_to_whole_shillings_and_a_changed_callback_do_not_break_m04() -> None:
    assert broken("M04", account(ordered=99.5)) == []
    assert broken("M04", account(pushed(success(amount=1.0)), total=1.0)) == []


@pytest.mark.parametrize(
    ("state", "push", "owed"),
    [
        (PENDING, pushed(success()), True),
        (FAILED, pushed(success(by_query=True)), True),
        (REVIEW, pushed(success()), False),
        (PENDING, pushed(), True),
        (PENDING, pushed(acknowledged=False), False),
        (PENDING, pushed(success(), acknowledged=False), False),
        (PENDING, pushed(Told(at=12.0, word=Word.UNDECIDED, by_query=True)), False),
        (FAILED, pushed(success(), Told(at=11.0, word=Word.FAILURE)), False),
        (FAILED, pushed(Told(at=10.0, word=Word.FAILURE), paid=False), False),
        (FAILED, pushed(success(receipt="OTHER")), False),
    ],
)
def test_what_was_paid_and_could_be_known_is_owed_until_it_is_settled(
    state: PaymentState, push: Pushed, owed: bool
) -> None:
    assert is_owed(account(push, states=(state,))) is owed


def test_the_sentence_counts_and_shows_the_first_three() -> None:
    many = JUDGES["M01"]([account(credits=2) for _ in range(5)])

    assert sentence(many, judged=9).startswith("5 of 9 orders of this run: order T1 was credited 2 times")
    assert sentence(many, judged=9).endswith("; and 2 more")
    assert sentence([], judged=9) == ""
