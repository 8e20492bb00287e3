"""A check that found nothing is a pass only where it saw what its rule is about."""

import time
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from fake_environment import environment, planned_check, target
from tayari_contracts.catalogue.rules import Need, Seen, catalogue
from tayari_contracts.context.actions import refused, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import status_of
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.run_record import Allocation, RunRecord
from tayari_contracts.runner.check_run import run_check
from tayari_contracts.runner.pass_conditions import CONDITIONS, not_seen
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_reports.model import NotTested, State
from tayari_target.views import Started, StatusView

WHOLE_RUN = frozenset({"K01", "K02", "M02", "M03", *(f"M{number:02}" for number in range(5, 10)), "T10", "T11", "T12"})
"""They judge the target file, all traffic or a second process; their checks hold what they must have seen."""

REFUSED = situation("token/refused-once", refused("404.001.03"))
ASKED = situation("inline/query-error", {"html": {"on": "stk_query", "page": "imperva_503"}})


class Journal:
    """What Daraja saw of the one payment."""

    def __init__(self, **seen: Any) -> None:
        self._seen = seen

    def entries(self, **where: Any) -> list[Entry]:
        found: list[Entry] = self._seen.get(where["endpoint"], [])
        return found

    def callback_statuses(self, _: Payment) -> list[int | None]:
        return [status_of(entry) for entry in self._seen.get("callbacks", [])]

    def __getattr__(self, name: str) -> Any:
        return lambda _: self._seen.get(name, [])


EITHER = {"scenario": "service/brown-out", "faults": [{"gateway_fault": {"on": ["stk_push", "stk_query"]}}]}
PAID_OUT: Entry = {"seq": 1, "request": {"body": '{"PartyB": "254710000001"}'}}
GIVEN_BACK: Entry = {"seq": 1, "request": {"body": '{"TransactionID": "UJ1"}'}}
PAID_TO_ANOTHER: Entry = {"seq": 1, "request": {"body": '{"PartyB": "254710000002"}'}}


def entry(status: int | None = 200, scenario: str = "") -> Entry:
    return {"response": None if status is None else {"status": status}, "scenario": scenario}


def context(
    journal: Journal,
    *,
    scenario: Any = None,
    status: int | None = 200,
    state: PaymentState | None = None,
    is_refund: bool = False,
) -> CheckContext:
    made = CheckContext(
        environment(),  # type: ignore[arg-type]  # what it needs of one
        Allocation(),
        deadline=time.monotonic() + 30,
        journal=journal,  # type: ignore[arg-type]
    )
    started = Started(accepted=status is not None, status=status, payment_id="7")
    payment = Payment(msisdn="254710000001", amount=100, reference="T1", started=started, since=1, began_at=time.time())
    made.evidence.cite(replace(payment, kind=PaymentKind.REFUND, refund_of=payment) if is_refund else payment)
    if scenario is not None:
        made.evidence.faulty_scenarios.append((payment, scenario))
    if state is not None:
        made.run.add_observation(payment, StatusView(state=state), began=1.0, ended=1.1)
    return made


@pytest.mark.parametrize(
    ("seen", "enough", "too_little"),
    [
        (Seen.ANSWER, {"journal": Journal()}, {"journal": Journal(), "status": None}),
        (Seen.PUSH, {"journal": Journal(pushes=[entry(404)])}, {"journal": Journal()}),
        (Seen.ACCEPTED, {"journal": Journal(accepted=[{}])}, {"journal": Journal(pushes=[entry(404)])}),
        (Seen.CALLBACK, {"journal": Journal(callbacks=[entry(404)])}, {"journal": Journal(callbacks=[entry(500)])}),
        (Seen.QUERY, {"journal": Journal(queries=[entry()])}, {"journal": Journal(pushes=[entry()])}),
        (Seen.TOKEN, {"journal": Journal(token_fetches=[entry()])}, {"journal": Journal()}),
        (Seen.STATE, {"journal": Journal(), "state": PaymentState.PENDING}, {"journal": Journal()}),
        (Seen.BALANCE, {"journal": Journal(account_balance=[entry()])}, {"journal": Journal(b2c=[PAID_OUT])}),
        (
            Seen.REFUND,
            {"journal": Journal(reversal=[GIVEN_BACK], record={"receipt": "UJ1"}), "is_refund": True},
            {"journal": Journal(reversal=[GIVEN_BACK], record={"receipt": "UJ2"}), "is_refund": True},
        ),
        (Seen.REGISTRATION, {"journal": Journal(c2b_register=[{"seq": 1}])}, {"journal": Journal()}),
        (Seen.REGISTRATION, {"journal": Journal(c2b_register_v1=[{"seq": 1}])}, {"journal": Journal(c2b=[entry()])}),
        (Seen.PAYOUT, {"journal": Journal(b2c=[PAID_OUT])}, {"journal": Journal(b2c=[PAID_TO_ANOTHER])}),
        (
            Seen.MET,
            {"journal": Journal(pushes=[entry(404, "token/refused-once")]), "scenario": REFUSED},
            {"journal": Journal(pushes=[entry(200)]), "scenario": REFUSED},
        ),
        (
            Seen.MET,
            {"journal": Journal(queries=[entry(503, "inline/query-error")]), "scenario": ASKED},
            {"journal": Journal(pushes=[entry(200, "inline/query-error")]), "scenario": ASKED},
        ),
        (
            Seen.MET,
            {"journal": Journal(pushes=[entry(200, "service/brown-out")]), "scenario": EITHER},
            {"journal": Journal(pushes=[entry(200)]), "scenario": EITHER},
        ),
    ],
)
def test_each_condition_is_met_by_what_it_names_and_by_nothing_less(
    seen: Seen, enough: dict[str, Any], too_little: dict[str, Any]
) -> None:
    assert not_seen(context(**enough), seen) == ""
    assert not_seen(context(**too_little), seen).endswith(", so a pass would prove nothing")


def test_a_rule_of_second_credits_names_the_key_where_none_could_be_seen() -> None:
    def check_that_reads(context: CheckContext) -> None:
        context.run.credits_are_countable = False

    planned = planned_check("C03", check_that_reads, seen=frozenset({Seen.CREDITS}))

    check = run_check(planned, environment(), Allocation(), stop=Event(), run=RunRecord(target())).check  # type: ignore[arg-type]

    assert (check.state, check.not_tested, check.enable) == (
        State.NOT_TESTED, NotTested.TARGET_KEY_MISSING, "merchant.ledger"
    )  # fmt: skip


def test_the_rules_of_second_credits_ask_for_what_shows_one() -> None:
    """They need to know how often, or how much, was credited. True or false would hide a second credit."""
    rules = {rule_id for rule_id, row in catalogue().items() if Need.CREDITS in row.needs}

    assert rules == {rule_id for rule_id, row in catalogue().items() if Seen.CREDITS in row.seen}


def test_a_check_that_saw_too_little_is_not_tested() -> None:
    planned = planned_check("T09", lambda _: None, seen=frozenset({Seen.PUSH}))

    check = run_check(planned, environment(), Allocation(), stop=Event(), run=RunRecord(target())).check  # type: ignore[arg-type]

    assert (check.state, check.not_tested) == (State.NOT_TESTED, NotTested.SET_UP_FAILED)
    assert check.reason == "no STK push was sent, so a pass would prove nothing"


def test_every_rule_says_what_must_have_been_seen_for_a_pass() -> None:
    judged = {rule_id: row for rule_id, row in catalogue().items() if row.family != "performance"}

    assert {rule_id for rule_id, row in judged.items() if not row.seen} == WHOLE_RUN
    assert set(CONDITIONS) == set(Seen)
