"""Organisations from outside: `--organisation CODE,KEY=VALUE,...`, and a JSON list in `TAYARI_ORGANISATIONS`.

Both forms become the same plain data, and one strict reader checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from tayari_formats.problems import Complaint, Path, describe, suggest

from tayari_simulator.apis.core.organisations import Initiator, Organisation, sandbox_initiator
from tayari_simulator.apis.initiator import account_balance, b2b, b2c, reversal, transaction_status
from tayari_simulator.state.ledger import Account
from tayari_simulator.strict_reading import AtLeast, AtMost, ReadWith, read_value

VARIABLE: Final = "TAYARI_ORGANISATIONS"
"""Passwords of initiators come by environment: the command line is public on its machine."""
INITIATOR_COMMANDS: Final = (
    *b2c.COMMANDS, *b2c.POCHI_COMMANDS, *b2b.COMMANDS, b2b.PAY_TAX, reversal.COMMAND, transaction_status.COMMAND,
    account_balance.COMMAND,
)  # fmt: skip
"""What a role may allow: every `CommandID` of the initiator APIs."""
LARGEST_BALANCE: Final = 10**12


class BadOrganisation(ValueError):
    """The text is not an organisation; the message says why."""


def _short_code(value: object, path: Path, complaints: list[Complaint]) -> str | None:
    code = str(value) if type(value) is int else value
    if isinstance(code, str) and code.isascii() and code.isdigit() and 5 <= len(code) <= 7:
        return code
    complaints.append(Complaint(path, f"found {describe(value)}; expected five to seven digits"))
    return None


def _command(value: object, path: Path, complaints: list[Complaint]) -> str | None:
    if isinstance(value, str) and value in INITIATOR_COMMANDS:
        return value
    near = suggest(str(value), INITIATOR_COMMANDS)
    complaints.append(Complaint(path, f"found {describe(value)}; expected a CommandID of the initiator APIs{near}"))
    return None


ShortCode = Annotated[str, ReadWith(_short_code)]
Shillings = Annotated[int, AtLeast(0), AtMost(LARGEST_BALANCE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenInitiator:
    """An initiator as people write it."""

    name: str
    password: str
    commands: tuple[Annotated[str, ReadWith(_command)], ...] = ()
    """Its role; left out: every command."""
    expired: bool = False

    def made(self) -> Initiator:
        """The initiator of the core."""
        commands = frozenset(self.commands)
        return Initiator(name=self.name, password=self.password, commands=commands, expired=self.expired)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrganisation:
    """An organisation as people write it."""

    short_code: ShortCode
    name: str = ""
    till: bool = False
    store: ShortCode = ""
    working: Shillings | None = None
    utility: Shillings | None = None
    validates: bool = False
    active: bool = True
    initiators: tuple[GivenInitiator, ...] = ()

    def made(self) -> Organisation:
        """The organisation of the core."""
        balances = {Account.WORKING: self.working, Account.UTILITY: self.utility}
        return Organisation(
            short_code=self.short_code,
            name=self.name,
            till=self.till,
            store_number=self.store,
            validates=self.validates,
            active=self.active,
            opening={account: balance for account, balance in balances.items() if balance is not None},
            initiators=tuple(row.made() for row in self.initiators) or (sandbox_initiator(),),
        )


def _shillings(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        raise ValueError("whole shillings")
    return int(text)


def _on_or_off(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("on or off")
    return text == "on"


def _initiator(text: str) -> dict[str, Any]:
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise ValueError("NAME:PASSWORD")
    return {"name": name, "password": password}


def _text(text: str) -> str:
    if not text:
        raise ValueError("text")
    return text


_KEYS: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": _text,
    "till": _on_or_off,
    "store": _text,
    "working": _shillings,
    "utility": _shillings,
    "validates": _on_or_off,
    "active": _on_or_off,
    "initiator": _initiator,
    "commands": lambda text: text.split("+"),
    "expired": _on_or_off,
}
_OF_INITIATOR: Final = ("commands", "expired")
"""Keys that concern the initiator before them."""
ORGANISATION_KEYS: Final = tuple(_KEYS)
"""The keys of the command line, in the order of the help text."""


def read_organisation(text: str) -> Organisation:
    """The organisation of a text such as `600992,name=Duka,initiator=api:Secret1,commands=BusinessPayment`.

    Raises:
        BadOrganisation: a short code that is none, a key that does not exist, or a value it cannot have.
    """
    where = f"--organisation {text.partition(',')[0]}"
    code, *parts = text.split(",")
    given: dict[str, Any] = {"short_code": code}
    initiators: list[dict[str, Any]] = []
    for part in parts:
        key, value = _pair(where, part)
        if key == "initiator":
            initiators.append(value)
        elif key not in _OF_INITIATOR:
            given[key] = value
        elif initiators:
            initiators[-1][key] = value
        else:
            raise BadOrganisation(f"{where}: found {key} before any initiator; expected initiator=NAME:PASSWORD first")
    return _made(given | ({"initiators": initiators} if initiators else {}), where).made()


def read_organisations(text: str) -> tuple[Organisation, ...]:
    """The organisations of a JSON list, whose rows have the keys of the target file's `daraja.organisations`.

    Raises:
        BadOrganisation: it is not such a list; every mistake is named.
    """
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadOrganisation(f"{VARIABLE}: found no JSON ({error}); expected a list of organisations") from error
    if not isinstance(rows, list):
        raise BadOrganisation(f"{VARIABLE}: found {describe(rows)}; expected a JSON list of organisations")
    return tuple(_made(row, f"{VARIABLE}[{place}]").made() for place, row in enumerate(rows))


def check_once(organisations: Sequence[Organisation]) -> None:
    """Let organisations pass of which no two have one short code.

    Raises:
        BadOrganisation: two have.
    """
    seen: set[str] = set()
    for row in organisations:
        if row.short_code in seen:
            raise BadOrganisation(
                f"the organisation {row.short_code} is given twice; expected each short code once; remove one"
            )
        seen.add(row.short_code)


def _made(given: object, where: str) -> GivenOrganisation:
    complaints: list[Complaint] = []
    made = read_value(GivenOrganisation, given, (), complaints)
    if complaints or not isinstance(made, GivenOrganisation):
        raise BadOrganisation(f"{where}: " + "; ".join(map(str, complaints)))
    return made


def _pair(where: str, part: str) -> tuple[str, Any]:
    key, equals, value = part.partition("=")
    if key not in _KEYS or not equals:
        raise BadOrganisation(f"{where}: found {part!r}; expected KEY=VALUE{suggest(key, _KEYS)}")
    try:
        return key, _KEYS[key](value)
    except ValueError as error:
        shown = "a value without a colon" if key == "initiator" else repr(value)
        raise BadOrganisation(f"{where}: {key} is {shown}; expected {error}") from error
