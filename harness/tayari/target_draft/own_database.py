"""A database of its own for each instance of a merchant that stores its payments on a PostgreSQL or MySQL server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tayari.target_draft.draft import Value
from tayari.target_draft.source_files import CODE, Hit, Project, compiled

NAME: Final = "tayari_{instance}"
_COMMAND: Final = '{{python}} -P -m tayari_target.run_database "{address}" {{work_dir}}'
_URL: Final = (
    r"(?P<scheme>(?:jdbc:)?(?P<kind>postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?)://(?:(?P<user>[^\s\"'`:@/{}$]+)"
    r"(?::(?P<password>[^\s\"'`@/{}$]*))?@)?(?P<host>[\w.-]*)"
    r"(?::(?P<port>\d+))?/(?P<name>[\w-]+)(?:\?[^\s\"'`{}$]*)?"
)
_URL_NAME: Final = (
    r"\b([A-Z][A-Z0-9_]*(?:DB|DATABASE|POSTGRES|PG|MYSQL|DATASOURCE)_?(?:URL|URI|DSN)|DB_?URL|DATABASE_?UR[LI])\b"
)
_OF_ANOTHER: Final = r"MONGO|COUCH|INFLUX|(?:^|_)(?:TEST|SHADOW|REPLICA)_"
"""In the name of a variable: it leads to a database of another kind, of the tests or of the tools."""
_PART_NAME: Final = r"\b((?:[A-Z][A-Z0-9]*_)*?(?:DB_|DATABASE_|PG|POSTGRES_|MYSQL_))(NAME|DATABASE|DB)\b"
_KINDS: Final[Mapping[str, str]] = {
    "postgresql": r"(?i)DB_CONNECTION\s*=\s*pgsql|backends\.postgresql|provider\s*=\s*\"postgres|[\"']pg[\"']\s*:"
    r"|\b(?:dialect|type|client)[\"']?\s*[:=]\s*[\"'](?:postgres|pg)|^\s*(?:psycopg|asyncpg)|[\"'](?:psycopg|asyncpg)"
    r"|^\s*gem [\"']pg[\"']|pgsql:host",
    "mysql": r"(?i)DB_CONNECTION\s*=\s*(?:mysql|mariadb)|backends\.mysql|provider\s*=\s*\"mysql|[\"']mysql2?[\"']\s*:"
    r"|\b(?:dialect|type|client)[\"']?\s*[:=]\s*[\"'](?:mysql|mariadb)|^\s*(?:pymysql|mysqlclient)"
    r"|[\"'](?:pymysql|mysqlclient)|^\s*gem [\"']mysql2[\"']|mysql:host",
}
_SETTINGS: Final = (*CODE, ".example", ".sample", ".dist", ".properties")
"""Files of the merchant itself. Others name the variables of the database's container, too."""
_FIXED_FILE: Final = (
    r"(?:BASE_DIR\s*/\s*|os\.path\.join\(\s*BASE_DIR\s*,\s*|sqlite3?\.connect\(\s*)[\"']([\w./-]+\.(?:db|sqlite3?))[\"']"
    r"|sqlite:///([\w./-]+\.(?:db|sqlite3?))[\"']"
)
_THIS_MACHINE: Final = frozenset({"", "localhost", "127.0.0.1"})
_DOUBT: Final = f"a server for tests, and a user who may make databases: {NAME} is dropped and made again in each run"


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """What leads a merchant to a database that is new in each run."""

    env: Mapping[str, Value]
    command: str
    """Makes the database at the first start of a run. It refuses a server that may be another machine."""


def own_database(project: Project) -> OwnDatabase | None:
    """How to give the merchant a database of its own; None where it uses no server, or where its setting is unknown."""
    return _by_url(project) or _by_parts(project)


def fixed_database(project: Project) -> str:
    """The doubt about a database that is one file for the developer and all instances; empty where none is seen."""
    hit = project.first(_FIXED_FILE, *CODE)
    if hit is None:
        return ""
    do = "let a variable name it, and give that a file in {work_dir}"
    name = hit.match[1] or hit.match[2]
    return f"payments are stored in the developer's own {name} ({hit.place}), with its tables; {do}"


