"""The same shop, wrong in one named way: `python duka.py --defect double-credit`.

A defect is a row and a class that overrides one decision of one part; the good shop knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from difflib import get_close_matches

from parts import Parts

from defects import (
    acknowledgements,
    callbacks,
    callers,
    credits,
    customers,
    interleavings,
    orders,
    pay_bill,
    queries,
    refunds,
    requests,
    tokens,
)
from defects.row import Defect

MODULES = (
    tokens, requests, acknowledgements, callbacks, credits, callers, queries, customers, refunds, pay_bill,
    interleavings, orders,
)  # fmt: skip
TABLE: tuple[Defect, ...] = tuple(row for module in MODULES for row in module.ROWS)
BY_NAME = {row.name: row for row in TABLE}


class UnknownDefect(Exception):
    """There is no defect of that name."""


def with_defects(names: Iterable[str]) -> Parts:
    """The parts of a shop that has all these defects.

    Raises:
        UnknownDefect: naming the nearest that exists.
    """
    parts = Parts()
    for name in names:
        if name not in BY_NAME:
            nearest = get_close_matches(name, BY_NAME, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "--list-defects shows all"
            raise UnknownDefect(f"there is no defect {name!r}; {hint}")
        for override in BY_NAME[name].overrides:
            parts = replaced(parts, override)
    return parts


def replaced(parts: Parts, override: type) -> Parts:
    """Put `override` on top of whatever plays its part now, so that defects can be combined."""
    for part in fields(parts):
        if isinstance(part.default, type) and issubclass(override, part.default):
            below = getattr(parts, part.name)
            above = override if below is part.default else type(override.__name__, (override, below), {})
            return replace(parts, **{part.name: above})
    raise TypeError(f"{override.__name__} is no part of the shop")
