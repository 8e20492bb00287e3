"""The port and its outages: one outage can begin while another ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tayari_simulator.state.behaviour import Reply
from tayari_simulator.transport.connections.listener import Listener, Port
from tayari_simulator.transport.connections.server_protocol import ServerConnections


class PortBeside(Port):
    """Takes a turn of the loop to open, in which something can happen."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 0)
        self.opened = False
        self.meanwhile: list[Callable[[], None]] = []
        self.times_shut = 0

    @property
    def is_open(self) -> bool:
        return self.opened

    async def open(self) -> None:
        await asyncio.sleep(0)
        if self.meanwhile:
            self.meanwhile.pop()()
        self.opened = True

    def shut(self) -> None:
        self.times_shut += self.opened
        self.opened = False


def test_an_outage_that_begins_while_the_ports_open_again_ends_as_any_other() -> None:
    async def two_outages() -> tuple[int, bool]:
        listener, beside = (
            Listener(ServerConnections(lambda _: Reply(404, b""), lambda same: same), "127.0.0.1", 0),
            PortBeside(),
        )
        listener.beside = (beside,)
        await listener.open()
        beside.meanwhile.append(lambda: listener.close_for(0.01))
        listener.close_for(0.0)
        async with asyncio.timeout(5):
            while beside.times_shut < 2 or not (listener.is_open and beside.is_open):
                await asyncio.sleep(0.005)
        ended = await listener.open_now()
        await listener.close()
        return beside.times_shut, ended

    assert asyncio.run(two_outages()) == (3, False)
