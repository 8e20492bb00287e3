"""Controls: what an ordinary payment shows as well is no finding of another rule."""

import inspect
import json
import re
from dataclasses import replace
from functools import partial
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from fake_environment import environment, planned_check, target
from tayari_contracts.catalogue.rules import Control, catalogue
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import (
    Failed,
    Finding,
    Inapplicable,
    Missing,
    Unjudged,
    Unsettled,
    Untested,
    WrongCredit,
)
from tayari_contracts.context.run_record import Allocation, ControlOutcome, ControlOutcomes, RunRecord
from tayari_contracts.runner.check_run import run_check
from tayari_contracts.steps import control_payments
from tayari_contracts.steps.control_payments import CARRIED_BY, PLAYS
from tayari_money.payment_record import PaymentState
from tayari_reports.model import Check, NotTested, State
from tayari_target.views import StatusView

LOST = Failed("an ordinary success was answered 500")
ALWAYS_PAID = Failed("a status query was answered HTTP 200, and the payment is paid")
ASKED_NEVER = Untested("no status query came")
EXPECTS_PAID = ("expectations.paid_once(", "require_paid(", "expectations.honoured(")


def ended(raised: Finding | None, *controls: Control, found: Finding | None = LOST, waivable: bool = True) -> Check:
    """How a check ends that raises `raised`, in a run in which these controls ended with `found`."""
    record = RunRecord(target())

    def run(_: CheckContext) -> None:
        for control in Control:
            record.controls.once(control, partial(ControlOutcome, finding=found if control in controls else None))
        if raised is not None:
            raise raised

    planned = planned_check("C12", run, controls=frozenset(controls))
    planned = replace(planned, rule=replace(planned.rule, waivable=waivable))
    return run_check(planned, environment(), Allocation(), stop=Event(), run=record).check  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raised", [Failed("paid wrongly"), Failed("not paid"), Unjudged("not seen"), Untested("no callback was delivered")]
)
def test_what_fails_as_an_ordinary_payment_does_is_blocked_by_the_rule_of_that_payment(raised: Finding) -> None:
    check = ended(raised, Control.SUCCESS)

    assert (check.state, check.not_tested) == (State.NOT_TESTED, NotTested.BLOCKED)
    assert check.reason == f"blocked by C25: {LOST}"


def test_a_failure_counts_if_ordinary_payments_end_as_expected() -> None:
    assert ended(Failed("paid wrongly"), Control.SUCCESS, found=None).state is State.FAIL
    assert ended(Failed("paid wrongly")).state is State.FAIL


@pytest.mark.parametrize(("raised", "state"), [(None, State.PASS), (Inapplicable("no till"), State.NOT_APPLICABLE)])
def test_what_did_not_fail_needs_no_control(raised: Finding | None, state: State) -> None:
    def run(context: CheckContext) -> None:
        context.run.controls.once(Control.SUCCESS, partial(ControlOutcome, finding=LOST))
        if raised is not None:
            raise raised

    planned = planned_check("C12", run, controls=frozenset({Control.SUCCESS}))
    made = environment()

    assert run_check(planned, made, Allocation(), stop=Event(), run=RunRecord(target())).check.state is state  # type: ignore[arg-type]


def test_a_rule_is_not_played_once_its_control_is_known_to_fail_unless_it_looks_for_wrong_credits() -> None:
    played: list[str] = []
    record = RunRecord(target())
    record.controls.once(Control.SUCCESS, partial(ControlOutcome, finding=LOST))
    planned = planned_check("C12", lambda _: played.append("it"), controls=frozenset({Control.SUCCESS}))
    unwaivable = replace(planned, rule=replace(planned.rule, id="C03", waivable=False))

    run_check(planned, environment(), Allocation(), stop=Event(), run=record)  # type: ignore[arg-type]
    assert played == []
    run_check(unwaivable, environment(), Allocation(), stop=Event(), run=record)  # type: ignore[arg-type]
    assert played == ["it"]


