"""The prompt that a phone shows: one at a time."""

from __future__ import annotations

from tayari_simulator.state.transactions import Transaction


class Prompts:
    """The transaction whose prompt each phone shows."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, Transaction] = {}

    def __len__(self) -> int:
        return len(self._open)

    def on(self, msisdn: str) -> Transaction | None:
        """The transaction whose prompt this phone shows."""
        return self._open.get(msisdn)

    def open(self, transaction: Transaction) -> None:
        """Show the prompt of a transaction on its phone."""
        self._open[transaction.msisdn] = transaction

    def close(self, transaction: Transaction) -> None:
        """The prompt is gone from the phone; that of a later transaction stays."""
        if self._open.get(transaction.msisdn) is transaction:
            del self._open[transaction.msisdn]

    def clear(self) -> None:
        """No phone shows a prompt."""
        self._open.clear()
