"""A merchant that works on its callbacks later is judged after it dealt with them, or not at all."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from endings import ending
from fake_environment import environment
from tayari_contracts.checks.acknowledgement.a05_callback_before_ack import SOON_S, _is_dropped, _judge
from tayari_contracts.checks.c2b import b13_other_amounts
from tayari_contracts.checks.callback import c06_amount, c07_forged_success, c19_late_success
from tayari_contracts.checks.callback.c06_amount import UNCONFIRMED_S, decided
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import GRACE_S, CheckTime
from tayari_contracts.context.check_time import SOON_S as SOON_PAUSE_S
from tayari_contracts.context.evidence import Evidence
from tayari_contracts.context.findings import Failed, Finding, Unjudged, Warned
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW, Payment
from tayari_contracts.context.run_record import Allocation, RunRecord
from tayari_target.target_file.target_model import CallTemplate, StatusSource
from tayari_target.views import Started, StatusView

View = Callable[[float], StatusView]
"""What the merchant shows, by the seconds since the later payment began."""

RECEIPT = "UKN0000001"
WAIT_S = 0.8
LONG_WAIT_S = 30.0
"""Of a test in which nobody waits: however busy the machine is, it ends in less than half of that."""


def payment(reference: str) -> Payment:
    started = Started(accepted=True, status=200, payment_id=reference)
    return Payment(
        msisdn="254710000001", amount=100, reference=reference, started=started, since=1, began_at=time.time()
    )


ODD = payment("odd")


class LaterRecord:
    """Daraja's word on the later payment."""

    def __init__(self, *, asked: bool) -> None:
        self._asked = asked

    def now(self) -> int:
        return 1

    def record(self, _: Payment) -> dict[str, Any]:
        return {"receipt": RECEIPT}

    def queries(self, _: Payment) -> list[dict[str, Any]]:
        return [{}] if self._asked else []


class Script:
    """A merchant that shows of each payment what a test says, by the seconds since it began."""

    def __init__(self, odd: View, later: View) -> None:
        self._views = {"odd": odd, "later": later}
        self.began = time.monotonic()

    def start_payment(self, **_: Any) -> Started:
        return Started(accepted=True, status=200, payment_id="later")

    def read_audit(self, **_: str) -> None:
        """None is kept."""

    def read_ledger(self, **_: str) -> None:
        """None is kept."""

    def read_status(self, payment_id: str, _: str) -> StatusView:
        return self._views[payment_id](time.monotonic() - self.began)


def watched(
    odd: View, later: View, *, asked: bool = True, receipts: bool = True, slow_s: float = WAIT_S
) -> CheckContext:
    """The context of a merchant that follows a script, with less than a second in place of half a minute."""
    status = StatusSource(
        call=CallTemplate(method="GET", path="/"), state="$", states={}, receipt="$" if receipts else None
    )
    made: Any = environment(status=status, driver=Script(odd, later), reconcile_within_s=-GRACE_S)  # no time at all
    journal: Any = LaterRecord(asked=asked)
    context = CheckContext(made, Allocation(), deadline=time.monotonic() + 60, journal=journal)
    context.time.settle_s, context.time.slow_s = 0.0, slow_s
    return context


def took_s(context: CheckContext) -> float:
    """Seconds since the script began."""
    script: Any = context.driver
    return float(time.monotonic() - script.began)


def always(state: Any, receipt: str | None = None) -> View:
    return lambda _: StatusView(state=state, receipt=receipt)


def changing(first: Any, at_s: float, then: Any, receipt: str | None = None) -> View:
    return lambda now: StatusView(state=then, receipt=receipt) if now >= at_s else StatusView(state=first)


def test_a_quick_merchant_is_judged_at_once() -> None:
    context = watched(always(PENDING), always(PAID, RECEIPT), slow_s=LONG_WAIT_S)

    assert context.expectations.status_after_queue(ODD).state is PENDING
    assert took_s(context) < LONG_WAIT_S


