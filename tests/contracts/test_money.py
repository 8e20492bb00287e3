"""The money invariants on made-up runs: each truth, each way of breaking it, and what must not be taken for that."""

import contextlib
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from tayari_contracts.steps.reconciliation import REPEATED, repeat_messages
from tayari_control.client import ControlError
from tayari_money.invariants import INVARIANTS, is_unsettled, judge
from tayari_money.payment_record import (
    DarajaTransaction,
    Observation,
    PaymentKind,
    PaymentRecord,
    PaymentResult,
    PaymentState,
    ReceivedResult,
)

PAID, FAILED, PENDING, REVIEW = PaymentState.PAID, PaymentState.FAILED, PaymentState.PENDING, PaymentState.REVIEW


def success(at: float = 10.0, **how: Any) -> ReceivedResult:
    return ReceivedResult(at=at, result=PaymentResult.SUCCESS, **{"amount": 100.0, "receipt": "UKN1", **how})


def transaction(*messages: ReceivedResult, completed: bool = True, **how: Any) -> DarajaTransaction:
    fields: dict[str, Any] = {"amount": 100.0, "due_at": 9.0, "receipt": "UKN1", **how}
    return DarajaTransaction(transaction_id="ws_CO_1", completed=completed, messages=messages, **fields)


def observations(*states: PaymentState) -> tuple[Observation, ...]:
    return tuple(
        Observation(payment_id="p1", state=state, began=11.0 + number, ended=11.5 + number)
        for number, state in enumerate(states)
    )


def record(
    *transactions: DarajaTransaction, states: tuple[PaymentState, ...] = (PENDING, PAID), **how: Any
) -> PaymentRecord:
    fields: dict[str, Any] = {
        "ordered": 100.0,
        "credits": 1,
        "total": 100.0,
        "observations": observations(*states),
        **how,
    }
    return PaymentRecord(reference="T1", transactions=transactions or (transaction(success()),), **fields)


def broken(rule_id: str, *records: PaymentRecord) -> list[str]:
    return [one.description for one in judge(rule_id, records).violations]


@pytest.mark.parametrize("rule_id", INVARIANTS)
def test_an_ordinary_payment_breaks_nothing(rule_id: str) -> None:
    assert broken(rule_id, record()) == []


def test_two_credits_for_one_payment_break_m01_and_for_two_payments_do_not() -> None:
    assert broken("M01", record(credits=2)) == ["was credited 2 times for one payment of 100"]
    assert broken("M01", record(transaction(success()), transaction(success()), credits=2)) == []


def test_a_sum_that_was_seen_is_reported_as_a_sum_and_never_as_a_count() -> None:
    twelve = record(credits=None, total=1200.0)
    number = record(credits=None, total=254716004321.0)

    assert broken("M01", twelve) == ["was credited 1200 shillings for one payment of 100"]
    assert broken("M04", twelve) == ["was credited 1200 shillings; 100 were paid"]
    assert broken("M04", number) == ["was credited 254716004321 shillings; 100 were paid"]


def test_credits_that_were_counted_break_m04_where_their_sum_is_more_than_was_paid() -> None:
    assert broken("M04", record(credits=12, total=1200.0)) == ["was credited 1200 shillings; 100 were paid"]
    assert broken("M04", record(transaction(success()), transaction(success()), credits=2, total=200.0)) == []
    assert broken("M04", record(transaction(success()), transaction(success()), credits=1, total=100.0)) == []


@pytest.mark.parametrize(
    ("rule_id", "idle", "at_work"),
    [
        ("M01", record(), record(transaction(success(), success(at=11.0)))),
        ("M03", record(states=(PENDING,)), record()),
        ("M04", record(credits=0, total=0.0), record()),
        ("M04", record(total=None), record()),
        ("M05", record(observations=()), record()),
    ],
)
def test_a_truth_is_kept_only_where_something_could_have_broken_it(
    rule_id: str, idle: PaymentRecord, at_work: PaymentRecord
) -> None:
    assert (bool(judge(rule_id, [idle]).not_met), bool(judge(rule_id, [at_work]).not_met)) == (True, False)


def test_one_receipt_on_two_orders_breaks_m01() -> None:
    assert broken("M01", record(receipt="UKN1"), record(receipt="UKN1")) == ["is paid with UKN1, as T1 is"]


