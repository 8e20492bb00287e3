"""Organisations: short codes with their accounts, initiators and C2B URLs.

Those that were configured, and the sandbox's own, which need no configuration (reference 1.8).
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tayari_simulator.catalogue.errors import MERCHANT_DOES_NOT_EXIST, WRONG_CREDENTIALS, Refused
from tayari_simulator.catalogue.results import ABOVE_MAXIMUM, DAILY_LIMIT
from tayari_simulator.state.ledger import Account, Ledger

SANDBOX_INITIATOR: Final = "testapi"
SANDBOX_PASSWORD: Final = "Safaricom999!*!"
FAILURES_UNTIL_LOCKED: Final = 3
"""Wrong passwords in a row that lock the credential (8006). The number is assumed; reference 1.7."""


class Identifier(StrEnum):
    """`IdentifierType`: what a party is named by. Source: reference 3.6, 3.8, 3.10."""

    MSISDN = "1"
    TILL = "2"
    SHORT_CODE = "4"
    REVERSAL = "11"


@dataclass(slots=True, kw_only=True)
class Initiator:
    """A user of an organisation who may call the initiator APIs."""

    name: str
    password: str
    commands: frozenset[str] = frozenset()
    """The `CommandID`s that its role allows; empty: all of them."""
    expired: bool = False
    """Its password is too old (90 days in production, reference 1.7)."""
    failures: int = 0
    """Wrong passwords in a row."""

    def may(self, command: str) -> bool:
        """Whether its role allows a command."""
        return not self.commands or command in self.commands

    @property
    def locked(self) -> bool:
        """Whether too many passwords in a row were wrong."""
        return self.failures >= FAILURES_UNTIL_LOCKED


@dataclass(frozen=True, slots=True, kw_only=True)
class C2bUrls:
    """The URLs to which C2B payments are sent. Source: reference 3.3."""

    response_type: str
    """`Completed` or `Cancelled`: what happens when the validation is not answered."""
    confirmation: str
    validation: str


@dataclass(slots=True, kw_only=True)
class Organisation:
    """One short code."""

    short_code: str
    name: str = ""
    till: bool = False
    """A till for buy goods; false: a pay bill."""
    store_number: str = ""
    """Of a till: the head office's number."""
    validates: bool = False
    """Whether external validation of C2B payments is switched on (by e-mail in reality; reference 3.3)."""
    registers_once: bool = False
    """Whether a second registration of URLs is refused, as in production."""
    confirms_pushes: bool = True
    """Whether a payment by STK push is confirmed to its C2B URLs as well. Source: reference 3.1."""
    lists_pushes: bool = True
    """Whether pull transactions list payments by STK push as well. Source: reference 3.12."""
    active: bool = True
    """False: suspended; it can neither pay nor be paid."""
    nominated_number: str = ""
    """Of a till: the phone that its prompts of B2B express checkout go to. Source: reference 3.14."""
    largest_amount: int | None = None
    """The largest amount of one payment to it, or of one payout by it, shillings; above it the result is 3."""
    daily_payout: int | None = None
    """What it may pay out in a day (EAT), shillings; above it the result is 4."""
    opening: Mapping[Account, int] = field(default_factory=dict)
    """Balances at the start, shillings; an account that is not named has the option's balance."""
    initiators: tuple[Initiator, ...] = ()
    urls: C2bUrls | None = None

    @property
    def public_name(self) -> str:
        """The number and the name, as results show them."""
        return f"{self.short_code} - {self.shown_name}"

    @property
    def shown_name(self) -> str:
        """The name alone."""
        return self.name or "Example Shop"

    def initiator(self, name: str) -> Initiator | None:
        """The initiator of this name."""
        for row in self.initiators:
            if row.name == name:
                return row
        return None


_REVENUE_AUTHORITY: Final = Organisation(short_code="572572", name="Revenue Authority")
"""Whom taxes are paid to. Its short code is reference 3.7's, its name here invented."""


def sandbox_initiator() -> Initiator:
    """The sandbox's public initiator."""
    return Initiator(name=SANDBOX_INITIATOR, password=SANDBOX_PASSWORD)


