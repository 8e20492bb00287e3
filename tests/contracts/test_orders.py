"""Rules of one order, one prompt: where a merchant can know of one order at all."""

import time
from typing import Any

import pytest
from endings import ending
from fake_environment import FakeEnvironment, target
from tayari_contracts.checks.callback.c06_amount import PAID_AMOUNT, judge_paid
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Untested
from tayari_contracts.context.payment import Payment
from tayari_contracts.context.run_record import Allocation
from tayari_reports.model import NotTested
from tayari_target.target_file.model import Call, Ledger, Pay, Status
from tayari_target.views import LedgerView, Started

NOTHING = Pay(call=Call(method="POST", path="/pay"))
REFERENCE = Pay(call=Call(method="POST", path="/pay/{reference}"))
KEY = Pay(call=Call(method="POST", path="/pay"), idempotency_header="Idempotency-Key")
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
        (Call(method="POST", path="/pay"), "merchant.pay.request with {reference}"),
        (Call(method="POST", path="/pay", json={"phone": "{msisdn}"}), "merchant.pay.json with {reference}"),
        (Call(method="POST", path="/pay", form={"phone": "{msisdn}"}), "merchant.pay.form with {reference}"),
    ],
)
def test_a_placeholder_that_is_missing_is_named_with_its_key(call: Call, key: str) -> None:
    with pytest.raises(Untested) as raised:
        context(Pay(call=call)).profile.require_one_order()

    assert raised.value.enable == key
    assert str(raised.value).endswith(f"; add {key} to the target file")


def test_a_key_that_the_reason_names_already_is_named_once() -> None:
    found = Untested("the file has no merchant.status", why=NotTested.TARGET_KEY_MISSING, enable="merchant.status")

    assert str(found) == "the file has no merchant.status"


class Underpaid:
    """A merchant that credits what came, and calls the order paid."""

    def read_ledger(self, **_: str) -> LedgerView:
        return LedgerView(credits=1, total=float(PAID_AMOUNT))


def test_an_order_that_is_called_paid_for_a_part_of_it_breaks_c06() -> None:
    way = Status(call=Call(method="GET", path="/"), state="$", states={})
    made = FakeEnvironment(target(ledger=Ledger(way=way, credits="$")), driver=Underpaid())
    underpaid = CheckContext(made, Allocation(), deadline=time.monotonic() + 5)  # type: ignore[arg-type]  # what it needs of one
    started = Started(accepted=True, status=200, payment_id="1")
    order = Payment(msisdn="254710000001", amount=1000, reference="T1", started=started, since=1, began_at=time.time())

    with pytest.raises(Failed, match="of 1000 shillings 1 was paid and credited, and the order is shown as paid"):
        judge_paid(underpaid, order)
