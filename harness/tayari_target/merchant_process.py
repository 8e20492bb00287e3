"""The merchant as a process: started by the target file's command, restarted when it dies, gone when the run ends."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import randbelow
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import requests
from tayari_control.http_session import HostRefused, MerchantSession, hosts_of

from tayari_target.merchant_interception import (
    HostsError,
    Intercept,
    InterceptionPorts,
    merchant_command,
    merchant_environment,
)
from tayari_target.run_processes import exists
from tayari_target.sender import connection_error
from tayari_target.target_file.placeholders import PlaceholderError, fill
from tayari_target.target_file.target_model import Start

if sys.platform != "win32":
    import fcntl

LOG_BYTES: Final = 4 * 1024 * 1024
"""The log file is cut to its last part when it grows beyond."""
_TAIL_BYTES: Final = 16 * 1024
_CUT: Final = "[earlier lines were cut]\n"
_KEPT_BYTES: Final = 64 * 1024
"""To take the secrets out of more would take seconds."""
_KEPT_LOG: Final = re.compile(r"merchant(-\d+)?\.log")
"""The names under which logs are kept: of the first instance, and of the others."""
_ERROR: Final = re.compile(
    r"(Exception in thread .*|Caused by: .*)?([\w.$]*(Error|Exception)\b|panic|fatal error|PHP Fatal)"
)
_SAYS_NOTHING: Final = re.compile(
    r"\s+at |\s*\.\.\. \d+ more|Node\.js v\d|npm (ERR!|error)|exit status \d|\s+\S+\.go:\d|goroutine |#\d|\s+thrown in "
)
"""Last lines that runtimes print after the error: a stack, a version, a second program that says that one ended."""
_PORT_FREED_S: Final = 1.0
_MOST_HELD: Final = 64
_held: Final[deque[int]] = deque()
"""Descriptors of the sockets that keep the ports chosen last from other processes."""


class MerchantStartError(Exception):
    """The merchant did not come up. `kind` is one of `command`, `placeholder`, `died`, `port_taken`, `not_ready`."""

    def __init__(self, kind: str, found: str, *, fix: str = "", tail: str = "") -> None:
        super().__init__(f"{found}; {fix}" if fix else found)
        self.kind = kind
        self.found = found
        self.fix = fix
        self.tail = tail


def last_words(tail: str) -> str:
    """The line of a log that says why a program ended: the last one, or the last error where that says nothing."""
    lines = tail.strip().splitlines() or ["it printed nothing"]
    errors = [line for line in lines if _ERROR.match(line)]
    return errors[-1].strip() if errors and _SAYS_NOTHING.match(lines[-1]) else lines[-1]


def delete_kept_logs(folder: Path) -> None:
    """Delete the logs that an earlier run kept there, and no other file."""
    for path in folder.glob("merchant*.log"):
        if _KEPT_LOG.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _environ() -> dict[str, str]:
    """This process's environment now. A copy in one step may fail: pytest changes it while checks run in threads."""
    return {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}