def test_what_a_slow_merchant_makes_of_it_is_seen() -> None:
    context = watched(changing(PENDING, 0.4, PAID), changing(PENDING, 0.4, PAID, RECEIPT))

    assert context.expectations.status_after_queue(ODD).state is PAID


def test_a_later_payment_that_a_query_settled_says_nothing_of_the_queue() -> None:
    context = watched(changing(PENDING, 0.4, PAID), always(PAID))

    assert context.expectations.status_after_queue(ODD).state is PAID
    assert took_s(context) >= WAIT_S


@pytest.mark.parametrize(("asked", "soon"), [(True, False), (False, True)])
def test_without_receipts_only_a_payment_that_nobody_asked_about_was_settled_by_its_callback(
    asked: bool, soon: bool
) -> None:
    slow_s = LONG_WAIT_S if soon else WAIT_S
    context = watched(always(PENDING), always(PAID), asked=asked, receipts=False, slow_s=slow_s)

    context.expectations.status_after_queue(ODD)

    assert (took_s(context) < slow_s) is soon


@pytest.mark.parametrize(("seen", "soon"), [(False, True), (True, False)])
def test_a_receipt_that_no_look_ever_found_is_not_waited_for(seen: bool, soon: bool) -> None:
    slow_s = LONG_WAIT_S if soon else WAIT_S
    context = watched(always(PENDING), always(PAID), asked=False, slow_s=slow_s)
    context.run.receipt_seen = seen

    context.expectations.status_after_queue(ODD)

    assert (took_s(context) < slow_s) is soon


def test_pending_decides_nothing_where_the_later_payment_is_pending_too() -> None:
    with pytest.raises(Unjudged, match=r"is pending, but an ordinary one begun after it is pending after [0-9.]+ s"):
        watched(always(PENDING), always(PENDING)).expectations.status_after_queue(ODD)


def test_paid_decides_whatever_the_later_payment_is() -> None:
    assert watched(always(PAID), always(PENDING)).expectations.status_after_queue(ODD).state is PAID


@pytest.mark.parametrize("state", [FAILED, REVIEW, PAID])
def test_a_decision_is_the_last_word(state: Any) -> None:
    context = watched(changing(PENDING, 0.2, state), always(PAID, RECEIPT))

    assert context.expectations.final_status(ODD).state is state


@pytest.mark.parametrize("state", [PENDING, None])
def test_what_never_settles_was_not_seen(state: Any) -> None:
    with pytest.raises(Unjudged, match=r"still .* its end was not seen"):
        watched(always(state), always(PAID, RECEIPT)).expectations.final_status(ODD)


def begun(seconds_ago: float) -> Payment:
    return replace(ODD, began_at=time.time() - seconds_ago)


def test_paid_before_any_query_confirmed_it_is_the_callbacks_doing() -> None:
    assert decided(watched(always(PAID), always(PAID, RECEIPT)), begun(0.0)).state is PAID


def test_paid_when_a_query_may_have_come_before_the_callback_left_the_queue_decides_nothing() -> None:
    with pytest.raises(Unjudged, match="a query that names no amount may have come before the callback did"):
        decided(watched(always(PAID), always(PAID, RECEIPT)), begun(UNCONFIRMED_S + 1))


def test_without_a_query_only_the_callback_can_have_made_it_paid_however_late() -> None:
    context = watched(always(PAID), always(PAID), asked=False)

    assert decided(context, begun(UNCONFIRMED_S + 1)).state is PAID


def test_a_merchant_that_asks_first_is_judged_when_it_has_got_both() -> None:
    context = watched(changing(PENDING, 0.5, REVIEW), always(PAID, RECEIPT))

    assert decided(context, begun(0.0)).state is REVIEW


def test_a_query_that_names_no_amount_decides_nothing_on_an_amount_as_text() -> None:
    def merchant() -> CheckContext:
        return watched(changing(PENDING, 0.5, PAID), always(PAID, RECEIPT))

    assert decided(merchant(), begun(0.0)).state is PAID
    with pytest.raises(Unjudged, match="still pending: its end was not seen"):
        decided(merchant(), begun(0.0), by_query=False)


