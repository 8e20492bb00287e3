"""The merchant driver against shops that speak JSON, forms and pages."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tayari_money.payment_record import PaymentState
from tayari_reports.model import Exchange
from tayari_target.driver import MerchantDriver
from tayari_target.views import Started
from tiny_shop import Says, Shop, open_shop, write_target

STATUS = """\
status:
  request: "GET /payments/{payment_id}"
  state: $.state
  message: $.said
  receipt: $.receipt
  credited: $.credited
  states: {paid: [PAID], failed: [FAILED], pending: [PENDING]}
"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop({"POST /pay": Says({"id": 42, "message": "Check your phone"})}) as shop:
        yield shop


def test_a_payment_is_started_and_its_identifier_and_message_are_found(shop: Shop, tmp_path: Path) -> None:
    pay = '{request: "POST /pay", json: {phone: "{msisdn}", amount: "{amount}", as_text: "{amount_text}"}, '
    pay += "payment_id: $.id, message: $.message}"
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay=pay))

    started = driver.start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert (started.accepted, started.status, started.payment_id) == (True, 200, "42")
    assert started.message == "Check your phone"
    assert json.loads(shop.asked[0].body) == {"phone": "254700000001", "amount": 10, "as_text": "10"}


@pytest.mark.parametrize(
    ("typed", "sent"), [("254700000001", "+254700000001"), ("0700000001", "0700000001"), ("+254700000001",) * 2]
)
def test_a_plus_of_the_target_file_does_not_stand_before_a_number_as_it_is_typed(
    shop: Shop, tmp_path: Path, typed: str, sent: str
) -> None:
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay='{request: "POST /pay", json: {tel: "+{msisdn}"}}'))

    driver.start_payment(msisdn=typed, amount=10, reference="R1")

    assert json.loads(shop.asked[0].body) == {"tel": sent}


def test_a_form_is_posted_and_a_redirect_is_followed_to_the_page_the_customer_sees(shop: Shop, tmp_path: Path) -> None:
    page = "<html><head><title>Shop</title></head><body><p>Angalia &amp; simu</p><script>x()</script></body></html>"
    shop.routes["POST /pay"] = Says(status=303, headers={"Location": "/orders/77"})
    shop.routes["GET /orders/77"] = Says(page, headers={"Content-Type": "text/html"})
    pay = '{request: "POST /pay", form: {phone: "{msisdn_local}"}, payment_id: "header:Location /orders/(.+)"}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay=pay))

    started = driver.start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert shop.asked[0].body == "phone=0700000001"
    assert (started.payment_id, started.message) == ("77", "Angalia & simu")


@pytest.mark.parametrize("payment_id", ["url:/orders/(.+)", "regex:Order ([0-9]+)"])
def test_an_identifier_can_be_read_from_the_address_or_the_page(shop: Shop, tmp_path: Path, payment_id: str) -> None:
    shop.routes["POST /pay"] = Says(status=303, headers={"Location": "/orders/77"})
    shop.routes["GET /orders/77"] = Says("<p>Order 77</p>")
    pay = f'{{request: "POST /pay", form: {{}}, payment_id: "{payment_id}"}}'

    started = MerchantDriver(write_target(tmp_path, shop.url, pay=pay)).start_payment(
        msisdn="254700000001", amount=10, reference="R1"
    )

    assert started.payment_id == "77"


def test_without_a_payment_id_the_reference_is_the_identifier(shop: Shop, tmp_path: Path) -> None:
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay='{request: "POST /pay", form: {ref: "{reference}"}}'))

    assert driver.start_payment(msisdn="254700000001", amount=10, reference="R1").payment_id == "R1"


def test_the_idempotency_key_travels_in_its_header_and_is_fresh_unless_given(shop: Shop, tmp_path: Path) -> None:
    pay = '{request: "POST /pay", json: {}, payment_id: $.id, idempotency_header: Idempotency-Key}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay=pay))

    for key in ("K1", None, None):
        driver.start_payment(msisdn="254700000001", amount=10, reference="R1", idempotency_key=key)

    keys = [asked.headers["Idempotency-Key"] for asked in shop.asked]
    assert keys[0] == "K1"
    assert len(set(keys)) == 3


