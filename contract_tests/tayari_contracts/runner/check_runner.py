"""Runs all checks of a suite so that their waits overlap: first those that concern one payment, side by side; then,
one at a time, those that concern the whole merchant (its token, its connections); last those that judge all of it.

Side by side is for speed, and no rule is about it. So a merchant that crashes, becomes slow or names a locked database
gets fewer checks at once, and what failed side by side is repeated alone before it counts. Only a wrong credit is proof
the first time.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event, Thread

from tayari_control.client import ControlError
from tayari_reports.model import Check, NotTested, State
from tayari_target.merchant_process import MerchantStartError
from tayari_target.test_environment import Stage

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.context.findings import quote
from tayari_contracts.context.overload import FEWEST, SIDE_BY_SIDE, printed_since
from tayari_contracts.context.run_record import Allocation, RunRecord
from tayari_contracts.runner.check_run import CheckResult, PlannedCheck, run_check
from tayari_contracts.steps.control_payments import CARRIERS
from tayari_contracts.steps.retry_intervals import POLITE, own_limit

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1

LISTEN_EVERY_S = 1.0
"""So often the merchant's answers to callbacks, and what it prints, are searched for crashes and locks."""

QUERY_WAIT_S = 180.0
"""So long, in a whole run, a merchant that limits its queries is given for those that earlier checks left it."""

LET_GO_S = 3.0
"""After an interrupt a check sees within seconds that it shall end, unless a merchant keeps its request unanswered."""

STAGGER_S = 0.03
"""Between the starts of two checks: a shop's first second is not a load test."""

CRASH = 500

PAYER_IS_PROMPTED = "S11"
"""The rule whose finding a number in the merchant's code is."""

LOCKED_DATABASE = "D02"
"""The rule whose finding a locked database is."""

BROKEN = frozenset({State.FAIL, State.WARN})
NOT_PASSED = frozenset({State.FAIL, State.WARN, State.UNKNOWN, State.ERROR, State.NOT_TESTED})


