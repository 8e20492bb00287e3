"""What the steps of refunds tell of messages that did not reach the merchant."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.payment import Payment
from tayari_contracts.steps.refunds import lost_on_the_way

LOST = {"request": {"url": "https://example.com/r"}, "error": "the host is not allowed"}
TAKEN = {"request": {"url": "http://127.0.0.1:1/r"}, "response": {"status": 200}}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ([LOST], "; M-Pesa's message to https://example.com/r was not delivered: the host is not allowed"),
        ([LOST, TAKEN], ""),
        ([], ""),
    ],
)
def test_a_refund_that_stays_open_is_told_with_its_cause(sent: list[dict[str, Any]], told: str) -> None:
    context = SimpleNamespace(journal=SimpleNamespace(callbacks=lambda _: sent))

    assert lost_on_the_way(cast(CheckContext, context), cast(Payment, None)) == told
