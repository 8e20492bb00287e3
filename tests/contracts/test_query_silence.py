"""A merchant that never asks Daraja: shown once by Q01, and then no check waits for its queries again."""

import time
from threading import Event, Thread
from typing import Any

import pytest
from fake_environment import FakeEnvironment, environment, planned_check
from tayari_contracts.catalogue.rules import Need
from tayari_contracts.checks.set_up.k01_capabilities import traffic_agrees_with_the_declared_capabilities
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import SLOW_S
from tayari_contracts.context.findings import Failed, Finding, Missing, Unjudged, Untested, WrongCredit
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation, QuerySilence, RunRecord
from tayari_contracts.runner.check_run import run_check
from tayari_contracts.steps.status_queries import asked_elsewhere, shows_silence
from tayari_money.payment_record import PaymentState
from tayari_reports.model import Check, NotTested, State
from tayari_target.target_file.target_model import CallTemplate, StatusSource
from tayari_target.views import Started, StatusView

NEVER = "no status query came within 60 s for a payment whose callback never came"
STATUS = StatusSource(call=CallTemplate(method="GET", path="/"), state="$", states={})


def payment() -> Payment:
    started = Started(accepted=True, status=200, payment_id="1")
    return Payment(msisdn="254710000001", amount=100, reference="T1", started=started, since=1, began_at=time.time())


def silent_run() -> RunRecord:
    run = RunRecord(environment(status=STATUS).target)
    run.silence.learn(NEVER, payment())
    return run


def context(run: RunRecord | None = None, made: FakeEnvironment | None = None) -> CheckContext:
    made = made or environment(status=STATUS)
    return CheckContext(made, Allocation(), deadline=time.monotonic() + 60, run=run)  # type: ignore[arg-type]  # what it needs of one


def ended(run: RunRecord, raised: Finding, *needs: Need) -> Check:
    played: list[CheckContext] = []

    def play(one: CheckContext) -> None:
        played.append(one)
        raise raised

    made: Any = environment(status=STATUS)
    planned = planned_check("Q06", play, needs=frozenset(needs))
    check = run_check(planned, made, Allocation(), stop=Event(), run=run).check
    assert bool(played) is not (check.not_tested is NotTested.BLOCKED and bool(needs))
    return check


def test_a_rule_about_queries_is_blocked_by_q01_and_not_played() -> None:
    check = ended(silent_run(), Failed("not paid"), Need.QUERY)

    assert (check.state, check.not_tested) == (State.NOT_TESTED, NotTested.BLOCKED)
    assert check.reason == f"blocked by Q01: {NEVER}"


def test_any_other_rule_keeps_its_own_ending() -> None:
    assert ended(silent_run(), Failed("not paid")).state is State.FAIL


def test_a_query_that_comes_after_all_has_the_rules_judged_again() -> None:
    run, played = silent_run(), Event()
    made: Any = environment(status=STATUS)
    asked(made, run)
    planned = planned_check("Q14", lambda _: played.set(), needs=frozenset({Need.QUERY}))

    check = run_check(planned, made, Allocation(), stop=Event(), run=run).check

    assert (check.state, played.is_set()) == (State.PASS, True)
    assert context(run).time.patience_s == context().time.patience_s
    assert (run.silence.found, run.silence.payment) == ("", None)


def test_a_query_during_a_check_that_was_cut_short_has_it_repeated() -> None:
    run = RunRecord(environment(status=STATUS).target)
    made: Any = environment(status=STATUS)

    def play(_: CheckContext) -> None:
        run.silence.learn(NEVER, payment())
        asked(made, run)
        raise Untested("no status query came")

    planned = planned_check("Q06", play, needs=frozenset({Need.QUERY}))
    result = run_check(planned, made, Allocation(), stop=Event(), run=run)

    assert (result.check.not_tested, result.doubtful) == (NotTested.SET_UP_FAILED, True)


@pytest.mark.parametrize(
    ("raised", "state"),
    [
        (Untested("no status query came"), State.NOT_TESTED),
        (Unjudged("it was not seen"), State.NOT_TESTED),
        (Missing("2 queries came"), State.NOT_TESTED),
        (Failed("it became failed"), State.FAIL),
        (WrongCredit("credited twice"), State.FAIL),
    ],
)
def test_what_began_before_the_silence_was_known_ends_as_what_begins_after_it(raised: Finding, state: State) -> None:
    run = RunRecord(environment(status=STATUS).target)

    def play(_: CheckContext) -> None:
        run.silence.learn(NEVER, payment())
        raise raised

    made: Any = environment(status=STATUS)
    planned = planned_check("Q06", play, needs=frozenset({Need.QUERY}))
    check = run_check(planned, made, Allocation(), stop=Event(), run=run).check

    assert check.state is state
    assert (check.not_tested is NotTested.BLOCKED) is (state is State.NOT_TESTED)


def test_a_check_that_misses_a_query_waits_for_the_word_of_whoever_watches() -> None:
    silence, watching = QuerySilence(), Event()

    def watch() -> None:
        with silence.watching():
            watching.set()
            silence.learn(NEVER, payment())

    thread = Thread(target=watch)
    thread.start()
    watching.wait(10)

    assert silence.awaited(within_s=10) == f"blocked by Q01: {NEVER}"
    thread.join()


def test_nobody_waits_where_nobody_watches_or_a_query_came() -> None:
    silence = QuerySilence()

    assert silence.awaited(within_s=60) == ""
    with silence.watching():
        silence.note_query()
        assert silence.awaited(within_s=60) == ""