def _by_url(project: Project) -> OwnDatabase | None:
    settings = [hit for hit in project.find(_URL_NAME) if not compiled(_OF_ANOTHER).search(hit.match[1])]
    named = {hit.match[1]: hit.place for hit in settings}
    usually_a_file = {hit.match[1] for hit in settings if "sqlite" in hit.line.lower()}
    found: dict[str, list[Hit]] = {}
    for hit in project.find(_URL):
        found.setdefault(_setting(hit, named), []).append(hit)
    found = {name: hits for name, hits in found.items() if name and not compiled(_OF_ANOTHER).search(name)}
    kind = _kind(project)
    if found:
        name, hits = next(iter(found.items()))
        hit = min(hits, key=lambda each: each.match["host"] not in _THIS_MACHINE)  # its first address on this machine
        value = Value(_own_address(hit), hit.place, _elsewhere(hit.match["host"]) + _DOUBT)
    elif kind and (name := next((each for each in named if each not in usually_a_file), "")):
        value = Value(f"{kind}://localhost/{NAME}", named[name], _DOUBT)
    else:
        return None
    return OwnDatabase({name: value}, _COMMAND.format(address=f"${name}"))


def _setting(hit: Hit, named: Mapping[str, str]) -> str:
    """The variable that holds an address: named on its line, else the first one of the project."""
    name = compiled(_URL_NAME).search(hit.line)
    if name is not None:
        return name[1]
    return "SPRING_DATASOURCE_URL" if "jdbc:" in hit.match[0] else next(iter(named), "")


def _own_address(hit: Hit) -> str:
    """The address with a database of the run's own, on this machine.

    The account of another machine is left out, but not that of a container: its port may be published here.
    """
    text, start, match = hit.match[0], hit.match.start(), hit.match
    if match["host"] in _THIS_MACHINE:
        return text[: match.start("name") - start] + NAME + text[match.end("name") - start :]
    port = f":{match['port']}" if match["port"] else ""
    if "." in match["host"]:
        return f"{match['scheme']}://localhost{port}/{NAME}"
    before, after = text[: match.start("host") - start], text[match.end("name") - start :]
    return f"{before}localhost{port}/{NAME}{after}"


def _by_parts(project: Project) -> OwnDatabase | None:
    """By host, user, password and name in variables of their own."""
    kind = _kind(project)
    hit = (project.first(_PART_NAME, *_SETTINGS) or project.first(_PART_NAME)) if kind else None
    if hit is None:
        return None
    prefix = hit.match[1]
    user, password = _usual(project, f"{prefix}(?:USER|USERNAME)"), _usual(project, f"{prefix}(?:PASSWORD|PASS)")
    host, port = _usual(project, f"{prefix}HOST"), _usual(project, f"{prefix}PORT")
    env = {hit.match[0]: Value(NAME, hit.place, _DOUBT)}
    here = host if host in _THIS_MACHINE and host else "127.0.0.1"
    read = project.first(rf"\b{prefix}HOST\b")
    if read is not None:  # always given: the developer's own environment may name another machine
        env[read.match[0]] = Value(here, read.place, _elsewhere(host).removesuffix("; "))
    account = f"{quote(user, safe='')}{':' + quote(password, safe='') if password else ''}@" if user else ""
    server = f"${read.match[0]}" if read is not None else here
    address = f"{kind}://{account}{server}{':' + port if port else ''}/${hit.match[0]}"
    return OwnDatabase(env, _COMMAND.format(address=address))


def _elsewhere(host: str) -> str:
    """That the source names a server which may be another machine; empty where it does not."""
    if host in _THIS_MACHINE:
        return ""
    return f"the source has {host}, but a run makes its database on this machine; "


def _kind(project: Project) -> str:
    return next((kind for kind, pattern in _KINDS.items() if project.first(pattern) is not None), "")


def _usual(project: Project, name: str) -> str:
    """What a variable holds in the example of the settings, else where nothing is set."""
    example = project.first(
        rf"^(?:export )?{name}\s*=[ \t]*[\"']?([^\s\"'`#${{}}]+)[\"']?[ \t]*(?:#|$)", ".example", ".sample", ".dist"
    )
    default = project.first(
        rf"\b{name}\b[\"'\])]*\s*(?:,|\|\||\?\?|\?:|default\s*=)\s*[\"']([^\s\"'`${{}}]+)[\"']", *CODE
    )
    hit = example or default
    return hit.match[1] if hit else ""
