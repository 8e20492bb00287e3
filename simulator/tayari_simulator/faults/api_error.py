"""`api_error`: Daraja refuses in its own envelope."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.faults.base import ErrorName, Refusing, TableFault
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.strict_reading import Seconds


@dataclass(frozen=True, slots=True)
class ApiError(TableFault):
    """Refuse with a row of the error catalogue; no payment exists. `status` replaces the row's: 429 for the rate codes.

    `retry_after_s` adds a header that was not seen live.
    """

    error: ErrorName
    status: Refusing | None = None
    retry_after_s: Seconds | None = None

    def instead(self) -> Reply:
        reply = ERRORS[self.error].reply()
        reply.status = self.status or reply.status
        if self.retry_after_s is not None:
            reply.headers = (("Retry-After", f"{self.retry_after_s:g}"),)
        return reply
