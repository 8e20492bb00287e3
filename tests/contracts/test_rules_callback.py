"""Callback rules: what is judged of answers, and what a forger can know of a callback's address."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from tayari_contracts.checks.callback import (
    c01_quick_reply,
    c02_strangers,
    c08_source_addresses,
    c16_no_receipt,
    c20_malformed,
    c21_raw_message,
    c25_ordinary_success,
)
from tayari_contracts.checks.callback.c06_amount import refuse_unless_it_ignores_callbacks
from tayari_contracts.checks.callback.c08_source_addresses import ADDRESSES
from tayari_contracts.context.findings import Failed, Unjudged, Untested
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW, Entry, Payment
from tayari_contracts.steps.forged_callback import (
    GENUINE,
    SOURCE,
    callers,
    forged_body,
    forged_url,
    invented_receipt,
    require_decided,
)
from tayari_money.payment_record import PaymentState
from tayari_target.driver import Started, StatusView

SECRET = "https://shop.example/hooks/3f2b8a90c1d24e5f9a7b6c5d4e3f2a1b"
UUID = "6a1d4f02-b7c8-4e9d-80f1-a35c51204417"


def answered(status: int | None, duration_s: float = 0.01) -> Entry:
    return {"response": None if status is None else {"status": status}, "duration_s": duration_s, "error": "reset"}


def test_a_quick_answer_is_taken_with_its_status() -> None:
    assert c01_quick_reply.judge(answered(200)) == 200
    assert c01_quick_reply.judge(answered(204, 4.9)) == 204


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (answered(200, 5.0), "after 5.0 s"),
        (answered(404), "answered 404"),
        (answered(302), "answered 302"),
        (answered(500), "answered 500"),
        (answered(None, 30.0), "no answer in 30.0 s"),
    ],
)
def test_a_late_or_odd_answer_breaks_the_rule(entry: Entry, says: str) -> None:
    with pytest.raises(Failed, match=says):
        c01_quick_reply.judge(entry)


@pytest.mark.parametrize("status", [400, 404, 500, 302, None])
def test_a_stranger_is_answered_200_and_nothing_else(status: int | None) -> None:
    assert ending(c02_strangers.judge, [{"status": 200}], "a stranger") == "passes"
    with pytest.raises(Failed, match="a stranger"):
        c02_strangers.judge([{"status": status, "error": "reset"}], "a stranger")


@pytest.mark.parametrize("status", [200, 400, 413, 422])
def test_rubbish_may_be_taken_or_refused(status: int) -> None:
    assert ending(c20_malformed.judge, [{"status": status}], "text") == "passes"


def test_rubbish_may_not_crash_the_merchant_and_only_a_huge_body_may_be_hung_up_on() -> None:
    with pytest.raises(Failed, match="answered 500"):
        c20_malformed.judge([{"status": 500}], "text")
    with pytest.raises(Failed, match="no answer"):
        c20_malformed.judge([{"status": None, "error": "reset"}], "text")
    hung_up = [{"status": None, "error": "reset"}]
    assert ending(c20_malformed.judge, hung_up, "three megabytes", may_hang_up=True) == "passes"


def test_rubbish_that_was_never_sent_proves_nothing() -> None:
    with pytest.raises(Untested):
        c20_malformed.judge([], "text")


def test_the_three_networks_of_safaricom_are_all_tried() -> None:
    assert len(set(ADDRESSES)) == 12
    assert {address.rpartition(".")[0] for address in ADDRESSES} == {"196.201.212", "196.201.213", "196.201.214"}


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://shop.example/stk/callback", "https://shop.example/stk/callback"),
        ("https://shop.example/cb/1042", "https://shop.example/cb/1043"),
        ("https://shop.example/cb/ORD-1042", "https://shop.example/cb/ORD-1043"),
        ("https://shop.example/cb?order=1042", "https://shop.example/cb?order=1043"),
        (
            "https://shop.example/api/v1/payment-callback-handler",
            "https://shop.example/api/v1/payment-callback-handler",
        ),
        (
            "https://shop.example/webhooks/lipa-na-simu-confirmation",
            "https://shop.example/webhooks/lipa-na-simu-confirmation",
        ),
    ],
)
def test_an_address_that_can_be_counted_or_read_is_no_secret(url: str, other: str) -> None:
    assert forged_url(url, other=other, known="") == url


@pytest.mark.parametrize(
    ("url", "other"),
    [
        (SECRET, SECRET),
        (f"https://shop.example/cb/{UUID}", f"https://shop.example/cb/7{UUID[1:]}"),
        ("https://shop.example/cb?token=abcD12345678efgh99", "https://shop.example/cb?token=abcD12345678efgh99"),
        ("https://shop.example/cb/a8f3Kq/12", "https://shop.example/cb/Zx83mm/13"),
    ],
)
def test_what_cannot_be_guessed_is_replaced_by_another_of_its_form(url: str, other: str) -> None:
    forged = forged_url(url, other=other, known="")

    assert forged != url
    assert len(forged) == len(url)
    assert forged.startswith("https://shop.example/")
    assert [part.isdigit() for part in forged.split("/")] == [part.isdigit() for part in url.split("/")]


def test_a_text_that_the_payer_gets_is_no_secret() -> None:
    url, other = f"https://shop.example/cb/{UUID}", f"https://shop.example/cb/7{UUID[1:]}"

    assert forged_url(url, other=other, known=f'{{"id": "{UUID}"}}') == url


@pytest.mark.parametrize(
    "part",
    [
        "b3JkZXI6VFA1SjU3NzM0Njc6MjU0NzExMDAwMTEx",  # order:TP5J5773467:254711000111
        "eyJyZWYiOiJUUDVKNTc3MzQ2NyJ9",  # {"ref":"TP5J5773467"}
        "eyJyZWYiOiAiVFA1SjU3NzM0NjciLCAibiI6IDF9%3D",
        "5450354a35373733343637",
        "2350d9340942e881164a3ce1eb23c978",  # md5
        "f4de26c63e4f8f8f79e69ec4e7c92cef9a05f7db",  # sha1
    ],
)
def test_what_is_computed_of_the_order_is_no_secret(part: str) -> None:
    url = f"https://shop.example/cb/{part}"

    assert forged_url(url, other="https://shop.example/cb/7", known='{"ref": "TP5J5773467"}\n254711000111') == url
    assert forged_url(url, other="https://shop.example/cb/7", known='{"ref": "another"}') != url


def test_a_secret_that_is_encoded_with_the_order_stays_one() -> None:
    url = "https://shop.example/cb/VFA1SjU3NzM0Njc6YThmM0txN3pRMmxiOXhXZA"  # TP5J5773467:a8f3Kq7zQ2lb9xWd

    assert forged_url(url, other="https://shop.example/cb/7", known="TP5J5773467") != url


def test_a_forged_success_has_the_real_ids_and_the_right_amount() -> None:
    started = Started(accepted=True, status=200, payment_id="1")
    payment = Payment(msisdn="254711000111", amount=350, reference="T1", started=started, since=0, began_at=0.0)
    record = {"merchant_request_id": "m", "checkout_request_id": "c", "amount": 350}

    forged = forged_body(record, payment, now=datetime(2026, 10, 7, 21, 30, tzinfo=UTC))["Body"]["stkCallback"]

    items = {item["Name"]: item["Value"] for item in forged["CallbackMetadata"]["Item"]}
    assert (forged["MerchantRequestID"], forged["CheckoutRequestID"], forged["ResultCode"]) == ("m", "c", 0)
    assert (items["Amount"], items["PhoneNumber"], items["TransactionDate"]) == (350, 254711000111, 20261008003000)


@pytest.mark.parametrize(
    ("at", "starts"), [(datetime(2026, 10, 7), "UJ7"), (datetime(2024, 8, 12), "SHC"), (datetime(2026, 1, 31), "UAV")]
)
def test_an_invented_receipt_has_the_form_of_its_day(at: datetime, starts: str) -> None:
    receipt = invented_receipt(at)

    assert receipt.startswith(starts)
    assert len(receipt) == 10
    assert receipt.isalnum()
    assert receipt == receipt.upper()


def test_a_stranger_is_always_the_last_of_the_list_that_a_proxy_writes() -> None:
    sources = [caller.source for caller in callers("X-Forwarded-For")]

    assert sources == [SOURCE, f"{GENUINE}, {SOURCE}", f"{SOURCE}, {GENUINE}, {SOURCE}", SOURCE]
    assert "X-Forwarded-For" not in callers("X-Forwarded-For")[-1].headers
    assert callers("X-Forwarded-For")[-1].headers["X-Real-IP"] == GENUINE
    assert callers("X-Forwarded-For")[-1].headers["Client-IP"] == GENUINE  # which PHP shops read first


def test_a_header_with_one_address_is_replaced_and_the_others_are_the_strangers() -> None:
    plain, pretended = callers("x-real-ip")

    assert (plain.source, pretended.source) == (SOURCE, SOURCE)
    assert "X-Real-IP" not in pretended.headers
    assert pretended.headers["X-Forwarded-For"] == GENUINE
    assert callers(None) == (plain,)


HUNG_UP = {"status": None, "error": "the merchant closed the connection without an answer"}


@pytest.mark.parametrize(
    ("answers", "serves", "end"),
    [
        ([{"status": 403}], True, "passes"),
        ([HUNG_UP, HUNG_UP], True, "passes"),
        ([HUNG_UP, HUNG_UP], False, "Untested"),
        ([{"status": None, "error": "connection refused"}], True, "Untested"),
        ([], True, "Untested"),
        ([{"status": 500}, {"status": 502}], True, "Unjudged"),
    ],
)
def test_a_merchant_that_serves_callbacks_may_hang_up_on_a_stranger(
    answers: list[dict[str, Any]], serves: bool, end: str
) -> None:
    assert ending(require_decided, answers, serves=serves) == end


def test_c08_judges_addresses_and_leaves_the_number_of_credits_to_c03() -> None:
    """It repeats a genuine callback from each address: a shop that credits repetitions breaks C03, and lets all in."""
    sent, paid = [], []

    def send_callback(_: object, *, source: str) -> list[dict[str, Any]]:
        sent.append(source)
        return [{"status": 200}]

    context: Any = SimpleNamespace(
        target=SimpleNamespace(callbacks=SimpleNamespace(source_header="X-Real-IP")),
        time=SimpleNamespace(settled_s=1.0),
        observations=SimpleNamespace(wait=lambda *_: True),
        actions=SimpleNamespace(pay_accepted=lambda _: "the payment", send_callback=send_callback),
        expectations=SimpleNamespace(state=lambda *_, **__: paid.append(1)),
    )

    c08_source_addresses.every_address_of_safaricom_is_let_in(context)

    assert sorted(sent) == sorted(ADDRESSES)
    assert len(paid) == 3


@pytest.mark.parametrize(
    ("first", "second", "confirmed", "ends"),
    [
        ([PAID], [PAID], (), "passes"),
        ([REVIEW], [PAID], (), "passes"),
        ([PENDING], [PENDING], (), "passes"),
        ([PENDING], [PENDING], ("first", "second"), "passes"),
        ([PENDING, PAID], [PAID], (), "passes"),
        ([PENDING], [PAID], (), "Missing"),
        ([PENDING], [PAID], ("first",), "Failed"),
        ([PENDING, PENDING, PENDING, PAID], [PAID], ("first",), "passes"),
        ([PAID], [PENDING], ("first",), "Missing"),
        ([PAID], [PENDING], ("second",), "Failed"),
        ([PAID], [FAILED], (), "Failed"),
    ],
)
def test_a_payment_without_receipt_may_wait_for_a_query_of_its_own(
    first: list[PaymentState], second: list[PaymentState], confirmed: tuple[str, ...], ends: str
) -> None:
    """Two such payments wait in one queue, and a merchant that limits its queries asks about one after the other."""
    looks = {"first": first, "second": second}

    def status(name: str, *_: object, **__: object) -> StatusView:
        states = looks[name]
        state = states.pop(0) if len(states) > 1 else states[0]
        return StatusView(state=state, raw_state=state)

    def until(look: Callable[[], bool], *, within_s: float) -> bool:
        return any(look() for _ in range(int(within_s)))

    context: Any = SimpleNamespace(
        observations=SimpleNamespace(until=status, status=status),
        time=SimpleNamespace(settled_s=2.0, until=until),
        expectations=SimpleNamespace(status_after_queue=status),
        journal=SimpleNamespace(has_query_result=lambda name, code: code == 0 and name in confirmed),
    )

    assert ending(c16_no_receipt.expect_equal_ends, context, ["first", "second"]) == ends


def test_a_second_instalment_is_no_order_for_the_money_rules_though_it_comes_too_late_for_c25() -> None:
    """They would take two payments into one account for one order that is credited twice."""
    left_out: list[str] = []
    first = Payment(
        msisdn="254711000111", amount=5, reference="A1", since=1, began_at=1.0,
        started=Started(accepted=True, status=200, payment_id="A1"),
    )  # fmt: skip

    def pay_accepted(*_: object, reference: str = "", **__: object) -> Payment:
        if reference:
            raise Untested("no STK push was accepted for this payment")
        return first

    context: Any = SimpleNamespace(
        actions=SimpleNamespace(pay_accepted=pay_accepted),
        expectations=SimpleNamespace(require_paid=lambda _: None),
        profile=SimpleNamespace(shows_credits=False),
        run=SimpleNamespace(leave_out=left_out.append),
    )

    assert ending(c25_ordinary_success.judge_second_instalment, context) == "Untested"
    assert left_out == ["A1"]


@pytest.mark.parametrize(
    ("statuses", "ends"), [([], Failed), ([200], Failed), ([404, 405], Unjudged), ([404, None], Failed)]
)
def test_a_wrong_amount_that_is_credited_before_the_callback_is_answered_is_a_failure(
    statuses: list[int | None], ends: type[Exception]
) -> None:
    journal: Any = SimpleNamespace(callback_statuses=lambda _: statuses, queries=lambda _: [{"seq": 1}])
    context: Any = SimpleNamespace(journal=journal)
    payment: Any = None

    with pytest.raises(ends):
        refuse_unless_it_ignores_callbacks(context, payment, "says that 1 was paid")


def test_the_raw_callback_is_looked_for_when_it_was_answered_though_a_query_settled_the_payment() -> None:
    """A merchant that answers its customer at the end of the payment has asked before the callback is let go."""
    came: list[str] = []
    seen: Any = SimpleNamespace(
        actions=SimpleNamespace(pay_accepted=lambda _: None),
        time=SimpleNamespace(settled_s=1.0),
        observations=SimpleNamespace(
            until=lambda *_, **__: None,
            wait=lambda condition, *_, **__: came.append(condition),
            kept_messages=lambda _: ['{"ResultCode": 0}'] if came else [],
        ),
    )

    c21_raw_message.raw_messages_are_kept(seen)

    assert came == ["callback_answered"] * 2
