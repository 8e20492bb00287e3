"""What S21, C06, C18 and P25 make of a merchant whose orders look alike, or are paid after a failure or a refund."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from tayari_contracts.checks.callback import c06_amount, c18_late_failure
from tayari_contracts.checks.payout import p25_refund_stays
from tayari_contracts.checks.payout.p25_refund_stays import SeenPayment
from tayari_contracts.checks.request import s21_own_payment
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW, Payment
from tayari_money.payment_record import PaymentState
from tayari_target.target_file.target_model import CallTemplate, StatusSource
from tayari_target.views import Started, StatusView

ORDER = Payment(
    msisdn="254711000111", amount=5, reference="T1", since=1, began_at=1.0,
    started=Started(accepted=True, status=200, body="{}", payment_id="p1"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("is_pushed", "is_taken", "state", "ends"),
    [
        (True, True, FAILED, "passes"),
        (True, True, PAID, "passes"),
        (False, False, PAID, "passes"),
        (False, True, PENDING, "noted"),
        (False, True, PAID, "WrongCredit"),
    ],
)
def test_an_order_that_nobody_was_asked_to_pay_is_not_paid(
    is_pushed: bool, is_taken: bool, state: PaymentState, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s21_own_payment, "taken_pushes", lambda *_: [{}] if is_pushed else [])
    notes: list[str] = []
    context: Any = SimpleNamespace(
        evidence=SimpleNamespace(notes=notes),
        observations=SimpleNamespace(status=lambda _: StatusView(state=state)),
    )
    order = replace(ORDER, started=replace(ORDER.started, accepted=is_taken))

    ended = ending(s21_own_payment._expect_unpaid, context, order, "is another one")

    assert ("noted" if notes else ended) == ends


BY_ID = "/payments/{payment_id}"


@pytest.mark.parametrize(
    ("status", "payment_id", "answer", "ends"),
    [
        (StatusSource(call=CallTemplate(method="GET", path=BY_ID)), "p1", "taken", "Warned"),
        (StatusSource(call=CallTemplate(method="GET", path=BY_ID)), "p1", "refused", "passes"),
        (StatusSource(call=CallTemplate(method="GET", path=BY_ID)), "p1", "pushed", "passes"),
        (StatusSource(call=CallTemplate(method="GET", path=BY_ID)), "p2", "taken", "WrongCredit"),
        (StatusSource(call=CallTemplate(method="GET", path="/orders/{reference}")), "p1", "taken", "WrongCredit"),
        (StatusSource(sql="select state from payments where id = '{payment_id}'"), "p1", "taken", "Warned"),
        (StatusSource(sql="select state from orders where name = '{reference}'"), "p1", "taken", "WrongCredit"),
        (None, "p1", "taken", "Warned"),
        (None, "p2", "taken", "WrongCredit"),
    ],
)
def test_a_repeated_answer_of_a_key_is_a_warning_where_the_other_order_is_not_seen(
    status: StatusSource | None, payment_id: str, answer: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal may name the payment that the key was used for. Without `merchant.status`, an adapter is read."""
    adapter = "shop.adapter:Adapter" if status is None else None
    monkeypatch.setattr(s21_own_payment, "taken_pushes", lambda *_: [{}] if answer == "pushed" else [])
    context: Any = SimpleNamespace(
        observations=SimpleNamespace(status=lambda _: StatusView(state=PAID)),
        target=SimpleNamespace(merchant=SimpleNamespace(status=status, adapter=adapter)),
    )
    order = replace(ORDER, started=replace(ORDER.started, accepted=answer != "refused", payment_id=payment_id))

    assert ending(s21_own_payment._expect_unpaid, context, order, "is another one", key_of_order=ORDER) == ends


@pytest.mark.parametrize(
    ("first", "second", "at_last", "ends"),
    [
        (FAILED, PAID, PAID, "passes"),
        (FAILED, PAID, REVIEW, "passes"),
        (FAILED, PAID, FAILED, "Failed"),
        (FAILED, PAID, PENDING, "Failed"),
        (FAILED, FAILED, FAILED, "passes"),
        (REVIEW, PAID, FAILED, "passes"),
    ],
)
def test_the_failure_of_a_first_try_that_comes_again_does_not_undo_the_second(
    first: PaymentState, second: PaymentState, at_last: PaymentState, ends: str
) -> None:
    """Nothing is expected where the first try did not fail, or the second did not pay."""
    seen, sent = iter([first, second]), []
    context: Any = SimpleNamespace(
        actions=SimpleNamespace(
            pay_accepted=lambda *_, **__: ORDER, require_accepted=lambda _: "ws_CO_1", pay_again=lambda *_: ORDER
        ),
        control=SimpleNamespace(send_callback=lambda **body: sent.append(body)),
        expectations=SimpleNamespace(
            status_after_queue=lambda _: StatusView(state=at_last), credits=lambda *_, **__: None
        ),
        observations=SimpleNamespace(until=lambda *_: StatusView(state=next(seen))),
        profile=SimpleNamespace(require_one_order=lambda by_retry: None),
    )

    assert ending(c18_late_failure._expect_retried_order_paid, context) == ends
    assert sent == ([{"checkout_request_id": "ws_CO_1"}] if (first, second) == (FAILED, PAID) else [])


