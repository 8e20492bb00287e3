"""Suites and load as child processes: watched while they run, interrupted with the run, given time to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tayari_formats.terminal_text import printable

_POLL_S: Final = 0.1
PUT_AWAY_S: Final = 3.0
"""How long an interrupted child may take to end: a run that is interrupted ends within five seconds."""


Mask = Callable[[str], str]
"""Takes secrets and phone numbers out of a text."""


Watch = Callable[[], None]
"""Is called again and again while a child runs."""


class ChildFailed(Exception):
    """A child process of ours failed; `log` is the file with what it printed."""

    def __init__(self, message: str, *, log: Path) -> None:
        super().__init__(message)
        self.log = log


def clean_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment without what a project sets for its own pytest and Locust: it would change ours."""
    return {name: value for name, value in base.items() if not name.startswith(("PYTEST_", "LOCUST_"))}


def run_child(
    command: Sequence[str],
    *,
    log: Path,
    watch: Watch,
    environment: Mapping[str, str],
    folder: Path,
    what: str,
    accept: frozenset[int],
    mask: Mask,
    limit_s: float | None = None,
    put_away_s: float = PUT_AWAY_S,
) -> None:
    """Run a command with its output in `log`, calling `watch` again and again; the rest is as in `watch_child`."""
    child = begin_child(command, log=log, environment=environment, folder=folder)
    watch_child(
        child, log=log, watch=watch, what=what, accept=accept, mask=mask, limit_s=limit_s, put_away_s=put_away_s
    )


def begin_child(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    folder: Path,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a command with its output in `log`, which only its owner can read until the child has ended."""
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,  # the terminal's Ctrl-C is for us; `watch_child` hands it on once
        )


def watch_child(
    child: subprocess.Popen[bytes],
    *,
    log: Path,
    watch: Watch,
    what: str,
    accept: frozenset[int],
    mask: Mask,
    limit_s: float | None = None,
    put_away_s: float = PUT_AWAY_S,
) -> None:
    """Call `watch` again and again until the child has ended.

    Whoever may see the reports sees the log: `mask` takes secrets out of it when the child has ended.

    On KeyboardInterrupt the child gets SIGTERM and `put_away_s` to finish its books, and the interrupt goes on. It is
    not SIGINT: a child of a job in the background ignores that.

    Raises:
        ChildFailed: it ended with another exit code than those of `accept`, or ran longer than `limit_s`.
    """
    began = time.monotonic()
    try:
        while child.poll() is None:
            watch()
            if limit_s is not None and time.monotonic() - began > limit_s:
                raise ChildFailed(f"{what} did not end within {limit_s:g} s", log=log)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        _let_go(child, watch, put_away_s)
        raise
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        text = printable(mask(log.read_text(encoding="utf-8", errors="replace")))
        log.write_text(text, encoding="utf-8", errors="replace")
        watch()
    if child.returncode not in accept:
        raise ChildFailed(f"{what} ended with {child.returncode}: {last_lines(log, 3)}", log=log)


def _let_go(child: subprocess.Popen[bytes], watch: Callable[[], None], put_away_s: float) -> None:
    """Give it time to finish its books; another interrupt ends it at once."""
    until = time.monotonic() + put_away_s
    try:
        while child.poll() is None and time.monotonic() < until:
            watch()
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        pass
    if child.poll() is None:
        child.kill()
        child.wait()


def last_lines(log: Path, count: int = 6) -> str:
    """The end of a log, for a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])