def test_a_refused_payment_is_not_accepted_and_keeps_its_body(shop: Shop, tmp_path: Path) -> None:
    shop.routes["POST /pay"] = Says({"error": "no"}, 422)

    started = MerchantDriver(write_target(tmp_path, shop.url)).start_payment(
        msisdn="254700000001", amount="ten", reference="R1"
    )

    assert (started.accepted, started.status, started.payment_id, started.body) == (False, 422, None, '{"error": "no"}')


def test_no_answer_is_returned_and_not_raised(tmp_path: Path) -> None:
    exchanges: list[Exchange] = []
    driver = MerchantDriver(write_target(tmp_path, "http://127.0.0.1:9"), record=exchanges.append)

    started = driver.start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert (started.accepted, started.status, started.error) == (False, None, "connection refused")
    assert exchanges[0].error == "connection refused"


def test_every_exchange_is_recorded_as_it_was_on_the_wire(shop: Shop, tmp_path: Path) -> None:
    exchanges: list[Exchange] = []
    driver = MerchantDriver(write_target(tmp_path, shop.url), record=exchanges.append)

    driver.start_payment(msisdn="254700000001", amount=10, reference="R1")

    (seen,) = exchanges
    assert (seen.title, seen.method, seen.url, seen.status) == ("start payment", "POST", f"{shop.url}/pay", 200)
    assert json.loads(seen.request_body)["phone"] == "254700000001"
    assert json.loads(seen.response_body)["id"] == 42
    assert dict(seen.request_headers)["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("word", "state"),
    [("PAID", PaymentState.PAID), ("paid", PaymentState.PAID), ("PENDING", PaymentState.PENDING), ("SHIPPED", None)],
)
def test_the_merchants_word_becomes_our_state(
    shop: Shop, tmp_path: Path, word: str, state: PaymentState | None
) -> None:
    shop.routes["GET /payments/42"] = Says({"state": word, "said": "Asante", "receipt": "UJ7", "credited": "1,200.00"})

    view = MerchantDriver(write_target(tmp_path, shop.url, more=STATUS)).read_status("42", "R1")

    assert (view.state, view.raw_state, view.message, view.receipt, view.credited) == (
        state,
        word,
        "Asante",
        "UJ7",
        1200,
    )


def test_credited_true_counts_as_the_amount_that_was_paid(shop: Shop, tmp_path: Path) -> None:
    shop.routes["GET /payments/42"] = Says({"state": "PAID", "credited": True})
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=STATUS))

    driver.start_payment(msisdn="254700000001", amount=35, reference="R1")

    view = driver.read_status("42", "R1")
    assert (view.credited, view.says_only_credited) == (35, True)


def test_identifiers_are_quoted_in_the_path(shop: Shop, tmp_path: Path) -> None:
    MerchantDriver(write_target(tmp_path, shop.url, more=STATUS)).read_status("a/b?c", "R1")

    assert shop.asked[0].path == "/payments/a%2Fb%3Fc"


@pytest.mark.parametrize(
    ("at", "body", "credits"),
    [
        ("$.credits", {"credits": 2, "total": 20}, 2),
        ("$.credits", {"credits": [], "total": 0}, 0),
        ("$.credits", {"credits": [{"amount": 10}], "total": 10}, 1),
        ("$.credits[*].amount", {"credits": [{"amount": 50}], "total": 50}, 1),
        ("$.credits[*].amount", {"credits": []}, 0),
        ("$.other", {"credits": 2}, None),
    ],
)
def test_credits_are_a_number_or_are_counted(
    shop: Shop, tmp_path: Path, at: str, body: object, credits: int | None
) -> None:
    shop.routes["GET /ledger"] = Says(body)
    more = f'ledger: {{request: "GET /ledger?reference={{reference}}", credits: "{at}", total: $.total}}'

    view = MerchantDriver(write_target(tmp_path, shop.url, more=more)).read_ledger(payment_id="42", reference="R1")

    assert view is not None
    assert view.credits == credits
    assert bool(view.error) is (credits is None)


