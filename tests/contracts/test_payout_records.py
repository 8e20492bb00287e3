"""Payouts as Daraja knows them: which messages prove one, and which ids make it a second one."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.checks.payout import (
    p03_unknown_outcome,
    p11_refused_credential,
    p17_refunded_once,
    p20_wallet,
    p21_forged_result,
)
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Missing, Warned, WrongCredit
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation
from tayari_contracts.steps import payouts
from tayari_contracts.steps.forged_callback import forged_result, guessed_id
from tayari_contracts.steps.payouts import (
    await_request,
    originator_ids,
    pay_out,
    payout_record,
    refused_credentials,
    sent_again,
)
from tayari_contracts.steps.refunds import by_payout, is_same_request, judge_refunds, reversal_situation
from tayari_control.client import ControlClient
from tayari_money.daraja_records import money_sent_back, payout_messages, payouts_by_msisdn, transactions_by_msisdn
from tayari_money.payment_record import DarajaTransaction, PaymentKind, PaymentResult, PaymentState
from tayari_target.views import Started, StatusView

PAYLOADS = Path(__file__).parents[1] / "simulator" / "payloads"


def entry(result: dict[str, Any]) -> dict[str, Any]:
    return {"at": 5.0, "request": {"body": json.dumps({"Result": result})}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("b2c.result.success", {"payout-000017-3f9c": PaymentResult.SUCCESS}),
        (
            "transaction_status.result.success.docs_form",
            {"5118-618590-3": PaymentResult.SUCCESS, "5120-618844-2": PaymentResult.SUCCESS},
        ),
    ],
)
def test_a_message_is_read_as_daraja_writes_it(payload: str, expected: dict[str, PaymentResult]) -> None:
    body = (PAYLOADS / f"{payload}.json").read_text(encoding="utf-8")

    found = payout_messages({"at": 5.0, "request": {"body": body}})

    assert {name: message.result for name, message in found} == expected


def row(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


@pytest.mark.parametrize(
    ("result_message", "expected"),
    [
        ({"ResultCode": 0, "OriginatorConversationID": "a"}, [("a", PaymentResult.SUCCESS)]),
        ({"ResultCode": "0", "OriginatorConversationID": "a"}, [("a", PaymentResult.SUCCESS)]),
        ({"ResultCode": "SFC_IC0003", "OriginatorConversationID": "a"}, [("a", PaymentResult.FAILURE)]),
        ({"OriginatorConversationID": "a"}, []),
        (
            {
                "ResultCode": 0,
                "ResultParameters": {
                    "ResultParameter": [row("OriginatorConversationID", "a"), row("TransactionStatus", "Completed")]
                },
            },
            [("a", PaymentResult.SUCCESS)],
        ),
        (
            {
                "ResultCode": 0,
                "ResultParameters": {
                    "ResultParameter": [row("OriginatorConversationID", "a"), row("TransactionStatus", "Failed")]
                },
            },
            [("a", PaymentResult.FAILURE)],
        ),
        (
            {
                "ResultCode": 0,
                "ResultParameters": {
                    "ResultParameter": [row("OriginatorConversationID", "a"), row("TransactionStatus", "Initiated")]
                },
            },
            [("a", PaymentResult.UNDECIDED)],
        ),
        (
            {
                "ResultCode": 0,
                "OriginatorConversationID": "a",
                "ResultParameters": {"ResultParameter": row("TransactionAmount", "5")},
            },
            [("a", PaymentResult.SUCCESS)],
        ),
    ],
)
def test_a_message_proves_the_payout_that_it_names(
    result_message: dict[str, Any], expected: list[tuple[str, PaymentResult]]
) -> None:
    assert [(name, message.result) for name, message in payout_messages(entry(result_message))] == expected


def test_a_message_at_the_queue_time_out_url_decides_nothing() -> None:
    late = entry({"ResultCode": 1, "OriginatorConversationID": "a"})
    late["request"]["url"] = "http://127.0.0.1:8000/results/late"

    assert [message.timed_out for _, message in payout_messages(late, {"/results/late"})] == [True]
    assert [message.timed_out for _, message in payout_messages(late, {"/results/result"})] == [False]


def test_an_unreadable_message_proves_nothing() -> None:
    assert list(payout_messages({"at": 5.0, "request": {"body": "[]"}})) == []


def test_requests_without_an_id_are_payouts_of_their_own() -> None:
    """Of calls that read no id too, whatever the merchant writes there. One that Daraja refused is no payout."""
    named, unnamed = '{"OriginatorConversationID": "a"}', "{}"
    rows = [("b2c", named), ("b2c", named), ("b2c_v1", unnamed), ("b2c_v1", named), ("b2b", named), ("b2b", named)]
    requests: list[dict[str, Any]] = [
        {"seq": seq, "endpoint": call, "request": {"body": body}, "checkout_request_id": f"AG{seq}"}
        for seq, (call, body) in enumerate(rows)
    ]
    requests[-1]["checkout_request_id"] = None

    assert originator_ids(requests) == ["a", "none, request 2", "none, request 3", "none, request 4"]


def payment(kind: str, name: str) -> dict[str, Any]:
    return {
        "kind": kind, "checkout_request_id": name, "merchant_request_id": name, "msisdn": "254711000111", "amount": 5,
        "state": "paid", "result_due_at": 1.0, "created_at": 1.0, "receipt": "", "account_reference": "A",
    }  # fmt: skip


def test_each_kind_of_money_is_judged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payout, a reversal or a C2B payment of the same phone is no push, and a push is no payout."""
    rows = [
        payment(kind, kind) for kind in ("stk_push", "b2c", "b2pochi", "b2b", "reversal", "c2b", "transaction_status")
    ]
    empty: dict[str, Any] = {"entries": [], "next": 1, "dropped": 0}
    control = ControlClient("http://127.0.0.1:9")
    monkeypatch.setattr(control, "_call", lambda _, path, **__: {"payments": rows} if "payments" in path else empty)

    pushes, payouts = transactions_by_msisdn(control), payouts_by_msisdn(control)

    assert [row.transaction_id for row in pushes["254711000111"]] == ["stk_push"]
    assert [row.transaction_id for row in payouts["254711000111"]] == ["b2c", "b2pochi", "b2b"]


