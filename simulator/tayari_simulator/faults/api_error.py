"""`api_error`: Daraja refuses in its own envelope."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.core.behaviour import Call, Reply
from tayari_simulator.core.errors import ERRORS
from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.parameters import ErrorName


@dataclass(frozen=True, slots=True)
class ApiError(TableFault):
    """Refuse with a row of the error catalogue; no payment exists."""

    error: ErrorName

    def instead(self, call: Call) -> Reply:  # noqa: ARG002 - the hook's shape
        """The refusal."""
        return ERRORS[self.error].reply()