class MerchantProcess:
    """One merchant under our control, known by its process group, which another process may have started."""

    def __init__(self, start: Start, base_url: str, *, values: Mapping[str, str], folder: Path, log: Path) -> None:
        self._start = start
        self._base_url = base_url
        self._values = values
        self._folder = folder
        self._log = log
        self.pid: int | None = None
        self.mask: Callable[[str], str] = str
        """Takes secrets out of what the merchant printed, before a message quotes it."""
        self.marks: Mapping[str, str] = {}
        """Further variables of its environment."""
        self.on_start: Callable[[], None] = _nothing
        """Called as soon as there is a pid, before the merchant is ready, so that it can be stopped by then."""

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            MerchantStartError: with the reason and the last lines it printed.
        """
        if not self._port_is_free():
            do = "stop the other program, or let base_url use {port}"
            raise MerchantStartError("port_taken", f"something else answers at {self._base_url} already", fix=do)
        words, environment, folder = self._command(), self._environment(), self._cwd()
        self._write_files()
        try:
            with self._log.open("ab") as log:
                process = subprocess.Popen(
                    words,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            do = "correct merchant.start.command (`sh -c '...'` where a shell is needed) or merchant.start.cwd"
            raise MerchantStartError("command", f"cannot run {words[0]!r}: {error.strerror}", fix=do) from error
        self.pid = process.pid
        self.on_start()
        threading.Thread(target=process.wait, daemon=True).start()  # no zombie, so that `alive` is the truth
        threading.Thread(target=self._keep_log_small, args=(process,), daemon=True).start()
        self._wait_until_ready(process)

    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.pid is not None and _runs(self.pid)

    def stop(self, *, within_s: float = 5.0) -> None:
        """End the whole process group: by SIGTERM, then by SIGKILL. Safe to call twice."""
        if self.pid is None:
            return
        self._signal(signal.SIGTERM)
        if not self._ended(within_s):
            self._signal(signal.SIGKILL)
            self._ended(within_s)
        else:
            self._signal(signal.SIGKILL)  # children that outlived their parent
        self.pid = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.pid is not None:
            self._signal(signal.SIGKILL)
            self._ended(5.0)

    def log_tail(self, most_bytes: int = _TAIL_BYTES) -> str:
        """The last lines it printed."""
        try:
            with self._log.open("rb") as file:
                return _last_bytes(file, most_bytes).decode("utf-8", errors="replace")
        except OSError:
            return ""

    def printed_since(self, mark: int) -> tuple[str, int]:
        """What it printed since this mark, and the mark for the next call; 0 is the beginning.

        A mark is a position in the log, in bytes. Where the log was cut since, the part that the cut kept is old.
        """
        try:
            with self._log.open("rb") as file:
                _lock(file, alone=False)
                size = file.seek(0, os.SEEK_END)
                file.seek(mark if mark <= size else min(size, len(_CUT) + _TAIL_BYTES))
                return file.read().decode("utf-8", errors="replace"), file.tell()
        except OSError:
            return "", mark

    def keep_log(self, folder: Path, instance: int, *, in_hurry: bool) -> None:
        """Write the end of its log to a folder that outlives the run, without secrets."""
        name = "merchant.log" if instance == 1 else f"merchant-{instance}.log"
        most = _TAIL_BYTES if in_hurry else _KEPT_BYTES
        text = self.log_tail(most)
        if len(text.encode()) >= most:
            text = text.partition("\n")[2]  # half a secret would not be found
        text = self.mask(text)
        with contextlib.suppress(OSError):  # the disk is full: no verdict needs this file
            (folder / name).write_text(text, encoding="utf-8")

    def _port_is_free(self) -> bool:
        """What was stopped a moment ago may hold its port a little longer, its children above all."""
        until = time.monotonic() + _PORT_FREED_S
        while answers(self._base_url):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def _command(self) -> list[str]:
        try:
            words = [fill(word, self._values) for word in shlex.split(self._start.command)]
        except PlaceholderError as error:
            raise MerchantStartError("placeholder", f"merchant.start.command: {error}") from error
        except ValueError as error:
            raise MerchantStartError("command", f"merchant.start.command: {error}", fix="check its quotes") from error
        if not words:
            raise MerchantStartError("command", "merchant.start.command is empty", fix="write the command")
        try:
            return merchant_command(self._start.intercept, words, self._log.parent, self._values.get("tls_url", ""))
        except HostsError as error:
            do = "write `intercept: auto`"
            raise MerchantStartError("command", f"merchant.start.intercept: hosts: {error}", fix=do) from error

    def _cwd(self) -> Path:
        try:
            return self._folder / fill(self._start.cwd, self._values)
        except PlaceholderError as error:
            raise MerchantStartError("placeholder", f"merchant.start.cwd: {error}") from error

    def _write_files(self) -> None:
        """The files of the target file, in the run's folder, for its owner only: they hold credentials."""
        root = self._log.parent.resolve()
        for name, text in self._start.files.items():
            key, path = f"merchant.start.files.{name}", (root / name).resolve()
            if not path.is_relative_to(root):  # the merchant has put a link there
                raise MerchantStartError("command", f"{key}: {path} is not in the run's folder", fix="remove the link")
            try:
                filled = fill(text, self._values)
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "w", encoding="utf-8", opener=_for_owner) as file:
                    file.write(filled)
            except PlaceholderError as error:
                raise MerchantStartError("placeholder", f"{key}: {error}") from error
            except OSError as error:
                do = "choose another name, that of a file in a folder of its own"
                raise MerchantStartError("command", f"{key}: cannot be written ({error.strerror})", fix=do) from error

    def _environment(self) -> dict[str, str]:
        environment = {**_environ(), **self.marks, "PYTHONUNBUFFERED": "1"}
        environment |= self._interception(environment)
        for name, text in self._start.env.items():
            try:
                environment[name] = fill(text, self._values)
            except PlaceholderError as error:
                raise MerchantStartError("placeholder", f"merchant.start.env.{name}: {error}") from error
        return environment

    def _interception(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What brings the merchant's calls of Safaricom's hosts to the simulator."""
        way, names = self._start.intercept, ("tls_url", "proxy_url", "ca_file")
        if way is Intercept.OFF:
            return {}
        if not all(self._values.get(name) for name in names):
            do = "start that simulator with --tls, or let Tayari start one"
            found = "merchant.start.intercept: the simulator has no proxy"
            raise MerchantStartError("placeholder", found, fix=do)
        ports = InterceptionPorts(*(self._values[name] for name in names))
        return merchant_environment(way, ports, self._log.parent, environment)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        url = self._base_url + self._start.ready
        until = time.monotonic() + self._start.ready_within_s
        last = "no answer"
        with MerchantSession() as session:
            session.hosts = hosts_of((self._base_url,))
            while time.monotonic() < until:
                if process.poll() is not None:
                    raise self._died(process.returncode)
                try:
                    status = session.get(url, timeout=2.0, allow_redirects=False).status_code
                except (requests.RequestException, HostRefused) as error:
                    last = connection_error(error)
                else:
                    if status < 500:
                        return
                    last = f"status {status}"
                time.sleep(0.05)
        tail = self.mask(self.log_tail())
        self.stop()
        found = f"{url} is not ready after {self._start.ready_within_s:g} s ({last})"
        do = "check merchant.start.ready and merchant.base_url, or raise merchant.start.ready_within_s"
        raise MerchantStartError("not_ready", f"{found}; expected an answer below 500", fix=do, tail=tail)

    def _died(self, returncode: int) -> MerchantStartError:
        tail = self.mask(self.log_tail())
        self.stop()
        found = f"the start command ended with {returncode} before the merchant was ready: {last_words(tail)}"
        return MerchantStartError("died", found, tail=tail)

    def _signal(self, number: int) -> None:
        if self.pid is None:
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # the group is gone

    def _ended(self, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.pid is None or not _runs(self.pid):
                return True
            time.sleep(0.02)
        return False

    def _keep_log_small(self, process: subprocess.Popen[bytes]) -> None:
        """The merchant appends, so the file may be cut under it; a thread per start, ending with the process."""
        while process.poll() is None:
            try:
                if self._log.stat().st_size > LOG_BYTES:
                    cut(self._log)
            except OSError:
                return  # the run's folder is gone
            time.sleep(1.0)


def cut(log: Path) -> None:
    """Keep the last part of a log, behind a line that says so. Who reads from a mark waits meanwhile."""
    with log.open("a+b") as file:
        _lock(file, alone=True)
        kept = _last_bytes(file, _TAIL_BYTES)
        file.truncate(0)
        file.write(_CUT.encode() + kept)


def _last_bytes(file: BinaryIO, most_bytes: int) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - most_bytes))
    return file.read()


def _lock(file: BinaryIO, *, alone: bool) -> None:
    """Wait until nobody cuts the log, or (`alone`) reads it either. Closing the file ends that."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # a network file system without locks: the log is read all the same
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)


def _nothing() -> None:
    """Nobody else has to know."""


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def answers(base_url: str) -> bool:
    """Whether something accepts connections at that address."""
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=1.0):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A loopback port that was free a moment ago, and that no other run of Tayari gets meanwhile.

    Below the range from which systems take the ports of outgoing calls: one of those would else take it before the
    merchant listens. The UDP port of the same number is held for as long as a merchant may need to come up: what
    chooses a port in another process then finds it taken.
    """
    for _ in range(100):
        port = 20_000 + randbelow(12_000)
        held = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                held.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                held.close()
                continue
        _held.append(held.detach())
        if len(_held) > _MOST_HELD:
            socket.close(_held.popleft())
        return port
    raise MerchantStartError("port_taken", "no port is free between 20000 and 32000", fix="end what listens there")


def _runs(pid: int) -> bool:
    return exists(pid) and not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """An ended process that its parent has not waited for, as containers without an init leave them (Linux).

    A killed process is marked so while its last threads still end, and hold its port: those are waited for.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return Path("/proc/self").exists()  # its parent has waited for it since; elsewhere there is no such folder
    return stat.rpartition(")")[2].split()[:1] == ["Z"] and threads <= 1
