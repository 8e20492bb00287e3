"""Payout rules: what is the merchant's doing, and what M-Pesa, another rule or the form of a number has done."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from fake_environment import environment
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.checks.payout import (
    p02_id_survives_crash,
    p11_refused_credential,
    p16_reversal_result,
    p18_ordinary_payout,
    p19_asked_for_twice,
    p20_wallet,
    p21_forged_result,
    p22_impossible_amount,
    p23_failed_for_good,
    p24_approved_twice,
)
from tayari_contracts.context.findings import Failed, Warned, WrongCredit
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import RunRecord
from tayari_contracts.steps import payouts, refunds
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.target_file.target_model import CallTemplate, Payout
from tayari_target.views import Started, StatusView

PAYOUT = Payment(
    msisdn="254711000111", amount=5, reference="T1", since=1, began_at=1.0, kind=PaymentKind.PAYOUT,
    started=Started(accepted=True, status=202, body="{}", payment_id="p1"),
)  # fmt: skip


PAYS_PERSONS: Any = SimpleNamespace(merchant=SimpleNamespace(payout=SimpleNamespace(pays_businesses=False)))
"""The target of a merchant whose payouts are B2C."""


def seen_as(state: PaymentState) -> Any:
    return SimpleNamespace(
        until=lambda *_, **__: StatusView(state=state, raw_state=state),
        status=lambda _: StatusView(state=state, raw_state=state),
    )


@pytest.mark.parametrize(("of_m_pesa", "is_right"), [("paid", True), ("pending", False)])
def test_a_payout_is_not_paid_too_soon_when_m_pesa_has_paid_it_meanwhile(
    of_m_pesa: str, is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow merchant its result may come while the check still looks."""
    monkeypatch.setattr(payouts, "payout_requests", lambda *_: [])
    monkeypatch.setattr(payouts, "transactions", lambda *_: [{"state": of_m_pesa}])
    context: Any = SimpleNamespace(observations=seen_as(PaymentState.PAID), time=SimpleNamespace(remains=False))

    with nullcontext() if is_right else pytest.raises(Failed, match="expected it not to be paid without a result"):
        payouts.watch(context, PAYOUT, for_s=0.0, why="no result has come", unpaid=True)


@pytest.mark.parametrize(("during", "before"), [(95.0, 100.0), (100.0, None), (None, None)])
def test_a_balance_that_no_open_payout_lowers_is_left_to_p20(
    during: float | None, before: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else P21 would say that a stranger's message gave the money back."""
    balances = iter([100.0, during])
    monkeypatch.setattr(p21_forged_result, "readable_balance", lambda *_: next(balances))
    monkeypatch.setattr(p21_forged_result, "pay_out_sent", lambda *_, **__: PAYOUT)
    monkeypatch.setattr(p21_forged_result, "_accepted", lambda *_: {})
    context: Any = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(msisdn=lambda: PAYOUT.msisdn),
        control=SimpleNamespace(hold=lambda *_, **__: None),
    )

    assert p21_forged_result._victim(context, "paying", {}).before == before


@pytest.mark.parametrize(("sent", "ends"), [(-50, "Warned"), ("-50", "Warned"), ("-50.00", "Warned"), (50, "Failed")])
def test_an_amount_below_zero_is_the_same_in_each_form(
    sent: object, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def pay_out(*_: object, amount: int, **__: object) -> Payment:
        asked.append(amount)
        return PAYOUT

    body = json.dumps({"Amount": sent})
    monkeypatch.setattr(p22_impossible_amount, "pay_out", pay_out)
    monkeypatch.setattr(p22_impossible_amount, "side_by_side", lambda *_: {})
    monkeypatch.setattr(p22_impossible_amount, "readable_balance", lambda *_: None)
    monkeypatch.setattr(
        p22_impossible_amount, "payout_requests", lambda *_: [{"request": {"body": body}}] if asked[-1] else []
    )
    context: Any = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(msisdn=lambda: PAYOUT.msisdn),
        profile=SimpleNamespace(require_payout_amount=lambda: None),
        observations=seen_as(PaymentState.FAILED),
        time=SimpleNamespace(until=lambda look, within_s: look()),
    )

    assert ending(checks()["P22"], context) == ends


