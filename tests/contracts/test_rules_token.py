"""Token rules: what a refusal, a loop and a leak look like in the journal and in answers."""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import pytest
from endings import ending
from tayari_contracts.checks.token import t02_single_flight, t03_token_expiry, t08_token_endpoint_down, t11_time_outs
from tayari_contracts.checks.token.t12_one_environment import expect_own_tokens
from tayari_contracts.checks.token.t13_secrets_stay import leaks, secrets_of
from tayari_contracts.context.actions import Actions
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.message_topics import crash_of, leak_of, message_at_start, raw_words_of
from tayari_contracts.steps import pushes
from tayari_target.driver import Started


def started(status: int | None, body: str, *, message: str = "") -> Started:
    accepted = status is not None and status < 400
    return Started(accepted=accepted, status=status, payment_id=None, body=body, message=message, error="timed out")


@pytest.mark.parametrize(
    "answer",
    [
        started(None, ""),
        started(500, "Internal Server Error"),
        started(500, "500 Internal Server Error\n\nServer got itself in trouble"),
        started(500, '{"error": "Internal Server Error"}'),
        started(500, '{"statusCode":500,"message":"Internal server error"}'),
        started(
            500, '{"timestamp": "2026-10-07", "status": 500, "error": "Internal Server Error", "path": "/api/pay"}'
        ),
        started(500, '{"message": "Undefined index", "exception": "ErrorException", "trace": []}'),
        started(500, ""),
        started(500, '{"error": "We could not reach M-Pesa, please try again later"}'),
        started(502, "<html><body>Bad Gateway</body></html>"),
        started(200, "Traceback (most recent call last):\n  File ..."),
        started(400, '{"error": "Unexpected token < in JSON at position 0"}'),
        started(502, '{"error": "<html style=\\"height:100%\\">Request unsuccessful. Incapsula incident"}'),
        started(500, '{"detail": "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"}'),
    ],
)
def test_a_program_that_broke_is_seen_in_its_answer(answer: Started) -> None:
    assert crash_of(answer) != ""


@pytest.mark.parametrize(
    "answer",
    [
        started(201, '{"id": "p1", "message": "Enter your PIN"}', message="Enter your PIN"),
        started(
            503, '{"message": "M-Pesa is unavailable. Pay by card."}', message="M-Pesa is unavailable. Pay by card."
        ),
        started(503, '{"error": "We could not reach M-Pesa, please try again later"}'),
        started(502, "<!doctype html><html><body><p>M-Pesa haipatikani, jaribu baadaye</p></body></html>"),
        started(400, '{"error": "Enter a number like 0712 345 678"}'),
    ],
)
def test_an_error_with_a_sentence_for_the_customer_is_no_crash(answer: Started) -> None:
    assert crash_of(answer) == ""


def test_an_error_that_names_the_payment_is_no_crash_unless_it_is_a_500() -> None:
    answer = started(502, '{"orderId": "5b0b60f57cdb", "status": "FAILED"}')
    known = replace(answer, payment_id="5b0b60f57cdb")

    assert crash_of(known) == ""
    assert crash_of(answer) != ""
    assert crash_of(replace(known, status=500)) != ""


def test_a_merchants_own_page_is_not_taken_for_the_edges() -> None:
    assert leak_of("<!doctype html><html><body>Pay here</body></html>") == ""
    assert leak_of("<html><body>Request unsuccessful. Incapsula incident ID: 1</body></html>") == "Incapsula"
    assert leak_of('{"message": "<html style=..."}') == "<html"


def test_the_sentence_of_a_refusal_is_found_under_its_usual_names() -> None:
    assert message_at_start(started(400, '{"error": "Check the number", "code": 7}')) == "Check the number"
    assert message_at_start(started(422, '{"errors": {"detail": "Too much"}}')) == "Too much"
    assert message_at_start(started(200, '{"id": 1}')) == ""
    assert message_at_start(started(400, '{"error": "x"}', message="Say this")) == "Say this"


