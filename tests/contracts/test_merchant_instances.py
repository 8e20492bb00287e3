"""How checks are dealt over several instances of the merchant, and what counts of what they show."""

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import replace
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from fake_environment import FakeEnvironment, environment, planned_check, target
from tayari_contracts.catalogue.rules import Control, Need, catalogue
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested, WrongCredit
from tayari_contracts.context.overload import LATE_S, SIDE_BY_SIDE, MachineWatch
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation, ControlOutcome, RunRecord
from tayari_contracts.runner.check_run import CheckResult, PlannedCheck
from tayari_contracts.runner.check_runner import CheckRunner, Task, worst
from tayari_contracts.runner.check_schedule import CheckSchedule, applicable
from tayari_contracts.runner.merchant_instance import TRIES_WHEN_OVERLOADED, MerchantInstance
from tayari_contracts.steps import reconciliation
from tayari_money.payment_record import (
    DarajaTransaction,
    Observation,
    PaymentRecord,
    PaymentResult,
    PaymentState,
    ReceivedResult,
)
from tayari_reports.model import Check, NotTested, State
from tayari_target.driver import Started
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.target_model import CallTemplate, StatusSource


def run_all(environments: list[FakeEnvironment], *plan: PlannedCheck) -> dict[str, Check]:
    runner = CheckRunner(environments, report=lambda check: check)  # type: ignore[arg-type]  # environments without processes
    runner.start(plan)
    return {planned.rule.id: runner.result(planned.rule.id) for planned in plan}


@pytest.mark.parametrize("is_other_at_work", [True, False])
def test_an_instance_that_is_down_leaves_its_work_only_to_one_that_is_still_at_work(is_other_at_work: bool) -> None:
    runner = CheckRunner([environment(), environment()], report=lambda check: check)  # type: ignore[list-item]  # environments without processes
    down, up = runner._instances
    down._start_failure = "it did not start again"
    runner._at_work = [down, up] if is_other_at_work else [down]
    left = Task(planned=planned_check("T01", lambda _: None))
    runner._again.append(left)

    assert runner._next(down) is (None if is_other_at_work else left)
    assert (down in runner._at_work) is not is_other_at_work


def paid(reference: str) -> Payment:
    started = Started(accepted=True, status=200, payment_id=reference)
    return Payment(msisdn="254710000001", amount=100, reference=reference, started=started, since=1, began_at=0.0)


def test_what_must_run_alone_has_an_instance_to_itself_beside_others() -> None:
    """Three checks meet, which they could not one after the other; two of them run alone on their instance."""
    meet, on = Barrier(3, timeout=10), Lock()
    environments: list[object] = []

    def waits_for_the_others(context: CheckContext) -> None:
        with on:
            environments.append(context.environment)
        meet.wait()

    found = run_all(
        [environment(), environment(), environment()],
        planned_check("T01", waits_for_the_others, exclusive=True),
        planned_check("T02", waits_for_the_others, exclusive=True),
        planned_check("C01", waits_for_the_others),
    )

    assert {check.state for check in found.values()} == {State.PASS}
    assert len({id(each) for each in environments}) == 3


def test_nothing_runs_beside_what_must_run_alone_on_its_instance() -> None:
    lock, beside, broken = Lock(), dict[int, list[str]](), list[str]()

    def run(name: str, *, alone: bool) -> Callable[[CheckContext], None]:
        def check(context: CheckContext) -> None:
            with lock:
                here = beside.setdefault(id(context.environment), [])
                here.append(name)
                if len(here) > 1 and (alone or any(other.startswith("T") for other in here)):
                    broken.append(f"{name} beside {here}")
            context.time.pause(0.02)
            with lock:
                here.remove(name)

        return check

    alone = [planned_check(f"T{number:02}", run(f"T{number:02}", alone=True), exclusive=True) for number in range(6)]
    shared = [planned_check(f"C{number:02}", run(f"C{number:02}", alone=False)) for number in range(20)]
    run_all([environment(), environment(), environment()], *alone, *shared)

    assert broken == []


def test_at_most_so_many_checks_as_before_run_at_once_on_one_instance() -> None:
    lock, running, most = Lock(), dict[int, int](), [0]

    def counts(context: CheckContext) -> None:
        with lock:
            running[id(context.environment)] = running.get(id(context.environment), 0) + 1
            most[0] = max(most[0], *running.values())
        context.time.pause(0.05)
        with lock:
            running[id(context.environment)] -= 1

    run_all([environment(), environment()], *(planned_check(f"C{number:02}", counts) for number in range(40)))

    assert len(running) == 2
    assert most[0] <= SIDE_BY_SIDE


