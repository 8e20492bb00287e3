"""What every fault of the table has beside its parameters: the calls it may meet, and what it asks of the behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final, Self, cast

from tayari_simulator.apis.registry import CALLS, TRANSACTIONS
from tayari_simulator.state.behaviour import Behaviour, Call, Delivery, Reply

STRANGER: Final = "203.0.113.66"
"""An address of the range for documentation (RFC 5737): nobody's, and not Safaricom's."""


class TableFault:
    """A fault that a scenario file can name, without any hook yet: see `state.behaviour.Fault`.

    It is a frozen dataclass. Its fields are its parameters, with the unit in the name.
    """

    __slots__ = ()
    calls: ClassVar[frozenset[str]] = frozenset(CALLS)
    """The calls it can be put on."""

    def instead(self, call: str) -> Reply | None:  # noqa: ARG002 - the hook's shape
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
