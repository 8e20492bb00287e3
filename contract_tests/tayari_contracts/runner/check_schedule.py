"""Plans how many instances of the merchant are started, and in which order checks run on them: the longest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tayari_target.adapter import shown
from tayari_target.target_file.target_model import Target

from tayari_contracts.catalogue.rules import CatalogueRow, Need, Planned
from tayari_contracts.context.check_time import GRACE_S, QUIET, SETTLE_S, polite, spacing_s
from tayari_contracts.context.overload import SIDE_BY_SIDE
from tayari_contracts.context.run_record import SILENCE_SHOWN_BY

MEASURED_WITH_S: Final = 30.0
"""The promise `reconcile_within_s` of the shop whose checks were measured."""

WAITS_FOR_PROMISE_S: Final = 30.0
"""A check that takes longer waits until the promised time is over."""

END_S: Final = 3.0
"""The time of all rules together that judge the whole run."""

ENOUGH: Final = 1.05
"""Times the shortest total time: a number of instances that takes no longer than this is enough."""
FOR_REPEATS: Final = 3
"""The fewest instances, so that checks that end in doubt are repeated side by side."""

AT_ONCE: Final = 2 * SIDE_BY_SIDE
"""The most checks at once on all instances together, or `AT_ONCE_EACH` for each of them if that is more."""
AT_ONCE_EACH: Final = SIDE_BY_SIDE // 2
"""As many instances are started as this machine bears, so each of them may run this many."""
PATIENT_AT_ONCE: Final = 4 * SIDE_BY_SIDE
"""The same for a merchant that limits its queries: its checks mostly wait."""

STAGGER_S: Final = 0.03
"""Seconds between the starts of two checks on one instance, so that its first second is not a load test."""


T = TypeVar("T", bound=Planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSchedule:
    """The order of a plan's checks, and how long they take, on instances of one merchant."""

    target: Target

    @property
    def is_patient(self) -> bool:
        """Whether the merchant asks Daraja so seldom that its checks mostly wait for their turn to ask."""
        return polite(self.target.merchant.promises.queries_per_minute) is not None

    def expected_s(self, check: Planned) -> float:
        """How many seconds this check will take, as far as that is known before it runs."""
        promise_s = self.target.merchant.promises.reconcile_within_s
        longer_s = promise_s - MEASURED_WITH_S if self.waits_for_promise(check) else 0.0
        return max(1.0, check.takes_s + longer_s + (self.pause_s(check) if self.is_patient else 0.0))

    def open_s(self, check: Planned) -> float:
        """Seconds from its start that the end of the run waits for a payment that it leaves open; 0: it leaves none."""
        return self.target.merchant.promises.reconcile_within_s + GRACE_S if check.leaves_open else 0.0

    def waits_for_promise(self, check: Planned) -> bool:
        """Whether the check waits until the promised time is over."""
        return check.takes_s > WAITS_FOR_PROMISE_S

    def silence_s(self, rows: Iterable[CatalogueRow]) -> float:
        """Seconds that these rules take longer if the merchant sends no status query, which is waited for once."""
        is_shown = any(row.rule.id == SILENCE_SHOWN_BY for row in rows) and shown(self.target).state
        return self.target.merchant.promises.reconcile_within_s + SETTLE_S + 2 * GRACE_S if is_shown else 0.0

    def pause_s(self, check: Planned) -> float:
        """Seconds in which no other check begins on the instance, so that the merchant keeps to its query limit."""
        limit = self.target.merchant.promises.queries_per_minute
        return STAGGER_S if limit is None else max(STAGGER_S, check.queries * spacing_s(limit))

    @property
    def end_s(self) -> float:
        """Seconds for the rules that judge the whole run, and for the merchant's last queries before them."""
        limit = polite(self.target.merchant.promises.queries_per_minute)
        return END_S + (0.0 if limit is None else QUIET * spacing_s(limit))

    def longest_first(self, checks: Iterable[T]) -> list[T]:
        """The order in which they begin: what takes longest, or is waited for longest, must not begin last."""
        return sorted(checks, key=lambda check: max(self.expected_s(check), self.open_s(check)), reverse=True)

    def at_once(self, instances: int) -> int:
        """The most checks that run at once on all instances together: they share this machine."""
        return PATIENT_AT_ONCE if self.is_patient else max(AT_ONCE, AT_ONCE_EACH * instances)

    def shared_instances(self, checks: Sequence[Planned], instances: int) -> int:
        """On how many instances checks run side by side from the start. The others begin with those that run alone.

        The number that makes the suite shortest: a merchant that limits its queries needs several for its waits.
        """
        step = max(1, instances // 4)
        return min(range(step, instances + 1, step), key=lambda shared: self._dealt_s(checks, instances, shared))

    def useful_instances(self, checks: Sequence[Planned], most: int) -> int:
        """The fewest instances on which the checks take hardly longer than on `most`.

        A few more are wanted than the checks themselves need: what ends in doubt is repeated alone.
        """
        alone = sum(check.exclusive for check in checks)
        beside = sum(not (check.exclusive or check.last) for check in checks)
        most = min(most, alone + (beside if self.is_patient else beside > 0))
        best_s = self.total_s(checks, max(1, most))
        enough = next((n for n in range(1, most) if self.total_s(checks, n) <= ENOUGH * best_s), most)
        return max(1, min(most, max(enough, FOR_REPEATS)))

    def total_s(self, checks: Sequence[Planned], instances: int) -> float:
        """How many seconds all of them take on this number of instances."""
        return self._dealt_s(checks, instances, self.shared_instances(checks, instances))

    def _dealt_s(self, checks: Sequence[Planned], instances: int, shared: int) -> float:
        beside = self.longest_first(check for check in checks if not (check.exclusive or check.last))
        alone = self.longest_first(check for check in checks if check.exclusive and not check.last)
        free_at = [0.0] * max(1, instances - shared)
        for check in alone if shared < instances else ():
            heapq.heappush(free_at, heapq.heappop(free_at) + self.expected_s(check))
        begins_at = [(0.0, place) for place in range(shared)]
        begins_at += [(at_s, shared + place) for place, at_s in enumerate(free_at[: instances - shared])]
        slots = sorted(at_s for at_s, _ in begins_at for _ in range(SIDE_BY_SIDE))[: self.at_once(instances)]
        heapq.heapify(begins_at)
        ended = max(free_at)
        for check in beside:
            earliest, place = heapq.heappop(begins_at)
            began = max(earliest, heapq.heappop(slots))
            heapq.heappush(slots, began + self.expected_s(check))
            heapq.heappush(begins_at, (began + self.pause_s(check), place))
            ended = max(ended, began + self.expected_s(check), began + self.open_s(check))
        if shared == instances and alone:
            took_s = [self.expected_s(check) for check in alone]
            ended += max(sum(took_s) / instances, *took_s)
        return ended + (self.end_s if any(check.last for check in checks) else 0.0)


def applicable(rows: Iterable[T], target: Target) -> tuple[T, ...]:
    """The rules about what this merchant does: prompts, refunds, payouts, payments that customers begin."""
    merchant = target.merchant
    does = {
        Need.PAYOUT: merchant.does("payout"),
        Need.C2B: merchant.does("c2b"),
        Need.REFUND: merchant.does("refund"),
    }
    return tuple(
        row
        for row in rows
        if (all(does[need] for need in row.needs & does.keys()) if row.needs & does.keys() else merchant.takes_payments)
    )
