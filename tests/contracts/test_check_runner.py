"""How checks are run: side by side, alone, over a merchant's death, to an interruption."""

import errno
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from fake_environment import FakeEnvironment, NoControl, environment, planned_check, target
from tayari_contracts.catalogue.rules import Control, Need
from tayari_contracts.context.actions import UNPAID
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Missing, Unjudged, Untested, Warned, WrongCredit
from tayari_contracts.context.overload import (
    AT_FIRST,
    FIRST,
    RECENT,
    SHRINK_EVERY_S,
    SIDE_BY_SIDE,
    Overload,
    StartGate,
    lock_named,
)
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation, ControlOutcome, RunRecord
from tayari_contracts.runner.check_run import CheckResult, PlannedCheck
from tayari_contracts.runner.check_runner import CheckRunner
from tayari_contracts.runner.merchant_instance import combined
from tayari_control.client import ControlError
from tayari_money.payment_record import PaymentState
from tayari_reports.model import Check, Level, NotTested, State
from tayari_target.driver import Started, StatusView
from tayari_target.merchant_process import MerchantStartError

PAUSE_S = 60.0


def keeper(reported: list[Check]) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        reported.append(check)
        return check

    return keep


def run_plan(on: FakeEnvironment, *plan: PlannedCheck) -> dict[str, Check]:
    reported: list[Check] = []
    runner = CheckRunner([on], report=keeper(reported))  # type: ignore[list-item]  # a test environment without processes
    runner.start(plan)
    found = {planned.rule.id: runner.result(planned.rule.id) for planned in plan}
    assert {check.rule for check in reported} == set(found)
    return found


def passes(context: CheckContext) -> None:
    """Nothing to find."""


def raises(error: Exception) -> Any:
    def run(context: CheckContext) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Failed("credited twice"), State.FAIL),
        (Warned("no jitter"), State.WARN),
        (Unjudged("saw nothing"), State.UNKNOWN),
        (Untested("no push"), State.NOT_TESTED),
        (Inapplicable("no till"), State.NOT_APPLICABLE),
        (ControlError("port closed"), State.ERROR),
        (ZeroDivisionError("ours"), State.ERROR),
    ],
)
def test_every_ending_of_a_check_is_a_state_with_its_reason(error: Exception, state: State) -> None:
    found = run_plan(environment(), planned_check("C01", raises(error)))["C01"]

    assert found.state is state
    assert str(error) in found.reason


def test_a_result_that_cannot_be_written_ends_the_run() -> None:
    stopped: list[bool] = []

    def full(_: Check) -> Check:
        raise OSError(errno.ENOSPC, "No space left on device")

    def waits(context: CheckContext) -> None:
        stopped.append(context.time.stop.wait(PAUSE_S))

    runner = CheckRunner([environment()], report=full)  # type: ignore[list-item]  # as above
    runner.start([planned_check("C01", passes), planned_check("C02", waits)])

    for rule_id in ("C01", "C02"):
        with pytest.raises(OSError, match="No space left on device"):
            runner.result(rule_id)
    assert stopped != [False], "nothing that it finds could be kept"


def test_a_check_that_raises_nothing_passes() -> None:
    assert run_plan(environment(), planned_check("C01", passes))["C01"].state is State.PASS


def test_a_should_that_fails_is_a_warning() -> None:
    found = run_plan(environment(), planned_check("C01", raises(Failed("slow")), level=Level.SHOULD))

    assert found["C01"].state is State.WARN


def test_a_failure_has_a_fingerprint_and_the_command_that_repeats_it() -> None:
    found = run_plan(environment(), planned_check("C03", raises(Failed("credited 3 times"))))["C03"]
    again = run_plan(environment(), planned_check("C03", raises(Failed("credited 2 times"))))["C03"]

    assert found.repeat == "tayari check tayari.yaml --only C03"
    assert found.fingerprint == again.fingerprint != ""


