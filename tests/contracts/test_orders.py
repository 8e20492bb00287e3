"""Rules of one order, one prompt: where a merchant can know of one order at all."""

import time
from typing import Any

import pytest
from endings import ending
from fake_environment import FakeEnvironment, target
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.run_record import Allocation
from tayari_target.target_file.model import Call, Pay

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
