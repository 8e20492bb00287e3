"""A merchant that never asks Daraja: shown once in a run, by rule Q01, and known to all checks that wait for it.

It holds until a query comes all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from tayari_contracts.context.payment import Payment

SHOWN_BY: Final = "Q01"
"""The rule that shows it, and carries the failure. It runs before the others of its suite."""


class QuerySilence:
    """Whether a merchant asks Daraja about payments without callback. One for all instances of it. Thread-safe."""

    def __init__(self, notice: Callable[[str], None] = lambda _: None) -> None:
        self._notice = notice
        self._changed = Condition()
        self._watchers = 0
        self._asks = False
        self._found = ""
        self.payment: Payment | None = None
        """The payment that showed it."""

    @property
    def found(self) -> str:
        """How it showed that the merchant never asks; empty while that is not known."""
        return self._found

    @property
    def reason(self) -> str:
        """Why a rule about queries cannot be judged; empty while it may be."""
        return f"blocked by {SHOWN_BY}: {self._found}" if self._found else ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block runs, a payment without callback is watched."""
        with self._changed:
            self._watchers += 1
        try:
            yield
        finally:
            with self._changed:
                self._watchers -= 1
                self._changed.notify_all()

    def heard(self) -> None:
        """A query came, so the merchant does ask. What was found before holds no longer."""
        with self._changed:
            was_found, self._asks = bool(self._found), True
            self._found, self.payment = "", None
            self._changed.notify_all()
        if was_found:
            self._notice("a status query came after all: from here on checks wait for them again")

    def learn(self, sentence: str, payment: Payment) -> bool:
        """No query came for the whole of the promised time. Returns whether this shows that the merchant never asks."""
        with self._changed:
            if self._asks:
                return False
            is_new = not self._found
            self._found, self.payment = sentence, payment
            self._changed.notify_all()
        if is_new:
            self._notice(f"{sentence}: from here on nothing waits for one")
        return True

    def awaited(self, *, within_s: float) -> str:
        """The reason, once no payment is watched any more; empty where queries come, or nothing is known in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._found or self._asks or not self._watchers, within_s)
        return self.reason