@pytest.mark.parametrize(
    "one",
    [
        transaction(),
        transaction(ReceivedResult(at=10.0, result=PaymentResult.FAILURE)),
        transaction(success(), forged=True),
        transaction(ReceivedResult(at=10.0, result=PaymentResult.UNDECIDED, by_query=True)),
    ],
    ids=["nothing said", "failure said", "forged", "in flight"],
)
def test_a_credit_without_a_message_of_success_breaks_m02(one: DarajaTransaction) -> None:
    assert broken("M02", record(one)) == ["was credited, and no message of M-Pesa reported it as paid"]


def test_a_query_proves_what_a_forged_callback_does_not() -> None:
    assert broken("M02", record(transaction(success(by_query=True), forged=True))) == []


def test_paid_before_the_proof_breaks_m02() -> None:
    assert broken("M02", record(transaction(success(at=14.0)))) == ["was paid 1.5 s before M-Pesa reported it as paid"]


@pytest.mark.parametrize(
    ("states", "one", "flips"),
    [
        ((PAID, FAILED), transaction(success()), 1),
        ((PAID, PENDING), transaction(success()), 1),
        ((PAID, REVIEW), transaction(success()), 0),
        ((FAILED, PAID), transaction(success()), 0),
        ((FAILED, PENDING), transaction(ReceivedResult(at=10.0, result=PaymentResult.FAILURE)), 1),
        (
            (PAID, FAILED),
            transaction(success(), ReceivedResult(at=11.0, result=PaymentResult.FAILURE, by_query=True)),
            0,
        ),
        ((PENDING, FAILED), transaction(ReceivedResult(at=10.0, result=PaymentResult.FAILURE)), 0),
    ],
)
def test_a_final_state_changes_on_new_evidence_only(
    states: tuple[PaymentState, ...], one: DarajaTransaction, flips: int
) -> None:
    assert len(broken("M03", record(one, states=states))) == flips


def test_looks_of_two_threads_that_overlap_are_no_change() -> None:
    overlapping = (
        Observation(payment_id="p1", state=PAID, began=11.0, ended=11.6),
        Observation(payment_id="p1", state=PENDING, began=11.1, ended=11.2),
    )

    assert broken("M03", record(observations=overlapping)) == []


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"total": 99.0}, "was credited 99 shillings; 100 were paid"),
        ({"ordered": 150.0}, "is an order of 150 shillings, and 100 were asked for"),
    ],
)
def test_another_amount_breaks_m04(how: dict[str, Any], says: str) -> None:
    assert broken("M04", record(**how)) == [says]


def test_rounding_to_whole_shillings_and_a_changed_callback_do_not_break_m04() -> None:
    assert broken("M04", record(ordered=99.5)) == []
    assert broken("M04", record(transaction(success(amount=1.0)), total=1.0)) == []


@pytest.mark.parametrize(
    ("state", "one", "owed"),
    [
        (PENDING, transaction(success()), True),
        (FAILED, transaction(success(by_query=True)), True),
        (REVIEW, transaction(success()), False),
        (PENDING, transaction(), True),
        (PENDING, transaction(acknowledged=False), False),
        (PENDING, transaction(success(), acknowledged=False), True),
        (FAILED, transaction(success(), acknowledged=False), True),
        (PENDING, transaction(success(answered=False), acknowledged=False), False),
        (PENDING, transaction(success(receipt="OTHER"), acknowledged=False), False),
        (PENDING, transaction(success(pulled=True, by_query=True), acknowledged=False), False),
        (PENDING, transaction(ReceivedResult(at=12.0, result=PaymentResult.UNDECIDED, by_query=True)), False),
        (FAILED, transaction(success(), ReceivedResult(at=11.0, result=PaymentResult.FAILURE)), False),
        (FAILED, transaction(ReceivedResult(at=10.0, result=PaymentResult.FAILURE), completed=False), False),
        (FAILED, transaction(success(receipt="OTHER")), False),
    ],
)
def test_what_was_paid_and_could_be_known_is_owed_until_it_is_settled(
    state: PaymentState, one: DarajaTransaction, owed: bool
) -> None:
    assert is_unsettled(record(one, states=(state,))) is owed


def test_the_sentence_counts_and_shows_the_first_three() -> None:
    many = judge("M01", [*(record(credits=2) for _ in range(5)), *(record() for _ in range(4))])

    assert many.sentence.startswith("5 of 9 orders of this run: order T1 was credited 2 times")
    assert many.sentence.endswith("; and 2 more")
    assert judge("M01", [record()]).sentence == ""


