"""Rules of one order, one prompt: where a merchant can know of one order at all."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from endings import ending
from fake_environment import FakeEnvironment, target
from tayari_contracts.catalogue.rules import catalogue
from tayari_contracts.checks.callback.c06_amount import PAID_AMOUNT, judge_paid
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation
from tayari_contracts.runner.check_run import check_of_rule, missing_need
from tayari_contracts.steps.reconciliation import look_at_all
from tayari_money.payment_record import PaymentState
from tayari_reports.model import NotTested
from tayari_target.target_file.target_model import CallTemplate, CreditSource, Pay, StatusSource
from tayari_target.views import LedgerView, Started, StatusView

NOTHING = Pay(call=CallTemplate(method="POST", path="/pay"))
REFERENCE = Pay(call=CallTemplate(method="POST", path="/pay/{reference}"))
KEY = Pay(call=CallTemplate(method="POST", path="/pay"), idempotency_header="Idempotency-Key")
TOP_UP = frozenset({"stk_push", "stk_query", "top_up"})


def context(pay: Pay, **merchant: Any) -> CheckContext:
    environment = FakeEnvironment(target(pay=pay, **merchant))
    return CheckContext(environment, Allocation(), deadline=time.monotonic() + 5)  # type: ignore[arg-type]  # what it needs of one


@pytest.mark.parametrize(
    ("pay", "capabilities", "by_key", "ends"),
    [
        (REFERENCE, frozenset(), False, "passes"),
        (KEY, frozenset(), True, "passes"),
        (KEY, TOP_UP, True, "passes"),
        (KEY, frozenset(), False, "Untested"),
        (NOTHING, frozenset(), True, "Untested"),
        (REFERENCE, TOP_UP, False, "Inapplicable"),
        (REFERENCE, TOP_UP, True, "Inapplicable"),
    ],
)
def test_an_account_may_be_topped_up_and_an_order_is_paid_once(
    pay: Pay, capabilities: frozenset[str], by_key: bool, ends: str
) -> None:
    merchant = {"capabilities": capabilities} if capabilities else {}

    assert ending(context(pay, **merchant).profile.require_one_order, by_key=by_key) == ends


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (CallTemplate(method="POST", path="/pay"), "merchant.pay.request with {reference}"),
        (CallTemplate(method="POST", path="/pay", json={"phone": "{msisdn}"}), "merchant.pay.json with {reference}"),
        (CallTemplate(method="POST", path="/pay", form={"phone": "{msisdn}"}), "merchant.pay.form with {reference}"),
    ],
)
def test_a_placeholder_that_is_missing_is_named_with_its_key(call: CallTemplate, key: str) -> None:
    with pytest.raises(Untested) as raised:
        context(Pay(call=call)).profile.require_one_order()

    assert raised.value.enable == key
    assert str(raised.value).endswith(f"; add {key} to the target file")


ADAPTER = """
from tayari_target.adapter import Adapter


class Browser(Adapter):
    {tells}

    def start_payment(self, **_):
        return None

    def read_status(self, **_):
        return None


class Clerk(Browser):
    shows = frozenset({{"message", "receipt"}})


class Silent(Adapter):
    def start_payment(self, **_):
        return None
