"""The processes of one host: started together, watched, started again, drained."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tayari_simulator.cluster.asking import Asking, Question
from tayari_simulator.cluster.hosts import Hosts
from tayari_simulator.cluster.merging import ENDINGS
from tayari_simulator.cluster.owning import Node, Table, spread
from tayari_simulator.cluster.process import NotStarted, Process, start_process
from tayari_simulator.cluster.remembering import Remembered
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.cluster.steering import Front
from tayari_simulator.control.refusals import Refusal

Json = dict[str, Any]
Say = Callable[[str], None]

KEPT: Final = ("accepted", *ENDINGS, "pending", "forgotten", "difference", "owed", "planned")
"""What of a balance is kept of one that has gone."""
LOOK_S: Final = 1.0
LOOK_PATIENCE_S: Final = 5.0
"""A process that says nothing for so long hangs; who calls it meanwhile gets the edge's 503."""
MOST_DEATHS: Final = 5
"""A process that ends this often within `DEATHS_WITHIN_S` is not started again."""
DEATHS_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the processes are started."""

    command: Sequence[str]
    environ: Mapping[str, str]
    seats: tuple[Seat, ...]
    journalled: bool
    """Whether a process that is started again finds its payments."""
    together: bool
    """Whether the first process owns all phones."""


class Supervisor:
    """The crew of one host."""

    def __init__(self, plan: Plan, asking: Asking, say: Say, hosts: Hosts | None = None) -> None:
        """`hosts`: the other hosts' processes are part of it as well."""
        self._plan = plan
        self._hosts = hosts
        self._asking = asking
        self._say = say
        self._processes: dict[int, Process] = {}
        self._deaths: dict[int, list[float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False
        self.front: Front | None = None
        """Where those that come back are told what was set meanwhile."""
        self.table = Table(0, {}, ())
        self._own_died: list[Json] = []
        self.deaths = 0
        self.given_up: set[int] = set()
        self.daraja_url = ""

    @property
    def expected(self) -> int:
        """How many processes there should be."""
        return self._plan.seats[0].of

    @property
    def died(self) -> list[Json]:
        """The last known balances of processes that took payments along, on any host."""
        others = self._hosts.others.values() if self._hosts is not None else ()
        return [*self._own_died, *(row for host in others for row in host.died)]

    @property
    def pids(self) -> list[int]:
        """Of those that run."""
        return [self._processes[index].pid for index in sorted(self._processes)]

    def present(self) -> list[Node]:
        """Those that can be asked, the first one first."""
        own = [row.node for row in self._processes.values() if row.node is not None]
        return sorted([*own, *self._others()], key=lambda node: node.index)

    def metrics(self) -> dict[str, float]:
        """What only the parent knows."""
        return {
            "tayari_processes": len(self.present()),
            "tayari_processes_expected": self.expected,
            "tayari_processes_died_total": self.deaths,
            "tayari_payments_lost_total": sum(row["pending"] for row in self.died),
            **({"tayari_redis_connected": int(self._hosts.connected)} if self._hosts is not None else {}),
        }

    async def start(self) -> None:
        """Start all of them, and open the Daraja port.

        Raises:
            NotStarted: one of them could not.
        """
        started = [await self._start(seat) for seat in self._plan.seats]
        try:
            nodes = await asyncio.gather(*(row.seated() for row in started))
            await self._find_others(nodes)
            self._seat()
            opened = await asyncio.gather(*(row.opened() for row in started))
        except BaseException:
            for row in started:
                row.kill()
            raise
        self.daraja_url = opened[0]["daraja_url"]
        for row in started:
            self._watch(row)
        self._keep(self._look())

    def lost(self, last: Json) -> None:
        """A process ended, and its payments with it: this was its last known balance."""
        self._own_died.append({name: last.get(name, 0) for name in KEPT})

    async def drain(self, within_s: float) -> list[Json]:
        """Let what is due soon happen everywhere; the balances after it."""
        self._ending = True
        rows = list(self._processes.values())
        for row in rows:
            row.tell("drain", within_s)
        said = await asyncio.gather(*(row.drained() for row in rows))
        return [told["balance"] for told in said if told is not None]

    async def close(self) -> None:
        """End all of them."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
        rows = list(self._processes.values())
        for row in rows:
            row.tell("end", None)
        try:
            async with asyncio.timeout(5.0):
                await asyncio.gather(*(row.ended() for row in rows))
        except TimeoutError:
            for row in rows:
                row.kill()
        await asyncio.gather(*(row.close() for row in rows))

    async def _start(self, seat: Seat) -> Process:
        process = await start_process(self._plan.command, seat, self._plan.environ, self._say)
        self._processes[seat.index] = process
        return process

    async def _find_others(self, own: list[Node]) -> None:
        """Where there are other hosts: show ours, wait for theirs, and hear what was set before."""
        if self._hosts is None:
            return
        self._hosts.own.nodes, self._hosts.own.died = own, self._own_died
        await self._hosts.formed()
        remembered = Remembered()
        remembered.load(await self._hosts.switches())
        for question in remembered.questions():
            await self._asking.each(own, question)
        self._hosts.changed = self._seat

    def _others(self) -> list[Node]:
        return list(self._hosts.nodes()) if self._hosts is not None else []

    def _seat(self) -> None:
        """Tell all who is there now."""
        nodes = {node.index: node for node in self.present()}
        slots = spread(list(range(self.expected)), together=self._plan.together)
        self.table = Table(self.table.version + 1, nodes, slots)
        for process in self._processes.values():
            process.tell_table(self.table)

    def _watch(self, process: Process) -> None:
        self._keep(self._watched(process))

    def _keep(self, job: Any) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watched(self, process: Process) -> None:
        """Wait for its end; unless all are to end, that is a mishap, and another takes its place."""
        status = await process.ended()
        if self._ending:
            return
        index = process.seat.index
        self._processes.pop(index, None)
        self._mourn(process, process.why(status))
        deaths = [at for at in self._deaths.get(index, []) if at > time.monotonic() - DEATHS_WITHIN_S]
        self._deaths[index] = [*deaths, time.monotonic()]
        if len(deaths) + 1 >= MOST_DEATHS:
            self._say(f"process {index + 1} ended {MOST_DEATHS} times within {DEATHS_WITHIN_S:g} s and is not started "
                      "again; calls for its phones get 503")  # fmt: skip
            self.given_up.add(index)
            return
        await self._again(replace(process.seat, tokens=self._tokens(process)))

    def _mourn(self, process: Process, why: str) -> None:
        """Say what is lost; the balance says it from now on."""
        self.deaths += 1
        said = f"process {process.seat.index + 1} of {self.expected} (pid {process.pid}) is gone: {why}"
        if self._plan.journalled:
            self._say(f"{said}; another takes its place and resumes its payments from the journal")
            return
        last = process.balance or {}
        self.lost(last)
        self._say(f"{said}; {last.get('pending', 0)} pending payments, and what it accepted in its last second, are "
                  "lost, and the balance will not add up; --journal FILE keeps them")  # fmt: skip

    def _tokens(self, gone: Process) -> Json:
        rows = [row.tokens for row in (*self._processes.values(), gone) if row.tokens]
        return max(rows, key=lambda row: int(row["dead_before"]), default={})

    async def _again(self, seat: Seat) -> None:
        """Start a process in the place of one that is gone: it hears of all that was set before it takes a call."""
        process = await start_process(self._plan.command, seat, self._plan.environ, self._say)
        try:
            node = await process.seated()
            if self.front is not None:
                async with self.front.change():
                    await self._catch_up(node)
                    await self._join(process, node)
            else:
                await self._join(process, node)
        except (NotStarted, Refusal) as error:
            self._say(f"process {seat.index + 1} cannot be started again: {error}; calls for its phones get 503")
            self.given_up.add(seat.index)
            process.kill()
            return
        self._say(f"process {seat.index + 1} is back (pid {process.pid})")
        self._watch(process)

    async def _catch_up(self, node: Node) -> None:
        assert self.front is not None
        for question in self.front.remembered.questions():
            await self._asking.one(node, question)
        await self.front.stepping.catch_up(node)

    async def _join(self, process: Process, node: Node) -> None:
        self._processes[node.index] = process
        if self._hosts is not None:
            self._hosts.own.nodes = [row.node for row in self._processes.values() if row.node is not None]
        self._seat()
        await process.opened()

    async def _look(self) -> None:
        """Every second: what each of them owes. It is what is known of one that ends."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.gather(*(self._look_at(process) for process in list(self._processes.values())))
            self._show()

    async def _look_at(self, process: Process) -> None:
        if process.node is None:
            return
        try:
            async with asyncio.timeout(LOOK_PATIENCE_S):
                told = (await self._asking.one(process.node, Question.get("/v1/process"))).json()
        except Refusal:
            return  # its end is noticed by who waits for it
        except TimeoutError:
            if not process.silent:
                process.silent = True
                which = f"process {process.seat.index + 1} (pid {process.pid})"
                self._say(f"{which} has not answered for {LOOK_PATIENCE_S:g} s")
            return
        process.silent = False
        process.balance, process.tokens = told["balance"], told["tokens"]

    def _show(self) -> None:
        """What the other hosts know of this one, should it go."""
        if self._hosts is not None:
            balances = [row.balance for row in self._processes.values() if row.balance is not None]
            self._hosts.own.balance = {name: sum(row[name] for row in balances) for name in KEPT} if balances else {}
            self._hosts.own.died = self._own_died
            rows = [row.tokens for row in self._processes.values() if row.tokens]
            self._hosts.own_tokens = max(rows, key=lambda row: int(row["dead_before"]), default={})
