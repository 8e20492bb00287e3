"""Acknowledgement rules: the judgement on the spacing and number of tries, with jitter as real merchants have it."""

from collections.abc import Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from endings import ending
from tayari_contracts.checks.acknowledgement import a12_backoff
from tayari_contracts.checks.acknowledgement.a02_refusal_in_200 import reads_the_response_code
from tayari_contracts.checks.acknowledgement.a07_meanings_of_1001 import same_words
from tayari_contracts.checks.acknowledgement.a10_no_hammering import judge_tries
from tayari_contracts.checks.acknowledgement.a12_backoff import Retry, judge_growth, judge_recovery
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Finding, Unjudged, Warned
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.retry_intervals import Trend, growth_of, in_step, say_gaps, trend_of
from tayari_target.views import Started, StatusView

SETS = 2_000
SERIES = 10
"""What A12 looks at before it calls gaps fixed."""


def share(draw: Callable[[Random], list[float]], trend: Trend) -> float:
    random = Random(20261007)
    judged = [trend_of([draw(random) for _ in range(SERIES)]) for _ in range(SETS)]
    return judged.count(trend) / SETS


def doubling(jitter: float) -> Callable[[Random], list[float]]:
    return lambda random: [base * random.uniform(1 - jitter, 1 + jitter) for base in (1.0, 2.0)]


def fixed(jitter: float) -> Callable[[Random], list[float]]:
    return lambda random: [random.uniform(1 - jitter, 1 + jitter) for _ in range(2)]


@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.25, 0.5])
def test_a_doubling_is_never_called_fixed(jitter: float) -> None:
    assert share(doubling(jitter), Trend.FIXED) == 0.0
    assert share(doubling(jitter), Trend.GROWS) > 0.98


@pytest.mark.parametrize("jitter", [0.0, 0.02, 0.1])
def test_fixed_gaps_are_always_caught(jitter: float) -> None:
    assert share(fixed(jitter), Trend.FIXED) == 1.0


def test_fixed_gaps_with_wild_jitter_never_pass_for_growth_often() -> None:
    assert share(fixed(0.5), Trend.GROWS) < 0.02


def test_full_jitter_is_seldom_called_fixed() -> None:
    assert share(lambda random: [random.uniform(0, 1.0), random.uniform(0, 2.0)], Trend.FIXED) < 0.01


def test_growth_by_half_and_growth_that_reached_its_longest_pause_are_growth() -> None:
    assert trend_of([[1.0, 1.5]] * 4) is Trend.GROWS
    assert trend_of([[1.0, 2.0, 2.0, 2.0]] * 4) is Trend.GROWS


def test_one_gap_says_nothing_about_growth() -> None:
    assert growth_of([[1.0], [1.1]]) is None
    assert trend_of([[1.0], [1.1]]) is Trend.TOO_FEW
    assert trend_of([]) is Trend.TOO_FEW


def test_equal_first_pauses_of_four_payments_are_in_step() -> None:
    assert in_step([[0.500], [0.502], [0.501], [0.504]])
    assert in_step([[0.500], [0.502], [0.560], [0.504]])
    assert not in_step([[0.50], [0.55], [0.52], [0.58]])
    assert not in_step([[0.5], [0.5]])


def test_a_jitter_of_a_tenth_is_never_in_step_over_ten_payments() -> None:
    random = Random(7)

    assert not any(in_step([[random.uniform(0.9, 1.1)] for _ in range(SERIES)]) for _ in range(SETS))


def test_gaps_are_written_shortly() -> None:
    assert say_gaps([[0.512, 1.1], [0.6]]) == "0.5, 1.1 s; 0.6 s"


def retry(form: str, *gaps_s: float, recovered: bool) -> Retry:
    return Retry(form=form, gaps_s=list(gaps_s), recovered=recovered)


def test_a_form_that_is_never_tried_again_fails_and_is_named() -> None:
    with pytest.raises(Failed, match=r"HTTP 429 was never tried again"):
        judge_recovery([retry("HTTP 503", 0.5, 1.0, recovered=True), retry("HTTP 429", recovered=False)])


NO_RETRY_OF_PAGES = [
    *(retry(form, 0.5, 1.0, recovered=True) for form in ("HTTP 429", "500.003.02")), retry("HTTP 503", recovered=False)
]  # fmt: skip


def test_a_page_that_is_never_tried_again_is_a_warning_for_it_is_no_clear_refusal() -> None:
    assert "a page of HTTP 503 was never tried again" in judge_recovery(NO_RETRY_OF_PAGES)


