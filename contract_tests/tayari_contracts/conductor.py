"""Runs all checks of a suite so that their waits overlap: first those that concern one payment, side by side; then,
one at a time, those that concern the whole merchant (its token, its connections); last those that judge all of it.

Side by side is for speed, and no rule is about it. So a merchant that becomes slow gets no further check until it has
caught up, and what a check missed while the merchant was strained is looked at again with few others beside it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event, Thread

from tayari_reports.model import Check, NotTested, State
from tayari_target.merchant_process import MerchantStartError
from tayari_target.test_environment import Stage

from tayari_contracts.allocation import Allocation
from tayari_contracts.book import Book
from tayari_contracts.job import Job, Performed, perform
from tayari_contracts.second_look import both_looks

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 48
"""At most so many checks at once; each spends nearly all its time waiting."""

FEW = 3
"""So many at once are no crowd: a second look is taken in groups of this size."""

LOOK_EVERY_S = 0.1

LET_GO_S = 3.0
"""After an interrupt a check sees within seconds that it shall end, unless a merchant keeps its request unanswered."""

STAGGER_S = 0.03
"""Between the starts of two checks: a shop's first second is not a load test."""

NOT_PASSED = frozenset({State.FAIL, State.WARN, State.UNKNOWN, State.ERROR, State.NOT_TESTED})


