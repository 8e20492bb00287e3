"""Whole payments for each CPU second of the simulator and of what teams use instead, all in turn in one run.

    python benchmarks/peers.py [--rounds 5] [--seconds 0.5] [--write]

A fake written by hand with Flask, one with Express, and pytest-httpserver: each acknowledges a push and calls back, and
checks nothing. `daraja-mock` from PyPI makes no callbacks: its row counts bare acknowledgements. What they need is
installed below `.venv/peers` by pip and npm; a peer that cannot be installed is left out, and the run says why.
Loopback only, and bounded. A round in which a payment is missing or doubled makes the run invalid.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import uvloop
from kit.contestants import HERE, TICKS, Contestant, Fake, FloorA, Product, push_maker
from kit.figure_blocks import machine, replace_block
from payments import AGAIN, FLOOR, MEMORY, MOST_NOISE, Costs, InvalidRun, TestEnvironment, play

ROOT: Final = HERE.parent
PAGES: Final = (ROOT / "docs" / "benchmarks.md", ROOT / "README.md")
BEGIN: Final = "<!-- peers: written by `make bench`, not by hand -->"
END: Final = "<!-- peers: end -->"
HOME: Final = ROOT / ".venv" / "peers"
"""Beside the tools, so that no check of this tree reads it."""
PYTHON: Final = str(HOME / "python" / "bin" / "python")
PACKAGES: Final = ("flask", "requests", "pytest-httpserver", "daraja-mock")
PATH: Final = "/mpesa/stkpush/v1/processrequest"
AT_ONCE: Final = 8
INSTALL_S: Final = 300


class NoPeer(Exception):
    """It cannot be installed or started: one line that says why."""


def python_peers() -> dict[str, str]:
    """The versions of the Python packages, installed now if need be.

    Raises:
        NoPeer: they could not be installed.
    """
    answer = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    try:
        if not Path(PYTHON).exists():
            _run([sys.executable, "-m", "venv", str(HOME / "python")])
        if subprocess.run([PYTHON, "-c", answer, *PACKAGES], capture_output=True, check=False).returncode:
            _run([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES])
        versions = _run([PYTHON, "-c", answer, *PACKAGES]).split()
    except (subprocess.SubprocessError, OSError) as error:
        raise NoPeer(f"{', '.join(PACKAGES)} could not be installed: {error}") from error
    return dict(zip(PACKAGES, versions, strict=True))


def express() -> tuple[str, str]:
    """The folder in which node finds Express, and its version; installed now if need be.

    Raises:
        NoPeer: node or npm is missing, or it could not be installed.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NoPeer("Express needs node and npm; neither Express nor its row is there without them")
    folder = HOME / "node"
    try:
        if not (folder / "node_modules" / "express").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "express@4"])
        found = re.search(r'"version": "([^"]+)"', (folder / "node_modules/express/package.json").read_text())
    except (subprocess.SubprocessError, OSError) as error:
        raise NoPeer(f"Express could not be installed: {error}") from error
    return str(folder / "node_modules"), found[1] if found else "of unknown version"


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S).stdout


class DarajaMock:
    """Its process, on one core. It closes each connection after one answer."""

    def __init__(self, core: int, name: str) -> None:
        """Start it.

        Raises:
            NoPeer: it does not answer.
        """
        self.name = name
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        command = [PYTHON, "-m", "daraja_mock", "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.sched_setaffinity(self._process.pid, {core})
        if not self._comes_up():
            self.stop()
            raise NoPeer("daraja-mock did not open its port within 10 s")

    async def cost_us(self, seconds: float) -> float:
        """CPU microseconds of its process for each acknowledgement, under load for a time."""
        make = push_maker(PATH, self.port, "t", "http://127.0.0.1:1/", password="x")
        end, before_s = time.monotonic() + seconds, self._cpu_s()
        counts = await asyncio.gather(*(self._load(make(number), end) for number in range(AT_ONCE)))
        if not sum(counts):
            raise InvalidRun("daraja-mock acknowledged nothing")
        return (self._cpu_s() - before_s) / sum(counts) * 1e6

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)

    async def _load(self, request: bytes, end: float) -> int:
        acknowledged = 0
        while time.monotonic() < end:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request.replace(b"\r\nAccept:", b"\r\nConnection: close\r\nAccept:"))
            acknowledged += b'"ResponseCode":"0"' in await reader.read()
            writer.close()
        return acknowledged

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _comes_up(self) -> bool:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return True
        return False