@pytest.mark.parametrize(
    ("amount", "parts", "ends"),
    [
        (250_001, (250_000, 1), nullcontext()),
        (250_001, (250_000,), pytest.raises(WrongCredit, match="M-Pesa paid 250000, and it is paid")),
        (250_001, (250_000, 250_000), pytest.raises(WrongCredit, match="M-Pesa paid 500000, and it is paid")),
        (100.75, (100,), pytest.raises(Warned, match="M-Pesa paid 100, and it is paid")),
    ],
)
def test_what_is_called_paid_was_paid_in_full(
    amount: float, parts: tuple[int, ...], ends: AbstractContextManager[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p22_impossible_amount, "pay_out", lambda *_, **__: PAYOUT)
    monkeypatch.setattr(
        p22_impossible_amount,
        "payout_requests",
        lambda *_: [{"request": {"body": json.dumps({"Amount": part})}} for part in parts],
    )
    monkeypatch.setattr(
        p22_impossible_amount, "transactions", lambda *_: [{"state": "paid", "amount": part} for part in parts]
    )
    run = RunRecord(environment().target)
    run.add_payment(PAYOUT)
    context: Any = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(msisdn=lambda: PAYOUT.msisdn),
        observations=seen_as(PaymentState.PAID),
        run=run,
        time=SimpleNamespace(until=lambda look, within_s: look(), settled_s=0.0),
    )

    with ends:
        if text := p22_impossible_amount._said_of_odd(context, amount):
            raise Warned(text)
    assert run.payouts == (), "M06 would call its parts one payout that was paid twice"


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_second_payout_of_a_merchant_that_has_stopped_waits_for_a_person(
    goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure under another rule may have stopped all payouts, which is right (P11)."""
    requests = [{"seq": 1, "request": {"body": '{"OriginatorConversationID": "a"}'}}]
    another = {"seq": 2, "request": {"body": '{"OriginatorConversationID": "b"}'}}
    monkeypatch.setattr(p19_asked_for_twice, "payout_requests", lambda *_: requests)
    context: Any = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(reference=lambda: "T2"),
        control=SimpleNamespace(play_next=lambda *_, **__: None),
        driver=SimpleNamespace(
            start_payout=lambda **_: PAYOUT.started,
            read_payout=lambda *_: StatusView(state=PaymentState.PENDING),
            resume_payouts=lambda: requests.append(another) if goes_on else None,
        ),
        time=SimpleNamespace(until=lambda look, within_s: look()),
    )

    assert ending(p19_asked_for_twice._expect_another_is_sent, context, PAYOUT) == ("passes" if goes_on else "Missing")


@pytest.mark.parametrize(("body", "decides"), [({"pay": "{amount_text}"}, False), ({"to": "{msisdn}"}, True)])
def test_a_merchant_that_decides_the_amount_of_a_payout_is_not_judged_by_the_amount_of_a_check(
    body: dict[str, str], decides: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payroll, for example, knows its salaries: it is asked to pay, and not how much."""
    payout = Payout(call=CallTemplate(method="POST", path="/salaries", json=body))
    merchant = replace(environment().target.merchant, payout=payout)
    profile = MerchantProfile(replace(environment().target, merchant=merchant))
    notes: list[str] = []
    context: Any = SimpleNamespace(
        profile=profile,
        target=SimpleNamespace(merchant=merchant),
        evidence=SimpleNamespace(payments=[PAYOUT], notes=notes),
        run=SimpleNamespace(observations=lambda _: ()),
    )
    monkeypatch.setattr(p18_ordinary_payout, "judge_control", lambda *_: None)
    monkeypatch.setattr(p18_ordinary_payout, "_pay_out_at_once", lambda _: None)
    monkeypatch.setattr(p18_ordinary_payout, "transactions", lambda *_: [{"amount": 40_000}])
    monkeypatch.setattr(p22_impossible_amount, "_is_sent", lambda *_: False)
    monkeypatch.setattr(p22_impossible_amount, "side_by_side", lambda *_: {})
    monkeypatch.setattr(p20_wallet, "_require_wallet", lambda _: None)
    for play in ("_play_at_once", "_play_overdrawn", "_play"):
        monkeypatch.setattr(p20_wallet, play, lambda *_: None)

    assert ending(checks()["P18"], context) == ("passes" if decides else "Failed")
    assert ending(checks()["P20"], context) == ("Untested" if decides else "passes")
    assert ending(checks()["P22"], context) == ("Untested" if decides else "passes")
    assert payouts.payout_record(context, PAYOUT, {}, is_shared=False).ordered == (None if decides else 5.0)


@pytest.mark.parametrize(
    ("sent", "state", "failed_at", "ends"),
    [
        (("a", [0]), PaymentState.FAILED, 1.0, "passes"),
        (("ab", [0, 5]), PaymentState.PENDING, None, "warned"),
        (("abcd", [0, 1, 3, 8]), PaymentState.PENDING, None, "warned"),
        (("abcd", [0, 2, 4, 6]), PaymentState.PENDING, None, "Failed"),
        (("aaaa", [0, 2, 4, 6]), PaymentState.FAILED, None, "Failed"),
        (("ab", [0, 5]), PaymentState.PENDING, 1.0, "Failed"),
        (("ab", [0, 5]), PaymentState.PENDING, 4.5, "warned"),
        (("aa", [0, 5]), PaymentState.PENDING, None, "Missing"),
        (("aa", [0, 5]), PaymentState.FAILED, None, "warned"),
        (("ab", [0, 5]), PaymentState.PAID, None, "Failed"),
    ],
)
def test_a_payout_that_failed_is_judged_by_its_further_requests(
    sent: tuple[str, list[float]],
    state: PaymentState,
    failed_at: float | None,
    ends: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token_ended = {"errorCode": "404.001.03", "errorMessage": "Invalid Access Token"}
    refused = {"seq": 0, "at": -1.0, "response": {"status": 404, "body": json.dumps(token_ended)}}
    requests = [refused] + [
        {"seq": number, "at": at, "request": {"body": json.dumps({"OriginatorConversationID": one})}}
        for number, (one, at) in enumerate(zip(*sent, strict=True))
    ]
    monkeypatch.setattr(p23_failed_for_good, "payout_requests", lambda *_: requests)
    monkeypatch.setattr(p23_failed_for_good, "transactions", lambda *_: [{"state": "failed"}])
    context: Any = SimpleNamespace(observations=seen_as(state))
    watched = p23_failed_for_good.FailedPayout(PAYOUT, "the account is too low (1)", failed_at=failed_at)
    found: list[str] = []

    ended = ending(lambda: found.append(p23_failed_for_good._judge(context, watched)))

    assert (ended if ended != "passes" else "warned" if found[0] else "passes") == ends


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a"], "under the same OriginatorConversationID"),
        (["a", "b"], "under 2 OriginatorConversationIDs"),
        (["none, request 4", "none, request 9"], "the call reads no OriginatorConversationID"),
    ],
)
def test_p23_counts_no_ids_of_calls_that_read_none(ids: list[str], said: str) -> None:
    assert said in p23_failed_for_good._repeated_as(ids)