def test_an_order_whose_reference_the_merchant_never_got_is_named_as_the_merchant_names_it() -> None:
    unreferenced = [replace(record(receipt="R1"), reference=f"T{n}", name=f"order-{n}") for n in (1, 2)]

    assert judge("M01", [replace(record(credits=2), name="order-1")]).sentence.startswith(
        "1 of 1 orders of this run: order order-1 was credited 2 times"
    )
    assert judge("M01", unreferenced).sentence.endswith("order order-2 is paid with R1, as order-1 is")


def sent(*transactions: DarajaTransaction, kind: PaymentKind = PaymentKind.PAYOUT, **how: Any) -> PaymentRecord:
    return record(*transactions, **{"kind": kind, "credits": None, "total": None, **how})


def refund(reference: str, amount: float, *, of: str = "T1") -> PaymentRecord:
    money = transaction(success(), amount=amount)
    fields: dict[str, Any] = {"kind": PaymentKind.REFUND, "refund_of": of, "credits": None, "total": None}
    return PaymentRecord(
        reference=reference, ordered=amount, transactions=(money,), observations=observations(PAID), **fields
    )


def test_a_payout_that_is_called_failed_on_a_queue_time_out_breaks_m09() -> None:
    late = ReceivedResult(at=1.0, result=PaymentResult.FAILURE, timed_out=True)
    refused = ReceivedResult(at=2.0, result=PaymentResult.FAILURE)
    failed: dict[str, Any] = {"observations": observations(FAILED)}

    (violation,) = broken("M09", sent(transaction(late), **failed))
    assert violation == "is a payout that became failed on a queue time-out, and no result reported a failure"
    assert broken("M09", sent(transaction(late, refused), **failed)) == []
    assert broken("M09", sent(transaction(late, success()))) == []
    assert judge("M09", [sent(transaction(refused), **failed)]).not_met


@pytest.mark.parametrize("kind", [PaymentKind.PAYOUT, PaymentKind.REFUND])
def test_money_that_is_sent_twice_breaks_m06(kind: PaymentKind) -> None:
    once, failed = transaction(success()), transaction(completed=False)

    assert broken("M06", sent(once, once, kind=kind)) == ["was paid out 2 times, 200 shillings in all"]
    assert broken("M06", sent(failed, once, kind=kind)) == []


@pytest.mark.parametrize(
    ("one", "description"),
    [
        (transaction(), "is a payout that became paid, and no result reported success"),
        (transaction(success(at=14.0)), "is a payout that was paid 1.5 s before its result"),
        (transaction(success(), forged=True), "is a payout that became paid, and no result reported success"),
    ],
)
def test_a_payout_that_is_paid_without_a_result_breaks_m07(one: DarajaTransaction, description: str) -> None:
    assert broken("M07", sent(one)) == [description]
    assert broken("M07", sent(one, states=(PENDING,))) == []


def test_refunds_beyond_what_was_paid_break_m08() -> None:
    paid = record()

    assert broken("M08", paid, refund("R1", 60.0), refund("R2", 60.0)) == [
        "was refunded 120 shillings; 100 were paid"
    ]  # fmt: skip
    assert broken("M08", paid, refund("R1", 60.0), refund("R2", 40.0)) == []
    assert broken("M08", refund("R1", 60.0, of="unknown")) == ["was refunded 60 shillings; 0 were paid"]


def test_an_invariant_judges_the_kinds_it_is_about_and_no_others() -> None:
    twice = sent(transaction(success()), transaction(success()))

    assert (judge("M06", [record(), twice]).judged, judge("M01", [record(), twice]).judged) == (1, 1)
    assert broken("M06", record(transaction(success()), transaction(success()))) == []
    assert judge("M06", [record()]).not_met == "no payout or refund moved money"


def part(amount: float, *, completed: bool = True) -> DarajaTransaction:
    sent_messages = (success(amount=amount),) if completed else ()
    return transaction(*sent_messages, amount=amount, completed=completed)