def test_nothing_is_expected_of_a_second_try_where_the_merchant_cannot_know_its_order() -> None:
    def cannot_know(*, by_retry: bool) -> None:
        raise Untested(f"no reference, by_retry={by_retry}")

    context: Any = SimpleNamespace(profile=SimpleNamespace(require_one_order=cannot_know))

    assert ending(c18_late_failure._expect_retried_order_paid, context) == "passes"


@pytest.mark.parametrize(
    ("asked", "state", "credited", "ends"),
    [
        (ORDER.amount + c06_amount.MORE, FAILED, 0.0, "passes"),
        (ORDER.amount + c06_amount.MORE, REVIEW, 5.0, "passes"),
        (ORDER.amount + c06_amount.MORE, PENDING, None, "passes"),
        (ORDER.amount + c06_amount.MORE, PAID, 5.0, "WrongCredit"),
        (ORDER.amount + c06_amount.MORE, PAID, None, "WrongCredit"),
        (ORDER.amount + c06_amount.MORE, FAILED, 55.0, "WrongCredit"),
        (ORDER.amount + c06_amount.MORE, FAILED, 0.0, "noted"),
        (ORDER.amount, PAID, 5.0, "passes"),
        (None, PAID, 5.0, "passes"),
    ],
)
def test_a_cheaper_first_try_does_not_pay_a_dearer_order(
    asked: int | None, state: PaymentState, credited: float | None, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asked`: by the second push; nothing is expected of a merchant that asks for no more, or sends none."""
    pushes = [] if asked is None else [{"request": {"body": f'{{"Amount": {asked}}}'}}]
    monkeypatch.setattr(c06_amount, "taken_pushes", lambda *_: pushes)
    notes: list[str] = []
    context: Any = SimpleNamespace(
        actions=SimpleNamespace(pay=lambda *_, amount, **__: replace(ORDER, amount=amount)),
        evidence=SimpleNamespace(notes=notes),
        expectations=SimpleNamespace(status_after_queue=lambda _: StatusView(state=state)),
        observations=SimpleNamespace(
            wait=lambda *_, **__: ends != "noted", credits=lambda _: SimpleNamespace(total=credited)
        ),
        profile=SimpleNamespace(shows_credits=credited is not None),
    )

    ended = ending(c06_amount._expect_dearer_unpaid, context, ORDER)

    assert ("noted" if notes else ended) == ends


def seen(is_paid: bool, credits: int | None = None, total: float | None = None) -> SeenPayment:
    return SeenPayment(is_paid=is_paid, credits=credits, total=total, says_only_credited=False)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (seen(True, 1, 50.0), seen(True, 1, 50.0), ""),
        (seen(False, 0, 0.0), seen(False, 0, 0.0), ""),
        (seen(False, 0), seen(False, 1), "was credited again"),
        (seen(True, 1, 50.0), seen(True, 2, 100.0), "was credited again"),
        (seen(True, 1, 50.0), seen(True, 2, 0.0), ""),
        (seen(True, None, 50.0), seen(True, None, 100.0), "was credited again"),
        (seen(False), seen(True), "is shown as paid again"),
        (seen(True), seen(False), ""),
        (seen(True, 0, 0.0), replace(seen(True, None, 50.0), is_read=False), ""),
    ],
)
def test_a_credit_after_a_refund_is_seen_by_the_sum_or_by_the_rows(
    before: SeenPayment, now: SeenPayment, told: str
) -> None:
    """The return of the money may be a row beside the credit, which makes two rows and a sum of nothing."""
    assert now.exceeds(before) == told


def test_a_look_that_failed_before_the_success_was_repeated_makes_no_credit_of_the_next_one() -> None:
    """One answer of a busy merchant is an error; the refunded payment stays "paid", with its credit."""
    views = iter([
        StatusView(state=None, http_status=429), StatusView(state=PAID, http_status=200, credited=5.0),
        StatusView(state=None, error="no answer"),
    ])  # fmt: skip
    context: Any = SimpleNamespace(
        driver=SimpleNamespace(read_status=lambda *_: next(views), read_ledger=lambda **_: None),
        time=SimpleNamespace(until=lambda look, *, within_s: look() or look()),
    )

    before = p25_refund_stays.standing(context, ORDER)

    assert (before.is_paid, before.total, before.is_read) == (True, 5.0, True)
    assert p25_refund_stays.seen_of(context, ORDER).exceeds(before) == ""


@pytest.mark.parametrize(("is_read", "ends"), [(True, "WrongCredit"), (False, "Failed")])
def test_a_credit_is_no_proof_where_none_could_be_read_before_it(
    is_read: bool, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the first one: the rule is tried once more, alone."""
    for name in ("paid_payment", "give_back_sent", "reversal_situation", "_return_again"):
        monkeypatch.setattr(p25_refund_stays, name, lambda *_, **__: ORDER)
    monkeypatch.setattr(p25_refund_stays, "standing", lambda *_: replace(seen(False), is_read=is_read))
    monkeypatch.setattr(p25_refund_stays, "seen_of", lambda *_: seen(True, 1, 5.0))
    context: Any = SimpleNamespace(
        actions=SimpleNamespace(send_callback=lambda *_, **__: [{"status": 200}], pay_accepted=lambda _: ORDER),
        expectations=SimpleNamespace(require_paid=lambda _: None),
        observations=SimpleNamespace(until=lambda *_, **__: StatusView(state=PAID)),
        time=SimpleNamespace(pause=lambda _: None, settled_s=0.0, until=lambda look, *, within_s: look()),
    )

    assert ending(p25_refund_stays.a_refunded_payment_is_not_credited_again, context) == ends
