"""A scenario file as a check: the money first, watched for the whole of `within_s`, and then the words."""

import time
from dataclasses import replace
from typing import Any

import pytest
from fake_environment import environment
from shipped_scenarios import PROBLEMS, SHIPPED
from tayari_contracts.catalogue.rules import catalogue
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Unjudged, Untested, Warned, WrongCredit
from tayari_contracts.context.payment import FAILED, PAID, PENDING, Payment
from tayari_contracts.context.run_record import Allocation
from tayari_contracts.runner.check_run import check_of_rule, missing_need
from tayari_contracts.runner.scenario_check import check_of_scenario, money_check
from tayari_reports.model import Level, NotTested
from tayari_target.target_file.target_model import CallTemplate, StatusSource
from tayari_target.views import Started, StatusView

STATUS = StatusSource(call=CallTemplate(method="GET", path="/orders/{payment_id}"), state="$.status", states={})
REFUSED = Started(accepted=False, status=503, payment_id=None, body="M-Pesa is down", message="M-Pesa is down")


class Calls:
    """What has reached Daraja: each call, with its seconds since the payment began."""

    def __init__(self, **at_s: tuple[float, ...]) -> None:
        self._at_s = at_s
        self.began = time.monotonic()

    def _so_far(self, kind: str) -> list[dict[str, Any]]:
        now = time.monotonic() - self.began
        return [{"seq": number} for number, at_s in enumerate(self._at_s.get(kind, ())) if at_s <= now]

    def now(self) -> int:
        return 1

    def is_prompted(self, _: str) -> bool:
        return False

    def pushes(self, _: Payment) -> list[dict[str, Any]]:
        return self._so_far("pushes")

    def queries(self, _: Payment) -> list[dict[str, Any]]:
        return self._so_far("queries")

    def acknowledged(self, _: Payment) -> bool:
        return True

    def accepted(self, _: Payment) -> list[dict[str, Any]]:
        return self._so_far("accepted")

    def entries(self, *, endpoint: str = "", **_: object) -> list[dict[str, Any]]:
        bodies = (f'{{"PartyB": "254710000001", "OriginatorConversationID": "id-{n}"}}' for n in (0, 0, 1))
        sent = zip(self._so_far("payouts"), bodies, strict=False)
        return [{**entry, "request": {"body": body}} for entry, body in sent] if endpoint == "b2c" else []


class Shown:
    """A merchant whose payment is in one state."""

    def __init__(self, state: Any, started: Started) -> None:
        self._view = StatusView(state=state, message="Payment failed.")
        self._started = started

    def start_payment(self, **_: object) -> Started:
        return self._started

    def read_status(self, *_: object) -> StatusView:
        return self._view


def played(
    calls: Calls, state: Any = PAID, *, started: Started | None = None, time_s: float = 30, words: bool = False
) -> CheckContext:
    """The context of a merchant whose payment is in one state, and whose calls come when the test says."""
    shown = Shown(state, started or Started(accepted=True, status=200, payment_id="7"))
    status = replace(STATUS, message="$.message") if words else STATUS
    made: Any = environment(status=status, driver=shown)
    journal: Any = calls
    return CheckContext(made, Allocation(start=1), deadline=time.monotonic() + time_s, journal=journal)


def play(context: CheckContext, *, strict_words: bool = False, **document: Any) -> None:
    check_of_scenario({"scenario": "ack/lost", "about": "Push once.", **document}, strict_words=strict_words).run(
        context
    )


@pytest.mark.parametrize("words", [False, True])
def test_a_payment_that_was_never_pushed_shows_nothing_of_its_scenario(words: bool) -> None:
    expect = {"state": "failed", "message": {"topic": "cancelled"}}
    document = {"scenario": "payment/cancelled", "outcome": {"result_code": 1032}, "expect": expect}
    busy = Started(accepted=False, status=429, payment_id=None, body="Try later", message="Try later")
    shown = Started(accepted=True, status=200, payment_id="7")

    for started in (busy, shown):
        with pytest.raises(Untested, match="no STK push was sent"):
            check_of_scenario(document).run(played(Calls(), FAILED, started=started, words=words))
    check_of_scenario({**document, "expect": {"state": "failed"}}).run(
        played(Calls(pushes=(0.0,), accepted=(0.0,)), FAILED)
    )


