"""Acts at chosen moments, by which a check makes things happen to one payment in an order that is rare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import polite
from tayari_contracts.context.findings import Unjudged, WrongCredit, times
from tayari_contracts.context.payment import PAID, REVIEW, Payment

K = TypeVar("K")
T = TypeVar("T")

QUIET_S: Final = 1.0
"""A second credit shows within this time."""

HEAD_START_S: Final = 0.05
"""Seconds before the first act, so that every thread waits for its moment by then."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do, and when: `after_s` seconds after the start."""

    after_s: float
    do: Callable[[], object]


def play(context: CheckContext, acts: Sequence[Act]) -> list[object]:
    """Do each act at its moment, whether others have ended or not. Returns their results in the order of `acts`."""
    start = time.monotonic() + HEAD_START_S

    def at_its_moment(act: Act) -> object:
        context.time.pause(start + act.after_s - time.monotonic())
        return act.do()

    running = [context.actions.in_background(lambda act=act: at_its_moment(act)) for act in acts]  # type: ignore[misc]
    return [future.result() for future in running]


def side_by_side(context: CheckContext, names: Iterable[K], do: Callable[[K], T]) -> dict[K, T]:
    """Do this for each name, for all of them at the same time. Returns the results by name."""
    running = {name: context.actions.in_background(partial(do, name)) for name in names}
    return {name: future.result() for name, future in running.items()}


def expect_one_credit(context: CheckContext, payments: Sequence[Payment], *, because: str) -> None:
    """Expect that each payment is paid and credited once. A credit too many is reported first: it costs more.

    `because`: the circumstances, for the reason.

    Raises:
        WrongCredit: one was credited more than once. Failed: one is not paid, or not credited.
        Unjudged: a merchant that makes few queries a minute handed one to a person.
    """
    end = time.monotonic() + context.time.patience_s
    for payment in payments:
        context.observations.until(payment, PAID, REVIEW, within_s=max(0.0, end - time.monotonic()))
    if context.profile.shows_credits:
        context.time.pause(QUIET_S)
        for payment in payments:
            if (found := context.observations.credits(payment)).count > 1:
                raise WrongCredit(f"the customer was credited {times(found.count)}; expected once: {because}")
    for payment in payments:
        _unless_given_up(context, payment)
        context.expectations.paid_once(payment, within_s=0.0, because=because)


def _unless_given_up(context: CheckContext, payment: Payment) -> None:
    """Leave a payment open that a merchant with few queries a minute handed to a person before it could ask again.

    Raises:
        Unjudged: it did so.
    """
    limit = polite(context.run.queries_per_minute)
    if limit is not None and context.observations.status(payment).state is REVIEW:
        raise Unjudged(
            f"the merchant makes at most {limit:g} status queries a minute, and a person took over before it had asked "
            "again, so it was not seen whether the payment would have been credited",
        )