@pytest.mark.parametrize(
    ("gaps_s", "ends", "says"),
    [([1.0, 1.0], Failed, "do not grow"), ([1.0, 2.1], Warned, "a page of"), ([1.0, 1.25], Warned, "a page of")],
)
def test_a_page_that_is_left_alone_does_not_hide_what_is_wrong_with_the_other_retries(
    gaps_s: list[float], ends: type[Finding], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(_: object, forms: Sequence[str]) -> list[Retry]:
        others = [retry(form, *gaps_s, recovered=True) for form in forms if form != "HTTP 503"]
        return [*others, *(retry(form, recovered=False) for form in forms if form == "HTTP 503")]

    monkeypatch.setattr(a12_backoff, "_round", play)
    monkeypatch.setattr(a12_backoff, "_judge_closed_port", lambda *_, **__: None)
    monkeypatch.setattr(a12_backoff, "in_step", lambda _: False)

    with pytest.raises(ends, match=says):
        checks()["A12"](cast("CheckContext", None))


def test_a_single_retry_is_a_warning() -> None:
    with pytest.raises(Warned, match="once and then given up"):
        judge_recovery([retry("HTTP 503", 0.5, recovered=False)])


def test_recovery_from_every_form_passes() -> None:
    assert judge_recovery([retry("HTTP 503", 0.5, 1.0, recovered=True)]) == ""


def test_fixed_pauses_fail_and_doubtful_ones_are_not_judged() -> None:
    with pytest.raises(Failed, match="do not grow"):
        judge_growth([[1.0, 1.0]] * 4)
    with pytest.raises(Unjudged):
        judge_growth([[1.0, 1.25]] * 4)
    assert ending(judge_growth, [[1.0, 2.1]] * 4) == "passes"


def test_a_resend_at_once_fails() -> None:
    with pytest.raises(Failed, match="at once"):
        judge_tries({"HTTP 429": [0.05], "HTTP 503": [0.03]})


def test_a_tight_loop_fails() -> None:
    with pytest.raises(Failed, match="without a pause"):
        judge_tries({"HTTP 429": [0.5, 1.0], "HTTP 503": [0.05, 0.1, 0.5]})


def test_one_short_pause_of_a_random_backoff_is_no_hammering() -> None:
    gaps = {"HTTP 429": [0.1, 1.4], "HTTP 503": [0.7, 0.9], "500.003.02": [0.4, 1.1]}

    assert ending(judge_tries, gaps) == "passes"


def test_tries_without_an_end_fail_and_one_too_many_is_a_warning() -> None:
    with pytest.raises(Failed, match="12 pushes"):
        judge_tries({"HTTP 429": [1.0] * 11})
    with pytest.raises(Warned, match="5 pushes"):
        judge_tries({"HTTP 429": [0.5, 1.0, 2.0, 4.0]})
    assert ending(judge_tries, {"HTTP 429": [0.5, 1.1], "HTTP 503": []}) == "passes"


def test_texts_that_differ_by_numbers_only_are_the_same_words() -> None:
    assert same_words("Payment of KES 100 failed (ref T12A)", "Payment of KES 237 failed (ref T9B4)!")
    assert not same_words("Your phone is busy", "Our set-up has a problem")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Started(accepted=True, status=200, payment_id=None, message="ok", body='{"status": "ok"}'), "Failed"),
        (Started(accepted=True, status=200, payment_id=None, message="Success.", body="{}"), "Failed"),
        (Started(accepted=True, status=200, payment_id=None, message="M-Pesa did not take it", body="{}"), "Unjudged"),
        (Started(accepted=True, status=200, payment_id="7", message="ok", body="{}"), "Unjudged"),
        (Started(accepted=False, status=400, payment_id=None, message="M-Pesa did not take it", body="{}"), "passes"),
    ],
)
def test_a_refused_push_that_looks_accepted_to_the_customer_fails(answer: Started, kind: str) -> None:
    """A shop that gives no identifier has no payment whose state could be read; its word to the customer is judged."""
    payment = Payment(msisdn="254710000001", amount=100, reference="T1", started=answer, since=1, began_at=0.0)
    seen = SimpleNamespace(
        actions=SimpleNamespace(pay=lambda _: payment),
        journal=SimpleNamespace(pushes=lambda _: [{"at": 1.0}]),
        target=SimpleNamespace(merchant=SimpleNamespace(promises=SimpleNamespace(answer_within_s=1.0))),
        time=SimpleNamespace(settle_s=1.0, pause=lambda _: None, remains=True),
        observations=SimpleNamespace(
            until=lambda *_, **__: StatusView(state=None, error="the page answered 500"),
            messages=lambda _: answer.message,
        ),
        profile=SimpleNamespace(shows_messages=True),
    )

    assert ending(reads_the_response_code, seen) == kind
