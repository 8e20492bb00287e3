"""Accounts of organisations and customers, and the postings on them. Amounts are whole shillings.

Every posting takes from one account and gives to another, so that all balances together are always zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Account(StrEnum):
    """The accounts of an organisation, by the name that account balance gives them. Source: reference 3.9."""

    __hash__ = str.__hash__

    WORKING = "Working Account"
    UTILITY = "Utility Account"
    CHARGES = "Charges Paid Account"
    MERCHANT = "Merchant Account"
    SETTLEMENT = "Organization Settlement Account"
    FLOAT = "Float Account"


_UTILITY: Final = Account.UTILITY
WALLET: Final = "wallet"
"""The account of a customer."""

Key = tuple[str, str]
"""Owner (short code or MSISDN) and account."""

OPENING: Final[Key] = ("", "opening balances")
"""Where opening balances come from."""
CUSTOMERS: Final[Key] = ("", "customers without a wallet")
"""All customers who were never given a balance: they can always pay."""


class Ledger:
    """Balances by owner and account; an account exists from its first posting on."""

    __slots__ = ("_balances", "_wallets")

    def __init__(self) -> None:
        self._balances: dict[Key, int] = {}
        self._wallets: set[str] = set()

    def post(self, debit: Key, credit: Key, amount: int) -> None:
        """Move an amount from one account to another."""
        balances = self._balances
        balances[debit] = balances.get(debit, 0) - amount
        balances[credit] = balances.get(credit, 0) + amount

    def set(self, owner: str, account: str, balance: int) -> None:
        """Bring an account to this balance, out of the opening balances."""
        self.post(OPENING, (owner, account), balance - self.balance(owner, account))

    def open(self, owner: str, account: str, balance: int) -> None:
        """Give an account an opening balance, on top of what was posted before."""
        self.post(OPENING, (owner, account), balance)

    def balance(self, owner: str, account: str) -> int:
        """What is on an account; 0 when it has no posting yet."""
        return self._balances.get((owner, account), 0)

    def set_wallet(self, msisdn: str, balance: int) -> None:
        """Give a customer a wallet with this balance."""
        self._wallets.add(msisdn)
        self.set(msisdn, WALLET, balance)

    def wallet(self, msisdn: str) -> int | None:
        """What a customer has; None: no wallet was given, the customer can always pay."""
        return self.balance(msisdn, WALLET) if msisdn in self._wallets else None

    def covers(self, msisdn: str, amount: int) -> bool:
        """Whether a customer can pay this amount."""
        return msisdn not in self._wallets or self.balance(msisdn, WALLET) >= amount

    def pay_in(self, msisdn: str, short_code: str, amount: int) -> None:
        """A customer pays an organisation. What a wallet lacks (a scenario may say so) comes from nobody's wallet."""
        if msisdn not in self._wallets:
            balances, credit = self._balances, (short_code, _UTILITY)
            balances[CUSTOMERS] = balances.get(CUSTOMERS, 0) - amount
            balances[credit] = balances.get(credit, 0) + amount
            return
        own = min(self.balance(msisdn, WALLET), amount)
        if own:
            self.post((msisdn, WALLET), (short_code, Account.UTILITY), own)
        if amount > own:
            self.post(CUSTOMERS, (short_code, Account.UTILITY), amount - own)

    def pay_out(self, short_code: str, account: Account, msisdn: str, amount: int) -> None:
        """An organisation pays a customer."""
        self.move(short_code, account, (msisdn, WALLET) if msisdn in self._wallets else CUSTOMERS, amount)

    def move(self, short_code: str, account: Account, credit: Key, amount: int) -> None:
        """An organisation pays. What its account lacks (a scenario may say so) comes from the opening balances."""
        lacking = amount - max(self.balance(short_code, account), 0)
        if lacking > 0:
            self.open(short_code, account, lacking)
        self.post((short_code, account), credit, amount)

    def balances(self) -> Mapping[Key, int]:
        """All balances. Their sum is zero."""
        return self._balances

    def clear(self) -> None:
        """Forget all accounts."""
        self._balances.clear()
        self._wallets.clear()
