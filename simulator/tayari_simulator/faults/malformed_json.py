"""`malformed_json`: a body that is not JSON."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.faults.base import TableFault
from tayari_simulator.state.behaviour import Reply


@dataclass(frozen=True, slots=True)
class MalformedJson(TableFault):
    """Answer 200 with JSON that breaks off in the middle, complete by its Content-Length. The call was handled."""

    def shape(self, reply: Reply) -> None:
        reply.status = 200
        reply.body = reply.body[: max(1, len(reply.body) // 2)]
