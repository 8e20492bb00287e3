"""U10: another customer's order cannot be read by counting up."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Inapplicable, Untested, Warned
from tayari_contracts.context.payment import PAID, Payment

NEAR: Final = 200
"""Two ids count up if their distance is at most this: other checks start payments between them."""

LONGEST_NUMBER: Final = 24
"""The most digits of a part that may be a number."""
LONGEST_WORD: Final = 12
"""The most characters of a part with letters that may be a number."""
AN_HOUR_S: Final = 3600.0
"""A number this near to the time now may be the time."""


@check("U10")
def an_order_is_no_number_in_a_row(context: CheckContext) -> None:
    """Two payments are made; if one id leads to the other, another device asks for the second one."""
    merchant = context.target.merchant
    if merchant.pay.payment_id is None:
        raise Inapplicable("the order's reference is its identifier, and Tayari chose it")
    if merchant.status is None or merchant.status.call is None:
        raise Untested("the adapter reads the state without the merchant's pages", enable="merchant.status.request")
    first, second = (context.actions.pay_accepted(situation("inline/u10-paid", outcome=after(0.5))) for _ in range(2))
    if not counts_up(first.payment_id, second.payment_id):
        return
    context.observations.until(second, PAID, within_s=context.time.settled_s)
    if merchant.login:
        raise Untested("the log-in of the target file is one customer's, so no stranger could ask", certain=True)
    view = context.actions.other_device().read_status(second.payment_id, second.reference)
    sentence = f"the payments {first.payment_id} and {second.payment_id} count up, and a stranger reads the second one"
    if shown := shown_of(context, second, view.body):
        raise Failed(f"{sentence} with {shown}; expected a part of the address that cannot be guessed, or a log-in")
    if view.state is not None:
        raise Warned(f"{sentence} ({view.state}); expected a part of the address that cannot be guessed, or a log-in")


def counts_up(first: str, second: str, *, now_s: float | None = None) -> bool:
    """Whether one id leads to the other: they differ in one number, and the two numbers are close to each other.

    The number may be written with letters, or be the time (`now_s`: epoch seconds). Long words with letters are not
    compared: ids of one process and one second (ObjectId) are alike, but do not lead to those of another day.
    """
    words = [re.split("([0-9a-z]+)", one.lower()) for one in (first, second)]
    differing = [pair for pair in zip(*words, strict=False) if pair[0] != pair[1]]
    if len(words[0]) != len(words[1]) or len(differing) != 1:
        return False
    one, other = differing[0]
    if max(len(one), len(other)) > (LONGEST_NUMBER if (one + other).isdigit() else LONGEST_WORD):
        return False
    at_s = now_s or time.time()
    return any(_is_next(*numbers, at_s) for numbers in _numbers_of(one, other))


def _numbers_of(one: str, other: str) -> Iterator[tuple[int, int]]:
    """Both words as pairs of numbers: the digits between equal letters, and the words in base 16 and 36."""
    parts = [re.fullmatch(r"([a-z]*)(\d+)([a-z]*)", word) for word in (one, other)]
    if parts[0] and parts[1] and parts[0].group(1, 3) == parts[1].group(1, 3):
        yield int(parts[0][2]), int(parts[1][2])
    for base in (16, 36):
        with contextlib.suppress(ValueError):
            yield int(one, base), int(other, base)


def _is_next(one: int, other: int, now_s: float) -> bool:
    return 0 < abs(one - other) <= NEAR or (_is_time(one, now_s) and _is_time(other, now_s))


def _is_time(number: int, now_s: float) -> bool:
    """Whether a number is the time now within an hour, in seconds or milliseconds, so that all can be tried."""
    return any(abs(number / per_s - now_s) < AN_HOUR_S for per_s in (1, 1000))


def shown_of(context: CheckContext, payment: Payment, body: str) -> str:
    """What the answer shows of the customer, in words; empty: nothing."""
    receipt = str(context.journal.record(payment).get("receipt") or "")
    known = {"the payer's number": payment.msisdn[-9:], "M-Pesa's receipt": receipt, "the order": payment.reference}
    return " and ".join(name for name, text in known.items() if text and text in body)
