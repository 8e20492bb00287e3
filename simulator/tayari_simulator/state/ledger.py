"""Customers' wallets: only those that were given a balance have one; all others can always pay."""

from __future__ import annotations


class Wallets:
    """Balances in whole shillings, by MSISDN."""

    def __init__(self) -> None:
        self._balances: dict[str, int] = {}

    def set(self, msisdn: str, balance: int) -> None:
        """Give this MSISDN so many shillings."""
        self._balances[msisdn] = balance

    def balance(self, msisdn: str) -> int | None:
        """What is in the wallet; None when it was never given one."""
        return self._balances.get(msisdn)

    def covers(self, msisdn: str, amount: int) -> bool:
        """Whether the wallet could pay so much."""
        balance = self._balances.get(msisdn)
        return balance is None or balance >= amount

    def take(self, msisdn: str, amount: int) -> None:
        """Pay from the wallet, if there is one; a balance never falls below zero."""
        balance = self._balances.get(msisdn)
        if balance is not None:
            self._balances[msisdn] = max(0, balance - amount)

    def clear(self) -> None:
        """Forget all balances."""
        self._balances.clear()