def test_the_rule_that_shows_whether_queries_come_begins_before_all_others() -> None:
    begun: list[str] = []
    together = Barrier(SIDE_BY_SIDE, timeout=60)

    def begins(rule_id: str) -> PlannedCheck:
        def run(_: CheckContext) -> None:
            begun.append(rule_id)
            if len(begun) <= SIDE_BY_SIDE:
                together.wait()

        return planned_check(rule_id, run, takes_s=3.0 if rule_id == "Q01" else 30.0)

    others = [f"C{number:02}" for number in range(1, SIDE_BY_SIDE + 1)]
    run_plan(environment(), *map(begins, (*others, "Q01")))

    assert "Q01" in begun[:SIDE_BY_SIDE], "it is the shortest, and would come last"


def test_a_certain_failure_is_not_repeated() -> None:
    tries: list[str] = []

    def never_asked(context: CheckContext) -> None:
        tries.append("once")
        raise Missing("no query came", certain=len(tries) == 1)

    found = run_plan(environment(), planned_check("Q01", never_asked), planned_check("C03", passes))["Q01"]

    assert (found.state, tries) == (State.FAIL, ["once"])


def test_checks_wait_side_by_side() -> None:
    together = Barrier(SIDE_BY_SIDE, timeout=60)

    def waits_for_the_others(context: CheckContext) -> None:
        together.wait()

    found = run_plan(
        environment(), *(planned_check(f"C{number}", waits_for_the_others) for number in range(SIDE_BY_SIDE))
    )

    assert {check.state for check in found.values()} == {State.PASS}


def test_an_exclusive_check_runs_when_no_other_does() -> None:
    running: list[str] = []

    def alone(context: CheckContext) -> None:
        assert running == []

    def shared(context: CheckContext) -> None:
        running.append("x")
        context.time.pause(0.1)
        running.remove("x")

    found = run_plan(
        environment(),
        planned_check("T01", alone, exclusive=True),
        *(planned_check(f"C{number}", shared) for number in range(5)),
    )

    assert found["T01"].state is State.PASS


def test_what_judges_the_whole_run_comes_last_and_knows_what_was_paid_in_it() -> None:
    order: list[str] = []

    def note(name: str) -> Any:
        return lambda context: order.append(name)

    run_plan(
        environment(),
        planned_check("M01", note("last"), last=True),
        planned_check("T01", note("alone"), exclusive=True),
        planned_check("C01", note("together")),
    )

    assert order == ["together", "alone", "last"]


def test_all_checks_of_a_session_write_into_one_book() -> None:
    books: list[object] = []

    run_plan(
        environment(),
        *(
            planned_check(rule, lambda context: books.append(context.run), last=rule == "M01")
            for rule in ("C01", "M01")
        ),
    )

    assert books[0] is books[1]


def test_a_missing_key_of_the_target_file_is_not_tested_and_named() -> None:
    found = run_plan(environment(), planned_check("C03", passes, needs=frozenset({Need.CREDITS})))["C03"]

    assert (found.state, found.not_tested) == (State.NOT_TESTED, NotTested.TARGET_KEY_MISSING)
    assert found.enable == "merchant.ledger or merchant.status.credited"


def test_a_capability_that_is_not_there_makes_its_rules_not_applicable() -> None:
    without = environment(capabilities=frozenset({"stk_push"}))

    found = run_plan(without, planned_check("Q06", passes, needs=frozenset({Need.QUERY})))["Q06"]

    assert found.state is State.NOT_APPLICABLE


def test_the_check_that_kills_the_merchant_fails_and_the_others_are_repeated() -> None:
    on = environment()

    def kill(context: CheckContext) -> None:
        on.alive = False

    def needs_it(context: CheckContext) -> None:
        if not on.alive:
            raise Failed("connection refused")

    def late(context: CheckContext) -> None:
        context.time.pause(0.5)
        needs_it(context)

    found = run_plan(on, planned_check("C20", kill), planned_check("C03", late))

    assert found["C03"].state is State.PASS
    assert on.restarts >= 1


def test_a_merchant_that_dies_alone_with_a_check_is_reported_with_its_last_output() -> None:
    on = environment()

    def kill(context: CheckContext) -> None:
        on.alive = False

    found = run_plan(on, planned_check("T08", kill, exclusive=True))["T08"]

    assert found.state is State.FAIL
    assert found.reason == "the merchant's process ended during this check: ValueError: no JSON"


