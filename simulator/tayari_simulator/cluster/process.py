"""One process of several, as its parent sees it: started, told where it sits, listened to, ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from tayari_simulator.cluster.owning import Node, Table
from tayari_simulator.cluster.seat import Seat

Json = dict[str, Any]

START_S: Final = 30.0
LAST_LINES: Final = 20


class NotStarted(Exception):
    """A process ended before it took part: its last line, and its exit status."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class Process:
    """A running process. It ends when its parent does: its standard input is the line between them."""

    def __init__(self, process: asyncio.subprocess.Process, seat: Seat, say: Callable[[str], None]) -> None:
        self._process = process
        self._say = say
        self._events: asyncio.Queue[Json | None] = asyncio.Queue()
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._begun = False
        self.seat = seat
        self.node: Node | None = None
        self.balance: Json | None = None
        """As it was last looked at."""
        self.tokens: Json = {}
        self.silent = False
        """Whether it was said that it does not answer."""
        self._tasks = [asyncio.create_task(self._read_events()), asyncio.create_task(self._read_errors())]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def seated(self) -> Node:
        """Wait until it can be reached by the others. Raises NotStarted."""
        told = await self._event("seated")
        self.node = Node(self.seat.index, self.seat.host, told["peer_port"], told["control_url"])
        return self.node

    async def opened(self) -> Json:
        """Wait until its Daraja port is open. Raises NotStarted."""
        told = await self._event("open")
        self._begun = True
        return told

    async def drained(self) -> Json | None:
        """What it said at its end; None: nothing."""
        while (told := await self._events.get()) is not None:
            if told.get("event") == "drained":
                return told
        return None

    def tell(self, what: str, value: Any) -> None:
        """Write a line to it; one that is gone does not hear it."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(orjson.dumps({what: value}, option=orjson.OPT_APPEND_NEWLINE))

    def tell_table(self, table: Table) -> None:
        """Tell it who is there."""
        self.tell("table", table.to_dict())

    async def ended(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()

    def why(self, status: int) -> str:
        """How it ended, in words."""
        return f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    async def close(self) -> None:
        """Wait for what it still says."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _event(self, name: str) -> Json:
        try:
            async with asyncio.timeout(START_S):
                told = await self._events.get()
        except TimeoutError:
            self.kill()
            raise NotStarted(f"process {self.seat.index + 1} was not ready within {START_S:g} s", None) from None
        if told is None or told.get("event") != name:
            status = await self._process.wait()
            await self._tasks[1]
            last = self._last[-1] if self._last else self.why(status)
            raise NotStarted(last.removeprefix("tayari simulate: "), status)
        return told

    async def _read_events(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._events.put_nowait(orjson.loads(line))
        self._events.put_nowait(None)

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._last.append(text)
            if self._begun:
                self._say(f"process {self.seat.index + 1}: {text}")


async def start_process(
    command: Sequence[str], seat: Seat, environ: Mapping[str, str], say: Callable[[str], None]
) -> Process:
    """Start it and hand it its seat."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environ),
        start_new_session=os.name == "posix",  # Ctrl+C is for the parent, which ends them in its own time
    )
    assert process.stdin is not None
    process.stdin.write(seat.line())
    return Process(process, seat, say)
