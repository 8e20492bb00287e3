"""A pass needs that what is tested was seen; a word or a sum that Tayari cannot read is not the merchant's fault."""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from fake_environment import environment
from tayari_contracts.catalogue.rules import Seen
from tayari_contracts.checks.callback import c25_ordinary_success
from tayari_contracts.checks.callback.c19_late_success import failure_was_read
from tayari_contracts.checks.callback.c25_ordinary_success import judge_second_instalment
from tayari_contracts.checks.query.q04_query_rate import went_on_after_429
from tayari_contracts.checks.request.s05_amount_limit import names_amount, refuses_too_much
from tayari_contracts.checks.request.s06_phone_forms import normalises_numbers
from tayari_contracts.checks.request.s07_number_ranges import knows_the_ranges
from tayari_contracts.checks.request.s16_no_amount import refuses_nothing_and_less
from tayari_contracts.context.actions import after, sets_the_order, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import JournalReader
from tayari_contracts.context.findings import Failed, Missing, Unjudged, Untested, WrongCredit
from tayari_contracts.context.observations import require_readable
from tayari_contracts.context.payment import FAILED, PAID, PENDING, Payment
from tayari_contracts.context.run_record import Allocation, untranslated
from tayari_contracts.runner.pass_conditions import not_seen
from tayari_contracts.runner.scenario_kinds import pay_until_met, token_part
from tayari_contracts.steps import pushes
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.target_file.target_model import CallTemplate, Pay, StatusSource
from tayari_target.views import LedgerView, Started, StatusView

STARTED = Started(accepted=True, status=200, payment_id="7")
UNANSWERED = Started(accepted=False, status=None, payment_id=None, error="timed out")
STATUS = StatusSource(
    call=CallTemplate(method="GET", path="/orders/{payment_id}"), state="$.status", states={}, credited="$.credited"
)


class Journal(JournalReader):
    """What Daraja saw of the one payment."""

    def __init__(self, *, called_at: float | None = None, asked_at: tuple[float, ...] = ()) -> None:
        self._called_at, self._asked_at = called_at, asked_at

    def callbacks(self, _: Payment) -> list[dict[str, Any]]:
        return [] if self._called_at is None else [{"at": self._called_at}]

    def queries(self, _: Payment) -> list[dict[str, Any]]:
        return [{"at": at} for at in self._asked_at]

    def record(self, _: Payment) -> dict[str, Any]:
        return {"checkout_request_id": "ws_CO_1"}


class Shown:
    """A merchant that shows one thing for ever."""

    def __init__(
        self, view: StatusView, *, messages: tuple[str, ...] | None = None, ledger: LedgerView | None = None
    ) -> None:
        self._view, self._messages, self._ledger = view, messages, ledger

    def read_status(self, payment_id: str, reference: str) -> StatusView:
        return self._view

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:
        return self._ledger

    def read_audit(self, *, payment_id: str, reference: str) -> tuple[str, ...] | None:
        return self._messages


def payment(started: Started = STARTED, amount: int = 100) -> Payment:
    return Payment(msisdn="254710000001", amount=amount, reference="T1", started=started, since=1, began_at=time.time())


def context(
    view: StatusView,
    journal: Any = None,
    *,
    messages: tuple[str, ...] | None = None,
    driver: Any = None,
    **merchant: Any,
) -> CheckContext:
    read: Any = journal or Journal()
    made: Any = environment(driver=driver or Shown(view, messages=messages), **{"status": STATUS, **merchant})
    return CheckContext(made, Allocation(), deadline=time.monotonic() + 30, journal=read)


@pytest.mark.parametrize(("sum_of_ledger", "total"), [(None, 1.0), (7.0, 7.0)])
def test_a_ledger_without_a_sum_leaves_the_sum_to_the_page(sum_of_ledger: float | None, total: float) -> None:
    shows = Shown(StatusView(state=PAID, credited=1.0), ledger=LedgerView(credits=1, total=sum_of_ledger))
    found = context(StatusView(state=PAID), driver=shows).observations.credits(payment(amount=1000))

    assert (found.count, found.total, found.counted) == (1, total, True)


PENDING_VIEW = StatusView(state=PENDING, raw_state="PENDING")
EXPIRED = StatusView(state=None, raw_state="EXPIRED", http_status=200)


