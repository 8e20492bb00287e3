"""Query rules: how the spacing and the number of status queries are judged."""

from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from tayari_contracts.checks.query import q04_query_rate, q05_polling_stops, q12_backoff, r01_open_after_crash
from tayari_contracts.context.check_time import most_in
from tayari_contracts.context.findings import Failed, Unjudged
from tayari_contracts.context.payment import REVIEW, Entry
from tayari_contracts.steps.retry_intervals import Trend, growth_from_pause_to_pause, say_gaps, trend_of_one
from tayari_contracts.steps.status_queries import caused_by_looks, on_query, unanswered
from tayari_target.views import StatusView

TRIES = 2_000


def share(draw: Callable[[Random], list[float]], trend: Trend) -> float:
    random = Random(20261007)
    return sum(trend_of_one(draw(random)) is trend for _ in range(TRIES)) / TRIES


def doubling(jitter: float) -> Callable[[Random], list[float]]:
    return lambda random: [2.0**place * random.uniform(1 - jitter, 1 + jitter) for place in range(3)]


def fixed(jitter: float) -> Callable[[Random], list[float]]:
    return lambda random: [5.0 * random.uniform(1 - jitter, 1 + jitter) for _ in range(3)]


@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.25, 0.5])
def test_doubling_pauses_pass_whatever_their_jitter(jitter: float) -> None:
    assert share(doubling(jitter), Trend.GROWS) > 0.999


@pytest.mark.parametrize("jitter", [0.0, 0.02, 0.1])
def test_fixed_pauses_are_always_caught(jitter: float) -> None:
    assert share(fixed(jitter), Trend.FIXED) == 1.0


@pytest.mark.parametrize(
    ("gaps", "trend"),
    [
        ([1.5, 2.25, 3.4], Trend.GROWS),
        ([5.0, 10.0, 15.0], Trend.GROWS),
        ([2.0, 4.0, 4.0, 4.0], Trend.GROWS),
        ([8.0, 4.0, 2.0], Trend.UNCLEAR),
        ([1.0, 9.0, 1.0], Trend.UNCLEAR),
        ([0.001, 0.002, 0.004], Trend.FIXED),
        ([1.0, 2.0], Trend.TOO_FEW),
        ([], Trend.TOO_FEW),
    ],
)
def test_the_trend_of_one_series(gaps: list[float], trend: Trend) -> None:
    assert trend_of_one(gaps) is trend


def test_growth_is_the_factor_from_pause_to_pause() -> None:
    assert growth_from_pause_to_pause([1.0, 2.0, 4.0]) == pytest.approx(2.0)
    assert growth_from_pause_to_pause([3.0, 3.0, 3.0]) == pytest.approx(1.0)


def test_fixed_pauses_fail_with_the_pauses_in_the_reason() -> None:
    with pytest.raises(Failed, match=r"do not grow \(5\.0, 5\.1, 4\.9 s\)"):
        q12_backoff.judge_spacing([5.0, 5.1, 4.9])
    with pytest.raises(Failed):
        q12_backoff.judge_spacing([15.0, 15.0, 15.0], limit=1800)
    with pytest.raises(Unjudged, match="own limit of 5 queries"):
        q12_backoff.judge_spacing([15.0, 15.0, 15.0], limit=5)


def test_a_pause_longer_than_those_of_the_own_limit_shows_growth() -> None:
    limited = [15.0, 15.0, 15.0, 22.0]

    assert ending(q12_backoff.judge_spacing, limited, limit=5) == "passes"
    with pytest.raises(Unjudged):
        q12_backoff.judge_spacing(limited, limit=5, by_limit=True)
    with pytest.raises(Unjudged, match="own limit of 5 queries"):
        q12_backoff.judge_spacing([15.0, 15.0, 15.0, 17.0], limit=5)
    with pytest.raises(Failed):
        q12_backoff.judge_spacing([6.0, 6.0, 6.0, 6.2], limit=5)


def test_a_last_pause_that_the_own_limit_made_shows_no_growth() -> None:
    fixed = [0.0, 10.0, 20.0, 30.0, 55.0]

    assert q12_backoff.made_by_limit(fixed, [-5.0, *fixed], limit=5), "five queries, then none until a minute is over"
    assert q12_backoff.made_by_limit([0.0, 15.0, 30.0, 45.0, 67.0], [0.0, 15.0, 30.0, 45.0, 50.0, 67.0], limit=5)
    assert not q12_backoff.made_by_limit([0.0, 15.0, 30.0, 45.0, 67.0], [-5.0, 0.0, 15.0, 30.0, 45.0, 67.0], limit=5)
    assert not q12_backoff.made_by_limit(fixed, fixed, limit=5)
    with pytest.raises(Failed):
        q12_backoff.judge_spacing([10.0, 10.0, 10.0, 25.0], limit=5, by_limit=True)
    with pytest.raises(Unjudged) as unseen:
        q12_backoff.judge_spacing([15.0, 15.0, 15.0, 30.0], limit=5, by_limit=True)
    assert not unseen.value.certain


