"""What is on the shelf, and reading what the customer typed, before anything is sent anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from records import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """One thing to buy. Its picture is `site/<key>.svg`."""

    key: str
    name: str
    swahili: str
    amount: int
    """Whole shillings."""


GOODS = {
    good.key: good
    for good in (
        Good(key="chai", name="Kericho tea, 250 g", swahili="Majani ya chai", amount=180),
        Good(key="kahawa", name="Nyeri coffee AA, 250 g", swahili="Kahawa", amount=650),
        Good(key="unga", name="Maize flour, 2 kg", swahili="Unga wa ugali", amount=165),
        Good(key="asali", name="Kitui honey, 500 g", swahili="Asali", amount=480),
        Good(key="parachichi", name="Avocados, six", swahili="Parachichi", amount=120),
        Good(key="kikoi", name="Lamu kikoi", swahili="Kikoi", amount=1500),
    )
}


MOST = 250_000
"""Shillings M-Pesa moves in one payment."""


class InputProblem(Exception):
    """The customer can fix this; the text says how."""


class Intake:
    """Turns typed values into an `Order`, or says what to change."""

    def order(self, *, phone: object, amount: object, reference: object) -> Order:
        """Read all three.

        Raises:
            InputProblem: for the first that cannot be used.
        """
        return Order(
            msisdn=self.msisdn(str(phone if phone is not None else "")),
            amount=self.amount(amount),
            reference=self.reference(reference),
        )

    def msisdn(self, typed: str) -> str:
        """`0712 345 678`, `+254-712-345678`, `0110 123456`, `712345678` -> `254712345678`, ..."""
        digits = re.sub(r"[\s\-.()\u2010-\u2015]", "", typed)
        found = re.fullmatch(r"(?:\+?254|00254|0)?([17]\d{8})", digits)
        if not found:
            raise InputProblem(
                "That is not a Kenyan mobile number. Please type the M-Pesa number like 0712 345 678 or 0110 123 456."
            )
        return "254" + found.group(1)

    def amount(self, given: object) -> int:
        """Whole shillings. Cents are refused, not rounded: the customer must see what is taken."""
        shillings = self._number(given)
        if shillings != shillings.to_integral_value():
            raise InputProblem(
                f"M-Pesa takes whole shillings only, and this order is KES {shillings}. Please ask for a round amount."
            )
        if shillings < 1:
            raise InputProblem("The smallest M-Pesa payment is KES 1.")
        self.check_limit(shillings)
        return int(shillings)

    def check_limit(self, shillings: Decimal) -> None:
        """Refuse what M-Pesa would refuse."""
        if shillings > MOST:
            raise InputProblem(
                f"KES {shillings:,} is above M-Pesa's limit of KES {MOST:,} per payment. "
                "Please split the order, or pay by card or bank."
            )

    def reference(self, given: object) -> str:
        """The shop's own name of the order, at most 64 characters."""
        reference = str(given if given is not None else "").strip()
        if not reference or len(reference) > 64:
            raise InputProblem("The order needs a reference of 1 to 64 characters.")
        return reference

    def account_reference(self, reference: str) -> str:
        """What the prompt shows: at most 12 plain characters, since `& # @` make pushes vanish."""
        return self._plain(reference)[:12] or "Duka"

    def description(self) -> str:
        """At most 13 characters and never empty."""
        return "Duka order"

    def _plain(self, text: str) -> str:
        return re.sub(r"[^A-Za-z0-9 ./-]", "", text).strip()

    def _number(self, given: object) -> Decimal:
        if isinstance(given, int | float | str) and not isinstance(given, bool):
            try:
                number = Decimal(str(given).strip().replace(",", ""))
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite():
                return number
        raise InputProblem("The amount must be a number of shillings, for example 350.")