@pytest.mark.parametrize("can_resume", [True, False])
def test_p23_asks_for_no_payout_after_the_result_at_which_a_merchant_may_stop_all(
    can_resume: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(p23_failed_for_good, "_pay_out_in_vain", lambda _, code: done.append(code))
    monkeypatch.setattr(p23_failed_for_good, "expect_results_taken", lambda *_: None)
    monkeypatch.setattr(p23_failed_for_good, "watched_s", lambda _: 0.0)
    monkeypatch.setattr(p23_failed_for_good, "_judge", lambda *_: done.extend(["judged"]))
    monkeypatch.setattr(p23_failed_for_good, "resume", lambda _: done.append("resumed"))
    call = CallTemplate(method="POST", path="/payouts")
    payout = Payout(call=call, resume=call if can_resume else None)
    context: Any = SimpleNamespace(
        target=SimpleNamespace(merchant=SimpleNamespace(payout=payout)),
        control=SimpleNamespace(clear_next=lambda: done.append("cleared")),
    )

    checks()["P23"](context)

    assert done == [2040, 1, "judged", "judged", *(["cleared", "resumed"] if can_resume else [])]


@pytest.mark.parametrize(
    ("sent", "states", "ends"),
    [
        (3, (PaymentState.PAID, PaymentState.FAILED, PaymentState.REVIEW), "passes"),
        (3, (PaymentState.FAILED, PaymentState.FAILED, PaymentState.REVIEW), "Failed"),
        (3, (PaymentState.PAID, PaymentState.FAILED, PaymentState.PAID), "Failed"),
        (1, (), "noted"),
    ],
)
def test_each_of_three_payouts_to_one_person_ends_as_its_own_result_says(
    sent: int, states: tuple[PaymentState, ...], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`states`: of the one that M-Pesa made, and of the others. `sent`: how many the merchant sends at a time."""
    seen, made = iter(states), iter(range(3))
    monkeypatch.setattr(p18_ordinary_payout, "judge_control", lambda *_: None)
    monkeypatch.setattr(p18_ordinary_payout, "_pay_out_at_once", lambda _: None)
    monkeypatch.setattr(p18_ordinary_payout, "new_payee", lambda _: PAYOUT.msisdn)
    monkeypatch.setattr(p18_ordinary_payout, "pay_out", lambda *_, **__: replace(PAYOUT, since=next(made)))
    monkeypatch.setattr(p18_ordinary_payout, "await_request", lambda *_: None)
    monkeypatch.setattr(p18_ordinary_payout, "expect_results_taken", lambda *_, **__: None)
    monkeypatch.setattr(p18_ordinary_payout, "payout_requests", lambda _, payment: [{}] if payment.since < sent else [])
    notes: list[str] = []
    context: Any = SimpleNamespace(
        allocation=SimpleNamespace(amount=lambda: 100),
        evidence=SimpleNamespace(notes=notes, payments=[]),
        observations=SimpleNamespace(until=lambda *_, **__: StatusView(state=next(seen))),
        profile=SimpleNamespace(receives_payout_amount=True),
        target=SimpleNamespace(merchant=SimpleNamespace(payout=SimpleNamespace(status=True))),
        time=SimpleNamespace(settled_s=0.0),
    )

    ended = ending(checks()["P18"], context)

    assert ("noted" if notes else ended) == ends


def test_nothing_is_asked_of_a_merchant_that_refuses_a_second_payout_to_one_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its third payout, taken once the first has its result, would play the situation of the second."""
    refused = replace(PAYOUT.started, accepted=False, status=409, payment_id=None)
    asked: list[Payment] = []

    def pay_out(*_: Any, **__: Any) -> Payment:
        asked.append(replace(PAYOUT, started=refused if len(asked) == 1 else PAYOUT.started))
        return asked[-1]

    monkeypatch.setattr(p18_ordinary_payout, "new_payee", lambda _: PAYOUT.msisdn)
    monkeypatch.setattr(p18_ordinary_payout, "pay_out", pay_out)
    monkeypatch.setattr(p18_ordinary_payout, "await_request", lambda *_: None)
    monkeypatch.setattr(p18_ordinary_payout, "payout_requests", lambda *_: [{}])
    notes: list[str] = []
    context: Any = SimpleNamespace(
        allocation=SimpleNamespace(amount=lambda: 100), evidence=SimpleNamespace(notes=notes)
    )

    assert ending(p18_ordinary_payout._expect_results_of_one_person_apart, context) == "passes"
    assert len(asked) == 2
    assert notes == ["the merchant sent no second payout to one person while another was open"]


@pytest.mark.parametrize(("open_s", "ends"), [(25.0, "passes"), (0.0, "Untested")])
def test_a_merchant_that_sends_one_payout_at_a_time_is_given_until_the_open_one_has_its_result(
    open_s: float, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_s: list[float] = []

    def until(look: Any, within_s: float) -> Any:
        waited_s.append(within_s)
        return look()

    monkeypatch.setattr(payouts, "pay_out", lambda *_, **__: PAYOUT)
    monkeypatch.setattr(payouts, "payout_requests", lambda *_: [{}] if sum(waited_s) > payouts.REQUEST_WITHIN_S else [])
    context: Any = SimpleNamespace(driver=SimpleNamespace(resume_payouts=lambda: ""), time=SimpleNamespace(until=until))

    assert ending(payouts.pay_out_sent, context, open_s=open_s) == ends


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_results_come_early_to_a_merchant_that_sends_one_payout_or_refund_at_a_time(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would send no second one while the result of the first is kept back, and the rule would not be tested."""
    heard: list[Payment] = []
    first, second = PAYOUT, replace(PAYOUT, msisdn="254711000112")

    def requests(_: object, payment: Payment) -> list[object]:
        return [{}] if payment is first or at_a_time > 1 or heard else []

    for module, pay in ((p02_id_survives_crash, "pay_out"), (p16_reversal_result, "give_back")):
        monkeypatch.setattr(module, pay, lambda *_: second)
    monkeypatch.setattr(p02_id_survives_crash, "pay_out_sent", lambda *_: first)
    monkeypatch.setattr(p02_id_survives_crash, "_hear", lambda _, payment: heard.append(payment))
    monkeypatch.setattr(p16_reversal_result, "paid_payment", lambda _: PAYOUT)
    monkeypatch.setattr(p16_reversal_result, "bring_result", lambda _, payment: heard.append(payment))
    for module in (p02_id_survives_crash, payouts):
        monkeypatch.setattr(module, "payout_requests", requests)
    for module in (p16_reversal_result, refunds):
        monkeypatch.setattr(module, "refund_requests", requests)
    notes: list[str] = []
    context: Any = SimpleNamespace(
        evidence=SimpleNamespace(notes=notes), time=SimpleNamespace(until=lambda look, within_s: look())
    )

    assert p02_id_survives_crash._pay_out_two(context) == (first if at_a_time > 1 else None, second)
    assert heard == ([] if at_a_time > 1 else [first])
    heard.clear()
    assert p16_reversal_result._give_back_beside(context, [first], {}) is second
    assert heard == ([] if at_a_time > 1 else [first])
    assert bool(notes) is (at_a_time == 1)


@pytest.mark.parametrize("rule", ["P02", "P11"])
@pytest.mark.parametrize(("of_m_pesa", "is_noted"), [("paid", True), ("prompted", False)])
def test_p02_and_p11_say_where_no_payout_was_open_beside_another(
    rule: str, of_m_pesa: str, is_noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (p02_id_survives_crash, p11_refused_credential):
        monkeypatch.setattr(module, "pay_out_sent", lambda *_, **__: PAYOUT)
        monkeypatch.setattr(module, "has_result", lambda *_: of_m_pesa == "paid")
        monkeypatch.setattr(module, "is_sent_again", lambda *_: False)
        monkeypatch.setattr(module, "expect_one_id", lambda *_: None)
        monkeypatch.setattr(module, "transactions", lambda *_: [])
    asking = SimpleNamespace(done=lambda: True, result=lambda: PAYOUT)
    monkeypatch.setattr(p02_id_survives_crash, "pay_out_in_background", lambda _: asking)
    monkeypatch.setattr(p02_id_survives_crash, "_pay_out_two", lambda _: (PAYOUT, PAYOUT))
    monkeypatch.setattr(p02_id_survives_crash, "_hear", lambda *_: True)
    monkeypatch.setattr(p02_id_survives_crash, "_expect_paid", lambda *_: None)
    monkeypatch.setattr(p02_id_survives_crash, "payout_requests", lambda *_: [{}, {}])
    for name in ("expect_token_renewed", "expect_results_taken", "_expect_stopped"):
        monkeypatch.setattr(p11_refused_credential, name, lambda *_: None)
    monkeypatch.setattr(p11_refused_credential, "_go_on", lambda _: True)
    notes: list[str] = []
    context: Any = SimpleNamespace(
        actions=SimpleNamespace(restart_merchant=lambda: None),
        driver=SimpleNamespace(read_alerts=lambda: None),
        environment=SimpleNamespace(kill_merchant=lambda: None),
        evidence=SimpleNamespace(notes=notes, watch_since=lambda *_, **__: None),
        time=SimpleNamespace(until=lambda *_, **__: None, pause=lambda _: None, settle_s=0.0),
    )

    assert ending(checks()[rule], context) == "passes"
    assert notes == (["the merchant sent no payout while another was open"] if is_noted else [])


@pytest.mark.parametrize(
    ("named", "sent_unapproved", "ids", "ends"),
    [
        (False, "", "a", "Inapplicable"),
        (True, "at once", "a", "WrongCredit"),
        (True, "later", "a", "WrongCredit"),
        (True, "", "a", "passes"),
        (True, "", "aa", "passes"),
        (True, "", "ab", "WrongCredit"),
    ],
)
def test_a_payout_waits_for_its_approval_and_is_sent_under_one_id_however_often_it_is_approved(
    named: bool, sent_unapproved: str, ids: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sent_unapproved`: when a payout goes that nobody approved; "later": as soon as the approved one does."""
    held = replace(PAYOUT, msisdn="254711000112")
    approved: list[str] = []
    asked = iter([held, PAYOUT])

    def requests(_: Any, payment: Payment) -> list[Any]:
        if sent_unapproved != "at once" and (not approved or (payment is held and not sent_unapproved)):
            return []
        bodies = [json.dumps({"OriginatorConversationID": one}) for one in ids]
        return [{"seq": number, "request": {"body": body}} for number, body in enumerate(bodies)]

    monkeypatch.setattr(p24_approved_twice, "pay_out", lambda *_, **__: next(asked))
    monkeypatch.setattr(p24_approved_twice, "expect_results_taken", lambda *_: None)
    monkeypatch.setattr(p24_approved_twice, "play", lambda _, acts: [act.do() for act in acts])
    for module in (p24_approved_twice, payouts):
        monkeypatch.setattr(module, "payout_requests", requests)
    monkeypatch.setattr(payouts, "transactions", lambda *_: [{"state": "paid"}] * len(ids))
    call = CallTemplate(method="POST", path="/approve/{payout_id}")
    payout = Payout(call=call, approve=call if named else None)
    context: Any = SimpleNamespace(
        target=SimpleNamespace(merchant=SimpleNamespace(payout=payout)),
        driver=SimpleNamespace(approve_payout=lambda payout_id, _: approved.append(payout_id)),
        time=SimpleNamespace(pause=lambda _: None, until=lambda look, within_s: look()),
    )

    assert ending(checks()["P24"], context) == ends
    clicks = {"": 4, "later": 3, "at once": 0}[sent_unapproved] if named else 0
    assert approved == ["p1"] * clicks
