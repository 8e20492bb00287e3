"""One process of several: told its seat over standard input, heard over standard output, ended with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from typing import Any, TextIO

import orjson

from tayari_simulator.cluster.building import Member, build
from tayari_simulator.cluster.choosing import NodeSelector
from tayari_simulator.cluster.node_control import open_node_control
from tayari_simulator.cluster.owning import Table
from tayari_simulator.cluster.peer_port import PeerPort, open_peer_port
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.config import Config
from tayari_simulator.control.app import ControlPort
from tayari_simulator.http.collecting import collect_seldom
from tayari_simulator.journal.resuming import Behaviours
from tayari_simulator.server.arguments import ConfigError

Json = dict[str, Any]


def read_seat(stream: TextIO) -> Seat:
    """The first line that the parent writes.

    Raises:
        ConfigError: there is none: nobody but the parent starts a process this way.
    """
    try:
        return Seat.read(stream.readline())
    except (ValueError, TypeError) as error:
        raise ConfigError("--take-seat is for processes that --workers starts; use --workers N") from error


def own_config(config: Config, seat: Seat) -> Config:
    """What is this process's own: its file, and where its mixes begin."""
    journal = f"{config.journal_file}-{seat.index + 1}-of-{seat.of}" if config.journal_file else None
    return replace(config, journal_file=journal, journal_bytes=seat.journal_bytes)


async def serve_node(config: Config, selector: NodeSelector, behaviours: Behaviours, seat: Seat) -> None:
    """Take part until the parent says that it is over, or is gone itself.

    Raises:
        OSError: a port cannot be opened.
        ClockError, OptionError, TargetRefused, JournalFileError: see `Simulator`.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    member = build(config, selector, behaviours, seat)
    try:
        port = await open_peer_port(seat.host, seat.secret, member.app, member.together.answer)
        control = await open_node_control(member, host=seat.host)
        try:
            await _NodeLife(member, port, control).live()
        finally:
            await control.close()
            port.close()
            member.together.close()
    finally:
        await member.simulator.close()


class _NodeLife:
    """What a process does from its first word to its last."""

    def __init__(self, member: Member, port: PeerPort, control: ControlPort) -> None:
        self._member = member
        self._port = port
        self._control = control
        self._open = False

    async def live(self) -> None:
        _tell({"event": "seated", "peer_port": self._port.port, "control_url": self._control.url, "pid": os.getpid()})
        lines = await _standard_input()
        async for line in lines:
            told = orjson.loads(line)
            if "table" in told:
                await self._seated(Table.from_dict(told["table"]))
            elif "drain" in told:
                balance = await self._member.simulator.drain(told["drain"])
                _tell({"event": "drained", "balance": balance})
            elif "end" in told:
                return

    async def _seated(self, table: Table) -> None:
        member = self._member
        member.together.seated(table)
        if self._open:
            return
        self._open = True
        await member.simulator.start()
        collect_seldom(member.simulator.config)
        _tell({
            "event": "open",
            "daraja_url": member.simulator.daraja_url,
            "resumed": member.simulator.resumed.pending,
        })  # fmt: skip


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _tell(event: Json) -> None:
    sys.stdout.write(orjson.dumps(event).decode() + "\n")
    sys.stdout.flush()