def test_c06_judges_an_amount_as_text_by_its_callback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    context, judged = watched(always(REVIEW), always(PAID, RECEIPT)), dict[str, bool]()
    monkeypatch.setattr(c06_amount, "_pay_less", lambda *_: ODD)
    monkeypatch.setattr(c06_amount, "_judge", lambda *given, by_query=True: judged.update({given[2]: by_query}))

    checks()["C06"](context)

    assert judged == {"says 1": True, 'says "1", as text': False}


@pytest.mark.parametrize("receipt", [RECEIPT, None])
def test_an_early_callback_that_waited_in_a_queue_is_known_by_its_receipt(receipt: str | None) -> None:
    context = watched(always(PAID, receipt), always(PAID, RECEIPT))

    assert _is_dropped(context, ODD, asked_s=0.0) is (receipt is None)


@pytest.mark.parametrize("asked_s", [SOON_S, SOON_S + 0.1])
def test_without_receipts_a_query_that_comes_soon_may_confirm_an_early_callback(asked_s: float) -> None:
    context = watched(always(PAID), always(PAID), receipts=False)

    assert _is_dropped(context, ODD, asked_s=asked_s) is (asked_s > SOON_S)


class EarlyRecord(LaterRecord):
    """Daraja's word on a payment whose callback was early, and which was asked about five seconds later."""

    def callbacks(self, _: Payment) -> list[dict[str, Any]]:
        return [{"response": {"status": 200}}]

    def pushes(self, _: Payment) -> list[dict[str, Any]]:
        return [{"at": 100.0}]

    def queries(self, _: Payment) -> list[dict[str, Any]]:
        return [{"at": 105.0}]


@pytest.mark.parametrize(("credited", "end"), [(100.0, "Warned"), (200.0, "WrongCredit")])
def test_a_double_credit_counts_more_than_a_lost_receipt(credited: float, end: str) -> None:
    status = StatusSource(call=CallTemplate(method="GET", path="/"), state="$", states={}, credited="$")
    shown = lambda _: StatusView(state=PAID, credited=credited)  # noqa: E731 - as the other views
    made: Any = environment(status=status, driver=Script(shown, shown))
    journal: Any = EarlyRecord(asked=True)

    assert ending(_judge, CheckContext(made, Allocation(), deadline=time.monotonic() + 30, journal=journal), ODD) == end


@pytest.mark.parametrize(("asked", "ends"), [(True, "Unjudged"), (False, "passes")])
def test_a_callback_counts_as_read_where_an_ordinary_one_after_it_was(asked: bool, ends: str) -> None:
    context = watched(always(PENDING), always(PAID), asked=asked, receipts=False)
    context.expectations.status_after_queue(ODD)

    assert ending(context.expectations.require_callback_read, ODD) == ends


