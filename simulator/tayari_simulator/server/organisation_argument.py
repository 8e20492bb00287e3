"""`--organisation CODE,KEY=VALUE,...`: one short code with its accounts and its initiator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tayari_formats.suggestion import suggest

from tayari_simulator.apis.organisations import Initiator, Organisation, sandbox_initiator
from tayari_simulator.state.ledger import Account


class BadOrganisation(ValueError):
    """The text is not an organisation; the message says why."""


def _shillings(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("whole shillings")
    return int(text)


def _on_or_off(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("on or off")
    return text == "on"


def _initiator(text: str) -> Initiator:
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise ValueError("NAME:PASSWORD")
    return Initiator(name=name, password=password)


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and 5 <= len(text) <= 7):
        raise ValueError("five to seven digits")
    return text


_KEYS: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": str,
    "till": _on_or_off,
    "store": _digits,
    "initiator": _initiator,
    "working": _shillings,
    "utility": _shillings,
    "validates": _on_or_off,
    "active": _on_or_off,
}
ORGANISATION_KEYS: Final = tuple(_KEYS)
"""The keys, in the order of the help text."""


def read_organisation(text: str) -> Organisation:
    """The organisation of a text such as `600992,name=Duka,utility=5000,initiator=api:Secret1`.

    Raises:
        BadOrganisation: a short code that is none, a key that does not exist, or a value it cannot have.
    """
    code, *parts = text.split(",")
    try:
        short_code = _digits(code)
    except ValueError as error:
        raise BadOrganisation(f"--organisation {text}: found the short code {code!r}; expected {error}") from error
    given = dict(_read(text, part) for part in parts)
    return Organisation(
        short_code=short_code,
        name=given.get("name", ""),
        till=given.get("till", False),
        store_number=given.get("store", ""),
        validates=given.get("validates", False),
        active=given.get("active", True),
        opening={account: given[key] for key, account in _ACCOUNTS if key in given},
        initiators=(given["initiator"],) if "initiator" in given else (sandbox_initiator(),),
    )


_ACCOUNTS: Final = (("working", Account.WORKING), ("utility", Account.UTILITY))


def _read(text: str, part: str) -> tuple[str, Any]:
    key, equals, value = part.partition("=")
    if key not in _KEYS or not equals:
        raise BadOrganisation(f"--organisation {text}: found {part!r}; expected KEY=VALUE{suggest(key, _KEYS)}")
    try:
        return key, _KEYS[key](value)
    except ValueError as error:
        raise BadOrganisation(f"--organisation {text}: {key} is {value!r}; expected {error}") from error