def stalls_while_it_restarts(on: FakeEnvironment, tries: list[str], *, often: int) -> Callable[[CheckContext], None]:
    """The machine stands still between the end of the merchant and its start, so that the check gives up."""

    def run(context: CheckContext) -> None:
        tries.append("x")
        if len(tries) <= often:
            on.alive = False
            context.run.overload.watch.woken(30.0, at=time.monotonic())
            raise ControlError("the simulator's control port did not answer: timed out")

    return run


def test_a_merchant_that_is_down_because_the_machine_stood_still_has_not_crashed() -> None:
    on, tries = environment(), list[str]()

    found = run_plan(on, planned_check("R01", stalls_while_it_restarts(on, tries, often=1), exclusive=True))["R01"]

    assert (found.state, len(tries)) == (State.PASS, 2)


def test_a_machine_that_stands_still_each_time_leaves_the_crash_open() -> None:
    on = environment()

    found = run_plan(on, planned_check("R01", stalls_while_it_restarts(on, [], often=9), exclusive=True))["R01"]

    assert found.state is State.UNKNOWN
    assert "woken up to 30.0 s late), each time this check ran: the merchant's process ended" in found.reason


def test_an_interruption_ends_the_wait_and_keeps_what_is_known() -> None:
    reported: list[Check] = []
    runner = CheckRunner([environment()], report=keeper(reported))  # type: ignore[list-item]  # a test environment without processes
    waiting = Event()

    def wait(context: CheckContext) -> None:
        waiting.set()
        context.time.pause(PAUSE_S)

    runner.start(
        [planned_check("C01", passes), planned_check("C02", wait), planned_check("T01", passes, exclusive=True)]
    )
    waiting.wait(5)
    runner.result("C01")
    began = time.monotonic()
    runner.stop()

    assert time.monotonic() - began < PAUSE_S
    assert {check.rule: check.not_tested for check in reported} == {
        "C01": None,
        "C02": NotTested.INTERRUPTED,
        "T01": NotTested.INTERRUPTED,
    }


def test_a_polite_merchant_gets_its_queries_spread_over_its_limit() -> None:
    starts: list[float] = []
    plan = [
        planned_check(f"Q{number}", lambda context: starts.append(time.monotonic()), queries=1) for number in range(3)
    ]

    run_plan(environment(queries_per_minute=120), *plan)

    assert starts[-1] - starts[0] >= 0.9


def test_what_tests_see_of_a_check_is_what_was_reported() -> None:
    def mask(check: Check) -> Check:
        return replace(check, reason=check.reason.replace("secret", "[redacted]"))

    runner = CheckRunner([environment()], report=mask)  # type: ignore[list-item]  # a test environment without processes
    runner.start([planned_check("T13", raises(Failed("the page shows secret")))])

    assert runner.result("T13").reason == "the page shows [redacted]"


PAYMENT = Payment(
    msisdn="254700000001", amount=10, reference="A1", since=0, began_at=0.0,
    started=Started(accepted=True, status=200, payment_id="1"),
)  # fmt: skip


def looked_slowly(context: CheckContext) -> None:
    """A look at a state that took three seconds."""
    context.run.overload.looked(3.0, well=True)


def missing_at_first(tries: list[str], error: Exception) -> Callable[[CheckContext], None]:
    """Ends with this error in the crowd, and well after it."""

    def run(context: CheckContext) -> None:
        looked_slowly(context)
        tries.append("x")
        if len(tries) == 1:
            raise error

    return run


def crowd(*plan: PlannedCheck) -> tuple[PlannedCheck, ...]:
    return (*plan, *(planned_check(f"X{number}", looked_slowly) for number in range(5)))


def test_a_check_on_an_overloaded_merchant_is_repeated_and_the_pass_says_so() -> None:
    tries: list[str] = []

    found = run_plan(
        environment(), *crowd(planned_check("C12", missing_at_first(tries, Failed("the payment is pending"))))
    )["C12"]

    assert len(tries) == 2
    assert found.state is State.PASS
    assert "beside other payments, the payment is pending" in found.reason
    assert "took up to 3.0 s" in found.reason