def test_what_takes_longest_begins_first() -> None:
    begun: list[str] = []

    def note(name: str) -> Callable[[CheckContext], None]:
        return lambda context: begun.append(name)

    quick = [planned_check(f"T{number:02}", note("quick"), exclusive=True, takes_s=1.0) for number in range(3)]
    run_all([environment()], *quick, planned_check("T09", note("long"), exclusive=True, takes_s=40.0))

    assert begun == ["long", "quick", "quick", "quick"]


def test_what_fails_alone_beside_a_loaded_instance_is_repeated_when_that_is_over() -> None:
    crowd_is_over, tried = Event(), list[bool]()

    def crowd(context: CheckContext) -> None:
        while len(tried) < 1:
            context.time.pause(0.01)
        crowd_is_over.set()

    def fails_once(context: CheckContext) -> None:
        tried.append(crowd_is_over.is_set())
        if len(tried) == 1:
            raise Failed("no token in time")

    found = run_all(
        [environment(), environment()], planned_check("C01", crowd), planned_check("T01", fails_once, exclusive=True)
    )

    assert tried == [False, True]
    assert found["T01"].state is State.PASS
    assert "no token in time" in found["T01"].reason


def test_a_wrong_credit_on_any_instance_is_proof_the_first_time() -> None:
    tries: list[int] = []

    def credits_twice(context: CheckContext) -> None:
        tries.append(1)
        raise WrongCredit("credited 2 times")

    found = run_all(
        [environment(), environment()],
        planned_check("C01", lambda context: None),
        planned_check("C09", credits_twice, exclusive=True),
    )

    assert found["C09"].state is State.FAIL
    assert tries == [1]


def test_a_rule_about_the_whole_run_is_judged_on_each_instance_that_took_part_and_the_worst_counts() -> None:
    meet = Barrier(2, timeout=10)
    judged: dict[str, int] = {}

    def order(reference: str) -> Callable[[CheckContext], None]:
        def run(context: CheckContext) -> None:
            meet.wait()
            context.run.add_payment(paid(reference))

        return run

    def judge(context: CheckContext) -> None:
        references = sorted(context.run.orders)
        judged.update(dict.fromkeys(references, sum(len(run.orders) for run in context.run.others)))
        context.evidence.tries = 1
        if references == ["bad"]:
            raise Failed("credited without proof")

    found = run_all(
        [environment(), environment(), environment()],
        planned_check("T01", order("good"), exclusive=True),
        planned_check("T02", order("bad"), exclusive=True),
        planned_check("M02", judge, last=True),
    )

    assert judged == {"good": 1, "bad": 1}
    assert (found["M02"].state, found["M02"].tries) == (State.FAIL, 2)


@pytest.mark.parametrize(("tested", "state"), [("B", State.PASS), ("", State.ERROR)])
def test_ordinary_payments_explain_an_untested_rule_only_if_no_instance_tests_it(tested: str, state: State) -> None:
    meet = Barrier(2, timeout=10)

    def order(reference: str) -> Callable[[CheckContext], None]:
        def run(context: CheckContext) -> None:
            meet.wait()
            context.run.add_payment(paid(reference))

        return run

    def judge(context: CheckContext) -> None:
        if tested not in context.run.orders:
            raise Untested("nothing was paid twice")

    found = run_all(
        [environment(), environment()],
        planned_check("T01", order("A"), exclusive=True),
        planned_check("T02", order("B"), exclusive=True),
        planned_check("M02", judge, last=True, controls=frozenset({Control.SUCCESS})),
    )

    assert found["M02"].state is state, "the fake merchant cannot be paid: a control payment is an error"


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ((State.PASS, State.NOT_TESTED), State.PASS),
        ((State.PASS, State.UNKNOWN), State.UNKNOWN),
        ((State.ERROR, State.PASS), State.ERROR),
        ((State.UNKNOWN, State.FAIL, State.PASS), State.FAIL),
        ((State.NOT_APPLICABLE, State.NOT_TESTED), State.NOT_TESTED),
    ],
)
def test_the_worst_of_several_instances(states: tuple[State, ...], counts: State) -> None:
    assert worst([Check(rule="M01", state=state) for state in states]).state is counts


def test_an_instance_that_does_not_come_up_again_is_no_pass_of_the_whole_run() -> None:
    living, dead = environment(), environment()
    meet = Barrier(2, timeout=10)

    def dies(context: CheckContext) -> None:
        meet.wait()
        context.run.add_payment(paid("A" if context.environment is living else "B"))  # type: ignore[comparison-overlap]
        if context.environment is dead:  # type: ignore[comparison-overlap]
            dead.alive = False

    def no_restart() -> None:
        raise MerchantStartError("died", "the database is gone")

    dead.restart_merchant = no_restart  # type: ignore[method-assign]
    found = run_all(
        [living, dead],
        planned_check("T01", dies, exclusive=True),
        planned_check("T02", dies, exclusive=True),
        planned_check("M01", lambda context: None, last=True),
    )

    assert found["M01"].state is State.UNKNOWN
    assert "the database is gone" in found["M01"].reason


