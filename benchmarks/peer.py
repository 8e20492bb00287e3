"""The peer that anyone can install: `daraja-mock` from PyPI, in an environment of its own, answering bare requests.

It checks no token and no password, keeps no payment and makes no callback: what is counted is acknowledgements, not
payments. Its server closes each connection after one answer, so that the load opens a new one for each request.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from contestants import TICKS, push_maker

HERE: Final = Path(__file__).parent
HOME: Final = HERE.parent / ".venv" / "peers" / "daraja-mock"
"""Beside the tools, so that no check of this tree reads it."""
AT_ONCE: Final = 8
INSTALL_S: Final = 180


class NoPeer(Exception):
    """It cannot be installed or started: one line that says why."""


def installed() -> Path:
    """The Python that has it; installed now if need be.

    Raises:
        NoPeer: it could not be installed.
    """
    python = HOME / "bin" / "python"
    try:
        if not python.exists():
            command = [sys.executable, "-m", "venv", str(HOME)]
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_S)
        if subprocess.run([str(python), "-c", "import daraja_mock"], capture_output=True, check=False).returncode:
            command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "daraja-mock"]
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise NoPeer(f"daraja-mock could not be installed from PyPI: {error}") from error
    return python


def version() -> str:
    """Which daraja-mock it is."""
    command = [str(HOME / "bin" / "python"), "-c", "import importlib.metadata as m; print(m.version('daraja-mock'))"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


class Peer:
    """Its process, on one core."""

    def __init__(self, core: int) -> None:
        """Start it.

        Raises:
            NoPeer: it is not there, or does not answer.
        """
        python = installed()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        command = [str(python), "-m", "daraja_mock", "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.sched_setaffinity(self._process.pid, {core})
        if not self._comes_up():
            self.stop()
            raise NoPeer("daraja-mock did not open its port within 10 s")

    async def cost_us(self, seconds: float) -> float:
        """CPU microseconds of its process for each acknowledgement, under load for so long."""
        make = push_maker("/mpesa/stkpush/v1/processrequest", self.port, "t", "http://127.0.0.1:1/", password="x")
        end, before_s = time.monotonic() + seconds, self._cpu_s()
        counts = await asyncio.gather(*(self._load(make(number), end) for number in range(AT_ONCE)))
        if not sum(counts):
            raise NoPeer("daraja-mock acknowledged nothing")
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
