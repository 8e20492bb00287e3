"""`revoke_tokens`: in the middle of a run, every token is dead."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.catalogue.errors import ERRORS
from tayari_simulator.faults.base import ErrorName, TableFault
from tayari_simulator.state.behaviour import Call, Reply


@dataclass(frozen=True, slots=True)
class RevokeTokens(TableFault):
    """Refuse this call for its token with `error`, and every later call that brings a token issued before it."""

    error: ErrorName = "404.001.03"
    calls = frozenset({Call.STK_PUSH, Call.STK_QUERY})

    def instead(self) -> Reply:
        reply = ERRORS[self.error].reply()
        reply.revokes_tokens = True
        return reply