class CheckRunner:
    """Owns the checks of one suite while they run. Results are asked for one by one, in any order."""

    def __init__(self, stage: Stage, *, report: Callable[[Check], Check]) -> None:
        self._stage = stage
        self._report = report
        self._allocation = Allocation()
        promises = stage.target.merchant.promises
        self._run_record = RunRecord(
            payments_at_once=promises.payments_at_once, queries_per_minute=promises.queries_per_minute
        )
        self._stop = Event()
        self._results: dict[str, Future[Check]] = {}
        self._thread: Thread | None = None
        self._listened_at = 0.0
        self._since = 0
        self._printed = ""
        self._query_wait_s = QUERY_WAIT_S
        self._start_failure = ""
        """Why the merchant could not be started again; empty while it can."""

    def start(self, plan: Iterable[PlannedCheck]) -> None:
        """Begin; returns at once."""
        checks = tuple(plan)
        self._results = {planned.rule.id: Future() for planned in checks}
        self._thread = Thread(target=self._run_all, args=(checks,), name="tayari-checks", daemon=True)
        self._thread.start()

    def result(self, rule_id: str) -> Check:
        """Wait for one check's end."""
        return self._results[rule_id].result()

    @property
    def last_messages(self) -> Mapping[str, str]:
        """What each customer read last, by MSISDN."""
        return self._run_record.last_messages

    def stop(self) -> None:
        """End what runs and what has not begun: each of them is `not_tested`, interrupted."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=LET_GO_S)

    def _run_all(self, plan: tuple[PlannedCheck, ...]) -> None:
        try:
            self._run_overlapping([planned for planned in plan if not planned.exclusive and not planned.last])
            one_by_one = [planned for planned in plan if planned.exclusive or planned.last]
            for planned in sorted(one_by_one, key=lambda planned: planned.last):
                self._finish(planned, self._run_alone(planned))
                self._listen()
        except Exception as error:
            log.exception("the check runner failed")
            self._give_up(plan, f"Tayari failed: {type(error).__name__}: {error}")

    def _run_overlapping(self, plan: Sequence[PlannedCheck]) -> None:
        overload = self._run_record.overload
        overload.begin()
        try:
            doubted, held = self._run_side_by_side(plan)
            if held:
                self._repeat_after_crash(held)
            self._learn_query_limit()
            trouble = overload.merchant or overload.machine or self._says_query_limit()
            trouble = trouble or ("the merchant pushes to one number for all" if self._run_record.prompted else "")
            if len(plan) > 1:
                self._run_record.controls.forget_failures()
            for planned, first in sorted(doubted, key=lambda one: one[0].rule.id not in CARRIERS):
                self._finish(planned, self._confirmed(planned, first, trouble=trouble, beside_others=len(plan) > 1))
        finally:
            overload.end()

    def _confirmed(self, planned: PlannedCheck, first: CheckResult, *, trouble: str, beside_others: bool) -> Check:
        """What counts of a check that ended in doubt: it is repeated alone where other requests may be to blame."""
        blocked = first.check.not_tested is NotTested.BLOCKED
        if blocked and self._run_record.controls.are_broken({*planned.controls, Control.SUCCESS}):
            return first.check
        broken = blocked or first.check.state in BROKEN
        crowded = first.overlapped or (beside_others and (broken or bool(trouble)))
        if not (first.doubtful and crowded) or self._stop.is_set():
            return first.check
        if not self._let_queries_end():
            return self._unless_queries_ran_out(first).check
        return combined(first.check, self._run_alone(planned, one_by_one=True), trouble=trouble)

    def _run_side_by_side(
        self, plan: Sequence[PlannedCheck]
    ) -> tuple[list[tuple[PlannedCheck, CheckResult]], list[tuple[PlannedCheck, Check]]]:
        """Run them side by side; what is beyond doubt is told as it ends. Returns what is not, and what ended when the
        merchant was dead."""
        doubted: list[tuple[PlannedCheck, CheckResult]] = []
        held: list[tuple[PlannedCheck, Check]] = []

        def take(ended: Iterable[Future[CheckResult]]) -> None:
            for future in ended:
                planned, found = running.pop(future), future.result()
                if held or self._stage.merchant_alive() is False:
                    held.append((planned, found.check))
                elif found.doubtful:
                    doubted.append((planned, found))
                else:
                    self._finish(planned, found.check)

        running: dict[Future[CheckResult], PlannedCheck] = {}
        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE, thread_name_prefix="tayari-check") as pool:
            for planned, pause_s in zip(plan, self._pauses(plan), strict=True):
                while running and self._is_crowded(len(running)) and not self._stop.is_set():
                    take(wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done)
                    self._listen()
                running[pool.submit(self._run_check, planned)] = planned
                self._stop.wait(pause_s)
                take([future for future in running if future.done()])
            while running:
                take(wait(running, LISTEN_EVERY_S, FIRST_COMPLETED).done)
                self._listen()
        self._listen(at_least_s=0.0)
        return doubted, held

    def _is_crowded(self, running: int) -> bool:
        """Whether another check has to wait: more begin as the merchant answers, and none while it becomes slow."""
        overload = self._run_record.overload
        promised = self._stage.target.merchant.promises.payments_at_once
        most = 1 if self._run_record.prompted else min(overload.most_at_once, promised or SIDE_BY_SIDE)
        return running >= most or overload.full or (running >= FEWEST and overload.growing)

    def _listen(self, *, at_least_s: float = LISTEN_EVERY_S) -> None:
        """Notice a crash or a lock in what the merchant answers to callbacks and in what it prints."""
        if time.monotonic() - self._listened_at < at_least_s:
            return
        self._listened_at = time.monotonic()
        overload = self._run_record.overload
        with contextlib.suppress(ControlError):
            found = self._stage.control.journal(since=self._since, kind="callback")
            self._since = found["next"]
            for entry in found["entries"]:
                answer = entry.get("response") or {}
                overload.heard(str(answer.get("body") or ""))
                if (answer.get("status") or 0) >= CRASH:
                    overload.crashed()
        printed = self._stage.merchant_log_tail()
        overload.heard(printed_since(self._printed, printed))
        self._printed = printed

    def _repeat_after_crash(self, ended: list[tuple[PlannedCheck, Check]]) -> None:
        """The merchant died while checks ran side by side: repeat alone what did not pass, to find which one did it."""
        self._restart_merchant()
        for planned, check in ended:
            self._finish(planned, self._run_alone(planned) if check.state in NOT_PASSED else check)

    def _run_alone(self, planned: PlannedCheck, *, one_by_one: bool = False) -> Check:
        if self._stage.merchant_alive() is False and not self._stop.is_set():
            self._restart_merchant()
            if self._start_failure:
                return Check(
                    rule=planned.rule.id, state=State.NOT_TESTED,
                    reason=f"the merchant was not there: {self._start_failure}",
                    not_tested=NotTested.SET_UP_FAILED, started_at=time.time(),
                )  # fmt: skip
        self._let_queries_end()
        first = self._run_check(planned, one_by_one=one_by_one)
        check = first.check
        if first.overlapped and not one_by_one:
            check = self._confirmed(planned, first, trouble="", beside_others=False)
        if self._stage.merchant_alive() is False and not self._stop.is_set():
            tail = self._stage.merchant_log_tail().strip().splitlines()
            last = f": {tail[-1]}" if tail else ""
            self._restart_merchant()
            if check.state not in (State.NOT_APPLICABLE, State.FAIL):
                return replace(
                    check,
                    state=State.FAIL,
                    not_tested=None,
                    reason=f"the merchant's process ended during this check{last}",
                )
        return check

    def _restart_merchant(self) -> None:
        """Start the merchant that has died; one that does not come up again is the merchant's own trouble, not ours."""
        if not self._stage.can_restart or self._stop.is_set():
            return
        try:
            self._stage.restart_merchant()
            self._start_failure = ""
        except MerchantStartError as error:
            self._start_failure = f"its process had ended, and it did not start again: {error}"

    def _run_check(self, planned: PlannedCheck, *, one_by_one: bool = False) -> CheckResult:
        if self._stop.is_set():
            return CheckResult(_interrupted(planned))
        before = self._run_record.overload.locks
        result = run_check(
            planned, self._stage, self._allocation, stop=self._stop, run=self._run_record, one_by_one=one_by_one
        )
        if not result.doubtful or result.check.state not in BROKEN:
            return result
        if planned.rule.id != LOCKED_DATABASE:
            result = self._unless_locked(result, before)
        if (
            self._run_record.prompted
            and result.check.tries > 1
            and not planned.last
            and planned.rule.id != PAYER_IS_PROMPTED
        ):
            return result.left_open(
                f"the merchant pushes to one number for all ({PAYER_IS_PROMPTED} judges that), so the payments of this "
                f"check cannot be told apart: {result.check.reason}"
            )
        return self._unless_queries_ran_out(result)

    def _unless_locked(self, result: CheckResult, before: int) -> CheckResult:
        """A failure while the merchant names a locked database is no proof of anything but the lock."""
        self._listen(at_least_s=0.0)
        if self._run_record.overload.locks == before:
            return result
        return result.left_open(
            f"the merchant said {quote(self._run_record.overload.locked)} while this check ran, so its rule was not "
            f"judged ({LOCKED_DATABASE} judges the lock): {result.check.reason}"
        )

    def _learn_query_limit(self) -> None:
        """A merchant that asks seldom, and promises no limit, may keep one all the same."""
        if self._run_record.queries_per_minute is None:
            self._run_record.queries_per_minute = own_limit(self._queries())

    def _says_query_limit(self) -> str:
        limit = self._run_record.queries_per_minute
        return "" if limit is None or limit > POLITE else f"the merchant made at most {limit:g} status queries a minute"

    def _queries(self) -> list[tuple[float, str]]:
        """When the merchant asked Daraja for a payment's state (epoch seconds), and for which payment."""
        with contextlib.suppress(ControlError):
            found = self._stage.control.journal(since=1, endpoint="stk_query", kind="request")
            return [(float(entry["at"]), str(entry["checkout_request_id"])) for entry in found["entries"]]
        return []

    def _let_queries_end(self) -> bool:
        """Give a merchant that limits its queries the time to make those that earlier checks left it.

        False: it still makes them, and the time that a run has for this is used up.
        """
        limit = self._run_record.queries_per_minute
        if limit is None or limit > POLITE:
            return True
        quiet_s = 1.5 * 60.0 / limit
        while not self._stop.is_set():
            asked = max((at for at, _ in self._queries()), default=0.0)
            if time.time() - asked >= quiet_s:
                return True
            if self._query_wait_s <= 0.0:
                return False
            began = time.monotonic()
            self._stop.wait(LISTEN_EVERY_S)
            self._query_wait_s -= time.monotonic() - began
        return False

    def _unless_queries_ran_out(self, result: CheckResult) -> CheckResult:
        """A merchant that has made as many queries as it lets itself make is not blamed for the next one."""
        limit = self._run_record.queries_per_minute
        if limit is None or not result.missing:
            return result
        recent = sum(1 for at, _ in self._queries() if at > time.time() - 60.0)
        if recent + 1 < limit:  # the last minute of even gaps may hold one fewer than the busiest
            return result
        return result.left_open(
            f"the merchant makes at most {limit:g} status queries a minute and made {recent} in the last one, so it is "
            "not known whether it would have asked in time; write promises.queries_per_minute into the target file: "
            + result.check.reason
        )

    def _finish(self, planned: PlannedCheck, check: Check) -> None:
        self._results[planned.rule.id].set_result(self._report(check))

    def _give_up(self, plan: Iterable[PlannedCheck], reason: str) -> None:
        for planned in plan:
            if not self._results[planned.rule.id].done():
                self._finish(
                    planned, Check(rule=planned.rule.id, state=State.ERROR, reason=reason, started_at=time.time())
                )

    def _pauses(self, plan: Sequence[PlannedCheck]) -> list[float]:
        """Seconds to wait after each start: a merchant that limits its queries gets them spread over its limit."""
        limit = self._stage.target.merchant.promises.queries_per_minute
        if limit is None:
            return [STAGGER_S for _ in plan]
        return [max(STAGGER_S, planned.queries * 60.0 / limit) for planned in plan]


def _interrupted(planned: PlannedCheck) -> Check:
    return Check(
        rule=planned.rule.id,
        state=State.NOT_TESTED,
        reason="the run was interrupted before this check began",
        not_tested=NotTested.INTERRUPTED,
        started_at=time.time(),
    )


def combined(crowded: Check, alone: Check, *, trouble: str) -> Check:
    """What counts of a check that was made twice, first beside others: the second look decides, for it is about the
    rule alone. A pass says what was missed at first; where that cost a customer's money, M05 finds the order.

    `trouble` is how the merchant or the machine showed overload, if it did.
    """
    both = replace(alone, tries=crowded.tries + alone.tries)
    if alone.state is not State.PASS or not crowded.reason:
        return both
    seen = [f"in a first look, beside other payments, {crowded.reason}", trouble, "alone, the rule was kept"]
    return replace(both, reason="; ".join(text for text in (alone.reason, *seen) if text))
