"""The direction of imports, beyond what import-linter's contracts can say."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("tayari_simulator.__main__", "locust"),
        ("tayari_simulator.__main__", "rich"),
        ("tayari_simulator.__main__", "cryptography"),
        ("tayari.cli.app", "locust"),
    ],
)
def test_a_command_does_not_load_what_it_does_not_need(module: str, heavy: str) -> None:
    program = f"import sys, {module}; sys.exit({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)

    assert done.returncode == 0


CLIENTS = {
    "Session",
    "session",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "request",
    "Client",
    "AsyncClient",
    "stream",
    "urlopen",
    "urlretrieve",
    "build_opener",
    "HTTPConnection",
    "HTTPSConnection",
    "PoolManager",
    "ProxyManager",
    "ClientSession",
}
LIBRARIES = ("requests", "httpx", "urllib", "http.client", "urllib3", "aiohttp")
HOME = "harness/tayari_control/http_session.py"


def clients_made(source: str) -> Iterator[int]:
    """The lines that make a client of an HTTP library, by its module or by a name imported from it."""
    tree = ast.parse(source)
    imported = {
        (alias.asname or alias.name): alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(LIBRARIES)
        for alias in node.names
    }
    modules = {
        (alias.asname or alias.name): alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.startswith(LIBRARIES)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and imported.get(called.id) in CLIENTS:
            yield node.lineno
        if isinstance(called, ast.Attribute) and called.attr in CLIENTS:
            owner = ast.unparse(called.value)
            if owner in modules or owner in imported:
                yield node.lineno


def test_every_http_client_of_the_harness_is_made_in_one_place() -> None:
    files = [
        path for top in ("harness", "loadtests", "contract_tests", "reports") for path in ROOT.glob(f"{top}/**/*.py")
    ]
    made = {str(path.relative_to(ROOT)): list(clients_made(path.read_text(encoding="utf-8"))) for path in files}

    assert len(files) > 100
    assert {name: lines for name, lines in made.items() if lines and name != HOME} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import requests\nrequests.Session()",
        "import requests as r\nr.get('http://x')",
        "from requests import Session\nSession()",
        "import urllib.request\nurllib.request.urlopen('http://x')",
        "from urllib.request import urlopen as o\no('http://x')",
        "from urllib import request\nrequest.urlopen('http://x')",
        "import httpx\nhttpx.Client()",
        "import aiohttp\naiohttp.ClientSession()",
        "from http.client import HTTPConnection\nHTTPConnection('x')",
    ],
)
def test_each_way_to_make_a_client_is_seen(source: str) -> None:
    assert list(clients_made(source)) == [2]


@pytest.mark.parametrize(
    ("written", "home"),
    [("get_close_matches", "tayari_formats/problems.py"), ("BAD_CONFIGURATION = 20", "tayari_formats/exit_codes.py")],
)
def test_a_concept_has_one_home(written: str, home: str) -> None:
    folders = ("simulator", "contract_tests", "loadtests", "reports", "harness")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if written in path.read_text()]

    assert [path.as_posix().endswith(home) for path in found] == [True]


def test_no_check_imports_another() -> None:
    checks = ROOT / "contract_tests" / "tayari_contracts" / "checks"
    families = [path.parent.name for path in checks.glob("*/__init__.py")]
    importers = [
        path.name
        for path in checks.glob("*/*.py")
        if any(f"tayari_contracts.checks.{family}" in path.read_text() for family in families)
    ]

    assert len(families) == 10
    assert importers == []
