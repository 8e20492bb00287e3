"""A merchant that pays out: its part of the target file, and its preflight."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from tayari.run.doctor import diagnose_payout
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.doctor.preflight import examine
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.payouts import answered
from tayari_money.payment_record import PaymentKind, PaymentState
from tayari_target.driver import MerchantDriver, Started
from tayari_target.target_file import Target, TargetError, load_target
from tayari_target.target_file.target_model import CallTemplate, Payout
from tayari_target.test_environment import TestEnvironment
from tiny_shop import Says, open_shop

MSHAHARA = Path(__file__).parents[2] / "examples" / "mshahara" / "tayari.yaml"
PAYROLL = """\
merchant:
  name: payroll
  base_url: http://127.0.0.1:8000
  payout:
    request: POST /payouts
    json: {phone: "{msisdn}", amount: "{amount}", reference: "{reference}"}
    payout_id: $.id
    status: {request: "GET /payouts/{payout_id}", state: $.state, states: {paid: [PAID], failed: [NO]}}
    alerts: {request: GET /alerts, texts: "$.alerts[*]"}
    resume: {request: POST /resume}
    wallet: {request: "GET /wallets/{msisdn_local}", available: $.left}
    balance: {request: GET /balance, utility: $.utility, refresh: {request: POST /balance}}
"""
SHOP = """\
merchant:
  name: shop
  base_url: http://127.0.0.1:8000
  pay: {request: "POST /pay", json: {phone: "{msisdn}"}}
  refund:
    request: POST /payments/{payment_id}/refund
    json: {amount: "{amount}"}
    refund_id: $.id
    status: {request: "GET /refunds/{refund_id}", state: $.state, states: {paid: [BACK], failed: [NO]}}
"""


def load(folder: Path, text: str) -> Target:
    path = folder / "tayari.yaml"
    path.write_text(text)
    return load_target(path)


def problem_of(folder: Path, text: str) -> str:
    with pytest.raises(TargetError) as caught:
        load(folder, text)
    return "; ".join(map(str, caught.value.problems))


def preflight(**changed: str) -> dict[str, DoctorFinding]:
    """The findings of Mshahara's preflight, with other variables."""
    target = load_target(MSHAHARA)
    start = target.merchant.start
    assert start is not None
    env = MappingProxyType({**start.env, **changed})
    environment = TestEnvironment(replace(target, merchant=replace(target.merchant, start=replace(start, env=env))))
    environment.prepare()
    try:
        return {finding.name: finding for finding in examine(environment, lambda _: None)}
    finally:
        environment.close()


def test_a_merchant_that_only_pays_out_needs_no_payment(tmp_path: Path) -> None:
    merchant = load(tmp_path, PAYROLL).merchant

    assert not merchant.takes_payments
    assert merchant.shows_state
    assert merchant.capabilities == {"payout"}
    assert merchant.payout is not None
    assert merchant.payout.call.path == "/payouts"
    assert merchant.payout.status is not None
    assert merchant.payout.status.states["PAID"] is PaymentState.PAID
    assert merchant.payout.alerts is not None
    assert merchant.payout.alerts.texts == "$.alerts[*]"
    assert merchant.payout.resume is not None
    assert merchant.payout.balance is not None
    assert merchant.payout.balance.refresh is not None


def test_a_payout_to_an_organisation_names_the_short_code_that_is_paid(tmp_path: Path) -> None:
    text = PAYROLL.replace("{msisdn}", "{party_b}").replace("{msisdn_local}", "{party_b}")
    routes = {"POST /payouts": Says({"id": 9}), "GET /wallets/600123": Says({"left": 990})}
    with open_shop(routes) as shop:
        target = load(tmp_path, text.replace("http://127.0.0.1:8000", shop.url))
        driver = MerchantDriver(target)
        driver.start_payout(msisdn="600123", amount=10, reference="R1")

        assert json.loads(shop.asked[0].body) == {"phone": "600123", "amount": 10, "reference": "R1"}
        assert driver.read_wallet("600123") == (990.0, "")
    assert target.merchant.payout is not None
    assert target.merchant.payout.pays_businesses
    assert "{party_b} beside {msisdn}" in problem_of(tmp_path, PAYROLL.replace("{reference}", "{party_b}"))


