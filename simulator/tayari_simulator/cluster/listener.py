"""The Daraja port that several processes share: when one closes it for an outage, all do."""

from __future__ import annotations

from tayari_simulator.cluster.together import Together
from tayari_simulator.http.caller import Callers
from tayari_simulator.http.listener import Listener


class NodeListener(Listener):
    """Listens beside the others."""

    shared = True

    def __init__(self, factory: Callers, host: str, port: int, *, together: Together) -> None:
        super().__init__(factory, host, port)
        self._together = together
        together.answers["outage"] = super().close_for

    def close_for(self, seconds: float) -> None:
        """Close the port here and everywhere."""
        super().close_for(seconds)
        self._together.tell_soon("outage", seconds)
