"""Runs all checks of a suite so that their waits overlap, on one or several instances of the merchant.

Checks that concern one payment run side by side on an instance. Checks that concern the whole merchant (its token, its
connections) have an instance to themselves meanwhile. Checks that judge the whole run come last. The longest begin
first.

Side by side is for speed, and no rule is about it. So a merchant that crashes, becomes slow or names a locked database
gets fewer checks at once. A check that failed beside others is repeated alone before its failure counts. Only a wrong
credit is proof the first time.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Condition, Event, RLock, Thread
from typing import Final

from tayari_reports.model import Check, NotTested, State
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.context.overload import SIDE_BY_SIDE, MachineWatch
from tayari_contracts.context.run_record import SILENCE_SHOWN_BY, Allocation, QuerySilence, RunRecord
from tayari_contracts.runner.check_run import CheckResult, PlannedCheck
from tayari_contracts.runner.check_schedule import CheckSchedule, applicable
from tayari_contracts.runner.merchant_instance import BROKEN, LISTEN_EVERY_S, MerchantInstance
from tayari_contracts.steps.c2b_payments import pushes_unconfirmed
from tayari_contracts.steps.control_payments import CARRIERS

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1

LET_GO_S: Final = 1.0
"""How long an interrupt waits for running checks. A check that waits for the merchant's answer takes longer."""

SHOW_FOR_OTHERS: Final = CARRIERS | {SILENCE_SHOWN_BY}
"""Rules by whose failure others are blocked: they are repeated first."""

NOT_PASSED: Final = frozenset({State.FAIL, State.WARN, State.UNKNOWN, State.ERROR, State.NOT_TESTED})

WORST_FIRST: Final = (
    State.FAIL, State.ERROR, State.UNKNOWN, State.WARN, State.PASS, State.NOT_TESTED, State.NOT_APPLICABLE,
)  # fmt: skip
"""The state of a rule that is judged on each instance: the first of these that any instance shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A check that runs alone on an instance. `first`: how it ended beside others, on the instance `on`."""

    planned: PlannedCheck
    first: CheckResult | None = None
    on: MerchantInstance | None = None
    trouble: str = ""
    beside_others: bool = True


class _Shared:
    """The task of an instance without a check to run alone: it runs some of those that run side by side."""