def test_a_word_that_the_target_file_does_not_know_is_not_tested_and_named() -> None:
    with pytest.raises(
        Untested, match=r'calls a payment "EXPIRED", which merchant\.status\.states does not name'
    ) as no:
        context(EXPIRED).expectations.state(payment(), FAILED, within_s=0.0)

    assert no.value.enable == "merchant.status.states"


@pytest.mark.parametrize("kind", [PaymentKind.PAYOUT, PaymentKind.REFUND])
def test_an_unknown_word_for_a_payout_or_a_refund_names_the_key_of_its_states(kind: PaymentKind) -> None:
    with pytest.raises(Untested, match=f'calls a {kind} "EXPIRED", which merchant.{kind}.status.states') as no:
        require_readable(replace(payment(), kind=kind), EXPIRED)

    assert no.value.enable == f"merchant.{kind}.status.states"


@pytest.mark.parametrize(
    ("view", "word"),
    [
        (EXPIRED, "EXPIRED"),
        (PENDING_VIEW, ""),
        (StatusView(state=None, raw_state="", http_status=200), ""),
        (StatusView(state=None, raw_state="error", http_status=404), ""),
        (StatusView(state=None, raw_state="x", error="no such table"), ""),
    ],
)
def test_only_a_readable_word_is_untranslated(view: StatusView, word: str) -> None:
    assert untranslated(view) == word


@pytest.mark.parametrize(
    ("journal", "messages", "read"),
    [
        (Journal(called_at=10.0), None, False),
        (Journal(called_at=10.0, asked_at=(9.0, 11.0)), None, False),
        (Journal(called_at=10.0), ('{"CheckoutRequestID": "ws_CO_1", "ResultCode": 0}',), True),
        (Journal(called_at=10.0), ('{"CheckoutRequestID": "ws_CO_2", "ResultCode": 0}',), False),
        (Journal(asked_at=(11.0,)), None, False),
    ],
)
def test_pending_proves_something_only_where_the_callback_was_read(
    journal: Journal, messages: tuple[str, ...] | None, read: bool
) -> None:
    made = context(PENDING_VIEW, journal, messages=messages)

    assert made.observations.callback_was_read(payment()) is read
    assert ending(made.expectations.require_callback_read, payment()) == ("passes" if read else "Unjudged")


def test_a_decision_shows_that_the_callback_was_read() -> None:
    assert context(StatusView(state=FAILED)).observations.callback_was_read(payment())


def test_a_state_that_was_found_by_reference_after_our_own_time_out_is_not_judged() -> None:
    pay = Pay(call=CallTemplate(method="POST", path="/pay"), payment_id="$.id")
    made = context(StatusView(state=FAILED), pay=pay)

    with pytest.raises(Unjudged, match=r"was not answered \(timed out\), so its identifier is not known"):
        made.expectations.state(payment(UNANSWERED), PAID, within_s=0.0)


@pytest.mark.parametrize(
    ("credited", "kind", "says"),
    [
        (1.0, Missing, "1 shillings were credited; expected 100"),
        (254716004321.0, WrongCredit, "254716004321 shillings were credited; expected 100"),
        (200.0, WrongCredit, "200 shillings were credited; expected 100"),
    ],
)
def test_a_sum_is_described_as_a_sum(credited: float, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says) as raised:
        context(StatusView(state=PAID, credited=credited)).expectations.credits(payment(), 1, quiet_s=0.0)

    assert type(raised.value) is kind


def test_a_little_that_was_credited_is_not_nothing() -> None:
    with pytest.raises(Failed, match="1 shillings were credited; expected 0"):
        context(StatusView(state=PENDING, credited=1.0)).expectations.credits(payment(amount=1000), 0, quiet_s=0.0)


def test_callbacks_are_held_unless_the_scenario_sets_their_order() -> None:
    assert sets_the_order(situation("ack/first", {"before_ack": {"hold_s": 1.5}}))
    assert sets_the_order({"scenario": "own/hang", "faults": ["hang"]})
    assert not sets_the_order(situation("callbacks/twice", {"duplicate": {"count": 2}}, outcome=after(0.5)))
    assert not sets_the_order(None)
    assert not sets_the_order("payment/success")


