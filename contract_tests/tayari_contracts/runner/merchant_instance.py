"""One instance of the merchant while checks run on it: its signs of trouble, and how a check runs alone on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event
from typing import Final

from tayari_control.client import ControlError
from tayari_reports.model import Check, NotTested, State
from tayari_target.merchant_process import MerchantStartError, last_words
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.context.check_time import is_quiet, own_limit, polite
from tayari_contracts.context.findings import quote
from tayari_contracts.context.overload import FEWEST, SIDE_BY_SIDE
from tayari_contracts.context.run_record import CRASH, Allocation, RunRecord
from tayari_contracts.runner.check_run import CheckResult, PlannedCheck, run_check

LISTEN_EVERY_S: Final = 1.0
"""How often the merchant's answers to callbacks, and what it prints, are searched for crashes and locks."""

QUERY_WAIT_S: Final = 180.0
"""How long, in a whole run, a merchant that limits its queries may take for those that earlier checks left it."""

TRIES_WHEN_OVERLOADED: Final = 3
"""How often a check runs, if an overloaded machine may have caused its result, before it is left open."""

PAYER_IS_PROMPTED: Final = "S11"
"""The rule that judges a phone number which is fixed in the merchant's code."""

LOCKED_DATABASE: Final = "D02"
"""The rule that judges a locked database."""

BROKEN: Final = frozenset({State.FAIL, State.WARN})


@dataclass(slots=True)
class _Read:
    """How far the merchant's answers to callbacks, and what it prints, have been read."""

    at: float = 0.0
    """When last, on the monotonic clock."""
    since: int = 0
    """Number of the next journal entry."""
    printed: int = 0
    """Place in what the merchant printed."""


