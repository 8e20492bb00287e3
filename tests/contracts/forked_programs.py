"""Sample merchants and the simulator, each forked from a process that has imported it and read the scenarios.

A fresh start costs half a second of CPU, nearly all of it before the program does anything; the tests of planted
defects start some four hundred. A fork runs the same file with the same words, environment, folder and streams.
Only `python -m tayari_simulator` and the given programs are forked; they do nothing yet when they are imported.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import queue
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Final, NoReturn
from unittest import mock

from tayari_target.resources import example_folder, scenario_folder

SIMULATOR: Final = "tayari_simulator"
SAMPLES: Final = tuple(example_folder(name) / f"{name}.py" for name in ("duka", "mshahara"))
MOST_BYTES: Final = 128 * 1024
"""Of a request: the environment is the most of it."""
POSSIBLE: Final = hasattr(os, "pidfd_open") and hasattr(socket, "SOCK_SEQPACKET")
"""Linux has both."""


class ForkedProgram:
    """What is asked of a `Popen`, for a process that is the child of another one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout: IO[Any] | None = None
        self.stderr: IO[Any] | None = None
        self._ended = threading.Event()

    def ended(self, returncode: int) -> None:
        self.returncode = returncode
        self._ended.set()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self.returncode

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class ForkSource:
    """The process that one program is forked from. It ends, with all its forks, when its channel is closed."""

    def __init__(self, program: str) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-u", __file__, str(theirs.fileno()), program]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)
        self._one_start = threading.Lock()
        self._started: queue.SimpleQueue[ForkedProgram | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, request: Mapping[str, Any], streams: Sequence[int]) -> ForkedProgram:
        with self._one_start:
            socket.send_fds(self._channel, [json.dumps(request).encode()], streams)
            program = self._started.get()
        if program is None:
            raise OSError(f"the process to fork from ended; asked for {request['words']}")
        return program

    def close(self) -> None:
        self._channel.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._reader.join()
        self._channel.close()

    def _read(self) -> None:
        running: dict[int, ForkedProgram] = {}
        while message := self._channel.recv(MOST_BYTES):
            pid, returncode = json.loads(message)
            if returncode is None:
                running[pid] = ForkedProgram(pid)
                self._started.put(running[pid])
            else:
                running.pop(pid).ended(returncode)
        for program in running.values():
            program.ended(-signal.SIGKILL)
        self._started.put(None)


class ForkSources:
    """One for each program; its `start` stands where product code calls `subprocess.Popen`."""

    def __init__(self, *programs: Path) -> None:
        self._programs = frozenset(map(str, programs))
        self._sources: dict[str, ForkSource] = {}
        self._lock = threading.Lock()

    def start(self, words: Sequence[str], **how: Any) -> Any:
        program, own = self._program(words)
        if not program:
            return subprocess.Popen(words, **how)
        with self._lock:
            source = self._sources.get(program) or self._sources.setdefault(program, ForkSource(program))
        request = {"words": own, "environment": how["env"], "folder": str(how.get("cwd") or Path.cwd())}
        with contextlib.ExitStack() as opened, open(os.devnull, "rb") as nothing:
            output, stdout = _stream(how["stdout"], opened)
            errors, stderr = (output, None) if how["stderr"] == subprocess.STDOUT else _stream(how["stderr"], opened)
            started = source.start(request, [nothing.fileno(), output, errors])
        started.stdout, started.stderr = stdout, stderr
        return started

    def close(self) -> None:
        for source in self._sources.values():
            source.close()

    def _program(self, words: Sequence[str]) -> tuple[str, Sequence[str]]:
        """The program that a command starts, and its words from its name on; nothing where it is not forked."""
        if words[:3] == [sys.executable, "-m", SIMULATOR]:
            return SIMULATOR, words[2:]
        if words[0] == sys.executable and words[1] in self._programs:
            return words[1], words[1:]
        return "", ()


def _stream(wanted: Any, opened: contextlib.ExitStack) -> tuple[int, IO[str] | None]:
    """The descriptor that the program writes to, and what reads it where that is a pipe."""
    if wanted != subprocess.PIPE:
        return wanted.fileno(), None
    read, write = os.pipe()
    opened.callback(os.close, write)
    return write, open(read, encoding="utf-8")


@contextlib.contextmanager
def started_by_fork() -> Iterator[None]:
    """Meanwhile the test environments of this process fork their simulators and sample merchants."""
    if not POSSIBLE:
        yield
        return
    sources = ForkSources(*SAMPLES)
    forking = SimpleNamespace(**{**vars(subprocess), "Popen": sources.start})
    with (
        contextlib.closing(sources),
        mock.patch("tayari_control.simulator_process.subprocess", forking),
        mock.patch("tayari_target.merchant_process.subprocess", forking),
    ):
        yield


def _serve(channel: socket.socket) -> Mapping[str, Any]:
    """Fork whenever that is asked for. Returns in the fork, with what was asked for; never in the source."""
    pids: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in pids:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    pid, status = os.waitpid(pids.pop(key.fd), 0)
                    _tell(channel, pid, os.waitstatus_to_exitcode(status))
                    continue
                message, streams, _, _ = socket.recv_fds(channel, MOST_BYTES, 3)
                if not message:
                    _end(pids.values())
                pid = os.fork()
                if not pid:
                    os.setsid()
                    _tell(channel, os.getpid(), None)
                    for number, stream in enumerate(streams):
                        os.dup2(stream, number)
                    for inherited in (*streams, *pids):
                        os.close(inherited)
                    request: Mapping[str, Any] = json.loads(message)
                    return request
                for stream in streams:
                    os.close(stream)
                ending = os.pidfd_open(pid)
                pids[ending] = pid
                selector.register(ending, selectors.EVENT_READ)


def _tell(channel: socket.socket, pid: int, returncode: int | None) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more, as the next read says
        channel.send(json.dumps([pid, returncode]).encode())


def _end(pids: Iterable[int]) -> NoReturn:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    os._exit(0)


def _import(program: str) -> None:
    if program != SIMULATOR:
        sys.path[0] = str(Path(program).parent)
        importlib.import_module(Path(program).stem)
        return
    importlib.import_module("uvloop")
    process = importlib.import_module(f"{SIMULATOR}.server.process")
    process.read_scenarios = cache(process.read_scenarios)  # type: ignore[attr-defined]
    process.read_scenarios((str(scenario_folder()),))


def main() -> None:
    """The source: import, then fork; each fork goes on here and runs the program."""
    program = sys.argv[2]
    _import(program)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        request = _serve(channel)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["words"]
    if program == SIMULATOR:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
