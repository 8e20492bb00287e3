"""Who owns what: the last nine digits of the MSISDN decide, and a CheckoutRequestID ends in the same digits.

So a push, its query, the lock of the phone and the payment's state all find their process without a store. What has no
such digits (tokens, unknown paths, bodies that cannot be read) belongs to the first process, so that it is counted and
refused in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tayari_simulator.core.behaviour import Call

DIGITS: Final = 9
SLOTS: Final = 1024
"""Phones are spread over so many slots, and slots over processes."""
MOST_NODES: Final = 64

_FIELDS: Final[Mapping[str, str]] = {Call.STK_PUSH: "PhoneNumber", Call.STK_QUERY: "CheckoutRequestID"}


def slot_of(text: str) -> int | None:
    """The slot of an MSISDN or of a CheckoutRequestID; None: it does not end in nine digits."""
    tail = text[-DIGITS:]
    return int(tail) % SLOTS if len(tail) == DIGITS and tail.isascii() and tail.isdigit() else None


def slot_of_body(call: str, body: bytes) -> int | None:
    """The slot of a call's body. None: the call has no owner, or its body is to be refused whoever reads it."""
    field = _FIELDS.get(call)
    if field is None:
        return None
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = wire.get(field) if type(wire) is dict else None
    return slot_of(str(value)) if isinstance(value, str | int) else None


@dataclass(frozen=True, slots=True)
class Node:
    """One process: where the others pass calls on to, and where its control API is."""

    index: int
    host: str
    peer_port: int
    control_url: str


@dataclass(frozen=True, slots=True)
class Table:
    """Who is there, and which of them owns each slot. A newer version takes the place of an older one."""

    version: int
    nodes: Mapping[int, Node]
    slots: tuple[int, ...]

    @property
    def lead(self) -> int:
        """The first process: owner of what has no owner."""
        return min(self.nodes)

    def owner(self, slot: int | None) -> int:
        """The process that owns a slot."""
        return self.lead if slot is None else self.slots[slot]

    def owner_of(self, text: str) -> int:
        """The process that owns an MSISDN or a CheckoutRequestID."""
        return self.owner(slot_of(text))

    def to_dict(self) -> dict[str, Any]:
        """As processes tell each other."""
        nodes = [[row.index, row.host, row.peer_port, row.control_url] for row in self.nodes.values()]
        return {"version": self.version, "nodes": nodes, "slots": list(self.slots)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Table:
        """What `to_dict` made."""
        nodes = {row[0]: Node(*row) for row in value["nodes"]}
        return cls(value["version"], nodes, tuple(value["slots"]))


def spread(indexes: list[int], *, together: bool = False) -> tuple[int, ...]:
    """Slots dealt out evenly; `together`: all of them to the first, who then sees every call."""
    return tuple(indexes[0 if together else slot % len(indexes)] for slot in range(SLOTS))