@pytest.mark.parametrize("again_s", [0.0, 0.3, 0.9])
def test_a_second_push_is_found_however_long_after_the_first_look_it_comes(again_s: float) -> None:
    context = played(Calls(pushes=(0.0, again_s), accepted=(0.0,)))

    with pytest.raises(WrongCredit, match=r"made 2 STK pushes for one payment; expected at most 1"):
        play(context, expect={"state": "paid", "within_s": 1.2, "pushes": 1})


def test_one_push_is_watched_for_the_whole_time_and_passes() -> None:
    context = played(calls := Calls(pushes=(0.0, 2.0), accepted=(0.0,)))

    play(context, expect={"state": "paid", "within_s": 0.7, "pushes": 1})

    assert time.monotonic() - calls.began >= 0.7


def test_a_check_that_has_no_time_to_watch_judges_nothing() -> None:
    context = played(Calls(pushes=(0.0,), accepted=(0.0,)), time_s=0.2)

    with pytest.raises(Unjudged, match="before pushes were watched to the end"):
        play(context, expect={"state": "paid", "within_s": 5, "pushes": 1})


def test_a_second_push_is_reported_before_a_wrong_state_or_word() -> None:
    twice = Calls(pushes=(0.0, 0.0), accepted=(0.0,))
    expect = {"state": "paid", "within_s": 0.2, "pushes": 1, "message": {"topic": "success"}}

    for state in (PAID, PENDING):
        with pytest.raises(WrongCredit, match="2 STK pushes"):
            play(played(twice, state, words=True), expect=expect)


def test_wrong_words_warn_once_the_money_is_right_and_fail_where_they_are_strict() -> None:
    once = Calls(pushes=(0.0,), accepted=(0.0,))
    document: dict[str, Any] = {
        "expect": {"state": "failed", "message": {"topic": "cancelled"}},
        "outcome": {"result_code": 1032},
    }

    with pytest.raises(Warned, match="the money is right, the words are not: the customer was told"):
        play(played(once, FAILED, words=True), **document)
    with pytest.raises(Failed, match="expected failed"):
        play(played(once, PAID, words=True), **document)
    with pytest.raises(Failed, match=r'^the customer was told "Payment failed\."'):
        play(played(once, FAILED, words=True), strict_words=True, **document)


def test_a_scenario_whose_words_cannot_be_seen_is_judged_on_its_money() -> None:
    once = Calls(pushes=(0.0,), accepted=(0.0,))
    document: dict[str, Any] = {
        "expect": {"state": "failed", "message": {"topic": "cancelled"}},
        "outcome": {"result_code": 1032},
    }
    context = played(once, FAILED)

    play(context, **document)

    assert context.evidence.notes == [
        "the words were not judged, for what the customer is told cannot be seen (merchant.pay.message and "
        "merchant.status.message would show it)"
    ]
    assert missing_need(check_of_scenario({"scenario": "a/b", **document}), context.profile) is None
    strict = missing_need(check_of_scenario({"scenario": "a/b", **document}, strict_words=True), context.profile)
    assert strict is not None
    assert strict.not_tested is NotTested.TARGET_KEY_MISSING


def test_the_way_to_mend_reads_as_a_person_would_say_it() -> None:
    document = {
        "state": ["failed", "review"], "within_s": 10, "pushes": 1,
        "message": {"topic": "subscriber_busy", "not_generic": True},
    }  # fmt: skip

    assert check_of_scenario({"scenario": "a/b", "expect": document}).rule.fix == (
        "Make the merchant do what the scenario expects: state failed or review, within_s 10, pushes 1, a message "
        "about subscriber busy, in words of its own."
    )


def test_a_merchant_that_refuses_and_pushes_on_is_found() -> None:
    context = played(Calls(pushes=(0.0, 0.4)), started=REFUSED)

    with pytest.raises(WrongCredit, match="2 STK pushes"):
        play(context, expect={"state": "failed", "within_s": 0.7, "pushes": 1})