def test_what_is_blocked_by_an_ordinary_payment_of_the_first_look_is_judged_in_the_second() -> None:
    """Until a control is broken in the second look as well: then what follows stays blocked, and costs no time."""
    runner = CheckRunner([environment()], report=lambda check: check)  # type: ignore[list-item]  # environments without processes
    instance = runner._instances[0]
    locked = ControlOutcome(finding=Failed("the database was locked"))
    blocked = CheckResult(
        Check(rule="P10", state=State.NOT_TESTED, reason="blocked by P18: locked", not_tested=NotTested.BLOCKED),
        doubtful=True,
    )
    ran: list[str] = []

    def note(rule: str) -> Callable[[CheckContext], None]:
        return lambda _: ran.append(rule)

    tasks = [Task(planned=planned_check(rule, note(rule)), first=blocked) for rule in ("P10", "P09")]
    runner._results = {task.planned.rule.id: Future() for task in tasks}
    instance.run.controls.once(Control.SUCCESS, lambda: locked)
    runner._run(instance, tasks[0])
    instance.run.controls.once(Control.SUCCESS, lambda: locked)
    runner._run(instance, tasks[1])

    assert ran == ["P10"]
    assert (runner.result("P10").state, runner.result("P09").state) == (State.PASS, State.NOT_TESTED)


def test_instances_learn_of_each_other_what_the_merchant_is_like() -> None:
    first, second = RunRecord(target()), RunRecord(target())
    first.queries_per_minute, first.receipt_seen, first.unknown_word = 5, True, "VOID"
    for payer in ("254710000001", "254710000002"):
        first.add_other_number("254700000000", instead_of=payer)

    second.learn(first)

    assert (second.queries_per_minute, second.receipt_seen, second.unknown_word) == (5, True, "VOID")
    assert second.prompted == "254700000000"


def strained(failures: Iterator[Exception | None], *, late: Callable[[], bool]) -> Check:
    """A check that runs alone while the machine is late, or is not."""
    machine = MachineWatch()

    def run(context: CheckContext) -> None:
        if late():
            machine.woken(LATE_S * 2, at=time.monotonic())
        error = next(failures)
        if error is not None:
            raise error

    on: Any = environment()
    instance = MerchantInstance(on, RunRecord(target(), machine=machine), Allocation(), stop=Event())
    return instance.alone(planned_check("T02", run, exclusive=True)).check


def test_a_late_machine_is_seen_before_its_watch_has_noted_it() -> None:
    clock = [100.0]
    machine = MachineWatch(now=lambda: clock[0])
    machine.waits_since = 100.0
    at_once = machine.since(99.0)
    clock[0] += 30.05
    later = machine.since(99.0)
    machine.waits_since = None

    assert (at_once, machine.since(99.0)) == ("", "")
    assert "woken up to 30.0 s late" in later


def test_what_fails_while_the_machine_is_late_is_tried_again() -> None:
    found = strained(iter([Failed("slow"), None]), late=lambda: True)

    assert found.state is State.PASS


def test_what_fails_each_time_while_the_machine_is_late_is_left_open() -> None:
    found = strained(iter([Failed("slow")] * TRIES_WHEN_OVERLOADED), late=lambda: True)

    assert found.state is State.UNKNOWN
    assert "this machine was overloaded" in found.reason
    assert "slow" in found.reason


@pytest.mark.parametrize(("error", "late"), [(Failed("slow"), False), (WrongCredit("twice"), True)])
def test_a_machine_at_ease_and_a_wrong_credit_leave_nothing_open(error: Exception, late: bool) -> None:
    assert strained(iter([error]), late=lambda: late).state is State.FAIL


CI = [
    row
    for row in catalogue().values()
    if "ci" in row.suites and row.family != "performance" and Need.PAYOUT not in row.needs
]
"""The rules of a shop."""


def schedule(queries_per_minute: float | None = None, reconcile_within_s: float = 30.0) -> CheckSchedule:
    made = environment(queries_per_minute=queries_per_minute).target
    promises = replace(made.merchant.promises, reconcile_within_s=reconcile_within_s)
    return CheckSchedule(target=replace(made, merchant=replace(made.merchant, promises=promises)))


def test_more_instances_shorten_a_suite_until_its_longest_check_is_all_that_is_left() -> None:
    one, four, longest = schedule().total_s(CI, 1), schedule().total_s(CI, 4), max(row.takes_s for row in CI)

    assert longest < four < 0.75 * one