@pytest.mark.parametrize(
    ("scenario", "forced", "code", "is_refused"),
    [
        ("", 2001, 2001, True),
        ("inline/control-payout", 2001, 2001, True),
        ("inline/control-payout", 8006, 8006, True),
        ("payout/initiator-invalid", None, 2001, False),
        ("inline/control-payout", 21, 21, False),
        ("inline/control-payout", None, 0, False),
    ],
)
def test_a_credential_that_m_pesa_refuses_is_seen_whatever_a_scenario_wanted(
    scenario: str, forced: int | None, code: int, is_refused: bool
) -> None:
    row = payment("b2c", "b2c") | {"scenario": scenario, "forced": forced, "result_code": code}
    context = cast("CheckContext", SimpleNamespace(control=SimpleNamespace(payments=lambda: [row])))

    assert bool(refused_credentials(context)) is is_refused


def test_a_payment_is_given_back_by_its_reversals_and_by_payouts_to_its_payer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [payment("reversal", "mine") | {"account_reference": "UJ1"}, payment("b2c", "paid out")]
    rows += [payment("reversal", "of another") | {"account_reference": "UJ2"}, payment("stk_push", "paid in")]
    control = ControlClient("http://127.0.0.1:9")
    monkeypatch.setattr(control, "_call", lambda *_, **__: {"payments": rows})

    assert [row.transaction_id for row in money_sent_back(control, "254711000111", ["UJ1"])] == ["mine", "paid out"]


@pytest.mark.parametrize(("given", "expected"), [(None, 12), (7, 7)])
def test_requests_of_a_payout_count_from_its_start_or_from_the_first_click(given: int | None, expected: int) -> None:
    """Of clicks at the same moment another one may reach Daraja first: its request counts too."""
    context = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=Allocation(),
        journal=SimpleNamespace(now=lambda: 12),
        run=SimpleNamespace(gate=SimpleNamespace(passing=nullcontext)),
        driver=SimpleNamespace(start_payout=lambda **_: Started(accepted=True, status=202, body="{}", payment_id="p1")),
        evidence=SimpleNamespace(add_payment=lambda *_: None),
    )

    payment = pay_out(cast("CheckContext", context), msisdn="254700000001", amount=5, reference="T1", since=given)

    assert payment.since == expected