def test_even_pauses_until_a_person_took_over_are_not_called_growing() -> None:
    entries: list[Any] = [{"at": at} for at in (0.0, 15.0, 30.001, 45.003)]
    context: Any = SimpleNamespace(
        observations=SimpleNamespace(status=lambda _: StatusView(state=REVIEW)),
        run=SimpleNamespace(queries_per_minute=5),
    )
    order: Any = None

    with pytest.raises(Unjudged, match=r"are even .* own limit of 5 queries"):
        q12_backoff.judge_too_few(context, order, entries)


def test_wild_pauses_are_not_judged_and_growing_ones_pass() -> None:
    assert ending(q12_backoff.judge_spacing, [1.0, 2.1, 3.9]) == "passes"
    with pytest.raises(Unjudged):
        q12_backoff.judge_spacing([9.0, 1.0, 5.0])


def test_the_most_calls_in_a_window_are_counted_from_each_call() -> None:
    assert most_in([0, 10, 20, 30, 40, 50], 60.0) == 6
    assert most_in([0, 12, 24, 36, 48, 60, 72], 60.0) == 5
    assert most_in([100.0, 1.0, 2.0], 60.0) == 2
    assert most_in([], 60.0) == 0
    assert say_gaps([[1.04, 2.0]]) == "1.0, 2.0 s"


def queries(*rows: tuple[float, int]) -> list[Entry]:
    return [{"at": at, "response": {"status": status}} for at, status in rows]


@pytest.mark.parametrize(
    "seen",
    [
        queries((0.0, 200), (2.0, 429), (6.0, 200), (14.0, 200)),
        queries((0.0, 200), (3.0, 429), (5.0, 200)),
        queries((0.0, 429)),
    ],
)
def test_a_longer_pause_after_a_429_passes(seen: list[Entry]) -> None:
    assert ending(q04_query_rate.judge_after_429, seen) == "passes"


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (queries((0.0, 200), (2.0, 429), (2.4, 200)), "0.4 s later"),
        (queries((0.0, 200), (8.0, 429), (10.0, 200)), r"after 2\.0 s, sooner than before it \(8\.0 s\)"),
    ],
)
def test_a_429_that_is_answered_by_asking_sooner_breaks_the_rule(seen: list[Entry], says: str) -> None:
    with pytest.raises(Failed, match=says):
        q04_query_rate.judge_after_429(seen)


@pytest.mark.parametrize(
    ("looks_s", "queries_s", "caused"),
    [
        ([0.0, 2.0, 6.0, 14.0], [0.1, 2.1, 6.1, 14.1], True),
        ([0.0, 2.0, 6.0, 14.0], [0.1, 2.1, 9.0], False),
        ([2.0 * place for place in range(16)], [15.5, 28.5], False),
        ([0.0, 2.0], [], False),
        ([], [1.0], False),
    ],
    ids=["each look", "one by itself", "looks so often that chance will do", "no query", "no look"],
)
def test_looks_cause_queries_where_chance_would_not_put_them_there(
    looks_s: list[float], queries_s: list[float], caused: bool
) -> None:
    assert caused_by_looks(looks_s, queries_s) is caused


def test_one_straggler_after_the_end_is_forgiven_and_two_are_not() -> None:
    assert ending(q05_polling_stops.judge, [1.0, 3.0, 7.0, 11.0], 7.5) == "passes"
    with pytest.raises(Failed, match="2 status queries came after the payment was final, the last one 8 s later"):
        q05_polling_stops.judge([1.0, 3.0, 11.0, 15.0], 7.5)


def test_a_silent_payment_sends_no_callback_and_its_fault_applies_to_the_query() -> None:
    scenario = unanswered("inline/silent", on_query("gateway_fault", fault="spike_arrest"), result_code=1032)

    assert scenario["outcome"] == {"result_code": 1032, "after_s": 1.0, "callback": False}
    assert scenario["faults"] == [{"gateway_fault": {"on": "stk_query", "fault": "spike_arrest"}}]


@pytest.mark.parametrize(
    ("pushes", "ends"),
    [
        ([(5, ""), (6, "ws_CO_1")], "passes"),
        ([(5, "ws_CO_1"), (12, "ws_CO_2")], "Failed"),
        ([(5, "ws_CO_1"), (12, "")], "Failed"),
        ([(12, "ws_CO_1")], "passes"),
    ],
)
def test_a_push_is_a_second_prompt_only_after_the_crash_and_only_if_one_was_accepted_before(
    pushes: list[tuple[int, str]], ends: str
) -> None:
    """A push that Daraja refused for its token is no prompt; one that waited in a queue goes after the crash."""
    entries = [{"seq": number, "checkout_request_id": accepted} for number, accepted in pushes]
    context: Any = SimpleNamespace(journal=SimpleNamespace(pushes=lambda _: entries))

    assert ending(r01_open_after_crash.expect_prompted_once, context, Any, 10, "") == ends