class MerchantInstance:
    """A test environment, and the record of what checks did on it."""

    def __init__(self, environment: TestEnvironment, run: RunRecord, allocation: Allocation, *, stop: Event) -> None:
        self.environment = environment
        self.run = run
        self._allocation = allocation
        self._stop = stop
        self._read = _Read()
        self._query_wait_s = QUERY_WAIT_S
        self._start_failure = ""
        """Why the merchant could not be started again; empty while it can."""
        self._retries_begun = False

    def is_full(self, running: int) -> bool:
        """Whether another check has to wait. `running`: how many run. None begins while the merchant becomes slow."""
        overload = self.run.overload
        promised = self.environment.target.merchant.promises.payments_at_once
        most = 1 if self.run.prompted else min(overload.most_at_once, promised or SIDE_BY_SIDE)
        return running >= most or overload.full or (running >= FEWEST and overload.growing)

    @property
    def trouble(self) -> str:
        """The sign of overload, or what else keeps checks from running side by side; empty where there is none."""
        overload = self.run.overload
        found = overload.merchant or overload.machine or self._says_query_limit()
        return found or ("the merchant pushes to one number for all" if self.run.prompted else "")

    @property
    def is_down(self) -> bool:
        """Whether the merchant's process has ended and did not start again."""
        return bool(self._start_failure)

    def listen(self, *, at_least_s: float = LISTEN_EVERY_S) -> None:
        """Notice a crash or a lock in what the merchant answers to callbacks and in what it prints."""
        if time.monotonic() - self._read.at < at_least_s:
            return
        self._read.at = time.monotonic()
        overload = self.run.overload
        with contextlib.suppress(ControlError):
            found = self.environment.control.journal(since=self._read.since, kind="callback")
            self._read.since = found["next"]
            for entry in found["entries"]:
                answer = entry.get("response") or {}
                overload.note_text(str(answer.get("body") or ""))
                if (answer.get("status") or 0) >= CRASH:
                    overload.crashed()
        printed, self._read.printed = self.environment.merchant_printed(self._read.printed)
        overload.note_text(printed)  # it keeps only the words that name a lock

    def restart_merchant(self) -> None:
        """Start the merchant again. One that does not start is the merchant's failure, and no error of ours."""
        if not self.environment.can_restart or self._stop.is_set():
            return
        try:
            self.environment.restart_merchant()
            self._start_failure = ""
        except MerchantStartError as error:
            self._start_failure = f"its process had ended, and it did not start again: {error}"

    def alone(self, planned: PlannedCheck, *, one_by_one: bool = False) -> CheckResult:
        """Run the check with no other beside it on this instance.

        A failure that an overloaded machine may have caused is tried again, and is left open if the overload lasts.
        """
        for _ in range(TRIES_WHEN_OVERLOADED):
            began = time.monotonic()
            found = self._run_alone(planned, one_by_one=one_by_one)
            overloaded = self.run.overload.watch.since(began)
            if not found.doubtful or not overloaded or self._stop.is_set():
                return found
        if found.check.state not in BROKEN:
            return found
        return found.left_open(f"{overloaded}, each time this check ran: {found.check.reason}")

    def _run_alone(self, planned: PlannedCheck, *, one_by_one: bool) -> CheckResult:
        if self.environment.merchant_alive() is False and not self._stop.is_set():
            self.restart_merchant()
            if self._start_failure:
                return CheckResult(
                    Check(
                        rule=planned.rule.id, state=State.NOT_TESTED,
                        reason=f"the merchant was not there: {self._start_failure}",
                        not_tested=NotTested.SET_UP_FAILED, started_at=time.time(),
                    )
                )  # fmt: skip
        if not (planned.last and self.run.records is not None):  # else the records are complete, and nothing is asked
            self._begin_calmly()
        began = time.monotonic()
        found = self.run_check(planned, one_by_one=one_by_one)
        if found.overlapped and found.doubtful and not one_by_one and not self._stop.is_set():
            found = self.again(planned, found, by=self._run_alone)
        if self.environment.merchant_alive() is False and not self._stop.is_set():
            return self._after_crash(found, began)
        return found

    def _begin_calmly(self) -> None:
        """Wait for the queries of earlier checks, then let controls be played again that failed because of these."""
        if self.let_queries_end() and polite(self.run.queries_per_minute) is not None:
            self.run.controls.forget_failures(unless_calm=True)

    def begin_retries(self) -> None:
        """Let controls that failed be played again, once, before the first check is repeated on this instance.

        Otherwise checks that another instance left would stay blocked here, while the rule that carries the control
        passes. A control that fails again blocks all that follow.
        """
        if not self._retries_begun:
            self._retries_begun = True
            self.run.controls.forget_failures()

    def again(
        self,
        planned: PlannedCheck,
        first: CheckResult,
        *,
        by: Callable[..., CheckResult],
        trouble: str = "",
        on: MerchantInstance | None = None,
    ) -> CheckResult:
        """Repeat a check with its payments one after the other.

        `by`: the method of the instance that runs it. `on`: the instance where it ran first. `trouble`: as in
        `combined`. It is not run if a broken control still blocks it, or if queries of earlier checks still wait.
        """
        blocked = first.check.not_tested is NotTested.BLOCKED
        if blocked and self.run.controls.broken({*planned.controls, Control.SUCCESS}):
            return first
        if not self.let_queries_end():
            return (on or self).unless_queries_ran_out(first)
        return self.repeated(first, by(planned, one_by_one=True), planned, trouble=trouble)

    def repeated(self, first: CheckResult, again: CheckResult, planned: PlannedCheck, *, trouble: str) -> CheckResult:
        """The result that counts of a check that ended in doubt and was to be repeated.

        If the merchant does not start for the retry, the first result counts if the check had the instance to itself.
        It is left open if the check ran beside others.
        """
        if not (self.is_down and again.check.not_tested is NotTested.SET_UP_FAILED):
            return combined(first.check, again, trouble=trouble)
        if planned.exclusive:
            return first
        return first.left_open(
            f"seen beside other checks, and not repeated, for {again.check.reason}: {first.check.reason}"
        )

    def _after_crash(self, found: CheckResult, began: float) -> CheckResult:
        """The check, failed because the merchant's process ended during it. The merchant is started again.

        It is in doubt if the machine stood still since the check began: a check that restarts the merchant may have
        given up between stop and start.
        """
        tail = self.environment.merchant_log_tail()
        last = f": {last_words(tail)}" if tail.strip() else ""
        self.restart_merchant()
        stood_still = bool(self.run.overload.watch.since(began))
        if found.check.state is State.FAIL and self.is_down:
            return replace(found, doubtful=stood_still)
        if found.check.state in (State.NOT_APPLICABLE, State.FAIL):
            return found
        reason = f"the merchant's process ended during this check{last}"
        return replace(
            found,
            check=replace(found.check, state=State.FAIL, not_tested=None, reason=reason),
            doubtful=stood_still,
        )

    def run_check(self, planned: PlannedCheck, *, one_by_one: bool = False) -> CheckResult:
        """Run the check, alone or beside others. A failure that something else explains is left open."""
        if self._stop.is_set():
            return CheckResult(_interrupted(planned))
        before = self.run.overload.locks
        found = run_check(
            planned, self.environment, self._allocation, stop=self._stop, run=self.run, one_by_one=one_by_one
        )
        if found.check.not_tested is NotTested.BLOCKED:
            return self._unless_control_waited(found)
        if not found.doubtful or found.check.state not in BROKEN:
            return found
        if planned.rule.id != LOCKED_DATABASE:
            found = self._unless_locked(found, before)
        if self.run.prompted and found.check.tries > 1 and not planned.last and planned.rule.id != PAYER_IS_PROMPTED:
            return found.left_open(
                f"the merchant pushes to one number for all ({PAYER_IS_PROMPTED} judges that), so the payments of this "
                f"check cannot be distinguished: {found.check.reason}"
            )
        return self.unless_queries_ran_out(found)

    def _unless_control_waited(self, found: CheckResult) -> CheckResult:
        """Leave the check open if the control that blocks it had to wait for a query; it is then played again."""
        opened = self.unless_queries_ran_out(found)
        if opened is not found:
            self.run.controls.forget_failures()
        return opened

    def _unless_locked(self, found: CheckResult, before: int) -> CheckResult:
        """Leave a failure open if the merchant named a locked database meanwhile. `before`: how often it had before."""
        self.listen(at_least_s=0.0)
        if self.run.overload.locks == before:
            return found
        return found.left_open(
            f"the merchant said {quote(self.run.overload.locked)} while this check ran, so its rule was not judged "
            f"({LOCKED_DATABASE} judges the lock): {found.check.reason}"
        )

    def learn_query_limit(self) -> None:
        """Learn a query limit that the merchant does not promise, from the queries that it made."""
        if self.run.queries_per_minute is None:
            self.run.queries_per_minute = own_limit(self._queries())

    def _says_query_limit(self) -> str:
        limit = polite(self.run.queries_per_minute)
        return "" if limit is None else f"the merchant made at most {limit:g} status queries a minute"

    def _queries(self) -> list[tuple[float, str]]:
        """When the merchant asked Daraja for a payment's state (epoch seconds), and for which payment."""
        with contextlib.suppress(ControlError):
            found = self.environment.control.journal(since=1, endpoint="stk_query", kind="request")
            return [(float(entry["at"]), str(entry["checkout_request_id"])) for entry in found["entries"]]
        return []

    def let_queries_end(self) -> bool:
        """Wait until a merchant that limits its queries has made those that earlier checks left it.

        Returns False if it still makes them when the time that a run has for this is used up.
        """
        limit = polite(self.run.queries_per_minute)
        if limit is None:
            return True
        while not self._stop.is_set():
            if is_quiet((at for at, _ in self._queries()), limit):
                return True
            if self._query_wait_s <= 0.0:
                return False
            began = time.monotonic()
            self._stop.wait(LISTEN_EVERY_S)
            self._query_wait_s -= time.monotonic() - began
        return False

    def unless_queries_ran_out(self, found: CheckResult) -> CheckResult:
        """Leave open a check that missed something while the merchant's own query limit was used up."""
        limit = self.run.queries_per_minute
        if limit is None or not found.missing:
            return found
        times_s = [at for at, _ in self._queries()]
        recent = sum(1 for at in times_s if at > time.time() - 60.0)
        waits = polite(limit) is not None and not is_quiet(times_s, limit)
        if recent + 1 < limit and not waits:  # the last minute of even gaps may hold one fewer than the busiest
            return found
        return found.left_open(
            f"the merchant makes at most {limit:g} status queries a minute and made {recent} in the last one, so it is "
            "not known whether it would have asked in time; write promises.queries_per_minute into the target file: "
            + found.check.reason
        )


def _interrupted(planned: PlannedCheck) -> Check:
    return Check(
        rule=planned.rule.id,
        state=State.NOT_TESTED,
        reason="the run was interrupted before this check began",
        not_tested=NotTested.INTERRUPTED,
        started_at=time.time(),
    )


def combined(first: Check, alone: CheckResult, *, trouble: str) -> CheckResult:
    """The result that counts of a check that ran twice, first beside others.

    The second run decides, because nothing else ran then. Its pass names what the first run missed; if that cost a
    customer's money, M05 finds the order. `trouble`: the sign of overload of merchant or machine; or empty.
    """
    both = replace(alone.check, tries=first.tries + alone.check.tries)
    if both.state is State.PASS and first.reason:
        seen = [f"in a first run, beside other payments, {first.reason}", trouble, "alone, the rule was kept"]
        both = replace(both, reason="; ".join(text for text in (both.reason, *seen) if text))
    return replace(alone, check=both)
