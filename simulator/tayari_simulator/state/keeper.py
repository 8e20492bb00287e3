"""The seam to whoever keeps what must outlive the process: told of each step of a payment before anyone hears of it."""

from __future__ import annotations

from typing import Protocol

from tayari_simulator.state.behaviour import Delivery
from tayari_simulator.state.exchange import Exchange
from tayari_simulator.state.transactions import Transaction


class Keeper(Protocol):
    """Told in the turn in which a thing happens; numbers the deliveries, so that each can be called done."""

    def accepted(self, transaction: Transaction) -> None:
        """A push was accepted; its acknowledgement is not written yet."""

    def resulted(self, transaction: Transaction, deliveries: tuple[Delivery, ...]) -> None:
        """A result fell due, and these callbacks came of it; none of them is sent yet."""

    def planned(self, transaction: Transaction, delivery: Delivery) -> None:
        """One more callback is to be sent (a retry)."""

    def done(self, transaction: Transaction, delivery: Delivery) -> None:
        """A callback was answered, or will not be sent any more."""

    def called(self, path: str, exchange: Exchange) -> None:
        """A call was accepted that changed what is no transaction: it is made again after a restart."""

    def forgot(self) -> None:
        """Everything was forgotten on demand."""