def test_what_a_scenario_of_a_push_says_of_the_token_is_played_at_the_token() -> None:
    fault = {"malformed_json": {"on": "oauth", "times": "always"}}
    document = {"scenario": "own/token", "about": "x", "when": {"endpoint": "stk_push"}, "faults": [fault, "drop"]}

    assert token_part(document) == {
        "scenario": "own/token", "about": "x", "when": {"endpoint": "oauth"}, "faults": [fault],
    }  # fmt: skip
    assert token_part({**document, "faults": ["drop"]}) is None
    assert token_part({**document, "when": {"endpoint": "oauth"}}) is None


class AskedJournal(Journal):
    """One query, and what it heard."""

    def __init__(self, heard: str) -> None:
        super().__init__(called_at=10.0)
        self._heard = heard

    def queries(self, _: Payment) -> list[dict[str, Any]]:
        return [{"at": 11.0, "response": {"body": f'{{"ResultCode": "{self._heard}"}}'}}]


class NoHold:
    """A control API that holds nothing."""

    def hold(self, msisdn: str, *, for_s: float) -> None:
        pass


@pytest.mark.parametrize(
    ("state", "heard", "read"),
    [(PAID, "0", False), (PAID, "1037", True), (FAILED, "0", True)],
)
def test_a_payment_that_is_paid_does_not_show_that_its_failure_was_read(
    state: PaymentState, heard: str, read: bool
) -> None:
    made = context(StatusView(state=state), AskedJournal(heard))
    made.control = NoHold()  # type: ignore[assignment]

    assert failure_was_read(made, payment()) is read


class TokenDesk:
    """A control API and a journal: the merchant fetches a token for the payments that are listed."""

    def __init__(self, *, fetches_for: frozenset[int]) -> None:
        self._fetches_for = fetches_for
        self.did: list[str] = []
        self.payments = 0

    def play_next(self, scenario: Any, *, endpoint: str) -> None:
        self.did.append(f"play {scenario['scenario']} at {endpoint}")

    def revoke_token(self) -> None:
        self.did.append("revoke where it is renewed")

    def clear_next(self) -> None:
        self.did.append("clear")

    def drop_token(self) -> None:
        self.did.append("drop")

    def pay(self, _: object) -> Payment:
        self.payments += 1
        return payment()

    def now(self) -> int:
        return 1

    def entries(self, **_: Any) -> list[dict[str, Any]]:
        met = any(number in self._fetches_for for number in range(1, self.payments + 1))
        return [{"seq": 1, "scenario": "own/token"}] if met else [{"seq": 1, "scenario": ""}]


def token_context(desk: TokenDesk) -> Any:
    """The parts that a scenario of a token needs, at that desk."""
    actions = SimpleNamespace(drop_token=desk.drop_token, revoke_token=desk.revoke_token, pay=desk.pay)
    evidence = SimpleNamespace(watch_since=lambda *_, **__: None)
    return SimpleNamespace(
        actions=actions,
        journal=desk,
        control=desk,
        evidence=evidence,
        time=SimpleNamespace(remains=False, until=lambda found, within_s: found()),
    )


OAUTH = {"scenario": "own/token", "about": "x", "when": {"endpoint": "oauth"}}


def test_a_fault_of_the_token_is_played_after_the_merchant_has_forgotten_its_own() -> None:
    desk = TokenDesk(fetches_for=frozenset({1}))
    pay_until_met(token_context(desk), OAUTH, OAUTH)

    assert desk.did == ["drop", "play own/token at oauth", "clear"]


def test_a_merchant_that_still_holds_a_token_has_it_revoked() -> None:
    desk = TokenDesk(fetches_for=frozenset({2}))
    pay_until_met(token_context(desk), OAUTH, OAUTH)

    played = "play own/token at oauth"
    assert desk.did == ["drop", played, "clear", "revoke where it is renewed", played, "clear"]


def test_a_fault_that_no_call_got_is_not_tested() -> None:
    with pytest.raises(Untested, match=r"the scenario was not played: .* it holds a token and fetched no other"):
        pay_until_met(token_context(TokenDesk(fetches_for=frozenset())), OAUTH, OAUTH)


@pytest.mark.parametrize(
    ("statuses", "seen"),
    [((200, 429, 200), True), ((429, 200), True), ((200, 429), False), ((200, 200), False), ((), False)],
)
def test_what_a_429_changes_is_seen_only_when_another_query_follows(statuses: tuple[int, ...], seen: bool) -> None:
    assert went_on_after_429([{"response": {"status": status}} for status in statuses]) is seen


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("M-Pesa takes 250,000 shillings at most in one payment.", True),
        ("Kiasi kimezidi kikomo cha M-Pesa.", True),
        ("Sorry, the payment could not be started.", False),
        ("", False),
    ],
)
def test_whether_a_customer_learns_that_the_amount_is_what_is_wrong(text: str, names: bool) -> None:
    assert names_amount(text) is names