def test_what_the_target_file_lacks_is_none(shop: Shop, tmp_path: Path) -> None:
    driver = MerchantDriver(write_target(tmp_path, shop.url))

    assert driver.read_ledger(payment_id="42", reference="R1") is None
    assert driver.read_audit(payment_id="42", reference="R1") is None
    assert driver.read_status("42", "R1").error == "the target file has no merchant.status"


def test_stored_messages_come_back_as_texts(shop: Shop, tmp_path: Path) -> None:
    shop.routes["GET /audit"] = Says({"messages": ['{"a": 1}', {"b": 2}]})
    more = 'audit: {request: "GET /audit?id={payment_id}", messages: $.messages}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=more))

    assert driver.read_audit(payment_id="42", reference="R1") == ('{"a": 1}', '{"b": 2}')


LOGIN = """\
login:
  - {request: "GET /login", save: {csrf: 'regex:name="csrf" value="([^"]+)"'}}
  - {request: "POST /login", form: {user: qa, csrf: "{csrf}"}, save: {token: $.token}}
headers: {Authorization: "Bearer {token}"}
"""


def test_log_in_steps_run_once_and_again_after_a_401(shop: Shop, tmp_path: Path) -> None:
    tokens = iter(["old", "new"])
    shop.routes["GET /login"] = Says('<input name="csrf" value="c5">', headers={"Set-Cookie": "s=1"})
    shop.routes["POST /login"] = lambda asked: Says({"token": next(tokens)})
    shop.routes["POST /pay"] = lambda asked: (
        Says({"id": 1}) if asked.headers["Authorization"] == "Bearer new" else Says("who?", 401)
    )
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=LOGIN))

    started = [driver.start_payment(msisdn="254700000001", amount=1, reference="R1").accepted for _ in range(2)]

    assert started == [True, True]
    assert [asked.path for asked in shop.asked] == ["/login", "/login", "/pay", "/login", "/login", "/pay", "/pay"]
    assert shop.asked[1].body == "user=qa&csrf=c5"
    assert shop.asked[2].headers["Cookie"] == "s=1"
    assert driver.saved == ("c5", "new")


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says("no", 403), "log-in step 1 (GET /login) answered 403"),
        (Says("<p>no field</p>"), 'save.csrf (regex:name="csrf" value="([^"]+)") found nothing'),
    ],
)
def test_a_failed_log_in_is_reported_as_such(shop: Shop, tmp_path: Path, says: Says, error: str) -> None:
    shop.routes["GET /login"] = says
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=LOGIN))

    assert error in driver.start_payment(msisdn="254700000001", amount=1, reference="R1").error


ADAPTER = """\
from tayari_target.adapter import Adapter
from tayari_target.views import Started

class {name}(Adapter):
    def start_payment(self, *, msisdn, amount, reference, idempotency_key):
        if msisdn == "broken":
            raise RuntimeError("no line")
        return Started(accepted=True, status=None, payment_id="by-hand-" + reference)

class NoAdapter:
    pass
"""


def test_an_adapter_does_what_the_target_file_cannot_say_and_its_failure_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "shop_adapter_a.py").write_text(ADAPTER.format(name="Hands"))
    path = tmp_path / "tayari.yaml"
    path.write_text("merchant: {name: tiny, base_url: 'http://127.0.0.1:9', adapter: 'shop_adapter_a:Hands'}")
    from tayari_target.target_file import load_target

    driver = MerchantDriver(load_target(path, {}))

    assert driver.start_payment(msisdn="2547", amount=1, reference="R1").payment_id == "by-hand-R1"
    broken = driver.start_payment(msisdn="broken", amount=1, reference="R1")
    assert broken.error == "the adapter failed: RuntimeError: no line"


