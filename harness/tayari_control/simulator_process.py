"""The simulator as a process of its own: started, waited for, stopped."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tayari_formats.exit_codes import Exit

from tayari_control.http_session import hosts_of

_SECRETS: Final = ("TAYARI_PASSKEY", "TAYARI_CONSUMER_KEY", "TAYARI_CONSUMER_SECRET", "TAYARI_ORGANISATIONS")


class SimulatorStartError(Exception):
    """The simulator did not start; the message holds what it said. `port_taken`: another program has its port."""

    def __init__(self, message: str, *, port_taken: bool = False) -> None:
        super().__init__(message)
        self.port_taken = port_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class DarajaAccount:
    """The credentials the merchant uses; the simulator accepts these and no others once they are given."""

    short_code: str
    passkey: str = field(repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    till: str | None = None
    organisations: tuple[Mapping[str, Any], ...] = ()
    """Further short codes, as `daraja.organisations` of the target file says them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRoute:
    """How callbacks reach the merchant from here."""

    rewrite: Mapping[str, str] = field(default_factory=dict)
    """URL prefix as the merchant sends it -> prefix that is called instead."""
    deliver_to: str | None = None
    """One address for all callbacks of this merchant."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts besides loopback that may be called."""
    source_header: str | None = None
    """Header in which the merchant reads the caller's address (`X-Forwarded-For`); None: not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """How one simulator is started. Ports that are 0, or None, are chosen by the system."""

    port: int | None = None
    control_port: int | None = None
    profile: str = "documented"
    clock: str = "real"
    seed: int | None = None
    scenarios: tuple[Path, ...] = ()
    journal: Path | None = None
    journal_bytes: int = 256 * 1024 * 1024
    """Room for about 130,000 payments: a run is judged on all of its own."""
    account: DarajaAccount | None = None
    """None: the simulator's own defaults."""
    callbacks: CallbackRoute = field(default_factory=CallbackRoute)
    extra: tuple[str, ...] = ()
    """Further arguments as they are."""

    def arguments(self) -> tuple[str, ...]:
        """The command line after `python -m tayari_simulator`; secrets are not on it."""
        words = ["--port", str(self.port or 0), "--control-port", str(self.control_port or 0)]
        words += ["--profile", self.profile, "--clock", self.clock, "--journal-bytes", str(self.journal_bytes)]
        words += _each("--seed", [] if self.seed is None else [str(self.seed)])
        words += _each("--scenarios", [str(folder) for folder in self.scenarios])
        words += _each("--journal", [] if self.journal is None else [str(self.journal)])
        if self.account is not None:
            words += ["--short-code", self.account.short_code]
            words += _each("--till", [self.account.till] if self.account.till else [])
        words += _each("--allow-host", sorted(_allowed_hosts(self.callbacks)))
        words += _each("--rewrite", [f"{prefix}={instead}" for prefix, instead in self.callbacks.rewrite.items()])
        words += _each("--deliver-to", [self.callbacks.deliver_to] if self.callbacks.deliver_to else [])
        words += _each("--source-header", [self.callbacks.source_header] if self.callbacks.source_header else [])
        return (*words, *self.extra)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment: secrets travel in it, and only those of this account."""
        environment = {name: value for name, value in base.items() if name not in _SECRETS}
        if self.account is not None:
            account = self.account
            listed = json.dumps([dict(row) for row in account.organisations]) if account.organisations else None
            values = (account.passkey, account.consumer_key, account.consumer_secret, listed)
            environment |= {name: value for name, value in zip(_SECRETS, values, strict=True) if value}
        return environment


class SimulatorProcess:
    """A running simulator. A context manager: leaving it stops the process."""

    def __init__(self, process: subprocess.Popen[str], ready: Mapping[str, Any], output: deque[str]) -> None:
        self._process = process
        self._output = output
        self.ready = dict(ready)
        self.daraja_url: str = ready["daraja_url"]
        self.control_url: str = ready["control_url"]
        self.control_token: str = ready["control_token"] or ""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def output(self) -> str:
        """The last lines of its standard error."""
        return "\n".join(self._output)

    def stop(self, *, within_s: float = 5.0) -> None:
        """Ask it to end, and make it end after `within_s`. Safe to call twice."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _close(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_simulator(
    options: SimulatorOptions | None = None, *, within_s: float = 20.0, marks: Mapping[str, str] | None = None
) -> SimulatorProcess:
    """Start a simulator and wait until it is ready. `marks`: further variables of its environment.

    Raises:
        SimulatorStartError: it ended, or said nothing within `within_s`.
    """
    chosen = options or SimulatorOptions()
    process = subprocess.Popen(
        [sys.executable, "-m", "tayari_simulator", *chosen.arguments()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**chosen.environment(os.environ), **(marks or {})},
        start_new_session=True,  # Ctrl-C is for the run, which then stops the simulator in its own time
    )
    output: deque[str] = deque(maxlen=200)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    errors = threading.Thread(target=_drain, args=(process.stderr, output.append), daemon=True)
    errors.start()
    threading.Thread(target=_drain, args=(process.stdout, lines.put), daemon=True).start()
    try:
        ready = _ready_line(process, lines, time.monotonic() + within_s)
    except SimulatorStartError:
        if process.poll() is None and not output:
            output.append(f"it was not ready within {within_s:g} s: this machine is too busy; let it rest, or wait")
        _kill(process, errors)
        raise _failed(process.returncode, list(output), chosen) from None
    except BaseException:  # an interrupt: nobody else knows of this process yet
        _kill(process, errors)
        raise
    return SimulatorProcess(process, ready, output)


def _ready_line(
    process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None], until: float
) -> Mapping[str, Any]:
    while time.monotonic() < until:
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            if process.poll() is not None:
                break
            continue
        if line is None:
            process.wait()
            break
        ready = _decoded(line)
        if ready is not None:
            return ready
    raise SimulatorStartError("not ready")


def _decoded(line: str) -> Mapping[str, Any] | None:
    try:
        decoded = json.loads(line)
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) and decoded.get("event") == "ready" else None


def _failed(returncode: int, output: Sequence[str], options: SimulatorOptions) -> SimulatorStartError:
    last = output[-1] if output else "it said nothing"
    taken = re.search(r"port (\d+) of \S+ is taken", "\n".join(output))
    if returncode == Exit.BAD_CONFIGURATION and taken is not None:
        do = "stop the other program, or choose other ports with --port and --control-port"
        if int(taken[1]) not in {options.port, options.control_port}:  # 443, which `intercept: hosts` needs
            do = "end the program that has it, perhaps another run with `intercept: hosts`, or try `intercept: auto`"
        return SimulatorStartError(f"{taken[0]}; {do}", port_taken=True)
    return SimulatorStartError(f"the simulator did not start: {last}")


def _drain(stream: Any, take: Any) -> None:
    """Hand every line on until the stream ends, then None; a pipe that nobody reads would stop the process."""
    try:
        for line in stream:
            take(line.rstrip("\n"))
    except ValueError:
        return  # the stream was closed under us: the process was stopped
    if take.__name__ == "put":
        take(None)


def _kill(process: subprocess.Popen[str], errors: threading.Thread) -> None:
    process.kill()
    process.wait()
    errors.join(1.0)
    _close(process)


def _close(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _each(flag: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]


def _allowed_hosts(callbacks: CallbackRoute) -> set[str]:
    """Hosts that the target file names as places for callbacks."""
    addresses = [*callbacks.rewrite.values(), *([callbacks.deliver_to] if callbacks.deliver_to else [])]
    return {*callbacks.allow_hosts, *hosts_of(addresses)}