class OneAtATime(Shown):
    """Counts the starts that are under way at once."""

    def __init__(self) -> None:
        super().__init__(PENDING_VIEW)
        self.most = 0
        self._under_way = 0

    def start_payment(self, **_: object) -> Started:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        Event().wait(0.05)
        self._under_way -= 1
        return STARTED


@pytest.mark.parametrize(("promised", "one_by_one", "most"), [(1, False, 1), (None, True, 1), (None, False, 3)])
def test_a_check_starts_no_more_payments_at_once_than_is_promised(
    promised: int | None, one_by_one: bool, most: int
) -> None:
    merchant = OneAtATime()
    on: Any = environment(driver=merchant, payments_at_once=promised)
    made = CheckContext(on, Allocation(), deadline=time.monotonic() + 30, one_by_one=one_by_one)

    for future in [made.actions.in_background(made.actions.pay) for _ in range(3)]:
        future.result()

    assert merchant.most == most
    assert made.actions.gate.overlapped is (most > 1)


class TooBusy(Shown):
    """Takes nothing at first, as a shop does that waits for its database."""

    def __init__(self, times: int) -> None:
        super().__init__(PENDING_VIEW)
        self.asked, self._times = 0, times

    def start_payment(self, **_: object) -> Started:
        self.asked += 1
        busy = Started(accepted=False, status=503, payment_id=None, message="We are too busy. Please try again.")
        return busy if self.asked <= self._times else STARTED


class Pushed(Journal):
    """Daraja has seen a push of each payment."""

    def now(self) -> int:
        return 1

    def pushes(self, _: Payment) -> list[dict[str, Any]]:
        return [{"kind": "request"}]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "ASKED_AGAIN_AFTER_S", (0.0, 0.0))


def busy_context(merchant: Shown, journal: Any = None) -> CheckContext:
    pay = Pay(call=CallTemplate(method="POST", path="/pay", json={"phone": "{msisdn}", "amount": "{amount}"}))
    made: Any = environment(driver=merchant, pay=pay)
    return CheckContext(made, Allocation(), deadline=time.monotonic() + 30, journal=journal)


@pytest.mark.usefixtures("no_pauses")
def test_a_merchant_that_is_busy_is_asked_again_before_an_order_counts_as_refused() -> None:
    merchant = TooBusy(times=2)

    assert pushes.order(busy_context(merchant), amount=99).started is STARTED
    assert merchant.asked == 3


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("rule", [normalises_numbers, knows_the_ranges, refuses_too_much, refuses_nothing_and_less])
def test_a_merchant_that_stays_busy_has_refused_neither_the_number_nor_the_amount(
    rule: Callable[[CheckContext], None],
) -> None:
    with pytest.raises(Untested, match='it answered 503 "We are too busy'):
        rule(busy_context(TooBusy(times=99)))


class Bot(Shown):
    """Answers each message 200, with words alone where it takes no order."""

    def __init__(self, text: str) -> None:
        super().__init__(StatusView(state=None, http_status=404))
        self._text = text

    def start_payment(self, **_: object) -> Started:
        return Started(accepted=True, status=200, payment_id=None, message=self._text)


def test_a_bot_that_refuses_in_words_has_refused_an_amount_above_the_limit() -> None:
    refuses_too_much(busy_context(Bot("The amount must be whole shillings, from KES 1 to KES 250,000.")))


def test_a_bot_whose_words_do_not_say_what_is_wrong_fails() -> None:
    with pytest.raises(Failed, match=r"told \"Hello there.\"; expected that the amount is above"):
        refuses_too_much(busy_context(Bot("Hello there.")))


@pytest.mark.usefixtures("no_pauses")
def test_a_busy_answer_after_a_push_is_an_answer_about_the_order() -> None:
    merchant = TooBusy(times=99)

    assert pushes.order(busy_context(merchant, Pushed()), amount=99).started.status == 503
    assert merchant.asked == 1