def test_a_merchant_that_asked_once_is_never_called_silent() -> None:
    silence = QuerySilence()
    silence.note_query()

    assert not silence.learn(NEVER, payment())
    assert silence.found == ""


def test_the_silence_is_reported_once() -> None:
    answer: list[str] = []
    run = RunRecord(environment(status=STATUS).target, notice=answer.append)
    run.silence.learn(NEVER, payment())
    run.silence.learn(NEVER, payment())

    assert answer == [f"{NEVER}: from here on nothing waits for one"]


def test_the_end_of_the_silence_is_reported_too() -> None:
    lines: list[str] = []
    run = RunRecord(environment(status=STATUS).target, notice=lines.append)
    run.silence.learn(NEVER, payment())
    run.silence.note_query()
    run.silence.note_query()

    assert lines[1:] == ["a status query came after all: from here on checks wait for them again"]


def asked(made: FakeEnvironment, _: RunRecord) -> None:
    made.control.entries.append({"endpoint": "stk_query", "seq": 1})


def dead(made: FakeEnvironment, _: RunRecord) -> None:
    made.alive = False


def locked(_: FakeEnvironment, run: RunRecord) -> None:
    run.overload.note_text("database is locked")


def crashed(_: FakeEnvironment, run: RunRecord) -> None:
    run.overload.crashed()


def strained(_: FakeEnvironment, run: RunRecord) -> None:
    run.overload.watch.woken(5.0, at=time.monotonic())


@pytest.mark.parametrize("trouble", [asked, dead, locked, crashed, strained])
def test_a_wait_that_something_else_explains_shows_no_silence(trouble: Any) -> None:
    made, run, began = environment(status=STATUS), RunRecord(environment(status=STATUS).target), time.monotonic()

    trouble(made, run)

    assert not shows_silence(context(run, made), payment(), NEVER, began=began)
    assert run.silence.found == ""


def test_a_wait_that_was_cut_short_shows_no_silence() -> None:
    run = RunRecord(environment(status=STATUS).target)
    one = context(run)
    one.time.stop.set()

    assert not shows_silence(one, payment(), NEVER, began=time.monotonic())


def test_a_whole_wait_in_peace_shows_the_silence() -> None:
    run, shown = RunRecord(environment(status=STATUS).target), payment()

    assert shows_silence(context(run), shown, NEVER, began=time.monotonic())
    assert (run.silence.found, run.silence.payment) == (NEVER, shown)


def test_what_a_query_cannot_settle_any_more_is_not_waited_for() -> None:
    before, after = context().time, context(silent_run()).time

    assert (before.patience_s, before.settled_s) == (62.0, 62.0)
    assert (after.patience_s, after.settled_s) == (SLOW_S, SLOW_S)


def test_k01_fails_at_once_over_the_payment_that_showed_it() -> None:
    one = context(silent_run(), made := environment(status=STATUS))
    made.control.entries.append({"endpoint": "stk_push", "seq": 1})

    with pytest.raises(Failed, match="no status query was seen in the whole run"):
        traffic_agrees_with_the_declared_capabilities(one)

    assert one.evidence.payments == [one.run.silence.payment]


def test_a_query_by_a_path_that_nobody_plays_is_named_where_none_came() -> None:
    """No blame for a merchant that asks, by a path that this simulator does not have."""
    made = environment(status=STATUS)
    asking = context(made=made)
    assert asked_elsewhere(asking, payment()) == ""

    url = "http://127.0.0.1:9310/mpesa/stkpushquery/v9/query?key=1"
    row = {
        "kind": "request",
        "endpoint": None,
        "request": {"method": "POST", "url": url},
        "note": "no API has this path",
    }
    made.control.entries += [row, row]

    assert asked_elsewhere(asking, payment()) == (
        " (meanwhile the merchant called POST /mpesa/stkpushquery/v9/query 2 times, which is not played here: "
        "no API has this path)"
    )


class AsksOnRefresh:
    """A merchant that asks Daraja only when its page wants it, and settles at the second answer."""

    def __init__(self) -> None:
        self.asked_at: list[float] = []

    def refresh(self, payment_id: str, reference: str) -> None:
        self.asked_at.append(time.monotonic())

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        return StatusView(state=PaymentState.PAID if len(self.asked_at) > 1 else PaymentState.PENDING)


@pytest.fixture
def a_short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tayari_contracts.context.observations.REFRESH_EVERY_S", 0.02)


@pytest.mark.usefixtures("a_short_pause")
def test_a_page_that_a_check_refreshed_is_refreshed_again_until_the_payment_is_settled() -> None:
    """The first answer is often "Invalid CheckoutRequestID": too early. A merchant that asks on refresh must be let."""
    merchant = AsksOnRefresh()
    seen = context(made=environment(status=STATUS, driver=merchant)).observations

    seen.refresh(payment())

    assert seen.until(payment(), PaymentState.PAID, within_s=20).state is PaymentState.PAID
    assert len(merchant.asked_at) == 2


@pytest.mark.usefixtures("a_short_pause")
def test_a_page_that_no_check_refreshed_is_only_looked_at() -> None:
    """Otherwise Tayari itself would cause the queries that rules count."""
    merchant = AsksOnRefresh()

    context(made=environment(status=STATUS, driver=merchant)).observations.until(
        payment(), PaymentState.PAID, within_s=0.1
    )

    assert merchant.asked_at == []