"""
"""An adapter: what it sends to the merchant, and what it shows of a payment."""


def by_adapter(folder: Path, module: str, name: str, tells: str = "pass") -> CheckContext:
    (folder / f"{module}.py").write_text(ADAPTER.format(tells=tells))
    made = replace(target(adapter=f"{module}:{name}"), path=folder / "tayari.yaml")
    return CheckContext(FakeEnvironment(made), Allocation(), deadline=time.monotonic() + 5)  # type: ignore[arg-type]


def test_an_adapter_that_makes_a_new_order_at_each_call_is_not_clicked_twice(tmp_path: Path) -> None:
    tells = 'tells = frozenset({"msisdn", "amount"})'
    new_orders = by_adapter(tmp_path, "adapter_of_new_orders", "Browser", tells).profile

    with pytest.raises(Untested, match=r"the adapter has neither .* add merchant\.adapter whose `tells`"):
        new_orders.require_one_order(by_key=True)
    assert "amount" in new_orders.receives
    assert ending(by_adapter(tmp_path, "adapter_of_one_order", "Browser").profile.require_one_order) == "passes"


def test_an_adapter_that_sends_nothing_still_starts_the_payments(tmp_path: Path) -> None:
    silent = by_adapter(tmp_path, "adapter_that_tells_nothing", "Browser", "tells = frozenset()").profile

    assert "amount" not in silent.receives
    with pytest.raises(Untested, match=r"the adapter sends the merchant no \{amount\}"):
        silent.require_placeholder("amount")


def test_what_an_adapter_reads_is_seen_as_if_the_target_file_said_how(tmp_path: Path) -> None:
    contexts = {name: by_adapter(tmp_path, "adapter_that_reads", name) for name in ("Browser", "Clerk", "Silent")}
    rules = {"state": "A01", "message": "U05", "receipt": "U03", "credits": "C03", "audit": "C21"}

    seen = {
        name: {
            what for what, rule in rules.items() if missing_need(check_of_rule(catalogue()[rule]), one.profile) is None
        }
        for name, one in contexts.items()
    }

    assert seen == {"Browser": {"state"}, "Clerk": {"state", "message", "receipt"}, "Silent": set()}
    assert [one.profile.shows_state for one in contexts.values()] == [True, True, False]
    assert [one.profile.shows_receipt for one in contexts.values()] == [False, True, False]


def test_a_key_that_the_reason_names_already_is_named_once() -> None:
    found = Untested("the file has no merchant.status", why=NotTested.TARGET_KEY_MISSING, enable="merchant.status")

    assert str(found) == "the file has no merchant.status"


def test_a_second_try_has_a_request_of_its_own_where_the_target_file_names_one() -> None:
    again = Pay(call=CallTemplate(method="POST", path="/payments/{payment_id}/again"))

    context(NOTHING, pay_again=again).profile.require_one_order(by_retry=True)
    with pytest.raises(Untested, match=r"add merchant\.pay\.request with \{reference\} or merchant\.pay_again to the"):
        context(NOTHING).profile.require_one_order(by_retry=True)
    with pytest.raises(Untested):
        context(NOTHING, pay_again=again).profile.require_one_order()


def test_a_quote_that_could_not_be_sent_names_the_key() -> None:
    with pytest.raises(Untested, match=r"add merchant\.pay\.request with \{reference\} to the target file"):
        checks()["S19"](context(NOTHING))


class Underpaid:
    """A merchant that credits what came, and calls the order paid."""

    def read_ledger(self, **_: str) -> LedgerView:
        return LedgerView(credits=1, total=float(PAID_AMOUNT))


def test_an_order_that_is_called_paid_for_a_part_of_it_breaks_c06() -> None:
    way = StatusSource(call=CallTemplate(method="GET", path="/"), state="$", states={})
    made = FakeEnvironment(target(ledger=CreditSource(way=way, credits="$")), scripted=Underpaid())
    underpaid = CheckContext(made, Allocation(), deadline=time.monotonic() + 5)  # type: ignore[arg-type]  # what it needs of one
    started = Started(accepted=True, status=200, payment_id="1")
    order = Payment(msisdn="254710000001", amount=1000, reference="T1", started=started, since=1, began_at=time.time())

    with pytest.raises(Failed, match="of 1000 shillings 1 was paid and credited, and the order is shown as paid"):
        judge_paid(underpaid, order, "says 1")


@pytest.mark.parametrize(("second", "shown"), [("failed", PaymentState.PAID), ("paid", PaymentState.FAILED)])
def test_a_paid_order_that_was_prompted_once_more_is_paid_unless_the_second_prompt_was_paid_too(
    second: str, shown: PaymentState, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {"p1": PaymentState.PAID, "p2": PaymentState.FAILED}
    row = {
        "kind": "stk_push", "checkout_request_id": "ws_1", "msisdn": "254711000111", "amount": 5, "state": "paid",
        "result_due_at": 1.0, "created_at": 1.0, "receipt": "UKN1", "account_reference": "T1",
    }  # fmt: skip
    rows = [row, row | {"checkout_request_id": "ws_2", "state": second, "created_at": 9.0, "receipt": "UKN2"}]
    status = StatusSource(call=CallTemplate(method="GET", path="/"), state="$", states={})
    on = FakeEnvironment(target(pay=REFERENCE, status=status))
    on.scripted = SimpleNamespace(read_status=lambda payment_id, _: StatusView(state=states[payment_id]))
    monkeypatch.setattr(on.control, "payments", lambda **_: rows)
    run = CheckContext(on, Allocation(), deadline=time.monotonic() + 5)  # type: ignore[arg-type]  # what it needs of one
    for name, began_at in (("p1", 1.0), ("p2", 9.0)):
        started = Started(accepted=True, status=200, body="{}", payment_id=name)
        run.run.add_payment(
            Payment(msisdn="254711000111", amount=5, reference="T1", started=started, since=1, began_at=began_at)
        )

    assert [(one.reference, one.state) for one in look_at_all(run)] == [("T1", shown)]