def test_a_failure_is_looked_for_before_anything_that_takes_as_long_as_the_success_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow merchant needs seconds for the second try of another order: by then the success would have come."""
    did: list[str] = []

    def look(*_: object) -> bool:
        did.append("looked")
        return True

    monkeypatch.setattr(c19_late_success, "failure_was_read", look)
    monkeypatch.setattr(c19_late_success, "pay_twice", lambda *_: did.append("paid twice"))
    context = SimpleNamespace(
        actions=SimpleNamespace(
            pay_accepted=lambda _: None, in_background=lambda _: SimpleNamespace(result=lambda: 1.0)
        ),
        time=SimpleNamespace(reconcile_s=1.0),
        observations=SimpleNamespace(wait=lambda *_, **__: None),
        expectations=SimpleNamespace(honoured=lambda *_, **__: None),
        journal=SimpleNamespace(queries=lambda _: []),
    )

    checks()["C19"](cast("CheckContext", context))

    assert did == ["looked", "paid twice"]


@pytest.mark.parametrize(
    ("gives_up_s", "comes_s"),
    [(5.0, 13.0), (14.0, 15.0), (60.0, 20.0)],
    ids=["before its promise is over", "soon after it", "never"],
)
def test_a_success_comes_once_the_merchant_has_given_up(
    monkeypatch: pytest.MonkeyPatch, gives_up_s: float, comes_s: float
) -> None:
    """It promises to settle within 10 s, and is waited for until 20 s."""
    now, brought = [ODD.began_at], []
    monkeypatch.setattr(c19_late_success, "time", SimpleNamespace(time=lambda: now[0]))

    def pause(seconds: float) -> None:
        now[0] += seconds

    def until(payment: Payment, *states: object, within_s: float) -> StatusView:
        ends = max(now[0], min(now[0] + within_s, payment.began_at + gives_up_s))
        now[0] = ends
        gave_up = ends >= payment.began_at + gives_up_s and FAILED in states
        return StatusView(state=FAILED if gave_up else PENDING)

    context = SimpleNamespace(
        time=SimpleNamespace(reconcile_s=10.0, pause=pause),
        observations=SimpleNamespace(until=until),
        actions=SimpleNamespace(require_accepted=lambda payment: payment.reference),
        control=SimpleNamespace(bring_result=lambda name: brought.append((name, now[0] - ODD.began_at))),
    )
    asked = replace(ODD, reference="asked")

    silence_s = c19_late_success.end_silence(cast("CheckContext", context), ODD, asked, longest_s=20.0)

    assert silence_s == pytest.approx(comes_s)
    assert [name for name, _ in brought] == ["odd", "asked"]
    assert [at_s for _, at_s in brought] == pytest.approx([comes_s, comes_s])


class BatchedAccounts:
    """A merchant that lists each payment at once, and credits all of them every seven seconds of waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.paid: list[tuple[str, int, float]] = []
        self.before: dict[int, int] = {}

    def open(self, _: object) -> Payment:
        self.now += 0.01
        return payment(f"account {self.now}")

    def pay_in(self, _: object, *, into: Payment, amount: int = 100) -> Payment:
        made = replace(into, amount=amount)
        self.before[id(made)] = self.total(made)
        self.paid.append((into.reference, amount, (self.now // 7 + 1) * 7))
        return made

    def total(self, account: Payment) -> int:
        return sum(amount for name, amount, at in self.paid if name == account.reference and at <= self.now)

    def wait(self, _: Payment, *__: object, within_s: float) -> None:
        self.now += within_s


def test_a_payment_that_is_credited_with_the_next_one_is_not_taken_for_a_part_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accounts = BatchedAccounts()
    monkeypatch.setattr(b13_other_amounts, "new_account", accounts.open)
    monkeypatch.setattr(b13_other_amounts, "pay_in_confirmed", accounts.pay_in)
    monkeypatch.setattr(b13_other_amounts, "is_on_statement", lambda *_: True)
    monkeypatch.setattr(b13_other_amounts, "is_unallocated", lambda *_: False)
    monkeypatch.setattr(
        b13_other_amounts, "credited_shillings", lambda _, made: accounts.total(made) - accounts.before[id(made)]
    )
    context = SimpleNamespace(time=SimpleNamespace(settle_s=10.0), observations=SimpleNamespace(until=accounts.wait))

    checks()["B13"](cast("CheckContext", context))

    batched = {name for name, _, _ in accounts.paid if sum(name == other for other, _, _ in accounts.paid) > 1}
    assert batched, "no account got two payments, so nothing was put to the test"


@pytest.mark.parametrize(("is_parked", "notes"), [(True, 0), (None, 1)])
def test_whether_the_rest_of_a_payment_is_parked_is_not_said_where_it_cannot_be_seen(
    is_parked: bool | None, notes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = payment("account")
    monkeypatch.setattr(b13_other_amounts, "is_on_statement", lambda *_: True)
    monkeypatch.setattr(b13_other_amounts, "is_unallocated", lambda *_: is_parked)
    monkeypatch.setattr(b13_other_amounts, "credited_shillings", lambda *_: made.amount - 1)
    context: Any = SimpleNamespace(
        observations=SimpleNamespace(until=lambda *_, **__: None), evidence=SimpleNamespace(notes=[])
    )

    assert b13_other_amounts._hidden_part(context, made, "more than was due") == ""
    assert len(context.evidence.notes) == notes


def forgery(name: str, *, took_s: float) -> Any:
    """A failure that a stranger sent, and that the merchant has answered."""
    answered: Future[list[dict[str, Any]]] = Future()
    answered.set_result([])
    return SimpleNamespace(payment=payment(name), took_s=took_s, answers=answered, is_guessed=True, how="guessed")


@pytest.mark.parametrize(("took_s", "judged"), [(1.0, "first"), (c07_forged_success.DENIED_END_S, "again")])
def test_a_false_failure_that_was_answered_after_the_true_end_is_sent_again_before_a_later_end(
    monkeypatch: pytest.MonkeyPatch, took_s: float, judged: str
) -> None:
    ends_s: list[float] = []
    honoured: list[str] = []

    def deny(_: object, *, other: Payment, end_s: float) -> Any:
        ends_s.append(end_s)
        return forgery("again", took_s=took_s)

    monkeypatch.setattr(c07_forged_success, "deny", deny)
    context = SimpleNamespace(
        target=SimpleNamespace(callbacks=SimpleNamespace(deliver_to=None)),
        actions=SimpleNamespace(release_callbacks=lambda _: None),
        observations=SimpleNamespace(status=lambda _: StatusView(state=PENDING), wait=lambda *_, **__: True),
        expectations=SimpleNamespace(honoured=lambda one, *, because: honoured.append(one.reference)),
    )

    c07_forged_success.judge_denial(
        cast(CheckContext, context), forgery("first", took_s=took_s), StatusView(state=PENDING), other=ODD
    )

    assert honoured == [judged]
    assert all(end_s > 2 * took_s for end_s in ends_s)


@pytest.mark.parametrize(
    ("deliver_to", "finding", "ends"),
    [
        (None, None, "passes"),
        (None, Failed("it stays failed"), "Failed"),
        ("http://127.0.0.1:1/any", Failed("it stays failed"), "Untested"),
        ("http://127.0.0.1:1/any", Warned("it was failed meanwhile"), "passes"),
        (None, Warned("it was failed meanwhile"), "Warned"),
    ],
)
def test_a_false_failure_past_the_secret_of_a_path_proves_nothing_against_the_merchant(
    deliver_to: str | None, finding: Finding | None, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(*_: object) -> None:
        if finding is not None:
            raise finding

    monkeypatch.setattr(c07_forged_success, "expect_true_success_wins", judge)
    context = SimpleNamespace(target=SimpleNamespace(callbacks=SimpleNamespace(deliver_to=deliver_to)))
    denial = forgery("first", took_s=1.0)

    assert ending(c07_forged_success.judge_denial, context, denial, StatusView(state=PENDING), other=ODD) == ends


@pytest.mark.parametrize(
    ("failure", "ends"), [([{"status": 200}], "passes"), ([{"status": 500}], "Unjudged"), ([], "Untested")]
)
def test_a_false_failure_on_which_nothing_was_decided_proves_nothing_for_the_merchant(
    failure: list[dict[str, Any]], ends: str
) -> None:
    served = [{"response": {"status": 200}}]

    judged = ending(c07_forged_success.require_both_decided, served, success=[{"status": 200}], failure=failure)

    assert judged == ends


def test_a_merchant_that_has_answered_a_callback_is_looked_at_again_soon() -> None:
    paused_s: list[float] = []

    def pause(seconds: float) -> bool:
        paused_s.append(seconds)
        return len(paused_s) == 3  # the callback is answered

    evidence = cast(Evidence, SimpleNamespace(payments=[]))
    run = RunRecord(environment().target)
    limits = CheckTime(deadline=time.monotonic() + LONG_WAIT_S, stop=Event(), run=run, evidence=evidence)
    limits.until(lambda: len(paused_s) == 4, within_s=LONG_WAIT_S, pause=pause)

    assert paused_s == [0.5, 0.5, 0.5, SOON_PAUSE_S]