@pytest.mark.parametrize("adapter", ["shop_adapter_b:Missing", "shop_adapter_none:X", "shop_adapter_b:NoAdapter"])
def test_an_adapter_that_cannot_be_loaded_is_refused_at_once(tmp_path: Path, adapter: str) -> None:
    from tayari_target.adapter import AdapterError

    (tmp_path / "shop_adapter_b.py").write_text(ADAPTER.format(name="Hands"))

    with pytest.raises(AdapterError, match=r"merchant\.adapter"):
        MerchantDriver(write_target(tmp_path, "http://127.0.0.1:9", more=f"adapter: {adapter}"))


def test_the_driver_works_from_many_threads(shop: Shop, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    counter = iter(range(1000))
    shop.routes["POST /pay"] = lambda asked: Says({"id": next(counter)})
    driver = MerchantDriver(write_target(tmp_path, shop.url))

    def one(number: int) -> Started:
        return driver.start_payment(msisdn=f"25470000{number:04}", amount=1, reference=f"R{number}")

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(64)))

    assert [started.error for started in found if started.payment_id is None] == []
    assert len({started.payment_id for started in found}) == 64


def test_an_unfilled_placeholder_is_reported(shop: Shop, tmp_path: Path) -> None:
    pay = '{request: "POST /pay", json: {ca: "{ca_file}"}, payment_id: $.id}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay=pay))

    assert "{ca_file} has no value in this run" in driver.start_payment(msisdn="2", amount=1, reference="R1").error


BAD_ADAPTER = """
from tayari_target.adapter import Adapter
from tayari_target.views import LedgerView, Started, StatusView


class Loose(Adapter):
    def start_payment(self, **kwargs):
        return Started(accepted=True, status=200, payment_id="1", message=None)

    def read_status(self, **kwargs):
        return StatusView(state="paid")

    def read_ledger(self, **kwargs):
        return {"credits": 1}

    def read_audit(self, **kwargs):
        return ("text", 7)
"""


def test_what_an_adapter_returns_is_checked_once_and_a_missing_message_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "shop_adapter_loose.py").write_text(BAD_ADAPTER)
    path = tmp_path / "tayari.yaml"
    path.write_text("merchant: {name: tiny, base_url: 'http://127.0.0.1:9', adapter: 'shop_adapter_loose:Loose'}")
    from tayari_target.target_file import load_target

    driver = MerchantDriver(load_target(path, {}))
    started = driver.start_payment(msisdn="254700000001", amount=1, reference="r")
    status = driver.read_status("1", "r")
    ledger = driver.read_ledger(payment_id="1", reference="r")

    assert (started.accepted, started.message, started.error) == (True, "", "")
    wanted = "expected NoneType or PaymentState; correct it"
    assert status.error == f"the adapter's read_status returned state='paid' (str); {wanted}"
    assert ledger is not None
    assert ledger.error.startswith("the adapter's read_ledger returned {'credits': 1} (dict); expected a LedgerView")
    assert driver.read_audit(payment_id="1", reference="r") is None


LEDGER = 'ledger: {request: "GET /payments/{payment_id}/ledger", credits: $.credits}'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"credits": 1e400}', "ledger.credits ($.credits) found Infinity; expected a count of credits"),
        ('{"credits": -Infinity}', "found -Infinity; expected a count"),
        ('{"credits": NaN}', "found NaN; expected a count"),
        ('{"credits": 1e300}', "found 1e+300; expected a count"),
        ('{"credits": ' + "9" * 5000 + "}", "the ledger cannot be read: found a number of thousands of digits"),
        ('{"credits": ' + "[" * 90_000 + "]" * 90_000 + "}", "the ledger cannot be read: found JSON that nests deeper"),
    ],
)
def test_absurd_credits_are_the_merchants_fault_and_raise_nothing(
    shop: Shop, tmp_path: Path, body: str, words: str
) -> None:
    shop.routes["GET /payments/42/ledger"] = Says(body, headers={"Content-Type": "application/json"})

    view = MerchantDriver(write_target(tmp_path, shop.url, more=LEDGER)).read_ledger(payment_id="42", reference="R1")

    assert view is not None
    assert view.credits is None
    assert words in view.error


