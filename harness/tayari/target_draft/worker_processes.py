"""The processes that a merchant has beside its server: what is known as a worker is started with it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tayari.target_draft.source_files import Project, compiled
from tayari.target_draft.stacks import PORT_TEXT, node_scripts

_PROCFILE: Final = r"^(?!web\b|release\b)(?P<name>[\w-]+):[ \t]*(?P<command>[^\n]+?)(?:[ \t]+#[^\n]*)?[ \t]*$"
_SCRIPT_NAME: Final = r"^(?:[\w-]+:)?(?:worker|queue|jobs)(?::(?:start|work|run|listen|process|prod))?$"
_WORKS: Final = frozenset({
    "work", "worker", "workers", "rqworker", "listen", "listener", "consume", "consumer", "beat", "scheduler",
    "rqscheduler", "clock", "cron", "daemon", "watch", "watcher", "poll", "poller", "process", "relay", "huey",
    "dramatiq", "sidekiq", "horizon", "qcluster",
})  # fmt: skip
"""Words of commands that run until they are stopped: `queue:work`, `celery worker`, `huey_consumer`."""
_ENDS: Final = frozenset({
    "cancel", "clear", "console", "delete", "discard", "drop", "empty", "flush", "forget", "fresh", "inspect", "kill",
    "migrate", "pause", "prune", "purge", "reset", "restart", "retry", "rollback", "seed", "shell", "snapshot",
    "stop", "terminate", "truncate", "wipe",
})  # fmt: skip
"""Words of commands that do one thing and end. Many of them delete what waits: `queue:clear`, `celery purge`."""
_PROGRAM: Final = r"(?:^|\s)(?!\S*\bmanage\.py\b)\S+\.(?:py|js|mjs|cjs|ts|rb|php|jar)(?=\s|$)"


@dataclass(frozen=True, slots=True)
class WorkerProcesses:
    """What is started beside the server."""

    commands: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Lines of the Procfile that are not started, each with its place and the reason."""


def worker_processes(project: Project) -> WorkerProcesses:
    """Of the Procfile; else the scripts of `package.json`; else the programs in PHP that never end."""
    commands: list[str] = []
    left_out: list[str] = []
    for place, command, reason in _of_procfile(project):
        if reason:
            left_out.append(f"{place} is not started ({reason}); if payments need it, add it to the command")
        else:
            commands.append(command)
    commands = commands or [
        f"npm run -s {name}"
        for name, script in node_scripts(project).items()
        if compiled(_SCRIPT_NAME).search(name) and not _ends(str(script))
    ]
    commands = commands or [f"php {hit.file.name}" for hit in project.find(r"^while\s*\(\s*(?:true|1)\s*\)", ".php")]
    return WorkerProcesses(tuple(_of_environment(project, command) for command in commands), tuple(left_out))


def _of_procfile(project: Project) -> Iterator[tuple[str, str, str]]:
    """Place and command of each line, and why it is left out; empty: it is not."""
    listed = project.named("Procfile")
    if listed is None:
        return
    for match in compiled(_PROCFILE).finditer(listed.text):
        command = match["command"].replace("$PORT", PORT_TEXT)
        yield listed.place(match.start()), command, _reason(match["name"], command)


def _reason(name: str, command: str) -> str:
    """Why a command is not started beside the server; empty where it is a worker."""
    try:
        shlex.split(command)
    except ValueError as error:
        return f"{error}: check its quotes"
    if _ends(command):
        return f"`{command}` does one thing and ends"
    is_worker = _WORKS.intersection(re.split(r"[\W_]+", f"{name} {_plain(command)}"))
    return "" if is_worker or compiled(_PROGRAM).search(command) else f"`{command}` is not known as a worker"


def _ends(command: str) -> bool:
    """A whole word says so: `queue:clear` and `db/reset.js` do, `retry_payouts.py` does not."""
    return bool(_ENDS.intersection(re.split(r"[^\w-]+", _plain(command))))


def _plain(command: str) -> str:
    """The command in lower case, without its options."""
    return " ".join(word for word in command.lower().split() if not word.startswith("-"))


def _of_environment(project: Project, command: str) -> str:
    """A command with the program of the project's own environment, where it has one."""
    first, _, rest = command.partition(" ")
    for folder in (".venv", "venv", "env"):
        if "/" not in first and (project.folder / folder / "bin" / first).exists():
            return f"{folder}/bin/{first} {rest}".rstrip()
    return command