class Peers:
    """All that are there, under load in turn with the simulator and two equal floors."""

    def __init__(self, core: int) -> None:
        self.core = core
        self.costs = Costs()
        self.left_out: list[str] = []
        self._started: list[Contestant] = []
        self._mock: DarajaMock | None = None

    def start(self) -> None:
        """Start the processes; a peer that cannot be installed is left out."""
        self._started = [FloorA(self.core, FLOOR), Product(self.core, MEMORY), FloorA(self.core, AGAIN)]
        for start in (self._start_python, self._start_express):
            try:
                start()
            except NoPeer as error:
                self.left_out.append(f"Without a peer: {error}.")
                print(self.left_out[-1])

    def stop(self) -> None:
        """End them all."""
        for contestant in (*self._started, *([self._mock] if self._mock else ())):
            contestant.stop()

    async def round(self, environment: TestEnvironment, number: int, seconds: float) -> None:
        """One round of each, in alternating order; round 0 warms up."""
        for contestant in self._started if number % 2 else self._started[::-1]:
            environment.sink.seen.clear()
            self._note(number, contestant.name, (await play(contestant, environment, seconds)).cost_us)
        if self._mock is not None:
            self._note(number, self._mock.name, await self._mock.cost_us(seconds))

    def lines(self) -> list[str]:
        """The table, and what a user gains."""
        costs = self.costs
        peers = [name for name in costs.rounds if name not in (FLOOR, AGAIN, MEMORY)]
        lines = ["| what | CPU microseconds each | each CPU second | Tayari makes |", "| --- | --- | --- | --- |"]
        gains = {name: self._gains(name) for name in peers}
        for name in (FLOOR, MEMORY, *peers):
            cost = statistics.median(costs.rounds[name])
            times = gains.get(name) or self._gains(name)
            span = f"{statistics.median(times):.1f} times as many ({min(times):.1f} to {max(times):.1f})"
            lines.append(f"| {name} | {cost:,.0f} | {1e6 / cost:,.0f} | {'1' if name == MEMORY else span} |")
        counted = [name for name in peers if self._mock is None or name != self._mock.name]
        whole = [f"{statistics.median(gains[name]):.0f} times as many as {name}" for name in counted]
        gain = f"On one core the simulator plays {_listed(whole)}." if whole else ""
        run = f"Two equal floors differ by {costs.noise():.1%} over {len(costs.rounds[FLOOR])} rounds. {machine()}"
        return [*([gain, ""] if gain else []), *lines, "", run, *self.left_out,
                "Written by `python benchmarks/peers.py --write`."]  # fmt: skip

    def _gains(self, name: str) -> list[float]:
        rounds = self.costs.rounds
        return [cost / own for cost, own in zip(rounds[name], rounds[MEMORY], strict=True)]

    def _note(self, number: int, name: str, cost_us: float) -> None:
        if number:
            self.costs.rounds.setdefault(name, []).append(cost_us)
            print(f"round {number:2}  {name:50} {cost_us:8.1f} us CPU each", flush=True)

    def _start_python(self) -> None:
        versions = python_peers()
        for name, script in (
            (f"a fake by hand with Flask {versions['flask']}", "flask_fake.py"),
            (f"pytest-httpserver {versions['pytest-httpserver']}", "httpserver_fake.py"),
        ):
            self._started.append(Fake(self.core, name, [PYTHON, str(HERE / "fakes" / script)], keeps_connections=False))
        self._mock = DarajaMock(self.core, f"`daraja-mock` {versions['daraja-mock']}, bare acknowledgements")

    def _start_express(self) -> None:
        folder, version = express()
        command = ["node", str(HERE / "fakes" / "express_fake.cjs")]
        self._started.append(Fake(self.core, f"a fake by hand with Express {version}", command, NODE_PATH=folder))


def _listed(gains: list[str]) -> str:
    """The gains as one sentence says them."""
    first, *rest = gains
    first = first.replace(" as many as ", " as many whole payments as ", 1)
    return first if not rest else f"{', '.join([first, *rest[:-1]])} and {rest[-1]}"


async def run(arguments: argparse.Namespace) -> int:
    """The whole run."""
    try:
        environment = await TestEnvironment.built()
        peers = Peers(environment.core)
        try:
            peers.start()
            for number in range(arguments.rounds + 1):
                await peers.round(environment, number, arguments.seconds)
        finally:
            peers.stop()
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    print("\n".join(peers.lines()))
    if peers.costs.noise() > MOST_NOISE:
        print(f"too noisy: two equal floors differ by {peers.costs.noise():.1%}; run it again when it is quieter")
        return 1
    if arguments.write:
        for page in PAGES:
            replace_block(page, BEGIN, END, peers.lines())
    return 0


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="at most 30")
    parser.add_argument("--seconds", type=float, default=0.5, help="of load for each peer and round, at most 5")
    parser.add_argument("--write", action="store_true", help="docs/benchmarks.md and the README")
    arguments = parser.parse_args()
    arguments.rounds, arguments.seconds = min(arguments.rounds, 30), min(arguments.seconds, 5.0)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
