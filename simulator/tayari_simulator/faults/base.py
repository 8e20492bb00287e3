"""What the faults of the table have in common: the calls they may meet, and parameters of a form of their own.

Such a parameter names a row of one of the core's tables, or is a result code, an address or a content type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Final, Self, cast

from tayari_formats.problems import Complaint, Path, describe, suggest

from tayari_simulator.apis.registry import CALLS, TRANSACTIONS
from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES
from tayari_simulator.catalogue.results import wire_form
from tayari_simulator.state.behaviour import Behaviour, Call, Delivery, Reply
from tayari_simulator.strict_reading import AtLeast, AtMost, ReadValue, ReadWith, text_with

STRANGER: Final = "203.0.113.66"
"""An address of the range for documentation (RFC 5737): nobody's, and not Safaricom's."""


class TableFault:
    """A fault that a scenario file can name, without any hook yet: see `state.behaviour.Fault`.

    It is a frozen dataclass. Its fields are its parameters, with the unit in the name.
    """

    __slots__ = ()
    calls: ClassVar[frozenset[str]] = frozenset(CALLS)
    """The calls it can be put on."""

    def instead(self) -> Reply | None:
        """Answer instead of deciding. None: not this fault's hook."""
        return None

    def shape(self, reply: Reply) -> None:
        """Change the reply after the decision was taken."""

    def deliver(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """Rewrite the callbacks of one result."""
        return deliveries

    def drawn(self, values: Mapping[str, float]) -> Self:
        """The same fault with these parameters."""
        return replace(cast(Any, self), **values)  # type: ignore[no-any-return]  # every fault is a dataclass

    def prepare(self, behaviour: Behaviour) -> Behaviour:
        """Change the compiled behaviour itself, for what no hook can do: further results, token lives."""
        return behaviour


class AckFault(TableFault):
    """A fault of a call that makes a transaction, and of its acknowledgement."""

    __slots__ = ()
    calls = TRANSACTIONS


def stranger(delivery: Delivery, source: str, **changes: Any) -> Delivery:
    """The same delivery from somebody else: its answer decides nothing, and it is not repeated."""
    return replace(delivery, forged_from=source, precedes=False, attempts_left=0, **changes)


class CallbackFault(TableFault):
    """A fault of a message to the merchant, whichever it is."""

    __slots__ = ()
    calls = frozenset(Call.MESSAGES)


def _row_of(what: str, table: Mapping[str, object]) -> ReadValue:
    def read(value: object, path: Path, complaints: list[Complaint]) -> object:
        if isinstance(value, str) and value in table:
            return value
        message = f"{describe(value)} is no {what}{suggest(str(value), table)}"
        complaints.append(Complaint(path, message))
        return None

    return read


def _read_code(value: object, path: Path, complaints: list[Complaint]) -> object:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.isascii() and text.replace("_", "").isalnum():
        return wire_form(text)
    complaints.append(Complaint(path, f"found {describe(value)}; expected a result code, as 1032 or SFC_IC0003"))
    return None


def _read_address(value: object, path: Path, complaints: list[Complaint]) -> object:
    try:
        return str(ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        complaints.append(Complaint(path, f"found {describe(value)}; expected an IP address, as 203.0.113.66"))
        return None


Refusing = Annotated[int, AtLeast(400), AtMost(599)]
"""The status of a refusal."""
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(;[ -~]*)?", re.ASCII)
_read_media_type = text_with(lambda text: _MEDIA_TYPE.fullmatch(text) is not None, "a content type, as text/html")
MediaType = Annotated[str, ReadWith(_read_media_type, {"type": "string", "pattern": "^[^/]+/[^/]+$"})]
Address = Annotated[str, ReadWith(_read_address, {"type": "string"})]
ErrorName = Annotated[str, ReadWith(_row_of("error of Daraja", ERRORS), {"enum": [*ERRORS]})]
GatewayFaultName = Annotated[
    str, ReadWith(_row_of("fault of the gateway", GATEWAY_FAULTS), {"enum": [*GATEWAY_FAULTS]})
]
PageName = Annotated[str, ReadWith(_row_of("page of the edge", PAGES), {"enum": [*PAGES]})]
ResultCode = Annotated[int | str, ReadWith(_read_code, {"type": ["string", "integer"], "pattern": "^\\w+$"})]
