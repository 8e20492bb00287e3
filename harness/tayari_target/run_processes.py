"""The processes of a run end with it, however it ends, and its folder goes with them.

Each process that a run starts inherits a mark in its environment. A guard, a small process of its own, waits until the
run closes its standard input, as the system does for a run that was killed; then it ends what still carries the mark,
and deletes the run's folder, which holds credentials. Marks are read from `/proc`: where there is none, the guard
deletes the folder only.

Imports nothing of this project: the guard is this file, run by an interpreter without any packages.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MARK: Final = "TAYARI_RUN"
"""The variable; its value is the run's folder."""
PREFIX: Final = "tayari-"
OWNER: Final = "owner"
"""The file of a run's folder that names the process which owns it."""
POLITE_S: Final = 1.0
LOOK_EVERY_S: Final = 0.05


def marks(folder: Path) -> Mapping[str, str]:
    """What the environment of each process of this run has."""
    return {MARK: str(folder)}


def new_folder() -> Path:
    """A fresh folder for a run of this process; what dead runs left behind is deleted."""
    sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    unfinished = folder / f"{OWNER}.new"
    unfinished.write_text(_name(os.getpid()), encoding="ascii")
    unfinished.rename(folder / OWNER)  # a sweep meanwhile reads all of it, or nothing
    return folder


def sweep(temporary: Path) -> None:
    """Delete the folders of runs whose process is gone."""
    for owner in temporary.glob(f"{PREFIX}*/{OWNER}"):
        with contextlib.suppress(OSError, ValueError):
            name = owner.read_text(encoding="ascii")
            if owner.stat().st_uid == os.getuid() and _name(int(name.partition(" ")[0])) != name:
                shutil.rmtree(owner.parent, ignore_errors=True)


def start_guard(folder: Path) -> subprocess.Popen[bytes]:
    """The guard of a run; closing its standard input lets it do its work and end."""
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def marked(folder: Path) -> dict[int, str]:
    """The processes that carry the mark of this run, and their command lines. Empty where there is no `/proc`."""
    needle = f"{MARK}={folder}".encode()
    found: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(entry.name) != os.getpid() and needle in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                found[int(entry.name)] = b" ".join(words).decode("utf-8", "replace")
    return found


def end_marked(folder: Path, *, polite_s: float = POLITE_S) -> None:
    """End the processes of a run: by SIGTERM, then by SIGKILL."""
    for number, within_s in ((signal.SIGTERM, polite_s), (signal.SIGKILL, POLITE_S)):
        until = time.monotonic() + within_s
        while left := marked(folder):
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            if time.monotonic() >= until:
                break
            time.sleep(LOOK_EVERY_S)


def exists(pid: int) -> bool:
    """Whether there is a process of this number, somebody else's included."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _name(pid: int) -> str:
    """A process by its number and the moment it began: numbers are used again. Empty for one that is gone."""
    if not exists(pid):
        return ""
    try:
        began = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        began = "-"
    return f"{pid} {began}"


def guard(folder: Path) -> None:
    """Wait until the run is gone, and clear up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_marked(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