def test_a_merchant_that_limits_its_queries_shares_its_waits_among_instances() -> None:
    polite = schedule(queries_per_minute=5)

    assert polite.total_s(CI, 8) < 0.3 * polite.total_s(CI, 1)
    assert 1 < polite.shared_instances(CI, 8) < 8, "what runs alone begins at once too"
    assert 1 <= schedule(queries_per_minute=1800).shared_instances(CI, 8) < 8


def test_a_check_that_watches_for_a_minute_begins_among_the_first_of_a_release() -> None:
    release = [row for row in catalogue().values() if "release" in row.suites and not (row.exclusive or row.last)]

    first = [row.rule.id for row in schedule().longest_first(release)[:3]]

    assert set(first) == {"C19", "Q04", "Q11"}


def test_a_check_that_leaves_a_payment_open_begins_early_and_is_waited_for() -> None:
    plain = [planned_check(f"C{number:02}", lambda _: None, takes_s=9.0) for number in range(1, 9)]
    leaves = planned_check("C16", lambda _: None, takes_s=2.0, leaves_open=True)

    assert schedule().longest_first([*plain, leaves])[0] is leaves
    assert schedule().total_s(plain, 1) < 15.0
    assert schedule().total_s([*plain, leaves], 1) > 30.0


def test_rules_of_what_the_merchant_does_not_do_take_no_instance_from_the_others() -> None:
    plan = [row for row in catalogue().values() if "release" in row.suites]
    target = schedule().target
    takes_no_payouts = replace(target, merchant=replace(target.merchant, payout=None, capabilities=frozenset()))
    played = applicable(plan, takes_no_payouts)

    assert not any(Need.PAYOUT in row.needs for row in played)
    assert CheckSchedule(target=takes_no_payouts).shared_instances(played, 4) > 1


def test_twice_as_many_rules_take_hardly_longer_where_the_machine_bears_more_instances() -> None:
    made = schedule()

    assert made.at_once(2) == made.at_once(4) == 2 * SIDE_BY_SIDE
    assert made.at_once(8) == 4 * SIDE_BY_SIDE
    assert made.total_s([*CI, *CI], 4) > 1.3 * made.total_s(CI, 4)
    assert made.total_s([*CI, *CI], 16) < 1.3 * made.total_s(CI, 4)


def test_a_longer_promise_makes_the_suite_longer() -> None:
    assert schedule(reconcile_within_s=60.0).total_s(CI, 4) > schedule().total_s(CI, 4) + 15.0


def test_the_wait_for_a_query_that_never_comes_is_planned_for_the_rule_that_shows_it() -> None:
    shown = schedule(reconcile_within_s=60.0)
    status = StatusSource(call=CallTemplate(method="GET", path="/"), state="$", states={})
    seen = CheckSchedule(target=replace(shown.target, merchant=replace(shown.target.merchant, status=status)))

    assert seen.silence_s(CI) == pytest.approx(74.0)
    assert seen.silence_s([catalogue()["C03"]]) == 0.0
    assert shown.silence_s(CI) == 0.0


def test_no_more_instances_are_started_than_there_is_work_for() -> None:
    rows = catalogue()

    assert schedule().useful_instances([rows["C03"]], 4) == 1
    assert schedule().useful_instances([rows["C03"], rows["T01"]], 4) == 2
    assert schedule().useful_instances(CI, 16) < 8
    assert schedule(queries_per_minute=5).useful_instances(CI, 8) == 8


@pytest.mark.parametrize(("lost_s", "looks"), [(0.0, ["all"]), (60.0, ["all", {"T1"}, "all"])])
def test_a_machine_that_stood_still_gives_the_merchant_that_time_before_its_money_is_judged(
    lost_s: float, looks: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_at = time.time() - 100.0
    success = ReceivedResult(at=paid_at, result=PaymentResult.SUCCESS, amount=100.0, receipt="UKN1")
    accepted = DarajaTransaction(
        transaction_id="ws_CO_1", completed=True, messages=(success,), amount=100.0, due_at=paid_at, receipt="UKN1"
    )
    pending = Observation(payment_id="p1", state=PaymentState.PENDING, began=paid_at, ended=paid_at)
    open_order = PaymentRecord(
        reference="T1", ordered=100.0, transactions=(accepted,), observations=(pending,), credits=0, total=0.0
    )
    seen: list[object] = []

    def look(context: CheckContext, *, only: Collection[str] = ()) -> tuple[PaymentRecord, ...]:
        seen.append(only or "all")
        return (open_order,) if len(seen) == 1 else ()

    monkeypatch.setattr(reconciliation, "look_at_all", look)
    on: Any = environment()
    context = CheckContext(on, Allocation(), deadline=time.monotonic() + 60.0)
    context.run.overload.watch.lost_s = lost_s
    reconciliation.close(context)

    assert seen == looks, "in between only the open order is looked at"
