"""`empty_body`: a status and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.strict_reading import AtLeast, AtMost


@dataclass(frozen=True, slots=True)
class EmptyBody(TableFault):
    """Answer with `status` and no body; the call is not handled."""

    status: Annotated[int, AtLeast(200), AtMost(599)] = 500

    def instead(self) -> Reply:
        return Reply(self.status, b"")