class CheckRunner:
    """Owns the checks of one suite while they run.

    `report` gets each finished check and returns it as it is to be shown (redacted); `notice` gets sentences about the
    whole run. Results are asked for one by one, in any order.
    """

    def __init__(
        self,
        environments: Sequence[TestEnvironment],
        *,
        report: Callable[[Check], Check],
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._report = report
        self._schedule = CheckSchedule(target=environments[0].target)
        silence = QuerySilence(notice)
        allocation = Allocation()
        self._stop = Event()
        self._machine = MachineWatch()
        self._instances = [
            MerchantInstance(
                environment,
                RunRecord(environment.target, machine=self._machine, silence=silence, notice=notice),
                allocation,
                stop=self._stop,
            )
            for environment in environments
        ]
        self._results: dict[str, Future[Check]] = {}
        self._thread: Thread | None = None
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._waiting: deque[PlannedCheck] = deque()
        """Checks that run side by side, and have not begun."""
        self._run_alone: deque[Task] = deque()
        self._again: deque[Task] = deque()
        """What ended in doubt is repeated when no checks run side by side any more."""
        self._shared = 0
        """The number of instances on which checks run side by side just now."""
        self._running = 0
        self._at_work: list[MerchantInstance] = []
        """Instances that may still take what others leave."""

    def start(self, plan: Iterable[PlannedCheck]) -> None:
        """Begin; returns at once."""
        planned = tuple(plan)
        self._results = {planned.rule.id: Future() for planned in planned}
        self._thread = Thread(target=self._run_all, args=(planned,), name="tayari-checks", daemon=True)
        self._thread.start()

    def result(self, rule_id: str) -> Check:
        """Wait for the end of one check. Raises what `report` raised for it."""
        return self._results[rule_id].result()

    @property
    def last_messages(self) -> Mapping[str, str]:
        """What each customer read last, by MSISDN."""
        return {msisdn: text for instance in self._instances for msisdn, text in instance.run.last_messages.items()}

    def stop(self) -> None:
        """End what runs and what has not begun: each of them is `not_tested`, interrupted."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=LET_GO_S)

    def _run_all(self, plan: tuple[PlannedCheck, ...]) -> None:
        try:
            with self._machine, pushes_unconfirmed([instance.environment for instance in self._instances]):
                self._deal(plan)
                for planned in plan:
                    if planned.last:
                        self._finish(planned, self._of_whole_run(planned))
        except Exception as error:  # the edge of a thread: whoever waits for a result would wait for ever
            log.exception("the check runner failed")
            self._give_up(plan, f"Tayari failed: {type(error).__name__}: {error}")

    def _deal(self, plan: tuple[PlannedCheck, ...]) -> None:
        """Give the instances checks to run, until all have run but those that judge the whole run."""
        self._waiting = deque(
            sorted(
                self._schedule.longest_first(planned for planned in plan if not (planned.exclusive or planned.last)),
                key=lambda planned: planned.rule.id != SILENCE_SHOWN_BY,
            )
        )
        exclusive = self._schedule.longest_first(planned for planned in plan if planned.exclusive and not planned.last)
        self._run_alone = deque(Task(planned=planned) for planned in exclusive)
        played = applicable(plan, self._schedule.target)
        shared = (
            self._instances[: self._schedule.shared_instances(played, len(self._instances))] if self._waiting else []
        )
        self._shared = len(shared)
        self._at_work = list(self._instances)
        with ThreadPoolExecutor(max_workers=len(self._instances), thread_name_prefix="tayari-instance") as pool:
            working = [pool.submit(self._work, instance, instance in shared) for instance in self._instances]
        for ended in working:
            ended.result()

    def _work(self, instance: MerchantInstance, is_shared: bool) -> None:
        """The work of one instance: all its checks but those that judge the whole run."""
        while True:
            if is_shared:
                try:
                    self._run_overlapping(instance)
                finally:
                    with self._changed:
                        self._shared -= 1
                        self._changed.notify_all()
            task = self._next(instance)
            if task is None:
                return
            is_shared = isinstance(task, _Shared)
            if isinstance(task, Task):
                self._run(instance, task)
                instance.listen()

    def _next(self, instance: MerchantInstance) -> Task | _Shared | None:
        """The next task of an instance on which nothing runs; None when there will be no more.

        An instance whose merchant does not start any more leaves the rest to those that are up and still at work.
        """
        with self._changed:
            while not (instance.is_down and any(not one.is_down for one in self._at_work)):
                if self._run_alone:
                    return self._run_alone.popleft()
                if self._waiting:
                    self._shared += 1
                    return _Shared()
                if self._shared:
                    self._changed.wait()
                    continue
                if self._again:
                    return self._again.popleft()
                break
            self._at_work.remove(instance)
            return None

    def _run(self, instance: MerchantInstance, task: Task) -> None:
        """Run a check alone on this instance. If it ends in doubt while others load this machine, it runs again."""
        if task.first is not None:
            instance.begin_retries()
            self._finish(task.planned, self._confirmed(instance, task, task.first))
            return
        beside_others = self._shared > 0
        found = instance.alone(task.planned)
        if found.doubtful and beside_others and not self._stop.is_set():
            with self._changed:
                self._again.append(replace(task, first=found, on=instance))
            return
        self._finish(task.planned, found.check)

    def _run_overlapping(self, instance: MerchantInstance) -> None:
        doubted, held, several = self._run_side_by_side(instance)
        if held:
            instance.restart_merchant()
        instance.learn_query_limit()
        trouble = instance.trouble
        if several:
            instance.run.controls.forget_failures()
        with self._lock:
            for planned, first in sorted(doubted, key=lambda one: one[0].rule.id not in SHOW_FOR_OTHERS):
                self._again.append(
                    Task(planned=planned, first=first, on=instance, trouble=trouble, beside_others=several)
                )
        for planned, check in held:  # the merchant died while checks ran side by side: which one did it shows alone
            if check.state in NOT_PASSED:
                with self._lock:
                    self._run_alone.appendleft(Task(planned=planned))
            else:
                self._finish(planned, check)

    def _confirmed(self, instance: MerchantInstance, task: Task, first: CheckResult) -> Check:
        """The result that counts of a check that ended in doubt: repeated alone if other requests may be the cause."""
        broken = first.check.not_tested is NotTested.BLOCKED or first.check.state in BROKEN
        disturbed = first.overlapped or (
            task.beside_others and (broken or bool(task.trouble) or task.planned.exclusive)
        )
        if not (first.doubtful and disturbed) or self._stop.is_set():
            return first.check
        return instance.again(task.planned, first, by=instance.alone, trouble=task.trouble, on=task.on).check

    def _run_side_by_side(
        self, instance: MerchantInstance
    ) -> tuple[list[tuple[PlannedCheck, CheckResult]], list[tuple[PlannedCheck, Check]], bool]:
        """Run checks side by side, and report each that ends without doubt.

        Returns the checks that ended in doubt, those that ended when the merchant was dead, and whether more than one
        check ran.
        """
        doubted: list[tuple[PlannedCheck, CheckResult]] = []
        held: list[tuple[PlannedCheck, Check]] = []
        running: dict[Future[CheckResult], PlannedCheck] = {}
        begun = 0

        def take(ended: Iterable[Future[CheckResult]]) -> None:
            for future in ended:
                planned, found = running.pop(future), future.result()
                with self._lock:
                    self._running -= 1
                if held or instance.environment.merchant_alive() is False:
                    held.append((planned, found.check))
                elif found.doubtful:
                    doubted.append((planned, found))
                else:
                    self._finish(planned, found.check)

        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE, thread_name_prefix="tayari-check") as pool:
            while (planned := self._next_beside(instance, running, take)) is not None:
                begun += 1
                running[pool.submit(instance.run_check, planned)] = planned
                pause_until = time.monotonic() + self._schedule.pause_s(planned)
                while (left_s := pause_until - time.monotonic()) > 0 and not self._stop.is_set():
                    take(wait(running, min(left_s, LISTEN_EVERY_S), FIRST_COMPLETED).done)
                    instance.listen()
                    if not running:
                        self._stop.wait(left_s)
            while running:
                take(wait(running, LISTEN_EVERY_S, FIRST_COMPLETED).done)
                instance.listen()
        instance.listen(at_least_s=0.0)
        return doubted, held, begun > 1

    def _next_beside(
        self,
        instance: MerchantInstance,
        running: Mapping[Future[CheckResult], PlannedCheck],
        take: Callable[[Iterable[Future[CheckResult]]], None],
    ) -> PlannedCheck | None:
        """The next check that runs beside others, once this instance has room for it; None: there is none."""
        while True:
            with self._lock:
                if not self._waiting:
                    return None
                most = self._schedule.at_once(len(self._instances))
                has_room = not instance.is_full(len(running)) and self._running < most
                if self._stop.is_set() or not running or has_room:
                    self._running += 1
                    return self._waiting.popleft()
            take(wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done)
            instance.listen()

    def _of_whole_run(self, planned: PlannedCheck) -> Check:
        """A rule about the whole run, judged on each instance that took part in it: the worst result counts."""
        took_part = [one for one in self._instances if one.run.is_used] or self._instances[:1]
        for one in took_part:
            one.run.others = tuple(other.run for other in self._instances if other is not one)
        if len(took_part) > 1:
            found = worst(self._on_each(took_part, replace(planned, on_several=True)))
            if found.state is not State.NOT_TESTED:
                return found
        return worst(self._on_each(took_part, planned))

    @staticmethod
    def _on_each(instances: Sequence[MerchantInstance], planned: PlannedCheck) -> list[Check]:
        """The check, made on each of these instances at once."""
        with ThreadPoolExecutor(max_workers=len(instances), thread_name_prefix="tayari-instance") as pool:
            found: list[Check] = [
                found.check for found in pool.map(lambda instance: instance.alone(planned), instances)
            ]
        several = len(instances) > 1
        return [
            _unseen(check) if several and one.is_down else check for one, check in zip(instances, found, strict=True)
        ]

    def _finish(self, planned: PlannedCheck, check: Check) -> None:
        with self._lock:
            for one in self._instances:
                for other in self._instances:
                    one.run.learn(other.run)
            result = self._results[planned.rule.id]
            try:
                result.set_result(self._report(check))
            except Exception as error:  # noqa: BLE001 - a full disk: nothing that a later check finds would be kept
                self._stop.set()
                result.set_exception(error)

    def _give_up(self, plan: Iterable[PlannedCheck], reason: str) -> None:
        for planned in plan:
            if not self._results[planned.rule.id].done():
                self._finish(
                    planned, Check(rule=planned.rule.id, state=State.ERROR, reason=reason, started_at=time.time())
                )


def worst(checks: Sequence[Check]) -> Check:
    """The result that counts of one rule's checks on several instances, with the tries of all of them."""
    found: Check = min(checks, key=lambda check: WORST_FIRST.index(check.state))
    return replace(found, tries=sum(check.tries for check in checks))


def _unseen(check: Check) -> Check:
    """The check of an instance whose merchant does not start again: unknown, unless it failed."""
    return check if check.state is State.FAIL else replace(check, state=State.UNKNOWN, not_tested=None)
