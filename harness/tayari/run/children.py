"""Suites and load as child processes: watched while they run, interrupted with the run, given time to end."""

from __future__ import annotations

import contextlib
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


class ChildProcess:
    """A command whose output is added to `log`. Only its owner can read a new log until the child has ended."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,  # the terminal's Ctrl-C is for us; `finish` hands it on once
            )

    def finish(
        self,
        *,
        watch: Watch,
        what: str,
        accept: frozenset[int],
        mask: Mask,
        limit_s: float | None = None,
        put_away_s: float = PUT_AWAY_S,
    ) -> None:
        """Call `watch` again and again until the child has ended.

        Readers of the reports see the log: `mask` takes secrets out of it when the child has ended.

        On KeyboardInterrupt the child gets SIGTERM and `put_away_s` to finish its books, and the interrupt goes on. It
        is not SIGINT: a child of a job in the background ignores that.

        Raises:
            ChildFailed: it ended with another exit code than those of `accept`, or ran longer than `limit_s`.
        """
        child, log, began = self.process, self._log, time.monotonic()
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


def _let_go(child: subprocess.Popen[bytes], watch: Watch, put_away_s: float) -> None:
    """Give it time to finish its books; another interrupt ends it at once."""
    until = time.monotonic() + put_away_s
    with contextlib.suppress(KeyboardInterrupt):
        while child.poll() is None and time.monotonic() < until:
            watch()
            time.sleep(_POLL_S)


def last_lines(log: Path, count: int = 6) -> str:
    """The end of a log, for a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])