@pytest.mark.parametrize(
    "text",
    ["400.002.02 Bad Request - Invalid Amount", '{"requestId": "1", "errorCode": "500.001.1001"}', "code 500.001.1001"],
)
def test_darajas_raw_words_are_known(text: str) -> None:
    assert raw_words_of(text) != ""


@pytest.mark.parametrize("text", ["KES 1,500.00 is above the limit", "Call 0712 345 678", "12.30.2026"])
def test_numbers_of_an_ordinary_sentence_are_not_darajas(text: str) -> None:
    assert raw_words_of(text) == ""


def test_a_leaked_passkey_is_named_and_never_quoted() -> None:
    secrets = secrets_of({"passkey": "bfb279f9aa9bdbcf", "consumer_key": "k" * 12, "consumer_secret": "s" * 12})

    assert leaks(['{"debug": "bfb279f9aa9bdbcf"}'], secrets) == ["the passkey"]
    assert leaks(["Basic a2tra2tra2tra2trOnNzc3Nzc3Nzc3Nzcw=="], secrets) == ["the Basic credential of the token call"]
    assert leaks(["nothing here"], secrets) == []


def test_a_secret_that_may_be_an_ordinary_word_is_not_looked_for() -> None:
    assert "the passkey" not in secrets_of({"passkey": "duka"})