@pytest.mark.parametrize("body", ["[" * 90_000, '{"state": ' + "9" * 5000 + "}", '{"state": 1e400, "credited": 1e400}'])
def test_an_absurd_status_is_no_state_and_raises_nothing(shop: Shop, tmp_path: Path, body: str) -> None:
    shop.routes["GET /payments/42"] = Says(body, headers={"Content-Type": "application/json"})

    view = MerchantDriver(write_target(tmp_path, shop.url, more=STATUS)).read_status("42", "R1")

    assert (view.state, view.credited, view.http_status, view.body) == (None, None, 200, body)


def test_a_failed_payment_is_tried_again_by_its_own_request(shop: Shop, tmp_path: Path) -> None:
    shop.routes["POST /payments/41/again"] = Says({"id": 43})
    pay = '{request: "POST /pay", json: {phone: "{msisdn}"}, payment_id: $.id}'
    more = 'pay_again: {request: "POST /payments/{payment_id}/again", json: {phone: "{msisdn}"}, payment_id: $.id}\n'
    driver = MerchantDriver(write_target(tmp_path, shop.url, pay=pay, more=more))

    again = driver.start_payment(msisdn="254700000001", amount=10, reference="R1", again="41")

    assert (again.accepted, again.payment_id) == (True, "43")
    assert json.loads(shop.asked[0].body) == {"phone": "254700000001"}


def test_a_refresh_makes_the_merchant_ask(shop: Shop, tmp_path: Path) -> None:
    shop.routes["POST /payments/41/check"] = Says({})
    status = STATUS + '  refresh: {request: "POST /payments/{payment_id}/check"}\n'
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=status))

    driver.refresh("41", "R1")

    assert shop.asked[0].path == "/payments/41/check"


@pytest.mark.parametrize(
    ("answer", "status", "state"),
    [
        (Says("", 404), "state: status, states: {paid: [200], failed: [410], pending: [404]}", "pending"),
        (Says("", 200), "state: status, states: {paid: [200], failed: [410], pending: [404]}", "paid"),
        (
            Says({"paid": False, "error": "limit"}),
            'state: "$.paid + $.error", states: {paid: ["true -"], failed: ["false limit"], pending: ["false -"]}',
            "failed",
        ),
        (
            Says({"paid": True}),
            'state: "$.paid + $.error", states: {paid: ["true -"], failed: ["false limit"]}',
            "paid",
        ),
        (Says({"status": "QUEUED_2"}), 'states: {paid: [PAID], failed: [FAILED], pending: ["*"]}', "pending"),
        (Says({"status": "paid"}), 'states: {paid: [PAID], failed: [FAILED], pending: ["*"]}', "paid"),
        (Says({"status": ""}), 'states: {paid: [PAID], failed: [FAILED], pending: ["*"]}', None),
        (Says("down", 503), 'state: $.status, states: {paid: [PAID], failed: [FAILED], pending: ["*"]}', None),
    ],
)
def test_a_state_may_be_a_status_two_fields_or_any_other_word(
    shop: Shop, tmp_path: Path, answer: Says, status: str, state: str | None
) -> None:
    shop.routes["GET /p/42"] = answer
    more = f'status: {{request: "GET /p/{{payment_id}}", {status}}}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=more))

    assert driver.read_status("42", "R1").state == (None if state is None else PaymentState(state))


def test_a_status_may_be_asked_for_by_the_payers_number(shop: Shop, tmp_path: Path) -> None:
    shop.routes["GET /last"] = Says({"status": "PAID"})
    more = 'status: {request: "GET /last?phone={msisdn_local}&full={msisdn}", states: {paid: [PAID], failed: [FAILED]}}'
    driver = MerchantDriver(write_target(tmp_path, shop.url, more=more))
    driver.start_payment(msisdn="254700000001", amount=10, reference="R1")

    assert driver.read_status("42", "R1").state is PaymentState.PAID
    assert shop.asked[-1].path == "/last?phone=0700000001&full=254700000001"
    assert "{msisdn_local} has no value" in driver.read_status("43", "elsewhere").error