def test_what_is_missed_again_fails() -> None:
    def misses(context: CheckContext) -> None:
        looked_slowly(context)
        raise Failed("the payment is pending after 10 s")

    found = run_plan(environment(), *crowd(planned_check("C12", misses)))["C12"]

    assert (found.state, found.reason) == (State.FAIL, "the payment is pending after 10 s")


@pytest.mark.parametrize(
    "error",
    [Unjudged("saw nothing"), Untested("no push came"), ControlError("the control port did not answer: timed out")],
)
def test_what_could_not_be_judged_in_the_crowd_is_judged_after_it(error: Exception) -> None:
    found = run_plan(environment(), *crowd(planned_check("C12", missing_at_first([], error))))["C12"]

    assert found.state is State.PASS


def test_what_no_second_look_would_change_gets_none() -> None:
    tries: list[str] = []
    never = Untested("the merchant never asks", certain=True)

    found = run_plan(environment(), *crowd(planned_check("Q02", missing_at_first(tries, never))))["Q02"]

    assert (found.state, len(tries)) == (State.NOT_TESTED, 1)


def test_a_wrong_deed_is_proof_enough_the_first_time() -> None:
    tries: list[str] = []

    found = run_plan(
        environment(), *crowd(planned_check("C03", missing_at_first(tries, WrongCredit("credited twice"))))
    )["C03"]

    assert (found.state, found.reason, len(tries)) == (State.FAIL, "credited twice", 1)


def test_a_failure_beside_other_checks_is_repeated_alone_though_the_merchant_is_at_ease() -> None:
    running: list[str] = []
    beside: list[int] = []

    def misses(context: CheckContext) -> None:
        beside.append(len(running))
        if len(beside) == 1:
            context.time.pause(0.2)
        raise Failed("pending")

    def others(context: CheckContext) -> None:
        running.append("x")
        context.time.pause(0.1)
        running.remove("x")

    plan = (*(planned_check(f"X{number}", others) for number in range(4)), planned_check("C12", misses))
    found = run_plan(environment(), *plan)["C12"]

    assert (found.state, found.tries) == (State.FAIL, 2)
    assert beside[1] == 0


def test_a_single_check_that_fails_is_not_repeated() -> None:
    tries: list[str] = []

    def misses(context: CheckContext) -> None:
        tries.append("x")
        raise Failed("pending")

    assert run_plan(environment(), planned_check("C12", misses))["C12"].state is State.FAIL
    assert len(tries) == 1


@pytest.mark.parametrize("error", [Unjudged("saw nothing"), Untested("no push came")])
def test_an_open_question_of_a_merchant_at_ease_is_not_repeated(error: Exception) -> None:
    tries: list[str] = []

    def leaves_open(context: CheckContext) -> None:
        tries.append("x")
        raise error

    run_plan(
        environment(), planned_check("C12", leaves_open), *(planned_check(f"X{number}", passes) for number in range(5))
    )
    assert len(tries) == 1


def test_at_most_eight_checks_run_at_once() -> None:
    running, most = [0], [0]
    lock = Lock()

    def counts(context: CheckContext) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        context.time.pause(0.1)
        with lock:
            running[0] -= 1

    run_plan(environment(), *(planned_check(f"C{number}", counts) for number in range(20)))

    assert most[0] <= SIDE_BY_SIDE


