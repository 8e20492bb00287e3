"""The last resort for a merchant that HTTP requests of a target file cannot drive: a small Python class."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from tayari_target.target_file.model import Target
from tayari_target.views import LedgerView, Started, StatusView


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
