"""A database of its own for each instance of a merchant that stores its payments on a PostgreSQL or MySQL server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tayari.target_draft.draft import Value
from tayari.target_draft.source_files import CODE, Project, compiled

NAME: Final = "tayari_{instance}"
_URL: Final = (
    r"(?P<scheme>(?:jdbc:)?(?P<kind>postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?)://(?:(?P<user>[^\s\"'`:@/{}$]+)"
    r"(?::(?P<password>[^\s\"'`@/{}$]*))?@)?(?P<host>[\w.-]*)"
    r"(?::(?P<port>\d+))?/(?P<name>[\w-]+)(?:\?[^\s\"'`{}$]*)?"
)
_URL_NAME: Final = (
    r"\b([A-Z][A-Z0-9_]*(?:DB|DATABASE|POSTGRES|PG|MYSQL|DATASOURCE)_?(?:URL|URI|DSN)|DB_?URL|DATABASE_?UR[LI])\b"
)
_PART_NAME: Final = r"\b((?:[A-Z][A-Z0-9]*_)*?(?:DB_|DATABASE_|PG|POSTGRES_|MYSQL_))(NAME|DATABASE|DB)\b"
_KINDS: Final[Mapping[str, str]] = {
    "postgresql": r"(?i)DB_CONNECTION\s*=\s*pgsql|backends\.postgresql|provider\s*=\s*\"postgres|[\"']pg[\"']\s*:"
    r"|\b(?:dialect|type|client)[\"']?\s*[:=]\s*[\"'](?:postgres|pg)|^\s*(?:psycopg|asyncpg)|[\"'](?:psycopg|asyncpg)"
    r"|^\s*gem [\"']pg[\"']|pgsql:host",
    "mysql": r"(?i)DB_CONNECTION\s*=\s*(?:mysql|mariadb)|backends\.mysql|provider\s*=\s*\"mysql|[\"']mysql2?[\"']\s*:"
    r"|\b(?:dialect|type|client)[\"']?\s*[:=]\s*[\"'](?:mysql|mariadb)|^\s*(?:pymysql|mysqlclient)"
    r"|[\"'](?:pymysql|mysqlclient)|^\s*gem [\"']mysql2[\"']|mysql:host",
}
_DOUBT: Final = "a server for tests, and a user who may make databases: {} is dropped and made again in each run"


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """What leads a merchant to a database that is new in each run."""

    env: Mapping[str, Value]
    command: str
    """Makes the database at the first start of a run. Rules start the merchant again and look for its payments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    kind: str
    user: str = ""
    password: str = ""
    host: str = "localhost"
    port: str = ""

    def command(self) -> str:
        """The client of this database, with what makes it."""
        port, user = self.port, self.user
        if self.kind == "mysql":
            user, password = unquote(user), unquote(self.password)  # psql takes them as the address has them
            words = f"mysql -h {self.host}" + (f" -P {port}" if port else "") + (f" -u {user}" if user else "")
            words += f' "-p{password}"' if password else ""
            made = f'{words} -e "DROP DATABASE IF EXISTS {NAME}; CREATE DATABASE {NAME}"'
        else:
            account = f"{user}{':' + self.password if self.password else ''}@" if user else ""
            made = (
                f'psql -q "postgresql://{account}{self.host}{":" + port if port else ""}/postgres"'
                f' -c "DROP DATABASE IF EXISTS {NAME} WITH (FORCE)" -c "CREATE DATABASE {NAME}"'
            )
        return f"(test -e {{work_dir}}/database || {made}) && touch {{work_dir}}/database"


def own_database(project: Project) -> OwnDatabase | None:
    """How to give the merchant a database of its own; None where it uses no server, or where its setting is unknown."""
    return _by_url(project) or _by_parts(project)


def _by_url(project: Project) -> OwnDatabase | None:
    named = {hit.match[1]: hit.place for hit in project.find(_URL_NAME)}
    for hit in project.find(_URL):
        name = compiled(_URL_NAME).search(hit.line)
        name_text = name[1] if name else next(iter(named), "")
        if "jdbc:" in hit.match[0]:
            name_text = name[1] if name else "SPRING_DATASOURCE_URL"
        if not name_text:
            continue
        found = hit.match.groupdict(default="")
        server = _Server(
            kind="postgresql" if found["kind"].startswith("postgres") else "mysql",
            user=found["user"],
            password=found["password"],
            host=found["host"] or "localhost",
            port=found["port"],
        )
        start = hit.match.start()
        url = hit.match[0][: hit.match.start("name") - start] + NAME + hit.match[0][hit.match.end("name") - start :]
        return OwnDatabase({name_text: Value(url, hit.place, _DOUBT.format(NAME))}, server.command())
    kind = _kind(project)
    if kind and named:
        name_text, place = next(iter(named.items()))
        return OwnDatabase(
            {name_text: Value(f"{kind}://localhost/{NAME}", place, _DOUBT.format(NAME))},
            _Server(kind=kind).command(),
        )
    return None


def _by_parts(project: Project) -> OwnDatabase | None:
    """By host, user, password and name in variables of their own."""
    kind = _kind(project)
    hit = project.first(_PART_NAME) if kind else None
    if hit is None:
        return None
    prefix = hit.match[1]
    server = _Server(
        kind=kind,
        user=_usual(project, f"{prefix}(?:USER|USERNAME)"),
        password=_usual(project, f"{prefix}(?:PASSWORD|PASS)"),
        host=_usual(project, f"{prefix}HOST") or "localhost",
        port=_usual(project, f"{prefix}PORT"),
    )
    return OwnDatabase({hit.match[0]: Value(NAME, hit.place, _DOUBT.format(NAME))}, server.command())


def _kind(project: Project) -> str:
    return next((kind for kind, pattern in _KINDS.items() if project.first(pattern) is not None), "")


def _usual(project: Project, name: str) -> str:
    """What a variable holds in the example of the settings, else where nothing is set."""
    example = project.first(rf"^(?:export )?{name}\s*=[ \t]*[\"']?([\w.-]+)", ".example", ".sample", ".dist")
    default = project.first(rf"\b{name}\b[\"'\])]*\s*(?:,|\|\||\?\?|\?:|default\s*=)\s*[\"']([\w.-]+)[\"']", *CODE)
    hit = example or default
    return re.sub(r"\s", "", hit.match[1]) if hit else ""