def test_the_preflight_of_a_merchant_that_pays_suppliers_pays_an_organisation() -> None:
    target = load_target(MSHAHARA.with_name("suppliers.yaml"))
    environment = TestEnvironment(target)
    environment.prepare()
    try:
        found = {finding.name: finding for finding in examine(environment, lambda _: None)}
        (paid,) = environment.control.payments()
    finally:
        environment.close()

    assert all(finding.ok for finding in found.values()), found
    assert (paid["kind"], paid["state"]) == ("b2b", "paid")
    assert int(paid["msisdn"]) in diagnose_payout.SHORT_CODES


def test_a_shop_that_refunds_has_the_capability(tmp_path: Path) -> None:
    merchant = load(tmp_path, SHOP).merchant

    assert merchant.capabilities == {"stk_push", "stk_query", "refund"}
    assert merchant.refund is not None
    assert merchant.refund.refund_id == "$.id"
    assert merchant.refund.status is not None
    assert merchant.refund.status.states["BACK"] is PaymentState.PAID


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("GET /refunds/{refund_id}", "GET /refunds/{payout_id}", "{payout_id} is not known at this point"),
        ("  pay: ", "  payout: ", "refund without merchant.pay"),
        ("name: shop", "name: shop\n  capabilities: [stk_push]", "no refund beside merchant.refund"),
        ("    request: POST /payments/{payment_id}/refund\n", "", "refund.request"),
    ],
)
def test_each_mistake_in_a_refund_is_reported(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SHOP

    assert words in problem_of(tmp_path, SHOP.replace(old, new))


def test_a_refund_is_started_and_read_and_a_balance_too(tmp_path: Path) -> None:
    routes = {
        "POST /payments/7/refund": Says({"id": 9}), "GET /refunds/9": Says({"state": "BACK"}),
        "POST /balance": Says({}), "GET /balance": Says({"utility": "-12.50"}),
        "GET /wallets/0700000001": Says({"left": "990.00"}),
    }  # fmt: skip
    with open_shop(routes) as shop:
        both = SHOP + PAYROLL[PAYROLL.index("  payout:") :]
        driver = MerchantDriver(load(tmp_path, both.replace("http://127.0.0.1:8000", shop.url)))

        started = driver.start_refund(payment_id="7", msisdn="254700000001", amount=10, reference="R1")
        view = driver.read_refund(started.payment_id or "", payment_id="7", reference="R1")

        assert json.loads(shop.asked[0].body) == {"amount": 10}
        assert (started.payment_id, view.state) == ("9", PaymentState.PAID)
        assert (driver.refresh_balance(), driver.read_balance()) == ("", (-12.5, ""))
        assert driver.read_wallet("254700000001") == (990.0, "")
        assert driver.read_wallet("254700000002") == (None, "merchant.payout.wallet answered 404")
        shop.routes["GET /balance"] = Says({"utility": None})
        assert driver.read_balance() == (None, "merchant.payout.balance.utility ($.utility) found no number")
        shop.routes["GET /balance"] = Says(status=500)
        assert driver.read_balance() == (None, "merchant.payout.balance answered 500")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    request: POST /payouts\n", "", "payout.request"),
        ("{payout_id}", "{payment_id}", "payout_id"),
        ("$.id", "$[", "JSONPath"),
        (', texts: "$.alerts[*]"', "", "texts"),
        (", available: $.left", "", "payout.wallet.available: missing"),
        ("GET /wallets/{msisdn_local}", "GET /wallets/{payout_id}", "{payout_id} is not known at this point"),
        ("    wallet: {request:", "    wallet: {file: a.json, request:", "wallet.file: request and file"),
        ("name: payroll", "name: payroll\n  capabilities: [c2b]", "no payout beside merchant.payout"),
        ("name: payroll", "name: payroll\n  capabilities: [payout, stk_push]", "without merchant.pay"),
    ],
)
def test_each_mistake_in_it_is_reported(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in PAYROLL

    found = problem_of(tmp_path, PAYROLL.replace(old, new))

    assert words in found


def test_the_preflight_makes_one_payout() -> None:
    found = preflight()

    assert list(found) == ["simulator", "merchant", "payout", "callback", "payout status", "balance", "wallet"]
    assert all(finding.ok and not finding.fix for finding in found.values())
    assert found["payout status"].message == "the payout is paid"


@pytest.mark.parametrize(
    ("changed", "name", "words", "ok"),
    [
        ({"MPESA_PASSWORD": "other"}, "initiator", "another padding than PKCS#1 v1.5, or another password", True),
        (
            {"MPESA_INITIATOR": "nobody"},
            "initiator",
            "the merchant names the initiator 'nobody'; expected one of 600992: testapi",
            True,
        ),
        ({"MPESA_URL": "http://127.0.0.1:9"}, "Daraja base URL", "no payout request for it came", False),
        ({"MPESA_SECRET": "other"}, "credentials", "token request was answered 400", False),
        ({"MSHAHARA_URL": "https://elsewhere.example"}, "callback host", "elsewhere.example", False),
    ],
)
def test_the_preflight_names_what_is_wrong(changed: dict[str, str], name: str, words: str, ok: bool) -> None:
    found = preflight(**changed)

    assert name in found, found
    assert words in found[name].message
    assert found[name].ok is ok


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (409, False)])
def test_a_payout_is_approved_where_a_second_person_agrees(tmp_path: Path, status: int, accepted: bool) -> None:
    routes = {"POST /payouts": Says({"id": 7}), "POST /payouts/7/approve/R1": Says({}, status=status)}
    approve = '    approve: {request: "POST /payouts/{payout_id}/approve/{reference}"}\n'
    with open_shop(routes) as shop:
        driver = MerchantDriver(load(tmp_path, (PAYROLL + approve).replace("http://127.0.0.1:8000", shop.url)))

        started = driver.start_payout(msisdn="254700000001", amount=10, reference="R1")
        waits = driver.start_payout(msisdn="254700000001", amount=10, reference="R2", approve=False)

        assert (started.payment_id, started.accepted) == ("7", accepted)
        assert started.error == ("" if accepted else "merchant.payout.approve answered 409")
        assert waits.accepted
        assert [asked.path for asked in shop.asked] == ["/payouts", "/payouts/7/approve/R1", "/payouts"]


def test_an_approval_that_was_refused_is_what_the_preflight_and_the_checks_say() -> None:
    why = "merchant.payout.approve answered 409"
    started = Started(accepted=False, status=202, payment_id="7", body='{"id": 7}', error=why)
    payment = Payment(
        msisdn="254710000001", amount=10, reference="R1", started=started, since=1, began_at=0.0,
        kind=PaymentKind.PAYOUT,
    )  # fmt: skip

    found = diagnose_payout._not_started(started, Payout(call=CallTemplate(method="POST", path="/")), "http://shop")

    assert found is not None
    assert found.message == f"a payout was asked for, and its approval was refused: {why}"
    assert "merchant.payout.approve" in found.fix
    assert answered(payment) == f'the start of the payout was answered 202, {{"id": 7}}; {why}'


def test_an_approval_names_what_is_known_by_then(tmp_path: Path) -> None:
    text = PAYROLL + '    approve: {request: "POST /approve", json: {to: "{msisdn}"}}\n'

    assert "{msisdn} is not known at this point" in problem_of(tmp_path, text)