@pytest.mark.parametrize(
    ("parts", "total", "states", "rule_id", "violation"),
    [
        ((250.0, 50.0), 300.0, (PENDING, PAID), "M04", ""),
        ((250.0, 250.0), 500.0, (PENDING, PAID), "M04", "is an order of 300 shillings, and 500 were paid for it"),
        ((250.0, 50.0), 550.0, (PENDING, PAID), "M04", "was credited 550 shillings; 300 were paid"),
        ((250.0,), 300.0, (PENDING, PAID), "M04", "was credited 300 shillings; 250 were paid"),
        ((250.0, 50.0), 250.0, (PENDING, PAID), "M04", "was credited 250 shillings; 300 were paid"),
        ((250.0,), 300.0, (PENDING, PAID), "M02", "became paid, and M-Pesa reported 250 of 300 shillings"),
        ((), 0.0, (FAILED,), "M04", ""),
        ((250.0,), 0.0, (PENDING,), "M05", ""),
        ((250.0, 50.0), 0.0, (PENDING,), "M05", "is pending in the end, and the customer has paid"),
        ((250.0,), 0.0, (PENDING, FAILED), "M05", "is failed in the end, and the customer has paid"),
    ],
)
def test_an_order_that_is_paid_in_parts_is_judged_by_their_sum(
    parts: tuple[float, ...], total: float, states: tuple[PaymentState, ...], rule_id: str, violation: str
) -> None:
    split = record(
        *(map(part, parts) if parts else (part(-50.0, completed=False),)),
        states=states, ordered=300.0 if parts else -50.0, in_parts=True, total=total, credits=1 if total else 0,
    )  # fmt: skip

    assert broken(rule_id, split) == ([violation] if violation else [])


@pytest.mark.parametrize(
    ("first", "total", "violation"),
    [
        ((ReceivedResult(at=9.0, result=PaymentResult.FAILURE), success(at=12.0)), 100.0, ""),
        ((ReceivedResult(at=9.0, result=PaymentResult.FAILURE), success(at=12.0)), 200.0, ""),
        (
            (ReceivedResult(at=9.0, result=PaymentResult.FAILURE), success(at=12.0)),
            300.0,
            "was credited 300 shillings; 200 were paid",
        ),
        ((success(at=12.0),), 100.0, "is an order of 100 shillings, and 200 were paid for it"),
    ],
)
def test_a_try_that_was_called_failed_and_succeeds_late_is_not_asked_for_twice(
    first: tuple[ReceivedResult, ...], total: float, violation: str
) -> None:
    """The order was paid at the second try before that: its customer paid twice, and a person gives one back."""
    twice = record(transaction(*first), transaction(success(at=10.0)), in_parts=True, total=total, credits=1)

    assert broken("M04", twice) == ([violation] if violation else [])


@pytest.mark.parametrize(("code", "ends"), [("no_result", contextlib.nullcontext()), ("", pytest.raises(ControlError))])
def test_a_payment_shown_as_paid_before_its_result_is_not_repeated(
    code: str, ends: contextlib.AbstractContextManager[Any]
) -> None:
    context, payment = mock.Mock(), mock.Mock(since=1)
    payment.started.accepted, payment.refund_of = True, None
    context.control.journal_entries.return_value = []
    context.run.orders, context.run.c2b_payments = {"R": [payment]}, []
    context.observations.status.return_value.state = PAID
    context.actions.send_callback.side_effect = ControlError("refused", code=code)

    with ends:
        repeat_messages(context)

    context.actions.send_callback.assert_called_once_with(payment)


def test_a_payment_without_a_push_is_left_out_when_messages_are_repeated() -> None:
    context = mock.Mock()
    payments = [mock.Mock(since=1, msisdn=str(number), refund_of=None) for number in range(2)]
    context.run.orders, context.run.c2b_payments = {one.msisdn: [one] for one in payments}, []
    context.observations.status.return_value.state = PAID
    context.control.journal_entries.return_value = []
    context.journal.checkout_request_id.side_effect = lambda one: None if one is payments[0] else "ws_CO_1"

    repeat_messages(context)

    context.actions.send_callback.assert_called_once_with(payments[1])


def test_the_callback_that_a_merchant_crashed_on_is_sent_again() -> None:
    context = mock.Mock()
    payments = [mock.Mock(since=1, msisdn=str(number), refund_of=None) for number in range(REPEATED + 2)]
    context.run.orders, context.run.c2b_payments = {one.msisdn: [one] for one in payments}, []
    context.observations.status.return_value.state = PAID
    context.control.journal_entries.side_effect = lambda *, since, kind: (
        [{"msisdn": payments[-1].msisdn, "response": {"status": 500}}] if kind == "control" else []
    )
    repeat_messages(context)

    sent = [call.args[0] for call in context.actions.send_callback.call_args_list]
    assert sent == [*payments[:REPEATED], payments[-1]]