@pytest.mark.parametrize("accepted_at_last", [True, False])
def test_t08_waits_for_the_push_that_succeeds_and_not_for_the_first(
    accepted_at_last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first push with a dead token is seen, refused, and followed by one that is accepted."""

    def require_accepted(_: object) -> str:
        if not accepted_at_last:
            raise Untested("no STK push was accepted for this payment: the merchant gave up")
        return "ws_CO_1"

    actions = SimpleNamespace(drop_token=lambda: None, pay=lambda: "the payment", require_accepted=require_accepted)
    monkeypatch.setattr(t08_token_endpoint_down, "ANSWERS", {})
    judge = partial(t08_token_endpoint_down.survives_oauth_without_json, SimpleNamespace(actions=actions))  # type: ignore[arg-type]

    if accepted_at_last:
        judge()
    else:
        with pytest.raises(Failed, match="still no payment is possible: no STK push was accepted"):
            judge()


REFUSED_TOKEN: Final = {"seq": 5, "response": {"body": '{"errorMessage": "Invalid Access Token"}'}}
ACCEPTED_PUSH: Final = {"seq": 6, "response": {"body": '{"ResponseCode": "0"}'}}


@pytest.mark.parametrize(
    ("of_first", "of_second", "ends"),
    [
        ([ACCEPTED_PUSH], [ACCEPTED_PUSH], "passes"),
        ([REFUSED_TOKEN, ACCEPTED_PUSH], [ACCEPTED_PUSH], "Untested"),
        ([ACCEPTED_PUSH], [REFUSED_TOKEN, ACCEPTED_PUSH], "Warned"),
    ],
)
def test_t03_proves_nothing_by_a_token_that_was_dead_at_the_first_push(
    of_first: list[Any], of_second: list[Any], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that stood still the merchant then has a later token, with a long life: its defect passed."""
    monkeypatch.setattr(t03_token_expiry, "pay_with_new_token", lambda _: "first")
    monkeypatch.setattr(t03_token_expiry, "first_push", lambda *_: None)
    issued = {"at": 0.0, "response": {"body": '{"expires_in": "2"}'}}
    pushed = {"first": of_first, "second": of_second}
    context = SimpleNamespace(
        control=SimpleNamespace(play_next=lambda *_, **__: 1, clear_next=lambda: None),
        evidence=SimpleNamespace(watch_since=lambda *_, **__: None),
        journal=SimpleNamespace(token_fetches=lambda _: [issued], pushes=pushed.get, accepted=lambda _: [{"seq": 7}]),
        time=SimpleNamespace(pause=lambda _: None),
        actions=SimpleNamespace(pay=lambda: "second"),
    )

    assert ending(t03_token_expiry.renews_before_expiry, context) == ends


def test_t08_leaves_the_token_of_a_merchant_alone_that_would_hold_on_to_it() -> None:
    """It was revoked: every later payment was refused, so twelve rules had no payment, and S15 blamed the merchant."""

    def revoke_token() -> None:
        raise Untested("the merchant holds on to a refused token (T04), so its token was left alone")

    done: list[str] = []
    context = SimpleNamespace(
        control=SimpleNamespace(
            play_next=lambda *_, **__: done.append("play"), clear_next=lambda: done.append("clear"),
            revoke_tokens=lambda: done.append("revoke all"),
        ),
        evidence=SimpleNamespace(watch_since=lambda *_, **__: None),
        journal=SimpleNamespace(now=lambda: 1, token_fetches=lambda _: [], accepted=lambda _: True),
        actions=SimpleNamespace(drop_token=lambda: None, pay=lambda: "the payment", revoke_token=revoke_token),
    )  # fmt: skip

    with pytest.raises(Untested, match=r"T04"):
        t08_token_endpoint_down.survives_oauth_without_json(context)  # type: ignore[arg-type]

    assert done == ["play", "clear", "clear"]


@pytest.mark.parametrize(
    ("keeps_its_token", "did"),
    [(False, ["start anew", "pay"]), (True, ["start anew", "pay", "revoke", "pay"])],
)
def test_a_token_that_outlives_the_process_is_revoked(
    keeps_its_token: bool, did: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def pay() -> str:
        done.append("pay")
        return "the payment"

    monkeypatch.setattr(pushes, "calm_pushes", lambda *_, **__: [])
    context = SimpleNamespace(
        journal=SimpleNamespace(now=lambda: 1, token_fetches=lambda _: [] if keeps_its_token else [{"seq": 2}]),
        actions=SimpleNamespace(
            drop_token=lambda: done.append("start anew"),
            revoke_token=lambda: done.append("revoke"),
            pay=pay,
        ),
        environment=SimpleNamespace(can_restart=True),
    )

    assert pushes.pay_with_new_token(context) == "the payment"  # type: ignore[arg-type,comparison-overlap]
    assert done == did


@pytest.mark.parametrize(("outlives", "did"), [(False, ["anew"]), (True, ["anew", "revoke"])])
def test_t02_lets_a_token_die_that_outlives_the_process(
    outlives: bool, did: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(t02_single_flight, "_start_cold", lambda _: [])
    monkeypatch.setattr(t02_single_flight, "_customers", lambda _: 0)
    fetched = [{"at": 0.0}]
    context = SimpleNamespace(
        environment=SimpleNamespace(can_restart=True),
        evidence=SimpleNamespace(watch_since=lambda *_, **__: None),
        time=SimpleNamespace(pause=lambda _: None),
        control=SimpleNamespace(play_next=lambda *_, **__: None, clear_next=lambda: None),
        journal=SimpleNamespace(
            now=lambda: 1, token_fetches=lambda _: fetched if "revoke" in done or not outlives else []
        ),
        actions=SimpleNamespace(
            drop_token=lambda: done.append("anew"),
            revoke_token=lambda: done.append("revoke"),
            pay=lambda: "the payment",
            require_accepted=lambda _: "ws_CO_1",
        ),
    )
    t02_single_flight.fetches_once_for_all(context)  # type: ignore[arg-type]

    assert done == did


@pytest.mark.parametrize(("pushed", "ends"), [(1, "passes"), (2, "Failed")])
def test_t11_refuses_a_second_push_after_silence(pushed: int, ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = SimpleNamespace(calls=["POST /mpesa/stkpush/v1/processrequest"] * pushed, held_s=[8.0], refused=[])
    driver = SimpleNamespace(start_payment=lambda **_: started(202, "{}"))
    monkeypatch.setattr(t11_time_outs, "merchant_with_stub", lambda *_, **__: nullcontext((listener, driver)))
    monkeypatch.setattr(t11_time_outs, "_judge_state", lambda *_: None)
    context = SimpleNamespace(
        allocation=SimpleNamespace(reference=lambda: "T1", msisdn=lambda: "254710000001", amount=lambda: 100),
        actions=SimpleNamespace(in_background=lambda act: SimpleNamespace(result=act)),
        time=SimpleNamespace(until=lambda look, within_s: look()),
        evidence=SimpleNamespace(notes=[], tries=0),
    )

    assert ending(t11_time_outs.gives_up_a_call_without_answer, context) == ends


WITH_PROMPT: Final = {"status": 502, "accepted": False}
ANSWERED: Final = {"status": 200, "accepted": True}
UNANSWERED: Final = {"status": None, "accepted": False}


@pytest.mark.parametrize(
    ("cold", "again", "queried", "without_prompt", "raised"),
    [
        (WITH_PROMPT, WITH_PROMPT, False, 0, Failed),
        (WITH_PROMPT, WITH_PROMPT, False, 1, Failed),
        (WITH_PROMPT, ANSWERED, False, 0, Warned),
        (WITH_PROMPT, WITH_PROMPT, True, 0, None),
        (UNANSWERED, UNANSWERED, False, 0, None),
        (ANSWERED, ANSWERED, False, 0, None),
    ],
)
def test_t02_notices_customers_who_read_an_error_and_have_a_prompt(
    *,
    cold: dict[str, Any],
    again: dict[str, Any],
    queried: bool,
    without_prompt: int,
    raised: type[Exception] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def customers(answer: dict[str, Any]) -> list[Any]:
        start = SimpleNamespace(message="It failed.", error="", **answer)
        return [SimpleNamespace(started=start, number=number) for number in range(3)]

    monkeypatch.setattr(t02_single_flight, "_customers", lambda _: 3)
    monkeypatch.setattr(t02_single_flight, "_start_all", lambda _: customers(again))
    journal = SimpleNamespace(
        accepted=lambda payment: ["the push"] if payment.number >= without_prompt else [],
        queries=lambda _: ["a query"] if queried else [],
    )
    context: Any = SimpleNamespace(journal=journal)

    reason = f"{3 - without_prompt} of 3 customers at once were answered 502"
    with pytest.raises(raised, match=reason) if raised else nullcontext():
        t02_single_flight._judge_payments(context, customers(cold))


@pytest.mark.parametrize(("can_restart", "enable"), [(True, ""), (False, "merchant.start")])
def test_a_merchant_that_can_be_restarted_is_not_asked_for_its_start_command(can_restart: bool, enable: str) -> None:
    merchant: Any = SimpleNamespace(
        pay=lambda _: "the payment",
        _time=SimpleNamespace(until=lambda look, within_s: look(), settle_s=1.0),
        _journal=SimpleNamespace(checkout_request_id=lambda _: None),
        _environment=SimpleNamespace(can_restart=can_restart),
    )

    with pytest.raises(Untested, match="holds on to a refused token") as ended:
        Actions.revoke_token(merchant)
    assert ended.value.enable == enable


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_is_known_however_its_scheme_is_written(scheme: str) -> None:
    fetched = [{"response": {"body": '{"access_token": "good"}'}}]

    def push(token: str) -> dict[str, Any]:
        return {"request": {"headers": {"AUTHORIZATION": f"{scheme} {token}"}}}

    expect_own_tokens(fetched, [push("good"), push("good")])
    with pytest.raises(Failed, match="2 of 2 calls brought a token that was not given here"):
        expect_own_tokens(fetched, [push("other"), push("other")])
