"""`--workers N`: a parent, N processes on one Daraja port, and one control API for them all."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, TextIO

import orjson

from tayari_simulator.clock import make_clock
from tayari_simulator.cluster.asking import Asking
from tayari_simulator.cluster.front import front_routes
from tayari_simulator.cluster.hosts import NoPlace
from tayari_simulator.cluster.process import NotStarted
from tayari_simulator.cluster.redis_store import StoreGone
from tayari_simulator.cluster.remembering import Remembered
from tayari_simulator.cluster.seat import Seat
from tayari_simulator.cluster.steering import Front
from tayari_simulator.cluster.stepping import Stepping
from tayari_simulator.cluster.supervisor import Plan, Supervisor
from tayari_simulator.config import Config
from tayari_simulator.control.app import ControlPort, application, open_application
from tayari_simulator.core.behaviour import Call
from tayari_simulator.core.options import Options
from tayari_simulator.core.rates import rate_gaps
from tayari_simulator.http.targets import Targets
from tayari_simulator.server.announcing import port_trouble, ready_line, say
from tayari_simulator.server.arguments import ConfigError
from tayari_simulator.server.meeting import Meeting, meet, place_of_journal

Json = dict[str, Any]

NODE: Final = "--take-seat"
"""The flag of a process that is told its seat over standard input."""


async def serve_crew(config: Config, argv: Sequence[str], *, announce: TextIO) -> None:
    """Start the processes, print the ready line, and run until a signal.

    Raises:
        ConfigError: a port is taken, or a process cannot start.
        ClockError, OptionError, TargetRefused: the configuration cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    options, _ = Options(config.profile, config.options), Targets(config)
    make_clock(config.clock)
    wanted = place_of_journal(config)
    async with AsyncExitStack() as stack:
        held = stack.enter_context(_hold_port(config))
        asking = Asking()
        stack.push_async_callback(asking.close)
        try:
            meeting = await meet(config, options, stack, _tell, wanted)
            plan = _plan(config, argv, held.getsockname()[1], options, meeting)
            crew = Supervisor(plan, asking, _tell, meeting.hosts)
            stack.push_async_callback(crew.close)
            if meeting.lost.get("accepted") and config.journal_file is None:
                crew.lost(meeting.lost)
            await crew.start()
            await _run(
                config,
                crew,
                Front(
                    crew=crew, asking=asking, remembered=Remembered(), stepping=Stepping(asking), common=meeting.hosts
                ),
                stop,
                announce,
            )
        except (NotStarted, NoPlace, StoreGone) as error:
            raise ConfigError(str(error)) from error


async def _run(config: Config, crew: Supervisor, front: Front, stop: asyncio.Event, announce: TextIO) -> None:
    control = await _open_control(config, front)
    try:
        crew.front, front.url = front, control.url
        ready = ready_line(config, daraja_url=crew.daraja_url, control_url=control.url)
        say(announce, orjson.dumps(ready | {"processes": crew.pids}).decode())
        where = f"Daraja is at {crew.daraja_url} with {crew.expected} processes, its control API at {control.url}"
        say(sys.stderr, f"{where}; Ctrl+C stops it")
        await stop.wait()
        await _drain(config, crew, stop)
    finally:
        await control.close()


async def _open_control(config: Config, front: Front) -> ControlPort:
    try:
        return await open_application(application(front_routes(front)), host=config.host, port=config.control_port)
    except OSError as error:
        raise ConfigError(port_trouble("--control-port", config.host, config.control_port, error)) from error


async def _drain(config: Config, crew: Supervisor, stop: asyncio.Event) -> None:
    """Let what is due soon happen in all processes; a second signal ends that. Say what is left."""
    stop.clear()
    draining = asyncio.create_task(crew.drain(config.drain_s))
    hurry = asyncio.create_task(stop.wait())
    await asyncio.wait((draining, hurry), return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, hurry):
        task.cancel()
    balances = draining.result() if draining.done() and not draining.cancelled() else []
    pending = sum(row["pending"] for row in balances)
    if pending and config.journal_file:
        say(sys.stderr, f"{pending} payments are pending; a start with the same --journal and --workers resumes them")
    elif pending:
        say(sys.stderr, f"{pending} payments were pending, and their callbacks are lost; --journal FILE keeps them")


def _plan(config: Config, argv: Sequence[str], port: int, options: Options, meeting: Meeting) -> Plan:
    wall_s, monotonic_s = time.time(), time.monotonic()
    first = config.workers * meeting.place
    together = bool(rate_gaps(options).keys() & {Call.STK_PUSH, Call.STK_QUERY})
    part = config.journal_bytes if together else max(10_000, config.journal_bytes // config.workers)
    seats = tuple(
        Seat(
            index=first + number,
            of=config.workers * config.hosts,
            secret=meeting.secret,
            port=port,
            host=config.node_host or config.host,
            journal_bytes=part,
            wall_s=wall_s,
            monotonic_s=monotonic_s,
            tokens=meeting.tokens,
        )
        for number in range(config.workers)
    )
    return Plan(
        command=(sys.executable, "-m", "tayari_simulator", *argv, NODE),
        environ=os.environ,
        seats=seats,
        journalled=config.journal_file is not None,
        together=together,
    )


def _tell(line: str) -> None:
    say(sys.stderr, line)


def _hold_port(config: Config) -> socket.socket:
    """Take the Daraja port, so that its number is known and nobody else has it; a held port takes no connections.

    Raises:
        ConfigError: it is taken, or this system cannot share one.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError("--workers: this system cannot share a port between processes; start without it")
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as first:  # without sharing: another program is noticed
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            first.bind((config.host, config.port))
            port = first.getsockname()[1]
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((config.host, port))
    except OSError as error:
        raise ConfigError(port_trouble("--port", config.host, config.port, error)) from error
    return held