def test_a_merchant_that_crashes_gets_fewer_checks_and_a_locked_database_gets_them_one_by_one() -> None:
    clock = [0.0]
    overload = Overload(now=lambda: clock[0])

    def after_signs(sign: Callable[[], None]) -> int:
        for _ in range(6):
            clock[0] += SHRINK_EVERY_S
            sign()
            sign()
        return overload.most_at_once

    assert overload.most_at_once == SIDE_BY_SIDE
    assert after_signs(overload.crashed) == 2
    assert after_signs(lambda: overload.note_text("OperationalError: database is locked")) == 1
    assert overload.locked == "database is locked"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("django.db.utils.OperationalError: database is locked", "database is locked"),
        ("SQLITE_BUSY: database table is locked", "SQLITE_BUSY"),
        ("(1205, 'Lock wait timeout exceeded; try restarting transaction')", "Lock wait timeout exceeded"),
        ("ERROR: deadlock detected", "deadlock detected"),
        ("[STK] - Unable to lock subscriber, a transaction is already in process for the current subscriber", ""),
        ("The door is locked.", ""),
    ],
)
def test_a_locked_database_is_known_by_the_words_of_the_databases(text: str, words: str) -> None:
    assert lock_named(text) == words


def test_a_lock_in_the_merchants_log_is_noticed_while_checks_run() -> None:
    on = environment()
    on.log = "sqlite3.OperationalError: database is locked"
    seen: list[str] = []

    run_plan(
        on,
        planned_check("C01", passes),
        planned_check("T01", lambda context: seen.append(context.run.overload.locked), exclusive=True),
    )

    assert seen == ["database is locked"]


def test_a_failure_while_the_database_is_locked_is_reported_as_the_lock() -> None:
    on = environment()

    def fails(context: CheckContext) -> None:
        on.log += "\nsqlite3.OperationalError: database is locked"
        raise Failed("the callback was answered 500")

    found = run_plan(
        on, planned_check("C10", fails), planned_check("D02", fails), planned_check("C03", raises(WrongCredit("twice")))
    )

    assert found["C10"].state is State.UNKNOWN
    assert '"database is locked" while this check ran' in found["C10"].reason
    assert {found["D02"].state, found["C03"].state} == {State.FAIL}


def asked(on: FakeEnvironment, *, ago_s: Sequence[float], payments: int) -> None:
    """The merchant made status queries for a number of payments in turn, the last one some time ago."""
    now = time.time()
    on.control.entries = [
        {"at": now - seconds, "endpoint": "stk_query", "checkout_request_id": f"ws_CO_{place % payments}"}
        for place, seconds in enumerate(ago_s)
    ]


class Pays:
    """A driver whose merchant takes every payment."""

    def start_payment(self, **_: object) -> Started:
        return Started(accepted=True, status=200, payment_id="1")


EVERY_12_S = tuple(range(59, 0, -12))


