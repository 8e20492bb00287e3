"""Payers and references that no other check, and no earlier run against the same merchant, has used."""

from __future__ import annotations

from itertools import count
from secrets import randbelow
from string import ascii_uppercase, digits
from threading import Lock

SUITE_PREFIX = "25471"
"""Numbers 2547 1x are the suites'; the load run has a block of its own, so that the two never meet."""


class Allocation:
    """Hands out MSISDNs and account references; safe to use from several threads.

    Both start at a random place, so that a merchant that keeps its orders between runs sees new customers.
    """

    def __init__(self, *, start: int | None = None) -> None:
        self._next = count(randbelow(9_000_000) if start is None else start)
        self._run = "".join(_letter(randbelow(36)) for _ in range(3))
        self._lock = Lock()
        self.payers: set[str] = set()
        """Every MSISDN that was handed out."""

    def msisdn(self) -> str:
        """Twelve digits, `25471` and seven more."""
        payer = f"{SUITE_PREFIX}{self._number() % 10_000_000:07d}"
        self.payers.add(payer)
        return payer

    def reference(self) -> str:
        """At most twelve letters and digits, as Daraja's AccountReference allows."""
        return f"T{self._run}{self._number() % 10_000_000:07d}"

    def amount(self) -> int:
        """Whole shillings between 100 and 899: never a limit, seldom twice the same."""
        return 100 + self._number() * 7 % 800

    def _number(self) -> int:
        with self._lock:
            return next(self._next)


def _letter(index: int) -> str:
    return (ascii_uppercase + digits)[index]
