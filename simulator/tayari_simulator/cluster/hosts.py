"""Several hosts that are one Daraja: Redis holds who is there, the secret and the switches, and never a payment.

Each host takes one of `hosts` places and keeps it with a heartbeat. A place, and not the host that sits in it, owns
phones: a host that goes away leaves its place, its phones' calls get 503, and the host that takes the place next owns
the same phones, and with the same journal their payments. So no state ever moves while payments are under way.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tayari_simulator.cluster.owning import Node
from tayari_simulator.cluster.redis_store import Store, StoreGone

Json = dict[str, Any]
Say = Callable[[str], None]

BEAT_S: Final = 0.5
LEASE_S: Final = 3.0
"""A host that was not heard of for so long is gone."""
FORM_S: Final = 600.0
SKEW_S: Final = 0.05
"""More than this between two hosts' clocks is said: numbers of the journal and lives of tokens go by them."""


class NoPlace(Exception):
    """This host cannot take part: one line that says why."""


@dataclass(slots=True)
class Host:
    """What a place's host says of itself."""

    nodes: list[Node] = field(default_factory=list)
    died: list[Json] = field(default_factory=list)
    balance: Json = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As it stands in Redis."""
        nodes = [[row.index, row.host, row.peer_port, row.control_url] for row in self.nodes]
        return orjson.dumps({"nodes": nodes, "died": self.died, "balance": self.balance})

    @classmethod
    def read(cls, raw: bytes) -> Host:
        """What `to_bytes` made."""
        value = orjson.loads(raw)
        return cls([Node(*row) for row in value["nodes"]], value["died"], value["balance"])


class Hosts:
    """This host's part in it."""

    def __init__(self, store: Store, *, hosts: int, say: Say) -> None:
        self._store = store
        self._say = say
        self._token = f"{time.time_ns()}-{id(self)}".encode()
        self._task: asyncio.Task[None] | None = None
        self._skew_told = False
        self.hosts = hosts
        self.place = -1
        self.own = Host()
        self.own_tokens: Json = {}
        self.others: dict[int, Host] = {}
        self.connected = True
        self.changed: Callable[[], None] = lambda: None
        """Called when a host has come or gone."""

    async def join(self, print_: str, *, wanted: int | None = None) -> str:
        """Take a free place; the common secret. `print_` tells how the simulator is configured: all must be alike.

        `wanted`: no other place will do, as the journal of this host is of that one.

        Raises:
            NoPlace: all are taken, or the others are configured in another way.
            StoreGone: Redis cannot be reached.
        """
        first = await self._store.keep_first("print", print_.encode())
        if not await self._anybody():
            await self._begin_anew(print_)
        elif first.decode() != print_:
            raise NoPlace(
                f"the hosts of this Redis were started as {first.decode()}, this one as {print_}; "
                "start all with the same options"
            )
        for place in range(self.hosts) if wanted is None else (wanted,):
            if await self._store.lease(f"lease:{place}", self._token, LEASE_S):
                self.place = place
                break
        else:
            if wanted is not None:
                raise NoPlace(f"the journal is of place {wanted + 1} of {self.hosts}, which is taken; choose another")
            raise NoPlace(f"all {self.hosts} places are taken; start all with a greater --hosts, or stop one")
        return (await self._store.keep_first("secret", secrets.token_hex(32).encode())).decode()

    async def formed(self) -> None:
        """Tell the others where this host's processes are, and wait until all places are taken.

        Raises:
            NoPlace: they were not taken in time.
        """
        end, told = time.monotonic() + FORM_S, False
        while True:
            await self._beat()
            if len(self.others) + 1 == self.hosts:
                break
            if time.monotonic() > end:
                raise NoPlace(f"{len(self.others) + 1} of {self.hosts} hosts were there after {FORM_S:g} s")
            if not told:
                told = True
                self._say(f"host {self.place + 1} of {self.hosts} waits for the others")
            await asyncio.sleep(BEAT_S)
        self._task = asyncio.create_task(self._keep_beating())

    async def past(self) -> Json:
        """The last balance that this place had, of a host that may have gone with its payments."""
        raw = await self._store.get(f"past:{self.place}")
        return orjson.loads(raw) if raw else {}

    async def tokens(self) -> Json:
        """What was revoked, as far as hosts have told it."""
        raw = await self._store.get("tokens")
        return orjson.loads(raw) if raw else {}

    async def switches(self) -> bytes:
        """What was set over the control API of any host."""
        return await self._store.get("switches") or b"[]"

    async def set_switches(self, value: bytes) -> None:
        """Keep them for hosts and processes that come later."""
        await self._store.put("switches", value)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """One change at a time over all hosts. Raises StoreGone."""
        async with self._store.lock("changing"):
            yield

    def nodes(self) -> Iterable[Node]:
        """The other hosts' processes."""
        return [node for host in self.others.values() for node in host.nodes]

    async def leave(self) -> None:
        """Give the place up, so that another host can take it at once."""
        if self._task is not None:
            self._task.cancel()
        if self.place >= 0 and self.connected:
            try:
                await self._store.release(f"lease:{self.place}", self._token, f"host:{self.place}")
            except StoreGone:
                return

    async def _begin_anew(self, print_: str) -> None:
        """Nobody is there: what was set in an earlier run is over."""
        await self._store.put("print", print_.encode())
        await self._store.put("switches", b"[]")
        for place in range(self.hosts):
            await self._store.put(f"past:{place}", b"{}")

    async def _anybody(self) -> bool:
        return any([await self._store.get(f"lease:{place}") for place in range(self.hosts)])

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
            except StoreGone as error:
                if self.connected:
                    self._say(f"{error}; payments go on, and hosts that come or go are not noticed until it is back")
                self.connected = False
                continue
            if not self.connected:
                self._say("Redis is back")
            self.connected = True

    async def _beat(self) -> None:
        own = self.own.to_bytes()
        places = [place for place in range(self.hosts) if place != self.place]
        found, mine, now_s = await self._store.beat(
            lease=(f"lease:{self.place}", self._token, LEASE_S),
            own=(f"host:{self.place}", own, LEASE_S),
            keep=self._kept(),
            others=[f"host:{place}" for place in places],
        )
        if not mine:
            self._say(f"place {self.place + 1} was taken by another host while Redis could not be reached from here")
        self._compare_clocks(now_s)
        others = {place: Host.read(raw) for place, raw in zip(places, found, strict=True) if raw and raw != b"{}"}
        self._notice(others)

    def _kept(self) -> list[tuple[str, bytes]]:
        kept = [(f"past:{self.place}", orjson.dumps(self.own.balance))]
        return [*kept, ("tokens", orjson.dumps(self.own_tokens))] if self.own_tokens else kept

    def _notice(self, others: dict[int, Host]) -> None:
        before, self.others = self.others, others
        for place in before.keys() - others.keys():
            owed = before[place].balance.get("pending", 0)
            self._say(
                f"host {place + 1} of {self.hosts} is gone, with {owed} pending payments; its phones' calls get 503 "
                "until a host takes its place (with the same --journal it resumes its payments)"
            )
        for place in others.keys() - before.keys():
            self._say(f"host {place + 1} of {self.hosts} is there")
        if {place: row.nodes for place, row in before.items()} != {place: row.nodes for place, row in others.items()}:
            self.changed()

    def _compare_clocks(self, redis_s: float) -> None:
        skew_s = abs(time.time() - redis_s)
        if skew_s > SKEW_S and not self._skew_told:
            self._skew_told = True
            self._say(f"this host's clock and that of Redis differ by {skew_s:.2f} s; keep them in step (NTP)")