def test_a_start_without_identifier_is_not_described_with_the_message_of_another_payment() -> None:
    pay = Pay(call=CallTemplate(method="POST", path="/pay"), payment_id="$.id")
    view = StatusView(state=PAID, message="Your earlier payment is paid.")
    made = context(view, status=replace(STATUS, message="$.message"), pay=pay)
    refused = Started(accepted=False, status=400, payment_id=None, message="Check the number.")

    assert made.observations.messages(payment(refused)) == "Check the number."
    assert "earlier payment" in made.observations.messages(payment())


@pytest.mark.parametrize(
    ("ids", "counts", "ends"),
    [
        (("7", "8"), (1, 0, 1), "passes"),
        (("7", "8"), (1, 0, 0), "Missing"),
        (("7", "8"), (1, None, 1), "passes"),
        (("7", "8"), (1, 1, 2), "passes"),
        (("7", "8"), (1, 1, 1), "Missing"),
        (("7", "7"), (1, 1, 2), "passes"),
        (("7", "7"), (1, 1, 1), "Missing"),
        (("7", "7"), (1, 1, "true"), "Untested"),
        (("7", "8"), (1, 0, "true"), "passes"),
        (("7", "7"), (), "Untested"),
        (("7", "8"), (), "passes"),
    ],
)
def test_a_second_instalment_of_the_same_amount_is_credited(
    ids: tuple[str, str], counts: tuple[int | str | None, ...], ends: str
) -> None:
    """`counts`: the credits read for the first payment, for the second before it is paid, and for it at the end. Where
    the second has some before it is paid, target file or adapter read those of its account.
    """
    assert ending(judge_second_instalment, instalments(ids, counts)) == ends


def test_a_second_instalment_that_is_paid_before_anybody_looked_is_not_judged() -> None:
    assert ending(judge_second_instalment, instalments(("7", "8"), (1, 1, 1), state="paid")) == "Unjudged"


def test_the_second_instalment_of_a_slow_merchant_is_paid_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers after nine seconds would else have it paid before anybody could look."""
    made = instalments(("7", "8"), (1, 0, 1))
    pay_accepted, paid_after_s, clock = made.actions.pay_accepted, [], iter([100.0, 109.0])

    def note(scenario: Any, **how: Any) -> Any:
        paid_after_s.append(scenario["outcome"]["after_s"])
        return pay_accepted(scenario, **how)

    made.actions.pay_accepted = note
    monkeypatch.setattr(c25_ordinary_success, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    assert ending(judge_second_instalment, made) == "passes"
    assert paid_after_s == [0.5, 20.0]


def instalments(ids: tuple[str, str], counts: tuple[int | str | None, ...], *, state: str = "prompted") -> Any:
    payments = iter([payment(replace(STARTED, payment_id=one)) for one in ids])
    reads = iter([*counts, *counts[-1:] * 2])

    def credits_seen(_: Payment) -> Any:
        found = next(reads)
        if found is None:
            raise Unjudged("nothing is read")
        return SimpleNamespace(count=1 if found == "true" else found, can_show_more=found != "true")

    return SimpleNamespace(
        actions=SimpleNamespace(pay_accepted=lambda *_, **__: next(payments)),
        expectations=SimpleNamespace(require_paid=lambda _: None, state=lambda *_, **__: None),
        journal=SimpleNamespace(record=lambda _: {"state": state}),
        observations=SimpleNamespace(credits=credits_seen),
        profile=SimpleNamespace(shows_credits=bool(counts)),
        run=SimpleNamespace(leave_out=lambda _: None),
        time=SimpleNamespace(until=lambda look, within_s: look(), settled_s=0.0, patience_s=0.0),
    )


@pytest.mark.parametrize("is_flag", [True, False])
def test_a_merchant_that_says_only_that_it_credited_has_not_shown_that_it_did_so_once(is_flag: bool) -> None:
    made = context(StatusView(state=PAID, credited=100.0, says_only_credited=is_flag))
    found = made.observations.credits(payment())

    assert (found.count, found.can_show_more) == (1, not is_flag)
    assert ending(not_seen, made, Seen.CREDITS) == ("Untested" if is_flag else "passes")


def test_a_true_on_the_page_is_no_sum_beside_a_ledger_that_counts() -> None:
    page = StatusView(state=PAID, credited=100.0, says_only_credited=True)

    found = context(page, driver=Shown(page, ledger=LedgerView(credits=1))).observations.credits(payment())

    assert (found.count, found.total) == (1, None)