def test_a_key_that_is_missing_is_named_and_not_a_control() -> None:
    missing = Untested("cannot be seen", why=NotTested.TARGET_KEY_MISSING, enable="merchant.audit")

    assert ended(missing, Control.SUCCESS).not_tested is NotTested.TARGET_KEY_MISSING


def test_a_lost_payment_does_not_excuse_a_double_credit_but_a_double_credit_of_each_payment_does() -> None:
    twice = WrongCredit("the customer was credited twice")

    assert ended(twice, Control.SUCCESS, waivable=False).state is State.FAIL
    assert ended(twice, Control.SUCCESS, found=WrongCredit("credited twice")).not_tested is NotTested.BLOCKED
    assert ended(twice, Control.QUERY, found=ALWAYS_PAID).not_tested is NotTested.BLOCKED


def test_a_merchant_that_never_asks_breaks_no_control() -> None:
    assert ended(Failed("paid wrongly"), Control.QUERY, found=ASKED_NEVER).state is State.FAIL


def test_a_rule_that_waited_for_an_ordinary_payment_in_vain_is_blocked_without_declaring_it() -> None:
    record = RunRecord(target())
    record.controls.once(Control.SUCCESS, lambda: ControlOutcome(finding=LOST))

    def run(_: CheckContext) -> None:
        raise Unsettled("an ordinary payment begun after it is pending")

    check = run_check(planned_check("C17", run), environment(), Allocation(), stop=Event(), run=record).check  # type: ignore[arg-type]

    assert check.reason == f"blocked by C25: {LOST}"


def test_a_control_is_played_once_and_again_only_after_its_failure_was_forgotten() -> None:
    controls, played = ControlOutcomes(), [ControlOutcome(finding=LOST), ControlOutcome()]

    assert controls.once(Control.SUCCESS, lambda: played[0]) is controls.once(Control.SUCCESS, lambda: played[1])
    controls.forget_failures()
    assert controls.once(Control.SUCCESS, lambda: played[1]) is played[1]
    controls.forget_failures()
    assert controls.once(Control.SUCCESS, lambda: played[0]) is played[1]


@pytest.mark.parametrize(
    ("finding", "is_calm", "is_forgotten"),
    [
        (Missing("the payment is pending"), False, True),
        (Missing("the payment is pending"), True, False),
        (Failed("the payment is failed"), False, False),
    ],
)
def test_only_what_may_have_waited_for_other_queries_is_forgotten_when_those_are_made(
    finding: Finding, is_calm: bool, is_forgotten: bool
) -> None:
    record = RunRecord(target())
    record.controls.once(Control.SUCCESS, lambda: ControlOutcome(finding=finding, is_calm=is_calm))

    record.controls.forget_failures(unless_calm=True)

    assert bool(record.controls.broken([Control.SUCCESS])) is not is_forgotten


def test_each_control_is_played_and_carried_by_a_rule_that_does_not_stand_on_it() -> None:
    assert set(PLAYS) == set(CARRIED_BY) == set(Control)
    for control, rule_id in CARRIED_BY.items():
        assert control not in catalogue()[rule_id].controls


@pytest.mark.parametrize("rule_id", [rule_id for rule_id, row in catalogue().items() if row.family != "performance"])
def test_a_check_that_expects_paid_declares_the_ordinary_success_as_its_control(rule_id: str) -> None:
    source = inspect.getsource(inspect.getmodule(checks()[rule_id]))  # type: ignore[arg-type]
    expects_paid = any(call in source for call in EXPECTS_PAID)

    asks_itself = "blocked(context, Control.SUCCESS)" in source or rule_id == CARRIED_BY[Control.SUCCESS]
    assert not expects_paid or asks_itself or Control.SUCCESS in catalogue()[rule_id].controls or rule_id in ASKED
    if rule_id in ASKED:
        assert Control.QUERY in catalogue()[rule_id].controls


ASKED = frozenset({"Q06", "Q12"})
"""Here a query pays; their control is the query."""