def test_too_many_queries_are_a_failure_that_is_looked_at_again() -> None:
    context = played(Calls(pushes=(0.0,), accepted=(0.0,), queries=(0.0, 0.0, 0.0)))

    with pytest.raises(Failed, match=r"made 3 status queries for one payment; expected at most 2") as failed:
        play(context, expect={"state": "paid", "within_s": 0.2, "queries": 2})
    assert not isinstance(failed.value, WrongCredit)


@pytest.mark.parametrize(("sent", "found"), [((0.0, 0.0), False), ((0.0, 0.0, 0.0), True)])
def test_payouts_are_counted_by_their_ids(sent: tuple[float, ...], found: bool) -> None:
    context = played(Calls(pushes=(0.0,), payouts=sent))
    expect = {"state": "paid", "within_s": 0.1, "payouts": 1}

    if found:
        with pytest.raises(WrongCredit, match=r"made 2 payouts for one payment"):
            play(context, expect=expect)
    else:
        play(context, expect=expect)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({}, True),
        ({"outcome": {"result_code": 1032}}, False),
        ({"faults": [{"ack_without_id": {}}]}, False),
        ({"expect": {"pushes": 2, "within_s": 0.1}}, False),
    ],
)
def test_a_customer_who_pays_at_once_is_asked_once_whatever_the_file_says_of_pushes(
    document: dict[str, Any], found: bool
) -> None:
    context = played(Calls(pushes=(0.0, 0.0), accepted=(0.0, 0.0)), state=PAID)

    if found:
        with pytest.raises(WrongCredit, match="Daraja accepted 2 pushes for one payment"):
            play(context, **document)
    else:
        play(context, **document)


def test_a_merchant_that_pushes_to_one_number_for_all_is_looked_at_again_alone() -> None:
    context = played(Calls(pushes=(0.0, 0.0), accepted=(0.0,)))
    context.run.prompted = "254700000000"

    with pytest.raises(Failed) as failed:
        play(context, expect={"state": "paid", "within_s": 0.1, "pushes": 1})
    assert not isinstance(failed.value, WrongCredit)


@pytest.mark.parametrize(("asked", "ending"), [((), Inapplicable), ((0.0,), Failed)])
def test_a_merchant_that_asks_nothing_gets_no_contradiction(asked: tuple[float, ...], ending: type) -> None:
    context = played(Calls(pushes=(0.0,), accepted=(0.0,), queries=asked))

    with pytest.raises(ending):
        play(context, query={"result_code": 1032}, expect={"state": "review", "within_s": 0.1})


def test_each_shipped_scenario_that_forbids_a_second_push_or_payout_counts_them() -> None:
    words = ("not push again", "push no second", "not pay again", "push again once", "never with a new one")
    forbidding = [one for one in SHIPPED if any(word in " ".join(one.about.split()) for word in words)]
    uncounted = [
        one.name
        for one in forbidding
        if one.expect.pushes is None and one.expect.payouts is None
        if one.when.endpoint in ("stk_push", "b2c", "b2pochi")
    ]

    assert not PROBLEMS
    assert len(forbidding) >= 15
    assert uncounted == []


def test_money_of_scenarios_that_put_it_to_no_test_is_no_gap_and_a_broken_one_fails() -> None:
    def outcome_of(error: Exception) -> None:
        def run(_: CheckContext) -> None:
            raise error

        row = check_of_rule(catalogue()["M01"])
        money_check(type(row)(rule=row.rule, run=run), environment().target).run(context)

    context = played(Calls())

    with pytest.raises(Inapplicable, match="no order was credited by these scenarios"):
        outcome_of(Untested("no order was credited"))
    with pytest.raises(WrongCredit, match="credited twice"):
        outcome_of(WrongCredit("credited twice"))
    assert context.run.scenarios_only


def test_an_invariant_that_the_target_file_hides_does_not_leave_a_gate_inconclusive() -> None:
    row = check_of_rule(catalogue()["M01"])

    assert money_check(row, environment().target).rule.level is Level.SHOULD
    shown = environment(status=replace(STATUS, credited="$.paid")).target
    assert money_check(row, shown).rule.level is Level.MUST
