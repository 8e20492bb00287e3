"""What must have happened in a run before a truth about its money can be called kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tayari_money.invariants import FAILED, PAID, Account, Word


def heard_twice(account: Account) -> bool:
    """Whether the merchant was told more than once that a payment is good, and credited it."""
    return account.credited and any(
        sum(told.word is Word.SUCCESS for told in push.told) > 1 for push in account.pushes if push.paid
    )


WITNESSES: Final[Mapping[str, tuple[str, Callable[[Account], bool]]]] = MappingProxyType(
    {
        "M01": ("no order that was credited had been told of its success more than once", heard_twice),
        "M02": ("no order had a state that could be read", lambda account: account.state is not None),
        "M03": ("no order was seen paid or failed", lambda account: account.state in (PAID, FAILED)),
        "M04": ("no order was seen credited with a sum", lambda account: bool(account.total)),
        "M05": (
            "no order that was paid had a state that could be read",
            lambda account: account.state is not None and any(push.paid for push in account.pushes),
        ),
    }
)
"""What must have happened to at least one order before a truth can be called kept, and what to say when it did not."""
