"""The last resort for a merchant that HTTP requests of a target file cannot drive: a small Python class."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from tayari_target.target_file.model import Target
from tayari_target.views import LedgerView, Started, StatusView

_View = TypeVar("_View")


class AdapterError(Exception):
    """The adapter of the target file cannot be loaded."""


class Adapter:
    """Overrides what the target file cannot say. A method that returns None leaves its work to the target file.

    Methods are called from several threads. `placeholders` holds `daraja_url`, `port`, `work_dir`, ...
    """

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


def load_adapter(target: Target, placeholders: Mapping[str, str]) -> Adapter:
    """The adapter that the target file names, its module found beside that file; an idle one where there is none.

    Raises:
        AdapterError: no such module or class, or not an `Adapter`.
    """
    if target.merchant.adapter is None:
        return Adapter(target, placeholders)
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
    return made(target, placeholders)


def checked_view(method: str, expected: type[_View], view: _View | None) -> _View | str | None:
    """What an adapter's method returned, if its types are right; else a text that says what is wrong.

    A text field that is None counts as empty: a missing message is no message.
    """
    returned: Any = view
    if returned is None:
        return None
    if not isinstance(returned, expected):
        return f"the adapter's {method} returned {_shown(returned)}; expected a {expected.__name__} or None; mend it"
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
            return f"the adapter's {method} returned {name}={_shown(value)}; expected {words}; mend it"
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
