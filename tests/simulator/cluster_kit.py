"""Several processes of one Daraja, in one event loop: each with a Daraja port of its own, so that a test chooses."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from core_kit import PASSKEY
from http_kit import Port
from tayari_simulator.cluster.asking import Asking
from tayari_simulator.cluster.building import Member, build
from tayari_simulator.cluster.choosing import NodeSelector
from tayari_simulator.cluster.front import front_routes
from tayari_simulator.cluster.node_control import open_node_control
from tayari_simulator.cluster.owning import Node, Table, spread
from tayari_simulator.cluster.peer_port import PeerPort, open_peer_port
from tayari_simulator.cluster.remembering import Remembered
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.cluster.steering import Front
from tayari_simulator.cluster.stepping import Stepping
from tayari_simulator.config import Config
from tayari_simulator.control.app import application, open_application
from tayari_simulator.scenario.model import Scenario
from tayari_simulator.scenario.read import read_scenarios

SHIPPED = Path(__file__).parents[2] / "scenarios"
SECRET = "a secret of this test"


def shipped(*names: str) -> list[Scenario]:
    """Scenarios of the product, by name."""
    found, problems = read_scenarios([SHIPPED / f"{name}.yaml" for name in names])
    assert not problems
    return found


@dataclass
class Crew:
    """The processes, and the one control API."""

    members: list[Member]
    peers: list[PeerPort]
    table: Table
    control_url: str = ""
    died: list[dict[str, Any]] = field(default_factory=list)
    given_up: set[int] = field(default_factory=set)
    client: aiohttp.ClientSession | None = None

    @property
    def expected(self) -> int:
        return len(self.members)

    def present(self) -> list[Node]:
        return list(self.table.nodes.values())

    def metrics(self) -> dict[str, float]:
        return {}

    def port(self, index: int) -> Port:
        """The Daraja port of one process."""
        return Port(self.members[index].simulator)

    async def logged_in(self, index: int, *, at: int = 0) -> Port:
        """The same, with a token that was fetched at another one."""
        first = self.port(at)
        await first.log_in()
        return Port(self.members[index].simulator, first.token)

    def phones(self, owner: int) -> Any:
        """MSISDNs that this process owns; none is a magic one."""
        numbers = map(str, range(254_713_400_000, 254_713_402_000))
        return (number for number in numbers if self.table.owner_of(number) == owner)

    def phone(self, owner: int) -> str:
        """One of them."""
        return str(next(self.phones(owner)))

    def passed_on(self, index: int) -> int:
        """How many calls this process has passed on."""
        return self.members[index].app.passed_on

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the one control API: the JSON of its answer, which must be good."""
        status, told = await self.asked(method, path, body)
        assert status == 200, told
        return told

    async def asked(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The same, with its status."""
        assert self.client is not None
        async with self.client.request(method, self.control_url + path, json=body) as answered:
            return answered.status, await answered.json()


@asynccontextmanager
async def crew(count: int = 2, scenarios: Sequence[Scenario] = (), **config: Any) -> AsyncIterator[Crew]:
    """So many processes, whose payments are done after 10 ms."""
    config["options"] = {"outcome_after_s": "0.01"} | config.get("options", {})
    together = config.pop("together", False)
    async with AsyncExitStack() as stack:
        members, peers, nodes = [], [], {}
        wall_s, monotonic_s = time.time(), time.monotonic()
        for index in range(count):
            seat = Seat(index=index, of=count, secret=SECRET, port=0, wall_s=wall_s, monotonic_s=monotonic_s)
            selector = NodeSelector(scenarios, mix=config.get("mix"), seed=index)
            member = build(Config(port=0, passkey=PASSKEY, **config), selector, lambda _: None, seat)
            stack.push_async_callback(member.simulator.close)
            peer = await open_peer_port("127.0.0.1", SECRET, member.app, member.together.answer)
            stack.callback(peer.close)
            control = await open_node_control(member, host="127.0.0.1")
            stack.push_async_callback(control.close)
            stack.callback(member.together.close)
            members.append(member)
            peers.append(peer)
            nodes[index] = Node(index, "127.0.0.1", peer.port, control.url)
        table = Table(1, nodes, spread(list(nodes), together=together))
        for member in members:
            member.together.seated(table)
            await member.simulator.start()
        made = Crew(members, peers, table)
        await _open_front(made, stack)
        yield made


async def _open_front(made: Crew, stack: AsyncExitStack) -> None:
    asking = Asking()
    stack.push_async_callback(asking.close)
    front = Front(crew=made, asking=asking, remembered=Remembered(), stepping=Stepping(asking))
    port = await open_application(application(front_routes(front)), host="127.0.0.1", port=0)
    stack.push_async_callback(port.close)
    front.url = made.control_url = port.url
    made.client = await stack.enter_async_context(aiohttp.ClientSession())
