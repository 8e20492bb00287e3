"""Acts at chosen moments run beside each other, and too many credits are said before too few."""

import time
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from fake_environment import environment
from tayari_contracts.checks.query.q14_callback_during_query import _is_asked_about
from tayari_contracts.checks.query.r02_answered_before_crash import answer_s, expect_receipts, is_taken
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Missing, Unjudged, Warned, WrongCredit
from tayari_contracts.context.payment import PAID, REVIEW, Credits, Payment
from tayari_contracts.context.run_record import Allocation
from tayari_contracts.steps.timed_acts import Act, expect_one_credit, play
from tayari_target.views import Started, StatusView

PATIENT_S = 20.0
STARTED = Started(accepted=True, status=200, payment_id="1")
PAYMENTS = [
    Payment(msisdn="254711000111", amount=350, reference=f"T{n}", started=STARTED, since=0, began_at=0.0)
    for n in range(2)
]


def context() -> CheckContext:
    made: Any = environment()
    return CheckContext(made, Allocation(), deadline=time.monotonic() + 3 * PATIENT_S)


def test_a_later_act_begins_while_an_earlier_one_is_at_work() -> None:
    later = Event()

    answers = play(context(), [Act(0.0, lambda: later.wait(PATIENT_S)), Act(0.05, later.set)])

    assert answers == [True, None]


def test_acts_begin_in_the_order_of_their_moments() -> None:
    began: list[str] = []

    play(context(), [Act(0.4, lambda: began.append("last")), Act(0.0, lambda: began.append("first"))])

    assert began == ["first", "last"]


def test_what_an_act_raises_is_raised() -> None:
    def fail() -> None:
        raise WrongCredit("twice")

    with pytest.raises(WrongCredit, match="twice"):
        play(context(), [Act(0.0, fail)])


def shown(credits: dict[str, int], *, unpaid: str = "", limit: float | None = None) -> Any:
    """A context with the credits of payments by reference; one payment is not paid but under review."""

    def paid_once(payment: Payment, **_: object) -> None:
        if payment.reference == unpaid or credits[payment.reference] < 1:
            raise Missing(f"{payment.reference} is not paid")

    def found(payment: Payment) -> Credits:
        return Credits(credits[payment.reference], None)

    return SimpleNamespace(
        time=SimpleNamespace(patience_s=0.0, pause=lambda _: None),
        profile=SimpleNamespace(shows_credits=True),
        observations=SimpleNamespace(
            until=lambda *_, **__: None, credits=found,
            status=lambda payment: StatusView(state=REVIEW if payment.reference == unpaid else PAID),
        ),
        run=SimpleNamespace(queries_per_minute=limit),
        expectations=SimpleNamespace(paid_once=paid_once),
    )  # fmt: skip


def test_one_credit_for_each_payment_passes() -> None:
    expect_one_credit(shown({"T0": 1, "T1": 1}), PAYMENTS, because="they met")


def test_a_second_credit_is_said_before_a_payment_that_is_lost() -> None:
    with pytest.raises(WrongCredit, match="credited twice; expected once: they met"):
        expect_one_credit(shown({"T0": 0, "T1": 2}), PAYMENTS, because="they met")


def test_a_payment_that_is_lost_is_said_where_nobody_got_too_much() -> None:
    with pytest.raises(Missing, match="T1 is not paid"):
        expect_one_credit(shown({"T0": 1, "T1": 1}, unpaid="T1"), PAYMENTS, because="they met")


def test_a_merchant_of_few_queries_that_calls_a_person_is_not_judged() -> None:
    """It keeps to five queries a minute, as Daraja asks, and had none left for this payment."""
    with pytest.raises(Unjudged, match="at most 5 status queries a minute, and a person took over"):
        expect_one_credit(shown({"T0": 1, "T1": 0}, unpaid="T1", limit=5), PAYMENTS, because="they met")
    with pytest.raises(Missing, match="T1 is not paid"):
        expect_one_credit(shown({"T0": 1, "T1": 0}, unpaid="T1", limit=1800), PAYMENTS, because="they met")
    with pytest.raises(WrongCredit):
        expect_one_credit(shown({"T0": 2, "T1": 0}, unpaid="T1", limit=5), PAYMENTS, because="they met")


def test_credits_that_cannot_be_seen_are_not_asked_for() -> None:
    blind = shown({"T0": 2, "T1": 2})
    blind.profile.shows_credits = False

    expect_one_credit(blind, PAYMENTS, because="they met")


@pytest.mark.parametrize(
    ("deliveries", "taken"),
    [([{"status": 200}], True), ([{"status": 204}], True), ([{"status": 500}], False), ([{"status": None}], False)],
)
def test_only_an_answered_callback_has_to_survive(deliveries: list[dict[str, Any]], taken: bool) -> None:
    assert is_taken(deliveries) is taken
    assert not is_taken([])


def settled_by_query(receipts: list[str]) -> Any:
    """A merchant that shows these receipts of its one payment, look by look, where M-Pesa's is UKN1."""
    looks = iter([*receipts, *receipts[-1:] * 9])
    return SimpleNamespace(
        profile=SimpleNamespace(shows_receipt=True),
        time=SimpleNamespace(until=lambda look, within_s: any(look() for _ in range(5))),
        observations=SimpleNamespace(status=lambda _: StatusView(state=PAID, receipt=next(looks))),
        journal=SimpleNamespace(record=lambda _: {"receipt": "UKN1"}),
    )


def test_a_stored_callback_may_bring_its_receipt_a_moment_after_a_query_has_settled_the_payment() -> None:
    expect_receipts(settled_by_query(["", "UKN1"]), PAYMENTS[:1])
    with pytest.raises(Warned, match=r"1 of 1 callbacks .* left no receipt"):
        expect_receipts(settled_by_query([""]), PAYMENTS[:1])


def test_a_page_that_is_slow_to_answer_is_not_read_again_meanwhile() -> None:
    made, began, answered, looks = context(), Event(), Event(), iter([False] * 5 + [True])
    reads: list[str] = []

    def refresh(_: Payment) -> None:
        reads.append("read")
        began.set()
        answered.wait(PATIENT_S)

    asked = SimpleNamespace(
        time=made.time, run=made.run, actions=made.actions, profile=SimpleNamespace(shows_state=True),
        observations=SimpleNamespace(wait=lambda *_, **__: next(looks), refresh=refresh),
    )  # fmt: skip

    assert _is_asked_about(asked, PAYMENTS[0])  # type: ignore[arg-type]  # what it needs of one
    began.wait(PATIENT_S)
    assert reads == ["read"]
    answered.set()


@pytest.mark.parametrize(("took_s", "later_s"), [(3.1, 3.1), (0.2, 0.0), (None, 0.0)])
def test_a_merchant_that_works_before_it_answers_is_killed_later(took_s: float | None, later_s: float) -> None:
    seen: Any = SimpleNamespace(
        observations=SimpleNamespace(wait=lambda *_, **__: True),
        journal=SimpleNamespace(callbacks=lambda _: [{"duration_s": took_s}]),
    )

    assert answer_s(seen, PAYMENTS[0]) == later_s