def refunds_of(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> CheckContext:
    """A run in which a payment of 5 shillings was given back, and what Daraja has of its payer."""
    control = ControlClient("http://127.0.0.1:9")
    monkeypatch.setattr(
        control, "payments", lambda kind=None, **_: [one for one in rows if kind in (None, one["kind"])]
    )
    monkeypatch.setattr(control, "wait", lambda *_, **__: {"met": True})
    monkeypatch.setattr(control, "_call", lambda *_, **__: {"entries": [], "next": 1, "dropped": 0})
    started = Started(accepted=True, status=200, body="{}", payment_id="p1")
    paid = Payment(msisdn="254711000111", amount=5, reference="T1", started=started, since=1, began_at=1.0)
    refund = replace(paid, kind=PaymentKind.REFUND, refund_of=paid)
    run = SimpleNamespace(refunds=(refund,), others=(), scenarios_only=True)
    return cast(
        "CheckContext",
        SimpleNamespace(control=control, run=run, evidence=SimpleNamespace(tries=0, cite=lambda *_: None)),
    )


@pytest.mark.parametrize("account_reference", ["T1", "INVOICE-0017"])
def test_a_refund_is_judged_whatever_the_push_has_as_its_account_reference(
    account_reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many a merchant sends its own number of the order there, which is not the reference that it was given."""
    pushed = payment("stk_push", "in") | {"receipt": "UJ1", "account_reference": account_reference}
    back = payment("reversal", "back") | {"account_reference": "UJ1"}

    judge_refunds(refunds_of([pushed, back], monkeypatch), "M08")
    with pytest.raises(WrongCredit, match="refunded 6 shillings; 5 were paid"):
        judge_refunds(refunds_of([pushed, back | {"amount": 6}], monkeypatch), "M08")


@pytest.mark.parametrize(("is_shared", "amounts"), [(True, [422.0]), (False, [422.0, 415.0])])
def test_payouts_to_one_person_are_distinguished_by_their_amounts(is_shared: bool, amounts: list[float]) -> None:
    known = {
        "254711000111": [
            DarajaTransaction(transaction_id=str(amount), amount=amount, completed=True, due_at=0.0)
            for amount in (422.0, 415.0)
        ]
    }
    payment = Payment(
        msisdn="254711000111", amount=422, reference="T1", since=1, began_at=0.0,
        started=Started(accepted=True, status=202, payment_id="1"),
    )  # fmt: skip
    context: Any = SimpleNamespace(
        run=SimpleNamespace(observations=lambda _: ()), profile=SimpleNamespace(receives_payout_amount=True)
    )

    record = payout_record(context, payment, known, is_shared=is_shared)

    assert [one.amount for one in record.transactions] == amounts


PAYS_PERSONS: Any = SimpleNamespace(merchant=SimpleNamespace(payout=SimpleNamespace(pays_businesses=False)))
"""The target of a merchant whose payouts are B2C."""
PAYOUT = Payment(
    msisdn="254711000111", amount=5, reference="T1", since=1, began_at=1.0, kind=PaymentKind.PAYOUT,
    started=Started(accepted=True, status=202, body="{}", payment_id="p1"),
)  # fmt: skip


def test_a_payout_that_is_called_failed_for_the_answer_to_its_repetition_breaks_p03(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is pending when its second request is seen, and failed a moment later."""
    requests = [{"seq": seq, "request": {"body": '{"OriginatorConversationID": "a"}'}} for seq in (1, 2)]
    monkeypatch.setattr(p03_unknown_outcome, "pay_out_sent", lambda *_, **__: PAYOUT)
    monkeypatch.setattr(p03_unknown_outcome, "payout_requests", lambda *_: requests)
    state = [PaymentState.PENDING]
    context = SimpleNamespace(
        observations=SimpleNamespace(readable=lambda _: StatusView(state=state[0], raw_state=state[0])),
        time=SimpleNamespace(until=lambda look, within_s: look(), pause=lambda _: state.insert(0, PaymentState.FAILED)),
    )

    with pytest.raises(Failed, match=r"the payout is .*failed.*; expected pending or review"):
        checks()["P03"](cast("CheckContext", context))


@pytest.mark.parametrize(("left", "is_right"), [(1021.1, True), (1026.1, False)])
def test_a_balance_with_cents_is_compared_as_exactly_as_cents_are(
    left: float, is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    balances = iter([1026.1, left, left, left])
    monkeypatch.setattr(p20_wallet, "play", lambda *_: [PAYOUT])
    context = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(msisdn=lambda: PAYOUT.msisdn),
        driver=SimpleNamespace(read_wallet=lambda _: (next(balances), "")),
        observations=SimpleNamespace(until=lambda *_, **__: None, status=lambda _: StatusView(state=PaymentState.PAID)),
        time=SimpleNamespace(until=lambda look, within_s: look(), pause=lambda _: None, settled_s=1.0, settle_s=1.0),
    )

    with nullcontext() if is_right else pytest.raises(WrongCredit, match="5 more than there should be"):
        p20_wallet._play_at_once(cast("CheckContext", context))


@pytest.mark.parametrize("accepted", [[{"state": "paid"}], []])
def test_a_payout_whose_state_is_not_shown_is_sent_again_where_daraja_accepts_it(
    accepted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p11_refused_credential, "pay_out_sent", lambda *_: PAYOUT)
    monkeypatch.setattr(p11_refused_credential, "transactions", lambda *_: accepted)
    monkeypatch.setattr(p11_refused_credential, "payout_requests", lambda *_: [{"seq": 1}])
    unseen = StatusView(state=None, error="the target file has no merchant.payout.status")
    context = SimpleNamespace(
        target=SimpleNamespace(merchant=SimpleNamespace(payout=SimpleNamespace(status=None))),
        time=SimpleNamespace(until=lambda look, within_s: look(), settled_s=1.0),
        observations=SimpleNamespace(until=lambda *_, **__: unseen),
    )

    with nullcontext() if accepted else pytest.raises(Missing, match="sent once, and Daraja accepted none; expected a"):
        p11_refused_credential.expect_token_renewed(cast("CheckContext", context))


@pytest.mark.parametrize(
    ("found", "fee_below", "is_right"),
    [(900, 100, True), (877, 100, True), (800, 100, False), (1000, 100, False), (877, 0, False)],
)
def test_a_fee_may_be_taken_from_a_wallet_and_nothing_more(found: float, fee_below: float, is_right: bool) -> None:
    """900 are to be left of 1,000. Of a payout that failed all must be back, the fee too."""
    assert p20_wallet._is_right(found, 900, fee_below=fee_below) is is_right


@pytest.mark.parametrize("state", ["prompted", "failed"])
def test_money_that_is_given_back_on_a_result_that_is_not_answered_yet_is_no_error(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p20_wallet, "_available", lambda *_: 1_000)
    monkeypatch.setattr(payouts, "transactions", lambda *_: [{"state": state}])
    time = SimpleNamespace(remains=True)
    time.pause = lambda _: setattr(time, "remains", False)
    context = SimpleNamespace(time=time)

    with nullcontext() if state == "failed" else pytest.raises(WrongCredit, match="5 more than there should be"):
        p20_wallet._expect_reserved(cast("CheckContext", context), PAYOUT, 995, "nothing has come of it")


UUIDS = ("4f0f1d0c-8d5e-4a53-9a7e-3f6f3a1c2b90", "0b1c9c1e-77aa-4c0e-8b7e-9d2a41c0e5f3")


@pytest.mark.parametrize(
    ("name", "other", "known", "is_guessed"),
    [
        (UUIDS[0], UUIDS[1], "T7", False),
        (f"shop-{UUIDS[0]}", f"shop-{UUIDS[1]}", "T7", False),
        (UUIDS[0], UUIDS[1], f'{{"id": "{UUIDS[0]}"}}', True),
        ("pay-T7-1", "pay-T6-1", "T7", True),
        ("payout-000017", "payout-000016", "T7", True),
        ("AG_20261007_20105f3ac19be27d6041", "AG_20261007_20101a9c77de40b2f356", "T7", False),
    ],
)
def test_an_id_is_guessed_where_each_of_its_parts_is_told_or_can_be_tried(
    name: str, other: str, known: str, is_guessed: bool
) -> None:
    assert (guessed_id(name, other=other, known=known) == name) is is_guessed


def test_a_result_that_a_check_forged_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [payment("b2c", "a")]
    sent = [entry({"ResultCode": 0, "OriginatorConversationID": "a"})]
    control = ControlClient("http://127.0.0.1:9")
    monkeypatch.setattr(control, "payments", lambda **_: rows)
    monkeypatch.setattr(control, "journal_entries", lambda *, kind="", **_: sent if kind == "control" else [])

    for forged, messages in (((), 1), (("a",), 0)):
        (found,) = payouts_by_msisdn(control, forged=forged)["254711000111"]
        assert len(found.messages) == messages


def test_payouts_that_another_failure_has_stopped_are_told_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("tayari_contracts.steps.payouts.payout_requests", lambda *_: sent)
    context = SimpleNamespace(
        time=SimpleNamespace(until=lambda look, within_s: look()),
        driver=SimpleNamespace(resume_payouts=lambda: sent.append({"seq": 1})),
    )

    await_request(cast("CheckContext", context), PAYOUT)
    await_request(cast("CheckContext", context), PAYOUT)

    assert sent == [{"seq": 1}]


@pytest.mark.parametrize(
    ("end", "state", "found", "wrong"),
    [
        ("_expect_failure_wins", PaymentState.PAID, 95.0, "expected failed, because nobody was paid"),
        ("_expect_failure_wins", PaymentState.REVIEW, 95.0, None),
        ("_expect_success_wins", PaymentState.FAILED, 95.0, "expected paid or review"),
        ("_expect_success_wins", PaymentState.PAID, 100.0, "100 shillings can be paid out again"),
        ("_expect_success_wins", PaymentState.REVIEW, 95.0, None),
    ],
)
def test_what_m_pesa_says_itself_wins_over_a_stranger(
    end: str, state: PaymentState, found: float, wrong: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 shillings were there before a payout of 5."""
    for name in ("expect_results_taken", "expect_one_id"):
        monkeypatch.setattr(p21_forged_result, name, lambda *_: None)
    monkeypatch.setattr(p21_forged_result, "readable_balance", lambda *_: found)
    context = SimpleNamespace(
        observations=SimpleNamespace(until=lambda *_, **__: StatusView(state=state, raw_state=state)),
        time=SimpleNamespace(settled_s=1.0),
    )
    victim = p21_forged_result.Victim(payment=PAYOUT, before=100.0, row={})

    with nullcontext() if wrong is None else pytest.raises(WrongCredit, match=wrong):
        getattr(p21_forged_result, end)(context, victim, "a result that anybody could send was believed")


def test_a_forged_result_has_the_form_of_its_call() -> None:
    """The parameters of a B2B result have names of their own, and the bill that was paid. Source: reference 3.6."""
    person = forged_result({}, PAYOUT, result_code=0)["Result"]
    organisation = forged_result({}, replace(PAYOUT, msisdn="600123"), result_code=0, bill="INV-7")["Result"]
    genuine = json.loads((PAYLOADS / "b2b.result.success.live_types.json").read_text(encoding="utf-8"))["Result"]
    names, known = (
        {row["Key"] for row in one["ResultParameters"]["ResultParameter"]} for one in (organisation, genuine)
    )

    assert {"Amount", "ReceiverPartyPublicName"} <= names <= known
    assert organisation["ReferenceData"]["ReferenceItem"] == [{"Key": "BillReferenceNumber", "Value": "INV-7"}]
    assert "ReferenceData" not in person
    assert not {row["Key"] for row in person["ResultParameters"]["ResultParameter"]} & {"Amount", "Currency"}


@pytest.mark.parametrize(("code", "expected"), [(0, 0), ("R000002", 2040), ("R000001", None)])
def test_a_merchant_that_refunds_by_a_payout_meets_the_same(code: int | str, expected: int | None) -> None:
    twin = by_payout(reversal_situation("inline/x", {"ack_lost": {"drop": True}}, outcome={"result_code": code}))

    assert (None if twin is None else twin["outcome"]["result_code"]) == expected
    assert twin is None or (twin["when"], twin["faults"]) == ({"endpoint": "b2c"}, [{"ack_lost": {"drop": True}}])


@pytest.mark.parametrize(
    ("first", "again", "is_same"),
    [(("b2c", "a"), ("b2c", "a"), True), (("b2c", "a"), ("b2c", "b"), False), (("reversal", ""), ("b2c", "a"), False),
     (("reversal", ""), ("reversal", ""), True)],
)  # fmt: skip
def test_a_refund_may_be_repeated_as_the_same_request_only(
    first: tuple[str, str], again: tuple[str, str], is_same: bool
) -> None:
    requests = [
        {"seq": 1, "endpoint": call, "request": {"body": json.dumps({"OriginatorConversationID": name})}}
        for call, name in (first, again)
    ]

    assert is_same_request(requests[0], requests[1]) is is_same


@pytest.mark.parametrize(("amount", "is_right"), [(5, True), ("5.00", True), (55, False)])
def test_no_more_is_given_back_than_was_paid(amount: object, is_right: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [{"request": {"body": json.dumps({"Amount": amount})}}]
    monkeypatch.setattr(p17_refunded_once, "refund_requests", lambda *_: sent)

    with nullcontext() if is_right else pytest.raises(WrongCredit, match="55 were given back"):
        p17_refunded_once._expect_no_more(cast("CheckContext", None), PAYOUT)


@pytest.mark.parametrize(
    ("balance", "sent", "wrong"),
    [
        (20_000.0, [12_000], None),
        (20_000.0, [12_000, 11_999], "payouts of 12000, 11999 were sent, 3999 more than there was"),
        (20.0, [12], None),
        (416_666.0, [249_999], None),
        (1_000_000.0, [225_000] * 4, None),
        (1_000_000.0, [225_000] * 5, "125000 more than there was"),
        (19.0, [], None),
        (900_000_000.0, [], None),
    ],
)
def test_a_balance_pays_no_more_than_it_has(
    balance: float, sent: list[int], wrong: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What M-Pesa did not pay is given back, and may be paid out again."""
    failed = [{"amount": balance, "state": "failed"}]
    monkeypatch.setattr(p20_wallet, "_available", lambda *_: balance)
    monkeypatch.setattr(p20_wallet, "play", lambda *_: [PAYOUT, PAYOUT])
    monkeypatch.setattr(p20_wallet, "pay_out", lambda *_, **__: PAYOUT)
    monkeypatch.setattr(p20_wallet, "transactions", lambda *_: [*failed, *({"amount": amount} for amount in sent)])
    notes: list[str] = []
    context = SimpleNamespace(
        target=PAYS_PERSONS,
        allocation=SimpleNamespace(msisdn=lambda: PAYOUT.msisdn),
        observations=SimpleNamespace(until=lambda *_, **__: None),
        time=SimpleNamespace(until=lambda look, within_s: look(), settled_s=1.0),
        evidence=SimpleNamespace(notes=notes),
    )

    with nullcontext() if wrong is None else pytest.raises(WrongCredit, match=wrong):
        p20_wallet._play_overdrawn(cast("CheckContext", context))

    assert bool(notes) is (not sent)


@pytest.mark.parametrize("balance", [20, 21, 1_000, 416_666, 416_667, 999_999.5, 2_869_565])
def test_payouts_that_overdraw_a_balance_fit_but_for_one(balance: float) -> None:
    *amounts, last = p20_wallet.overdrawing(balance)

    assert sum(amounts) > balance >= sum(amounts) - min(amounts)
    assert all(10 <= amount <= 250_000 for amount in (*amounts, last))
    assert len(set(amounts)) == len(amounts)


@pytest.mark.parametrize(
    ("state", "call", "is_right"),
    [
        (PaymentState.FAILED, "reversal", False),
        (PaymentState.PAID, "reversal", True),
        (PaymentState.REVIEW, "reversal", True),
        (PaymentState.FAILED, "b2c", True),
    ],
)
def test_a_payment_that_was_reversed_before_is_given_back(
    state: PaymentState, call: str, is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p17_refunded_once, "refund_requests", lambda *_: [{"endpoint": call}])
    seen = SimpleNamespace(status=lambda _: StatusView(state=state, raw_state=state))

    with nullcontext() if is_right else pytest.raises(Warned, match="expected paid or review"):
        p17_refunded_once._expect_not_called_failed(cast("CheckContext", SimpleNamespace(observations=seen)), PAYOUT)


def test_a_payout_that_is_sent_again_says_what_its_api_would_have_needed() -> None:
    """B2C version 1 has no id: to expect the same one there led nowhere."""
    assert "under a new OriginatorConversationID (a, then b); expected the same one" in sent_again(
        ["a", "b"], to_businesses=False
    )
    assert "B2C version 1 has not" in sent_again(["none, request 1", "none, request 3"], to_businesses=False)
    assert "a second B2B request" in sent_again(["none, request 1", "none, request 3"], to_businesses=True)