@pytest.mark.parametrize(
    ("ago_s", "payments", "error", "state"),
    [
        (EVERY_12_S, 5, Missing("the payment is pending"), State.UNKNOWN),
        (EVERY_12_S, 5, Failed("the payment became failed"), State.FAIL),
        ((130, 118, 106, 94, 82, 40, 5), 5, Missing("the payment is pending"), State.UNKNOWN),
        ((130, 118, 106, 94, 82, 40), 5, Missing("the payment is pending"), State.FAIL),
        (EVERY_12_S, 1, Missing("the payment is pending"), State.FAIL),
        ((), 1, Missing("the payment is pending"), State.FAIL),
        (tuple(range(59, 0, -1)), 20, Missing("the payment is pending"), State.FAIL),
    ],
    ids=[
        "polite",
        "polite, but wrong",
        "still asks",
        "is through",
        "asks about one payment",
        "never asks",
        "asks often",
    ],
)
def test_a_merchant_that_limits_its_queries_is_not_failed_for_one_that_it_could_not_make(
    ago_s: Sequence[float], payments: int, error: Exception, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tayari_contracts.runner.merchant_instance.QUERY_WAIT_S", 0.0)
    on = environment()
    asked(on, ago_s=ago_s, payments=payments)

    found = run_plan(on, planned_check("Q01", raises(error), queries=1), planned_check("C03", passes))["Q01"]

    assert found.state is state
    assert str(error) in found.reason
    assert ("promises.queries_per_minute" in found.reason) is (state is State.UNKNOWN)


def test_a_check_that_is_repeated_for_a_polite_merchant_waits_for_the_queries_of_others() -> None:
    on = environment()
    asked(on, ago_s=tuple(range(58, 0, -6)), payments=5)
    newest = float(on.control.entries[-1]["at"])
    tries: list[float] = []

    def misses_at_first(context: CheckContext) -> None:
        tries.append(time.time())
        if len(tries) == 1:
            raise Missing("the payment is pending")

    found = run_plan(on, planned_check("Q01", misses_at_first, queries=1), planned_check("C03", passes))["Q01"]

    assert found.state is State.PASS
    assert tries[1] - newest >= 1.5 * 60.0 / 10


def test_a_state_word_without_a_translation_is_reported_once() -> None:
    notices: list[str] = []
    run = RunRecord(target(), notice=notices.append)
    for state, word in ((PaymentState.PENDING, "PENDING"), (None, "HELD"), (None, "HELD"), (None, "VOID")):
        view = StatusView(state=state, raw_state=word, http_status=200)
        run.add_observation(PAYMENT, view, began=1.0, ended=1.1)

    assert [sentence.split(",")[0] for sentence in notices] == [
        f'the merchant calls a payment "{w}"' for w in ("HELD", "VOID")
    ]


def test_an_ordinary_payment_whose_query_had_to_wait_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tayari_contracts.runner.merchant_instance.QUERY_WAIT_S", 0.0)
    on = environment(queries_per_minute=5)
    asked(on, ago_s=EVERY_12_S, payments=5)
    played: list[str] = []

    def fails(context: CheckContext) -> None:
        context.run.controls.once(Control.SUCCESS, lambda: played.append("it") or ControlOutcome(finding=waits))  # type: ignore[func-returns-value]
        raise Missing("the payment is pending")

    waits = Missing("an ordinary success was answered 200, and the payment is pending")
    plan = [planned_check(rule, fails, controls=frozenset({Control.SUCCESS})) for rule in ("S12", "P17")]
    found = run_plan(on, *plan)

    assert {(check.state, check.not_tested) for check in found.values()} == {(State.UNKNOWN, None)}
    assert "blocked by C25" in found["S12"].reason
    assert len(played) > 1, "a control that only waited is played again"


def test_an_ordinary_payment_that_waited_for_the_queries_of_others_is_played_again_when_they_are_made() -> None:
    on = environment(queries_per_minute=5)
    endings = [Missing("the payment is pending"), None]
    found: list[object] = []

    def judges(context: CheckContext) -> None:
        outcome = context.run.controls.once(Control.SUCCESS, lambda: ControlOutcome(finding=endings.pop(0)))
        found.append(outcome.finding)
        if outcome.finding is not None:
            raise outcome.finding

    plan = [planned_check(rule, judges, exclusive=True) for rule in ("C24", "C25")]
    states = {check.state for check in run_plan(on, *plan).values()}

    assert [finding is None for finding in found] == [False, True]
    assert states == {State.FAIL, State.PASS}


def test_a_merchant_that_limits_its_queries_spends_none_on_payments_about_whose_end_no_rule_asks() -> None:
    class ControlWithCallbacks(NoControl):
        played: list[object]

        def play_next(self, scenario: object, *, msisdn: str, hold_s: float = 0.0) -> int:
            self.played.append(scenario)
            return 1

    def scenarios(limit: float | None) -> list[object]:
        made: Any = environment(driver=Pays())
        made.control = ControlWithCallbacks()
        made.control.played = []
        context = CheckContext(made, Allocation(), deadline=time.monotonic() + 30)
        context.run.queries_per_minute = limit
        context.actions.pay()
        context.actions.pay({"scenario": "inline/paid"})
        return list(made.control.played)

    assert scenarios(5) == [UNPAID, {"scenario": "inline/paid"}]
    assert scenarios(1800) == scenarios(None) == [{"scenario": "inline/paid"}]


def test_a_number_is_the_one_for_all_once_two_customers_saw_it_prompted() -> None:
    run = RunRecord(target())
    run.add_other_number("254708374149", instead_of="254710000001")
    run.add_other_number("254708374149", instead_of="254710000001")
    assert run.prompted == ""

    run.add_other_number("254708374149", instead_of="254710000002")
    assert run.prompted == "254708374149"


@pytest.mark.parametrize(("tries", "state"), [(1, State.FAIL), (2, State.UNKNOWN)])
def test_several_payments_of_one_number_are_not_distinguished(tries: int, state: State) -> None:
    def fails(context: CheckContext) -> None:
        context.evidence.tries = tries
        for payer in ("254710000001", "254710000002"):
            context.run.add_other_number("254708374149", instead_of=payer)
        raise Failed("the payment is failed")

    assert run_plan(environment(), planned_check("C12", fails))["C12"].state is state


def test_starts_inside_checks_keep_the_promise_of_payments_at_once() -> None:
    gate = StartGate(2)
    inside, most = [0], [0]
    lock = Lock()

    def start() -> None:
        with gate.passing():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            pause.wait(0.05)
            with lock:
                inside[0] -= 1

    pause = Event()
    with ThreadPoolExecutor(6) as pool:
        for _ in range(6):
            pool.submit(start)

    assert most[0] == 2


def test_what_is_seen_with_few_beside_it_decides() -> None:
    first = Check(rule="C12", state=State.FAIL, reason="pending", tries=1)
    second = Check(rule="C12", state=State.FAIL, reason="credited twice", tries=1)

    notices = combined(first, CheckResult(second), trouble="this machine was overloaded").check

    assert (notices.state, notices.reason, notices.tries) == (State.FAIL, "credited twice", 2)


def test_a_merchant_that_becomes_slow_gets_no_more_checks_until_it_has_caught_up() -> None:
    overload = Overload()
    for _ in range(FIRST):
        overload.looked(0.01, well=True)
    assert not overload.growing

    for _ in range(RECENT):
        overload.looked(0.5, well=True)
    assert overload.growing

    for _ in range(RECENT):
        overload.looked(0.02, well=True)
    assert not overload.growing


def test_starts_that_become_slow_are_a_sign_of_overload() -> None:
    clock = iter([0.0, 0.05] * FIRST + [0.0, 2.5] * RECENT)
    overload = Overload(now=lambda: next(clock))
    for _ in range(FIRST):
        with overload.starting(ordinary=True):
            pass
    assert not overload.growing

    for _ in range(RECENT):
        with overload.starting(ordinary=True):
            pass
    assert overload.growing


def test_more_payments_are_started_at_once_the_more_were_answered() -> None:
    overload = Overload()
    with ExitStack() as under_way:
        for _ in range(AT_FIRST):
            assert not overload.full
            under_way.enter_context(overload.starting(ordinary=True))
        assert overload.full
    for _ in range(AT_FIRST):
        under_way.enter_context(overload.starting(ordinary=True))

    assert not overload.full
    under_way.close()


def test_a_state_that_cannot_be_read_is_a_sign_of_overload() -> None:
    run = RunRecord(target())
    now = time.time()
    for view in (StatusView(state=None, error="connection refused"), StatusView(state=None, http_status=503)):
        run.add_observation(PAYMENT, view, began=now, ended=now)

    assert run.overload.merchant.startswith("2 ordinary requests")


def test_a_merchant_that_says_how_many_it_bears_gets_no_more() -> None:
    running, most = [0], [0]

    def counts(context: CheckContext) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        context.time.pause(0.1)
        running[0] -= 1

    run_plan(environment(payments_at_once=2), *(planned_check(f"C{number}", counts) for number in range(8)))

    assert most[0] <= 2


def test_a_check_is_reported_when_it_ends_not_when_all_have_begun() -> None:
    reported: list[Check] = []
    runner = CheckRunner([environment(queries_per_minute=60)], report=keeper(reported))  # type: ignore[list-item]  # a test environment without processes
    runner.start(
        [
            planned_check("C01", passes, queries=1),
            planned_check("C02", passes, queries=1),
            planned_check("C03", passes, queries=1),
        ]
    )

    runner.result("C01")

    assert {check.rule for check in reported} < {"C01", "C02", "C03"}
    runner.stop()


class Doomed(FakeEnvironment):
    """Its merchant does not start again."""

    def restart_merchant(self) -> None:
        raise MerchantStartError("died", "it ended with 1: UNIQUE constraint failed")


def test_a_merchant_that_does_not_start_again_is_no_failure_of_ours() -> None:
    on = Doomed(environment().target)

    def kill(context: CheckContext) -> None:
        on.alive = False
        context.actions.restart_merchant()

    found = run_plan(on, planned_check("A04", kill, exclusive=True), planned_check("T01", passes, exclusive=True))

    assert found["A04"].state is State.FAIL
    assert "did not start again: it ended with 1: UNIQUE constraint failed" in found["A04"].reason
    assert (found["T01"].state, found["T01"].not_tested) == (State.NOT_TESTED, NotTested.SET_UP_FAILED)
    assert "did not start again" in found["T01"].reason


def test_what_failed_beside_others_is_not_lost_where_the_merchant_does_not_start_for_the_second_look() -> None:
    on = Doomed(environment().target)

    def kill(context: CheckContext) -> None:
        on.alive = False
        context.actions.restart_merchant()

    found = run_plan(
        on,
        planned_check("C03", raises(Failed("credited twice"))),
        planned_check("C04", raises(Failed("credited twice"))),
        planned_check("A04", kill, exclusive=True),
    )

    assert found["A04"].state is State.FAIL
    for rule in ("C03", "C04"):
        assert found[rule].state is State.UNKNOWN
        assert found[rule].reason.startswith(
            "seen beside other checks, and not repeated, for the merchant was not there"
        )
        assert found[rule].reason.endswith(": credited twice")


def test_an_instance_whose_merchant_does_not_start_leaves_the_rest_to_the_others() -> None:
    doomed, up = Doomed(environment().target), environment()
    both, killed = Barrier(2, timeout=30), Event()

    def kill(context: CheckContext) -> None:
        if context.environment is doomed:  # type: ignore[comparison-overlap]
            doomed.alive = False
            both.wait()
            killed.set()
            context.actions.restart_merchant()
        both.wait()
        killed.wait(30)

    plan = [planned_check(rule, kill, exclusive=True) for rule in ("A04", "R01")]
    rest = [planned_check(rule, passes, exclusive=True) for rule in ("T01", "T02", "T03", "T04")]
    runner = CheckRunner([doomed, up], report=keeper([]))  # type: ignore[list-item]  # test environments without processes
    runner.start([*plan, *rest])

    found = {planned.rule.id: runner.result(planned.rule.id) for planned in [*plan, *rest]}
    assert sorted(found[rule].state for rule in ("A04", "R01")) == [State.FAIL, State.PASS]
    assert {found[planned.rule.id].state for planned in rest} == {State.PASS}


def ordinary(outcomes: list[Failed | None], tries: list[str]) -> tuple[PlannedCheck, PlannedCheck]:
    """The rule that carries the ordinary success, and one that needs it; both fail as long as the success does."""

    def play() -> ControlOutcome:
        tries.append("control")
        return ControlOutcome(finding=outcomes.pop(0))

    def carrier(context: CheckContext) -> None:
        if (finding := context.run.controls.once(Control.SUCCESS, play).finding) is not None:
            raise finding

    def standing_on_it(context: CheckContext) -> None:
        tries.append("C12")
        carrier(context)

    return planned_check("C25", carrier), planned_check("C12", standing_on_it, controls=frozenset({Control.SUCCESS}))


def test_what_was_blocked_in_the_crowd_is_played_again_where_the_ordinary_payment_alone_ends_well() -> None:
    tries: list[str] = []

    found = run_plan(environment(), *ordinary([Failed("lost in the crowd"), None], tries))

    assert (found["C25"].state, found["C12"].state) == (State.PASS, State.PASS)
    assert tries.count("control") == 2


def test_what_is_blocked_by_a_failure_that_repeats_is_not_played_again() -> None:
    tries: list[str] = []

    found = run_plan(environment(), *ordinary([Failed("lost"), Failed("lost again")], tries))

    assert found["C25"].state is State.FAIL
    assert (found["C12"].state, found["C12"].not_tested) == (State.NOT_TESTED, NotTested.BLOCKED)
    assert tries.count("C12") <= 1
