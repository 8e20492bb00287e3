"""What the merchant's traffic says about its set-up, one misconfiguration at a time."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tayari.run.doctor import diagnose_merchant as merchant
from tayari.run.doctor import diagnose_payment as payment
from tayari.run.doctor.diagnose_c2b import c2b
from tayari.run.doctor.diagnose_daraja import diagnose, unplayed
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.doctor.doctor_findings import bad as bad_finding
from tayari_control.simulator_process import CallbackRoute, DarajaAccount
from tayari_formats.exit_codes import Exit
from tayari_money.payment_record import PaymentState
from tayari_target import answers
from tayari_target.adapter import Adapter
from tayari_target.answers import MerchantAnswer
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.target_model import C2b, CallTemplate, Merchant, Pay, Start, StatusSource, Target
from tayari_target.views import LedgerView, Started, StatusView
from tiny_shop import Says, open_shop

ACCOUNT = DarajaAccount(short_code="174379", passkey="key1")
AT = 1_791_286_403.0  # 2026-10-06 14:33:23 in East Africa


def entry(endpoint: str, status: int, answer: dict[str, str] | None = None, **sent: object) -> dict[str, Any]:
    return {
        "kind": "request",
        "endpoint": endpoint,
        "at": AT,
        "request": {"body": json.dumps(sent)},
        "response": {"status": status, "body": json.dumps(answer) if answer else ""},
    }


def push(stamp: str = "20261006143323", error: str = "", code: str = "174379", passkey: str = "key1") -> dict[str, Any]:
    password = base64.b64encode(f"{code}{passkey}{stamp}".encode()).decode()
    answer = {"errorMessage": error} if error else {"ResponseCode": "0"}
    return entry("stk_push", 500 if error else 200, answer, BusinessShortCode=code, Password=password, Timestamp=stamp)


def bad(entries: list[dict[str, Any]]) -> DoctorFinding:
    (found,) = [finding for finding in diagnose(entries, ACCOUNT) if not finding.ok]
    return found


def test_a_sound_merchant_has_no_bad_finding() -> None:
    found = list(diagnose([entry("oauth", 200, {"access_token": "t"}), push()], ACCOUNT))

    assert [finding.name for finding in found] == ["credentials", "short code", "passkey", "clock"]
    assert all(finding.ok for finding in found)


def test_a_pattern_that_takes_too_long_is_named_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATTERN_S", 0.05)

    found = merchant.nothing_found(
        "merchant.pay.payment_id", "regex:(a|aa)+$", MerchantAnswer(body="a" * 100 + "b"), "it"
    )

    assert found.message.startswith("merchant.pay.payment_id (regex:(a|aa)+$) was not done after 2 s in it: aaa")


def test_a_path_that_nobody_plays_is_named_in_the_merchants_words() -> None:
    note = "no API has this path; did you mean /mpesa/b2c/v3/paymentrequest?"
    request = {"method": "POST", "url": "http://127.0.0.1:9310/mpesa/b2c/v2/paymentrequest?key=1"}
    row = {"kind": "request", "endpoint": "", "request": request, "note": note}

    (found,) = unplayed([row, push(), row])

    assert found.ok
    assert found.message == (
        f"the merchant called POST /mpesa/b2c/v2/paymentrequest 2 times, which is not played here: {note}"
    )


def test_wrong_credentials_are_answered_with_the_empty_400() -> None:
    found = bad([entry("oauth", 400)])

    assert (found.name, found.exit_code) == ("credentials", Exit.BAD_CONFIGURATION)
    assert "an empty body" in found.message


def test_a_wrong_short_code_shows_both() -> None:
    found = bad([push(error="Merchant does not exist", code="600000")])

    assert (found.name, found.message) == (
        "short code",
        "the merchant pushes with BusinessShortCode 600000; expected 174379",
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (push(error="Wrong credentials", passkey="key2"), "another passkey"),
        (
            entry("stk_push", 500, {"errorMessage": "Wrong credentials"}, Password="a2V5", Timestamp="y"),
            "does not begin with the short code",
        ),
    ],
)  # fmt: skip
def test_a_wrong_password_says_which_part_without_showing_it(entry: dict[str, Any], words: str) -> None:
    found = bad([entry])

    assert found.name == "passkey"
    assert words in found.message
    assert "key2" not in found.message


@pytest.mark.parametrize(
    ("entry", "name", "rule"),
    [
        (entry("stk_push", 500, {"errorMessage": "Wrong credentials"}, Password="%%"), "passkey", "S01"),
        (
            push(error="Wrong credentials") | {"request": {"body": json.dumps({
                "Password": base64.b64encode(b"174379key120261006143323").decode(), "Timestamp": "20261006143324"})}},
            "passkey",
            "S01",
        ),
        (push(error="Bad Request - Invalid CallBackURL"), "callback URL", "S10"),
        (push(error="Bad Request - Invalid Amount"), "push", "S15"),
        (push("20261006144523"), "clock", "S02"),
    ],
)  # fmt: skip
def test_a_wrong_field_of_the_merchant_is_reported_and_left_to_a_rule(
    entry: dict[str, Any], name: str, rule: str
) -> None:
    found = list(diagnose([entry], ACCOUNT))

    assert all(finding.ok for finding in found)
    (warned,) = [finding for finding in found if finding.fix]
    assert warned.name == name
    assert rule in warned.fix


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        ("20261006143323", "is East Africa Time"),
        ("20261006143700", "is East Africa Time"),
        ("20261006113323", "3 h off East Africa Time"),
        ("20261006144523", "12 minutes off"),
        ("yesterday", "cannot be read"),
    ],
)
def test_the_clock_is_judged_by_the_timestamp(stamp: str, words: str) -> None:
    (clock,) = [finding for finding in diagnose([push(stamp)], ACCOUNT) if finding.name == "clock"]

    assert clock.ok
    assert words in clock.message


def target(payment_id: str | None = "$.id", status: StatusSource | None = None) -> Target:
    from pathlib import Path

    pay = Pay(call=CallTemplate(method="POST", path="/pay"), payment_id=payment_id)
    shop = Merchant(name="tiny", base_url="http://127.0.0.1:1", pay=pay, status=status)
    return Target(path=Path("tayari.yaml"), merchant=shop, daraja=ACCOUNT)


def started(body: str = "{}", status: int | None = 200, **more: Any) -> Started:
    return Started(accepted=True, status=status, payment_id=None, body=body, **more)


@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (started("nothing here", 404), "payment", "POST /pay was answered 404: nothing here"),
        (started('{"error": "phone is required"}', 422), "payment", "refused the payment (422) before calling Daraja"),
        (started('{"ok": true}', 200), "Daraja base URL", "never called Daraja here"),
        (started("boom", 500), "payment", "answered the payment 500, an error, and never called Daraja here: boom"),
        (started("KeyError: 'x'", 500), "payment", "answered the payment 500, a debug page, and never called Daraja"),
        (started("boom", 502), "Daraja base URL", "answered the payment 502, an error, and never called Daraja"),
    ],
)
def test_a_payment_that_never_reached_daraja_says_why(answer: Started, name: str, words: str) -> None:
    found = merchant.never_called(answer, target(), "http://127.0.0.1:9310")

    assert (found.name, found.ok) == (name, False)
    assert words in found.message


def test_a_merchant_that_is_started_may_have_the_host_in_its_code() -> None:
    shop = target()
    start = Start(command="node shop.js")

    found = merchant.never_called(started(), replace(shop, merchant=replace(shop.merchant, start=start)), "http://d")

    assert "`intercept: auto`" in found.fix
    assert "`intercept: auto`" not in merchant.never_called(started(), shop, "http://d").fix


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sh -c 'php artisan migrate:fresh --force && php artisan serve'", ["migrate:fresh"]),
        ("sh -c 'python manage.py flush --no-input && gunicorn shop'", ["manage.py flush"]),
        ("sh -c 'npx prisma migrate reset --force && node .'", ["migrate reset"]),
        ("sh -c 'rm -rf data && ./shop'", ["rm -rf"]),
        ("sh -c 'php artisan migrate --force && php artisan serve'", []),
        ("gunicorn shop:app --reload", []),
        ("sh -c '(test -e {work_dir}/made || psql -c \"DROP DATABASE x\") && touch {work_dir}/made && node .'", []),
        ("sh -c 'psql -c \"DROP DATABASE x\" && touch {work_dir}/made && node .'", ["DROP DATABASE"]),
    ],
)
def test_a_start_command_that_destroys_state_is_reported(command: str, words: list[str]) -> None:
    found = list(merchant.destructive_start(Start(command=command)))

    assert [f"has `{word}`" in finding.message for word, finding in zip(words, found, strict=True)] == [True] * len(
        words
    )
    assert all(finding.ok for finding in found)


def test_a_push_to_a_till_leads_to_the_key_of_the_till() -> None:
    refused = push(error="Bad Request - Invalid TransactionType")
    sent = json.loads(refused["request"]["body"]) | {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "5000001"}
    refused["request"]["body"] = json.dumps(sent)

    (found,) = [finding for finding in diagnose([refused], ACCOUNT) if finding.fix]
    (other,) = [finding for finding in diagnose([refused], replace(ACCOUNT, till="5000002")) if finding.fix]

    assert (found.name, found.ok, "daraja.till" in found.fix) == ("till", True, True)
    assert "PartyB 5000001" in found.message
    assert other.name == "push"


def test_no_answer_means_the_merchant_is_unreachable() -> None:
    found = merchant.no_answer(started(status=None, error="connection refused"), "http://127.0.0.1:1")

    assert found is not None
    assert found.exit_code is Exit.MERCHANT_UNREACHABLE


@pytest.mark.parametrize(
    ("body", "content_type", "name", "words"),
    [
        ('{"payment": {"ref": 7}}', "application/json", "JSONPath", "(200), which holds $.payment.ref"),
        ("<html><p>Karibu</p></html>", "text/html", "answer form", "is an HTML page, but merchant.pay.payment_id is"),
        ("thanks", "text/plain", "answer form", "is not JSON"),
    ],
)  # fmt: skip
def test_an_identifier_that_is_not_found_shows_what_there_is(
    body: str, content_type: str, name: str, words: str
) -> None:
    found = merchant.payment_answer(started(body, content_type=content_type), target())

    assert (found.name, found.ok) == (name, False)
    assert words in found.message


def test_a_pattern_that_finds_nothing_is_reported_as_such() -> None:
    found = merchant.payment_answer(started("Order seven"), target("regex:Order ([0-9]+)"))

    assert (found.name, found.fix) == ("extraction", "correct merchant.pay.payment_id")


def delivery(error: str = "", status: int | None = None) -> dict[str, Any]:
    response = {"status": status} if status else None
    return {"request": {"url": "https://shop.example/cb"}, "response": response, "error": error}


@pytest.mark.parametrize(
    ("entry", "name", "words"),
    [
        (delivery("connection refused"), "callback", "was not delivered: connection refused"),
        (delivery("host shop.example is not allowed"), "callback host", "on a host that may not be called from here"),
        (delivery(status=404), "callback", "nobody takes callbacks there"),
    ],
)
def test_a_callback_that_does_not_arrive_is_the_set_ups_fault(entry: dict[str, Any], name: str, words: str) -> None:
    found = merchant.callback(entry, CallbackRoute())

    assert (found.name, found.ok) == (name, False)
    assert words in found.message


def test_a_callback_to_the_host_of_an_example_is_not_to_be_redirected() -> None:
    entry = {**delivery("host example.com is not allowed"), "request": {"url": "https://example.com/result"}}

    found = merchant.callback(entry, CallbackRoute())

    assert found.fix.startswith("give the merchant's own address in place of example.com, which is nobody's")


def test_a_callback_that_was_taken_is_no_finding() -> None:
    found = merchant.callback(delivery(status=200), CallbackRoute())

    assert (found.ok, found.fix) == (True, "")


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("text/html; charset=utf-8", '{"Body": {"stkCallback": {}}}', "the callback's own body, as text/html"),
        ("application/json", '{"Body": {"stkCallback": {}}}\n', "the callback's own body, as application/json"),
        ("text/html", "<!doctype html><title>My shop</title><p>Log in first", "an HTML page: My shop Log in first"),
    ],
)
def test_an_answer_that_no_handler_of_callbacks_gives_is_a_warning(content_type: str, body: str, words: str) -> None:
    entry = delivery(status=200)
    entry["request"]["body"] = '{"Body": {"stkCallback": {}}}'
    entry["response"] |= {"headers": {"Content-Type": content_type}, "body": body}

    found = merchant.callback(entry, CallbackRoute())

    assert found.ok
    assert words in found.message
    assert '{"ResultCode": 0, "ResultDesc": "Accepted"}' in found.fix


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", ""),
        ("text/html", "OK"),
        ("text/plain", "OK"),
        ("application/json", '{"ResultCode": 0, "ResultDesc": "Accepted"}'),
    ],
)
def test_an_ordinary_answer_to_a_callback_is_no_finding(content_type: str, body: str) -> None:
    entry = delivery(status=200)
    entry["request"]["body"] = '{"Body": {"stkCallback": {}}}'
    entry["response"] |= {"headers": {"Content-Type": content_type}, "body": body}

    assert merchant.callback(entry, CallbackRoute()).fix == ""


@pytest.mark.parametrize(
    ("served", "called", "words"),
    [
        ("GET /cb/", "/cb", "; the same address with a slash at its end answers a GET with 405"),
        ("GET /cb", "/cb/?key=1", "; the same address without a slash at its end answers a GET with 405"),
        ("GET /other", "/cb", ""),
    ],
)
def test_a_callback_url_that_lacks_its_last_slash_is_reported(served: str, called: str, words: str) -> None:
    with open_shop({served: Says("POST only", 405)}) as shop:
        entry = delivery(status=404)
        entry["request"]["url"] = shop.url + called

        found = merchant.callback(entry, CallbackRoute())

    assert not found.ok
    assert found.message.partition("nobody takes callbacks there")[2] == words


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_caller_stops_the_run_without_a_named_address_and_is_reported_with_one(status: int) -> None:
    stops = merchant.callback(delivery(status=status), CallbackRoute())
    warned = merchant.callback(delivery(status=status), CallbackRoute(source_header="X-Real-IP"))

    assert (stops.ok, warned.ok) == (False, True)
    assert "callbacks: {source_header: X-Forwarded-For}" in stops.fix
    assert "CSRF" in stops.fix
    assert "reads X-Real-IP (callbacks.source_header)" in warned.fix


@pytest.mark.parametrize(("status", "fix"), [(301, "as its server wants it"), (400, "log"), (500, "log")])
def test_a_callback_that_was_not_answered_2xx_is_reported_and_left_to_the_rules(status: int, fix: str) -> None:
    found = merchant.callback(delivery(status=status), CallbackRoute())

    assert found.ok
    assert f"answered a genuine callback {status}" in found.message
    assert fix in found.fix


STATUS = StatusSource(call=CallTemplate(method="GET", path="/s"), states={"PAID": PaymentState.PAID})


@pytest.mark.parametrize(
    ("view", "name", "words"),
    [
        (
            StatusView(state=None, raw_state="DONE", http_status=200),
            "state words",
            "'DONE', a word that merchant.status.states",
        ),
        (StatusView(state=None, http_status=404), "status", "/s was answered 404"),
        (StatusView(state=None, http_status=500, body="boom"), "status", "/s was answered 500: boom"),
        (StatusView(state=None, http_status=200, body='{"state": 1}'), "JSONPath", "which holds $.state"),
        (StatusView(state=None, http_status=200, body="<html>"), "answer form", "is an HTML page"),
        (StatusView(state=None, error="connection refused"), "status", "connection refused"),
    ],
)
def test_a_state_that_cannot_be_read_names_the_key_to_mend(view: StatusView, name: str, words: str) -> None:
    found = merchant.status_answer(view, target(status=STATUS))

    assert found is not None
    assert (found.name, found.ok) == (name, False)
    assert words in found.message
    assert "merchant.status" in found.message + found.fix


def test_a_known_state_is_no_finding() -> None:
    assert merchant.status_answer(StatusView(state=PaymentState.PENDING), target(status=STATUS)) is None


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("died", Exit.MERCHANT_UNREACHABLE),
        ("not_ready", Exit.MERCHANT_UNREACHABLE),
        ("port_taken", Exit.BAD_CONFIGURATION),
        ("command", Exit.BAD_CONFIGURATION),
        ("placeholder", Exit.BAD_CONFIGURATION),
    ],
)
def test_a_failed_start_shows_its_last_lines_and_what_to_do(kind: str, code: Exit) -> None:
    found = merchant.start_failure(MerchantStartError(kind, "it ended", tail="line 1\nKeyError: MPESA_KEY"))

    assert found.exit_code is code
    assert "KeyError: MPESA_KEY" in found.message
    assert found.fix


def test_a_merchant_that_answers_with_errors_is_not_said_to_be_slow() -> None:
    error = MerchantStartError("not_ready", "/up is not ready after 30 s (status 500)", fix="raise ready_within_s")
    silent = MerchantStartError("not_ready", "/up is not ready after 30 s (no answer)", fix="raise ready_within_s")

    assert "fix what its last lines say" in merchant.start_failure(error).fix
    assert merchant.start_failure(silent).fix == "raise ready_within_s"


def test_a_failed_start_says_nothing_twice() -> None:
    one_line = MerchantStartError("died", "the start command ended with 1: no such table", tail="no such table\n")
    taken = MerchantStartError("port_taken", "something else answers there", fix="stop the other program")

    assert merchant.start_failure(one_line).message == "the start command ended with 1: no such table"
    assert merchant.start_failure(taken).message == "something else answers there"
    assert merchant.start_failure(taken).fix == "stop the other program"
    assert str(taken) == "something else answers there; stop the other program"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/cb/0123456789abcdef?key=1", "https://shop.example/cb/...?..."),
        ("https://shop.example/cb", "https://shop.example/cb"),
        ("http://[x", "..."),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert merchant.without_secrets(url) == shown


SHOWN = {"id": "7", "amount": 10, "status": "paid", "receipt": "UJ7K4T9QWX", "message": "You paid 10, thank you."}
BARE = StatusSource(call=CallTemplate(method="GET", path="/"), state="$.status", states={})


def offers(status: StatusSource, **paid: object) -> list[tuple[str, str]]:
    pay = Pay(call=CallTemplate(method="POST", path="/pay"), message="$.message")
    shop = Merchant(name="shop", base_url="http://127.0.0.1:1", pay=pay, status=status)
    target = Target(path=Path("tayari.yaml"), merchant=shop, daraja=ACCOUNT)
    cancelled = {**SHOWN, **dict.fromkeys(paid, 0), "receipt": None, "message": "You cancelled the request."}
    first, second = (StatusView(state=None, body=json.dumps(body)) for body in ({**SHOWN, **paid}, cancelled))
    found = payment.left_out(first, second, target, receipt="UJ7K4T9QWX", amount=10)
    return [(finding.message, finding.fix) for finding in found]


def test_keys_that_the_target_file_lacks_are_offered_where_the_status_answer_holds_them() -> None:
    found = offers(BARE, credited=10)

    assert [fix for _, fix in found] == [
        "add merchant.status.credited: $.credited",
        "add merchant.status.receipt: $.receipt",
        "add merchant.status.message: $.message",
    ]
    assert "4 rules need it (C03, M01, M04, Q08)" in found[0][0]


class Books(Adapter):
    shows = frozenset({"receipt", "message"})

    def read_status(self, **_: Any) -> None:
        return None

    def read_ledger(self, **_: Any) -> LedgerView:
        return LedgerView(credits=0, total=0.0)


def test_what_an_adapter_shows_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tayari_target.adapter._adapter_class", lambda _: Books)

    assert offers(BARE, credited=10) == []


def test_an_amount_that_a_cancelled_payment_has_too_is_no_credit() -> None:
    status = replace(BARE, receipt="$.receipt", message="$.message")

    assert [fix for _, fix in offers(status)] == ["add merchant.ledger or merchant.status.credited"]
    assert offers(replace(status, credited="$.credited")) == []


@pytest.mark.parametrize(
    ("log", "alive", "shown"),
    [
        ("one\nValueError: no broker\n", True, "answered 500\nIts last lines:\none\nValueError: no broker"),
        ("", True, "answered 500; its log is empty"),
        ("", None, "answered 500"),
    ],
)
def test_a_finding_that_sends_to_the_log_shows_its_end(log: str, alive: bool | None, shown: str) -> None:
    """Tayari keeps the log in a folder that goes with the merchant: nobody could read it afterwards."""
    environment: Any = SimpleNamespace(merchant_alive=lambda: alive, merchant_log_tail=lambda: log)

    found = merchant.with_log(bad_finding("payment", "answered 500", "read the merchant's log"), environment)

    assert found.message == shown
    assert merchant.with_log(bad_finding("payment", "refused", "correct it"), environment).message == "refused"


@pytest.mark.parametrize("version", ["c2b_register", "c2b_register_v1"])
def test_a_refused_registration_of_either_version_is_reported(version: str) -> None:
    refused = entry(version, 400, {"errorCode": "400.003.02", "errorMessage": "Bad Request"})
    control = SimpleNamespace(
        organisations=list, journal=lambda *, endpoint, kind: {"entries": [refused] if endpoint == version else []}
    )
    shop = SimpleNamespace(merchant=SimpleNamespace(c2b=C2b()), c2b_short_code="174379")
    environment: Any = SimpleNamespace(
        target=shop, c2b_urls=lambda: None, control=control, daraja_url="http://127.0.0.1:1"
    )

    [found] = c2b(environment)

    assert found.message.startswith("Daraja refused the registration (400)")