class Organisations:
    """All organisations of one Daraja, by short code."""

    def __init__(self, configured: Iterable[Organisation], ledger: Ledger, *, opening: Mapping[Account, int]) -> None:
        """`opening`: balances in shillings of an organisation that names none."""
        self._configured = tuple(configured)
        self._ledger = ledger
        self._opening = dict(opening)
        self._known: dict[str, Organisation] = {}
        self.limited = False
        """Whether any of them has a limit of its own; where none has, a payment looks for none."""
        self.reset()

    def reset(self) -> None:
        """As at the start: no registered URLs, no wrong passwords, opening balances. The ledger was cleared before."""
        self._known.clear()
        self.limited = False
        for row in self._configured:
            self._add(replace(row, initiators=tuple(map(replace, row.initiators)) or (sandbox_initiator(),)))

    def find(self, short_code: str) -> Organisation | None:
        """The organisation of this short code; one of the sandbox's is made when it is first asked for."""
        known = self._known.get(short_code)
        if known is not None:
            return known
        if _is_of_sandbox(short_code):
            return self._add(Organisation(short_code=short_code, initiators=(sandbox_initiator(),)))
        return self._add(replace(_REVENUE_AUTHORITY)) if short_code == _REVENUE_AUTHORITY.short_code else None

    def set_limits(self, organisation: Organisation, largest_amount: int | None, daily_payout: int | None) -> None:
        """Give an organisation limits of its own; 0 takes one away, None leaves it as it is."""
        if largest_amount is not None:
            organisation.largest_amount = largest_amount or None
        if daily_payout is not None:
            organisation.daily_payout = daily_payout or None
        self.limited = self.limited or bool(largest_amount or daily_payout)

    def limit_result(self, short_code: str, amount: int, paid_out: int | None = None) -> int | None:
        """The result code of a transaction above a limit of its organisation; None: it is above none.

        `paid_out`: what the organisation has paid out today; None: it pays nothing out now. Which limits an
        organisation has in reality is not documented: assumed.
        """
        row = self._known.get(short_code) if self.limited else None
        if row is None:
            return None
        if row.largest_amount is not None and amount > row.largest_amount:
            return ABOVE_MAXIMUM
        if paid_out is not None and row.daily_payout is not None and paid_out + amount > row.daily_payout:
            return DAILY_LIMIT
        return None

    def all(self) -> tuple[Organisation, ...]:
        """All that are known, in the order in which they became so."""
        return tuple(self._known.values())

    def _add(self, organisation: Organisation) -> Organisation:
        self._known[organisation.short_code] = organisation
        self.set_limits(organisation, organisation.largest_amount, organisation.daily_payout)
        for account, balance in {**self._opening, **organisation.opening}.items():
            self._ledger.open(organisation.short_code, account, balance)
        return organisation


def _is_of_sandbox(short_code: str) -> bool:
    """600000 to 600999 are assigned to developers. Source: reference 1.8."""
    return len(short_code) == 6 and short_code.isdigit() and short_code.startswith("600")


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """One organisation. `till` None: pay bill only. Key or secret None: any will do."""

    short_code: str
    passkey: str
    till: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    _salt: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_salt", (self.short_code + self.passkey).encode())

    def check(self, short_code: str, password: str, timestamp: str) -> None:
        """Let a request pass whose Password is base64(short code + passkey + Timestamp).

        Raises:
            Refused: 500.001.1001, unknown short code or wrong credentials; its note says which part is wrong.
        """
        if short_code != self.short_code:
            raise Refused(
                MERCHANT_DOES_NOT_EXIST, note=f"BusinessShortCode is {short_code}; known here is {self.short_code}"
            )
        if password_of(self._salt, timestamp) != password:
            raise Refused(WRONG_CREDENTIALS, note=self._why_wrong(password, timestamp))

    def knows_app(self, key: str, secret: str) -> bool:
        """Whether this consumer key and secret are accepted."""
        return self.consumer_key in (None, key) and self.consumer_secret in (None, secret)

    def _why_wrong(self, password: str, timestamp: str) -> str:
        try:
            plain = b64decode(password, validate=True).decode()
        except (binascii.Error, ValueError):
            return "Password is not base64 of text"
        if not plain.startswith(self.short_code):
            return f"Password does not begin with the short code {self.short_code}"
        if not plain.endswith(timestamp):
            return f"Password holds another Timestamp than the {timestamp} beside it"
        if plain == self.short_code + self.passkey + timestamp:
            return "Password decodes rightly, but is not in canonical base64"
        return "Password is made with another passkey"


@lru_cache(maxsize=256)
def password_of(salt: bytes, timestamp: str) -> str:
    """The Password of this second: pushes of one second share it."""
    return b64encode(salt + timestamp.encode()).decode()