class Conductor:
    """Owns the checks of one suite while they run. Results are asked for one by one, in any order."""

    def __init__(self, stage: Stage, *, report: Callable[[Check], Check]) -> None:
        self._stage = stage
        self._report = report
        self._allocation = Allocation()
        self._book = Book()
        self._stop = Event()
        self._results: dict[str, Future[Check]] = {}
        self._thread: Thread | None = None
        self._down = ""
        """Why the merchant could not be started again; empty while it can."""

    def start(self, jobs: Iterable[Job]) -> None:
        """Begin; returns at once."""
        planned = tuple(jobs)
        self._results = {job.rule.id: Future() for job in planned}
        self._thread = Thread(target=self._conduct, args=(planned,), name="tayari-conductor", daemon=True)
        self._thread.start()

    def result(self, rule_id: str) -> Check:
        """Wait for one check's end."""
        return self._results[rule_id].result()

    @property
    def told(self) -> Mapping[str, str]:
        """What each customer was told last, by MSISDN."""
        return self._book.told

    def stop(self) -> None:
        """End what runs and what has not begun: each of them is `not_tested`, interrupted."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=LET_GO_S)

    def _conduct(self, jobs: tuple[Job, ...]) -> None:
        try:
            self._together([job for job in jobs if not job.exclusive and not job.last])
            one_by_one = [job for job in jobs if job.exclusive or job.last]
            for job in sorted(one_by_one, key=lambda job: job.last):
                self._finish(job, self._alone(job))
        except Exception as error:
            log.exception("the conductor failed")
            self._give_up(jobs, f"Tayari failed: {type(error).__name__}: {error}")

    def _together(self, jobs: Sequence[Job]) -> None:
        strain = self._book.strain
        strain.begin()
        try:
            doubted, held = self._crowd(jobs, self._most_at_once())
            if held:
                self._after_death(held)
            trouble = strain.merchant or strain.machine
            if doubted and trouble and len(jobs) > FEW and not self._stop.is_set():
                self._look_again(doubted, trouble)
            else:
                for job, first in doubted:
                    self._finish(job, first.check)
        finally:
            strain.end()

    def _crowd(self, jobs: Sequence[Job], at_once: int) -> tuple[list[tuple[Job, Performed]], list[tuple[Job, Check]]]:
        """Run them side by side; what is beyond doubt is told as it ends. Returns what is not, and what ended when the
        merchant was dead."""
        doubted: list[tuple[Job, Performed]] = []
        held: list[tuple[Job, Check]] = []

        def take(ended: Iterable[Future[Performed]]) -> None:
            for future in ended:
                job, found = running.pop(future), future.result()
                if held or self._stage.merchant_alive() is False:
                    held.append((job, found.check))
                elif found.doubtful:
                    doubted.append((job, found))
                else:
                    self._finish(job, found.check)

        running: dict[Future[Performed], Job] = {}
        with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="tayari-check") as pool:
            for job, pause_s in zip(jobs, self._pauses(jobs), strict=True):
                while running and self._is_crowded(len(running)) and not self._stop.is_set():
                    take(wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done)
                running[pool.submit(self._perform, job)] = job
                self._stop.wait(pause_s)
                take([future for future in running if future.done()])
            while running:
                take(wait(running, return_when=FIRST_COMPLETED).done)
        return doubted, held

    def _is_crowded(self, running: int) -> bool:
        """Whether another check has to wait: more begin as the merchant answers, and none while it becomes slow."""
        strain = self._book.strain
        return strain.full or (running > FEW and strain.growing)

    def _look_again(self, doubted: Sequence[tuple[Job, Performed]], trouble: str) -> None:
        """Repeat what ended in doubt while the merchant was strained, a few at a time."""
        firsts = {job.rule.id: first.check for job, first in doubted}
        with ThreadPoolExecutor(max_workers=FEW, thread_name_prefix="tayari-again") as pool:
            running = {pool.submit(self._perform, job): job for job, _ in doubted}
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    first, again = firsts[job.rule.id], future.result().check
                    self._finish(job, both_looks(first, again, trouble=trouble))

    def _after_death(self, ended: list[tuple[Job, Check]]) -> None:
        """The merchant died while checks ran side by side: repeat alone what did not pass, to find which one did it."""
        self._revive()
        for job, check in ended:
            self._finish(job, self._alone(job) if check.state in NOT_PASSED else check)

    def _alone(self, job: Job) -> Check:
        if self._stage.merchant_alive() is False and not self._stop.is_set():
            self._revive()
            if self._down:
                return Check(
                    rule=job.rule.id, state=State.NOT_TESTED, reason=f"the merchant was not there: {self._down}",
                    not_tested=NotTested.SET_UP_FAILED, started_at=time.time(),
                )  # fmt: skip
        check = self._perform(job).check
        if self._stage.merchant_alive() is False and not self._stop.is_set():
            tail = self._stage.merchant_log_tail().strip().splitlines()
            last = f": {tail[-1]}" if tail else ""
            self._revive()
            if check.state not in (State.NOT_APPLICABLE, State.FAIL):
                return replace(
                    check,
                    state=State.FAIL,
                    not_tested=None,
                    reason=f"the merchant's process ended during this check{last}",
                )
        return check

    def _revive(self) -> None:
        """Start the merchant that has died; one that does not come up again is the merchant's own trouble, not ours."""
        if not self._stage.can_restart or self._stop.is_set():
            return
        try:
            self._stage.restart_merchant()
            self._down = ""
        except MerchantStartError as error:
            self._down = f"its process had ended, and it did not start again: {error}"

    def _perform(self, job: Job) -> Performed:
        if self._stop.is_set():
            return Performed(_interrupted(job))
        return perform(job, self._stage, self._allocation, stop=self._stop, book=self._book)

    def _finish(self, job: Job, check: Check) -> None:
        self._results[job.rule.id].set_result(self._report(check))

    def _give_up(self, jobs: Iterable[Job], reason: str) -> None:
        for job in jobs:
            if not self._results[job.rule.id].done():
                self._finish(job, Check(rule=job.rule.id, state=State.ERROR, reason=reason, started_at=time.time()))

    def _most_at_once(self) -> int:
        promised = self._stage.target.merchant.promises.payments_at_once
        return SIDE_BY_SIDE if promised is None else min(SIDE_BY_SIDE, promised)

    def _pauses(self, jobs: Sequence[Job]) -> list[float]:
        """Seconds to wait after each start: a merchant that limits its queries gets them spread over its limit."""
        limit = self._stage.target.merchant.promises.queries_per_minute
        if limit is None:
            return [STAGGER_S for _ in jobs]
        return [max(STAGGER_S, job.queries * 60.0 / limit) for job in jobs]


def _interrupted(job: Job) -> Check:
    return Check(
        rule=job.rule.id,
        state=State.NOT_TESTED,
        reason="the run was interrupted before this check began",
        not_tested=NotTested.INTERRUPTED,
        started_at=time.time(),
    )