@pytest.mark.parametrize("rule_id", [rule_id for rule_id, row in catalogue().items() if row.family == "c2b"])
def test_a_check_that_expects_a_credited_account_declares_the_ordinary_c2b_payment_as_its_control(rule_id: str) -> None:
    """B02 blamed the merchant for a confirmation that it loses whether its URLs were registered before or not."""
    source = inspect.getsource(inspect.getmodule(checks()[rule_id]))  # type: ignore[arg-type]

    assert "expectations.state(payment, PAID" not in source or Control.C2B in catalogue()[rule_id].controls


@pytest.mark.parametrize("is_sent_again", [True, False])
def test_an_ordinary_payout_that_is_sent_again_while_its_end_is_awaited_is_a_matter_of_p23(
    is_sent_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, awaited = [SimpleNamespace(amount=number) for number in range(3)], list[object]()
    payments = iter(asked)

    def until(payment: object, *_: object, **__: object) -> StatusView:
        awaited.append(payment)
        return StatusView(state=PaymentState.PAID)

    monkeypatch.setattr(control_payments, "pay_out", lambda *_, **__: next(payments))
    for name in ("_require_sent", "_require_no_early_end", "expect_results_taken", "_require_credential"):
        monkeypatch.setattr(control_payments, name, lambda *_: None)
    monkeypatch.setattr(control_payments, "is_sent_again", lambda _, one: is_sent_again and one in awaited)
    seen: Any = SimpleNamespace(
        target=SimpleNamespace(merchant=SimpleNamespace(payout=SimpleNamespace(status=True, pays_businesses=False))),
        observations=SimpleNamespace(until=until),
        time=SimpleNamespace(settled_s=10.0),
    )

    if is_sent_again:
        PLAYS[Control.PAYOUT](seen)
        assert awaited == asked
    else:
        with pytest.raises(Failed, match="expected failed or review"):
            PLAYS[Control.PAYOUT](seen)


@pytest.mark.parametrize(
    ("number", "said"),
    [("254711000111", ""), ("2547 ***** 111", "; its MSISDN was '2547 ***** 111': M-Pesa masks it")],
)
def test_a_lost_confirmation_is_told_with_the_form_of_its_number(
    number: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mpesa-api 0.2.3 makes a whole number of it, and loses every payment by pay bill."""
    confirmation = {"request": {"body": json.dumps({"MSISDN": number})}, "response": {"status": 200, "body": "ok"}}
    payment = SimpleNamespace(amount=10)
    monkeypatch.setattr(control_payments, "pay_in", lambda *_: payment)
    seen: Any = SimpleNamespace(
        journal=SimpleNamespace(callbacks=lambda _: [confirmation]),
        observations=SimpleNamespace(
            wait=lambda *_, **__: True, until=lambda *_, **__: StatusView(state=PaymentState.PENDING)
        ),
        time=SimpleNamespace(settle_s=10.0),
    )

    with pytest.raises(Failed, match=re.escape(f"expected 10 shillings{said}") + "$"):
        PLAYS[Control.C2B](seen)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"errorCode": "500.001.1001", "errorMessage": "Wrong credentials"},
            "; Daraja refuses its status query (500.001.1001 Wrong credentials)",
        ),
        ({"ResponseCode": "0", "ResultCode": "0"}, ""),
    ],
)
def test_a_lost_success_is_reported_with_the_refusal_of_its_query(answer: dict[str, str], said: str) -> None:
    query = {"response": {"status": 500, "body": json.dumps(answer)}}
    seen: Any = SimpleNamespace(
        actions=SimpleNamespace(pay=lambda _: SimpleNamespace(), require_accepted=lambda _: "ws_CO_1"),
        journal=SimpleNamespace(queries=lambda _: [query]),
        profile=SimpleNamespace(takes_callbacks=False, shows_state=True),
        observations=SimpleNamespace(until=lambda *_, **__: StatusView(state=PaymentState.PENDING)),
        time=SimpleNamespace(settled_s=1.0),
    )

    with pytest.raises(Failed, match=re.escape(f"expected paid{said}") + "$"):
        PLAYS[Control.SUCCESS](seen)
