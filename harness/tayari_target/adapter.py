"""The last resort for a merchant that HTTP requests of a target file cannot drive: a small Python class."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

from tayari_target.target_file.target_model import Target
from tayari_target.views import LedgerView, Started, StatusView

_View = TypeVar("_View")


class AdapterError(Exception):
    """The adapter of the target file cannot be loaded."""


class Adapter:
    """Overrides what the target file cannot say. A method that returns None leaves its work to the target file.

    Methods are called from several threads. `placeholders` holds `daraja_url`, `port`, `work_dir`, ...
    """

    tells: ClassVar[frozenset[str]] = frozenset({"msisdn", "amount", "reference", "idempotency_key"})
    """What of a payment reaches the merchant. An adapter that makes a new order at each call leaves `reference` and
    `idempotency_key` out: its merchant cannot know that two calls are for one order."""
    shows: ClassVar[frozenset[str]] = frozenset()
    """What its `StatusView` holds besides the state, of `message`, `receipt` and `credited`."""

    def __init__(self, target: Target, placeholders: Mapping[str, str]) -> None:
        self.target = target
        self.placeholders = placeholders

    def start_payment(
        self,
        *,
        msisdn: str,  # noqa: ARG002 - the shape that subclasses fill
        amount: int | str,  # noqa: ARG002
        reference: str,  # noqa: ARG002
        idempotency_key: str,  # noqa: ARG002
    ) -> Started | None:
        """Start a payment."""
        return None

    def read_status(self, *, payment_id: str, reference: str) -> StatusView | None:  # noqa: ARG002
        """Read its state."""
        return None

    def read_ledger(self, *, payment_id: str, reference: str) -> LedgerView | None:  # noqa: ARG002
        """Read the customer's credits."""
        return None

    def read_audit(self, *, payment_id: str, reference: str) -> tuple[str, ...] | None:  # noqa: ARG002
        """Read the stored raw callback messages."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of a payment can be seen, by the target file or by its adapter."""

    state: bool
    message: bool
    receipt: bool
    credited: bool
    ledger: bool
    audit: bool


def shown(target: Target) -> Shown:
    """What the target file says, and what the adapter's own methods add."""
    status, merchant = target.merchant.status, target.merchant
    made = _adapter_class(target)
    reads = made.read_status is not Adapter.read_status
    return Shown(
        state=status is not None or reads,
        message=(status is not None and status.message is not None) or (reads and "message" in made.shows),
        receipt=(status is not None and status.receipt is not None) or (reads and "receipt" in made.shows),
        credited=(status is not None and status.credited is not None) or (reads and "credited" in made.shows),
        ledger=merchant.ledger is not None or made.read_ledger is not Adapter.read_ledger,
        audit=merchant.audit is not None or made.read_audit is not Adapter.read_audit,
    )


def sent_by_adapter(target: Target) -> frozenset[str] | None:
    """What an adapter sends to the merchant when it starts a payment; None if the target file starts it."""
    made = _adapter_class(target)
    return made.tells if made.start_payment is not Adapter.start_payment else None


def load_adapter(target: Target, placeholders: Mapping[str, str]) -> Adapter:
    """The adapter that the target file names, its module found beside that file.

    Raises:
        AdapterError: no such module or class, or not an `Adapter`.
    """
    return _adapter_class(target)(target, placeholders)


def _adapter_class(target: Target) -> type[Adapter]:
    if target.merchant.adapter is None:
        return Adapter
    module_name, _, class_name = target.merchant.adapter.partition(":")
    folder = str(target.path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        made = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise AdapterError(f"merchant.adapter: {error}; expected {target.merchant.adapter} beside the file") from error
    if not (isinstance(made, type) and issubclass(made, Adapter)):
        found = f"merchant.adapter: {target.merchant.adapter} is not a tayari_target.adapter.Adapter"
        raise AdapterError(f"{found}; expected a subclass of it; derive your class from it")
    return made


def checked_view(method: str, expected: type[_View], view: _View | None) -> _View | str | None:
    """What an adapter's method returned, if its types are right; else a text that says what is wrong.

    A text field that is None counts as empty: a missing message is no message.
    """
    returned: Any = view
    if returned is None:
        return None
    if not isinstance(returned, expected):
        return f"the adapter's {method} returned {_shown(returned)}; expected a {expected.__name__} or None; correct it"
    if isinstance(returned, tuple):
        wrong = [member for member in returned if not isinstance(member, str)]
        return f"the adapter's {method} returned a tuple with {_shown(wrong[0])}; expected texts" if wrong else view
    kind: Any = expected
    record: Any = view
    empty = {}
    for name, allowed in _field_types(kind):
        value = getattr(record, name)
        if value is None and allowed == (str,):
            empty[name] = ""
        elif not isinstance(value, allowed):
            words = " or ".join(sorted(each.__name__ for each in allowed))
            return f"the adapter's {method} returned {name}={_shown(value)}; expected {words}; correct it"
    changed: _View = replace(record, **empty)
    return changed


@cache
def _field_types(view: Any) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """The classes that each field of a view may have; where a float is allowed, a whole number is as well."""
    hints = get_type_hints(view)
    found = []
    for field in fields(view):
        allowed = get_args(hints[field.name]) or (hints[field.name],)
        found.append((field.name, (*allowed, int) if float in allowed else allowed))
    return tuple(found)


def _shown(value: object) -> str:
    return f"{repr(value)[:60]} ({type(value).__name__})"


def depth_of(target: Target) -> str:
    """How deep the target file lets us look."""
    if target.merchant.adapter is not None:
        return "adapter"
    return "state probe" if target.merchant.shows_state else "black box"
