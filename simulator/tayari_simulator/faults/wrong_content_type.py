"""`wrong_content_type`: a good body under a name that does not fit it."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import MediaType, TableFault
from tayari_simulator.state.behaviour import Reply


@dataclass(frozen=True, slots=True)
class WrongContentType(TableFault):
    """Answer as always, and call the body `content_type`. The call was handled."""

    content_type: MediaType = "text/html"

    def shape(self, reply: Reply) -> None:
        reply.content_type = self.content_type
