"""A new database for each run, on a PostgreSQL or MySQL server of this machine. The merchant's start command calls it.

`python -P -m tayari_target.run_database URL FOLDER`, where FOLDER is the run's `{work_dir}`. Only the first start of a
run makes the database: rules start the merchant again and look for its payments.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tayari_formats.loopback import is_loopback

_CLIENTS: Final[Mapping[str, str]] = {
    "postgres": "psql", "postgresql": "psql", "mysql": "mysql", "mariadb": "mysql",
}  # fmt: skip
_OF_A_RUN: Final = re.compile(r"tayari_\w+")
_OTHER_SERVERS: Final = frozenset({"PGHOSTADDR", "PGSERVICE"})
"""Variables by which psql goes to another address than the one it is given."""


class RunDatabaseError(Exception):
    """The database was not made: what was found, what is expected, what to do."""


def make_database(url: str, folder: Path) -> None:
    """Drop the database of this address and make it again, unless an earlier start of the run did.

    Raises:
        RunDatabaseError: the server may be another machine, the database is not one of a run's, or its client failed.
    """
    try:
        parts = urlsplit(url.removeprefix("jdbc:"))
        command, environment = _command(parts)
    except ValueError as error:
        raise RunDatabaseError(f"{error} in the address of the database; correct it") from error
    made = folder / "database"
    if made.exists():
        return
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError as error:
        raise RunDatabaseError(f"{command[0]} is not installed; install this client of the database") from error
    except subprocess.TimeoutExpired as error:
        raise RunDatabaseError(f"{command[0]} took longer than 60 s; is the server well?") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        do = "start a server on this machine, with a user who may make databases"
        raise RunDatabaseError(f"{command[0]} did not make {_name(parts)}: {last}; {do}")
    made.touch()


def _command(parts: SplitResult) -> tuple[list[str], Mapping[str, str]]:
    """The client's command, and its environment."""
    client = _CLIENTS.get(parts.scheme.partition("+")[0])
    if client is None:
        expected = "expected postgresql://... or mysql://..."
        raise RunDatabaseError(f"the address of the database begins with {parts.scheme!r}; {expected}; correct it")
    host, name = _host(parts), _name(parts)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    environment = {key: value for key, value in os.environ.items() if key not in _OTHER_SERVERS}
    if client == "mysql":
        words = [client, "-h", host, *(["-P", str(parts.port), "--protocol=tcp"] if parts.port else [])]
        words += [*(["-u", user] if user else []), *([f"--password={password}"] if password else [])]
        return [*words, "-e", f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}"], environment
    words = [client, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", host, *(["-p", str(parts.port)] if parts.port else [])]
    words += [*(["-U", user] if user else []), "-d", "postgres", "-c", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"]
    return [*words, "-c", f"CREATE DATABASE {name}"], environment | ({"PGPASSWORD": password} if password else {})


def _host(parts: SplitResult) -> str:
    """The host, or the folder of the server's socket.

    Raises:
        RunDatabaseError: it is not this machine.
    """
    asked = parse_qs(parts.query)
    hosts = [*([parts.hostname] if parts.hostname else []), *asked.get("host", []), *asked.get("hostaddr", [])]
    for host in hosts:
        if not is_loopback(host) and not host.startswith("/"):
            do = "write a server for tests that runs on this machine"
            raise RunDatabaseError(f"no database is dropped on {host}; expected localhost or 127.0.0.1; {do}")
    return hosts[-1] if hosts else "localhost"


def _name(parts: SplitResult) -> str:
    name = parts.path.removeprefix("/")
    if not _OF_A_RUN.fullmatch(name):
        do = "write `tayari_{instance}` in the merchant's setting"
        raise RunDatabaseError(f"the database {name!r} is not dropped; expected a name such as tayari_1; {do}")
    return name


def main(words: Sequence[str]) -> None:
    """The command: URL and FOLDER."""
    if len(words) != 2:
        raise SystemExit("usage: python -P -m tayari_target.run_database URL FOLDER")
    try:
        make_database(words[0], Path(words[1]))
    except RunDatabaseError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(sys.argv[1:])
