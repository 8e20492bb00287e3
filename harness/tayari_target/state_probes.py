"""A payment's state without an HTTP route: from a database, a file, or a command that prints it."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tayari_target.answers import MerchantAnswer
from tayari_target.target_file.placeholders import PlaceholderError, fill, names
from tayari_target.target_file.target_model import StatusSource

_QUOTED_NAME = re.compile(r"'?\{([a-z][a-z0-9_]*)\}'?")
_FILE_BYTES: Final = 1_000_000

_DRIVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": ("psycopg", "psycopg2"),
    "postgres": ("psycopg", "psycopg2"),
    "mysql": ("pymysql", "MySQLdb"),
    "mariadb": ("pymysql", "MySQLdb"),
}


def probe(status: StatusSource, values: Mapping[str, object], *, folder: Path) -> MerchantAnswer:
    """Read a payment's state by the probe of the target file; what goes wrong is in `error`, nothing is raised."""
    began = time.monotonic()
    try:
        if status.sql is not None:
            body = _by_sql(status.sql, fill(status.sql_url or "", values), values, folder, status.probe_timeout_s)
        elif status.file is not None:
            body = _by_file(folder / fill(status.file, values))
        else:
            body = _by_command(status.command or "", values, folder, status.probe_timeout_s)
    except (PlaceholderError, ProbeError) as error:
        return MerchantAnswer(error=str(error), duration_s=time.monotonic() - began)
    return MerchantAnswer(body=body, duration_s=time.monotonic() - began)


class ProbeError(Exception):
    """A probe that could not be read: what was found, and what to do."""


def _by_sql(statement: str, url: str, values: Mapping[str, object], folder: Path, timeout_s: float) -> str:
    scheme = urlsplit(url).scheme.partition("+")[0]
    wanted = tuple(values[name] for name in names(statement) if _known(name, values))
    if scheme == "sqlite":
        return _by_sqlite(_QUOTED_NAME.sub("?", statement), wanted, _sqlite_path(url, folder))
    if scheme not in _DRIVERS:
        raise ProbeError(
            f"status.url begins with {scheme!r}; expected sqlite, postgresql, mysql or mariadb; correct it"
        )
    module = _driver(scheme)
    bound = _QUOTED_NAME.sub("%s", statement.replace("%", "%%"))
    try:
        with closing(_connect(module, url, timeout_s)) as connection, closing(connection.cursor()) as cursor:
            if module.__name__.startswith("psycopg"):
                cursor.execute(f"set statement_timeout = {int(timeout_s * 1000)}")
            cursor.execute(bound, wanted)
            if cursor.description is None:
                raise ProbeError("the query gives no rows; expected a select of one payment; correct status.sql")
            return _row(cursor.fetchone(), cursor.description)
    except module.Error as error:
        raise ProbeError(f"the database refused the query: {error}; check status.sql and status.url") from error


def _by_sqlite(statement: str, wanted: tuple[object, ...], path: Path) -> str:
    if not path.is_file():
        raise ProbeError(f"no database at {path}; expected the merchant's SQLite file; correct status.url")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            cursor = connection.execute(statement, wanted)
            return _row(cursor.fetchone(), cursor.description)
    except sqlite3.Error as error:
        raise ProbeError(f"the database refused the query: {error}; check status.sql") from error


def _row(row: Any, description: Any) -> str:
    """The row as a JSON object, so that the same extractors read it: `$.status`."""
    if row is None:
        raise ProbeError("the query found no row for this payment; check status.sql and pay.payment_id")
    return json.dumps({column[0]: value for column, value in zip(description, row, strict=True)}, default=str)


def _known(name: str, values: Mapping[str, object]) -> bool:
    if values.get(name) is None:
        raise PlaceholderError(name)
    return True


def _sqlite_path(url: str, folder: Path) -> Path:
    """`sqlite:///shop.db` is beside the target file, `sqlite:////var/shop.db` is absolute."""
    path = unquote(urlsplit(url).path).removeprefix("/")
    return (folder / path).resolve()


def _driver(scheme: str) -> Any:
    for name in _DRIVERS[scheme]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    package = _DRIVERS[scheme][0]
    raise ProbeError(f"no driver for {scheme} is installed; expected {package}; run `pip install {package}`")


def _connect(module: Any, url: str, timeout_s: float) -> Any:
    patience_s = max(1, ceil(timeout_s))
    if module.__name__.startswith("psycopg"):
        return module.connect(re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql:", url), connect_timeout=patience_s)
    parts = urlsplit(url)
    return module.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        connect_timeout=patience_s,
        read_timeout=patience_s,
    )


def _by_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        raise ProbeError(f"{path}: {error.strerror}; expected the payment's state; correct status.file") from error


def _by_command(command: str, values: Mapping[str, object], folder: Path, timeout_s: float) -> str:
    words = [fill(word, values) for word in shlex.split(command)]
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"the status command took longer than {timeout_s:g} s; make it answer sooner") from error
    except (OSError, IndexError) as error:
        raise ProbeError(f"the status command cannot be run: {error}; correct status.command") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ProbeError(f"the status command ended with {done.returncode}: {last[0]}; correct status.command")
    return done.stdout
