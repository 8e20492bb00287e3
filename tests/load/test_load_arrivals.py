"""The open model: when payments are planned to begin, and what happens when no user is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise, takewhile

import gevent
import pytest
from tayari_load.users.arrivals import Arrivals, Rate, steps


def planned_starts(rate: Rate, *, until: Callable[[], float]) -> Iterator[float]:
    return (at for _, starts in steps(rate, until=until) for at in starts)


def starts(rate: float, seconds: float) -> list[float]:
    return list(takewhile(lambda at: at < seconds, planned_starts(lambda _: rate, until=lambda: seconds)))


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 50.0, 1_234.5])
def test_a_held_rate_plans_as_many_as_it_says_evenly(rate: float) -> None:
    planned = starts(rate, 20.0)
    gaps = [later - earlier for earlier, later in pairwise(planned)]

    assert len(planned) == pytest.approx(rate * 20, abs=1)
    assert gaps == pytest.approx([1 / rate] * len(gaps), rel=0.01)


def test_a_rate_that_changes_is_followed() -> None:
    planned = list(planned_starts(lambda at: 10.0 if at < 5 else 100.0, until=lambda: 10.0))

    assert len([at for at in planned if at < 5]) == pytest.approx(50, abs=1)
    assert len([at for at in planned if at >= 5]) == pytest.approx(500, abs=1)


def test_a_rate_of_nothing_plans_nothing() -> None:
    assert list(planned_starts(lambda _: 0.0, until=lambda: 60.0)) == []


class Moving:
    """Real time, from nought at the first look."""

    def __init__(self) -> None:
        self.began: float | None = None

    def __call__(self) -> float:
        gevent.get_hub().loop.update_now()
        now = float(gevent.get_hub().loop.now())
        self.began = now if self.began is None else self.began
        return now - self.began


def test_arrivals_without_a_free_user_are_dropped_and_counted() -> None:
    arrivals = Arrivals(elapsed=Moving())
    taken: list[float | None] = []
    user = gevent.spawn(lambda: taken.append(arrivals.take()))
    gevent.sleep(0)
    arrivals.run(lambda _: 100.0, until=lambda: 0.1)
    user.join(1)

    assert (arrivals.planned, arrivals.dropped, arrivals.busy, arrivals.most_busy) == (10, 9, 1, 1)
    assert taken == [pytest.approx(0.005, abs=0.002)]


def test_a_user_is_handed_the_planned_start_however_late_it_gets_it() -> None:
    clock = iter([0.0])
    arrivals = Arrivals(elapsed=lambda: next(clock, 5.0))
    users = [gevent.spawn(arrivals.take) for _ in range(2)]
    gevent.sleep(0)
    arrivals.run(lambda _: 2.0, until=lambda: 1.0)
    gevent.joinall(users, timeout=1)

    assert [user.value for user in users] == [pytest.approx(0.25), pytest.approx(0.75)]


def test_processes_share_one_plan_without_gap_or_overlap() -> None:
    counts: Counter[int] = Counter()
    for part in range(3):
        clock = iter([0.0])
        arrivals = Arrivals(elapsed=lambda clock=clock: next(clock, 1_000.0), part=part, parts=3)  # type: ignore[misc]
        arrivals.run(lambda _: 10.0, until=lambda: 10.0)
        counts[part] = arrivals.planned

    assert sum(counts.values()) == 100
    assert max(counts.values()) - min(counts.values()) <= 1


def test_arrivals_for_which_the_generator_was_too_slow_are_planned_and_dropped() -> None:
    now = [0.0]
    arrivals = Arrivals(elapsed=lambda: now[0])
    users = [gevent.spawn(arrivals.take) for _ in range(5)]
    playing = gevent.spawn(arrivals.run, lambda _: 10.0, until=lambda: float("inf"))
    gevent.sleep(0.01)
    now[0] = 4.29  # the process was away for four seconds
    arrivals.end()
    arrivals.release()
    gevent.joinall([playing, *users], timeout=1)

    assert (arrivals.planned, arrivals.dropped) == (40, 40)


def test_when_there_are_no_more_those_who_wait_are_let_go() -> None:
    arrivals = Arrivals(elapsed=Moving())
    user = gevent.spawn(arrivals.take)
    gevent.sleep(0)
    arrivals.end()
    arrivals.release()
    user.join(1)

    assert user.value is None
    assert arrivals.take() is None
    assert arrivals.busy == 0


def test_a_user_that_is_killed_while_it_waits_takes_no_arrival_with_it() -> None:
    arrivals = Arrivals(elapsed=Moving())
    user = gevent.spawn(arrivals.take)
    gevent.sleep(0)
    user.kill()

    assert arrivals.idle == 0
