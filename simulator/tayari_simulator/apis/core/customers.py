"""The names of customers: invented, and always the same for one phone."""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    ("BRIAN", "OKELLO"), ("FAITH", "CHEBET"), ("JOHN", "MUTUA"), ("AMINA", "WANJIRU"), ("PETER", "KAMAU"),
    ("ZAINAB", "HASSAN"), ("SAMUEL", "OTIENO"), ("GRACE", "NJERI"),
)  # fmt: skip


def names_of(msisdn: str) -> tuple[str, str]:
    """First and last name of the customer with this phone."""
    return _NAMES[int(msisdn[-2:] or 0) % len(_NAMES)] if msisdn[-2:].isdigit() else _NAMES[0]


def public_name(msisdn: str) -> str:
    """The number and the name, as results show them."""
    first, last = names_of(msisdn)
    return f"{msisdn} - {first} {last}"
