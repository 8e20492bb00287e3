"""One canary for everything that a run publishes: a careless shop shows its secrets, and no artefact repeats them."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from mini_target import mini_target

KEY = "canary-Key/of+the=shop"
PASSWORD = "canary Passw0rd & more"
TOKEN = "canary-token-4711"
PATH_SECRET = "c4n4ry0123456789abcdef0123456789"
PASSKEY = "canary-passkey-0815"
SECRETS = (KEY, PASSWORD, TOKEN, PATH_SECRET, PASSKEY)
PUBLISHED = {
    "run.json",
    "report.html",
    "report.md",
    "junit.xml",
    "ctrf.json",
    "pytest.html",
    "suites.log",
    "merchant.log",
    "evidence.zip",
    "badge.svg",
    "alerts.yml",
    "grafana.json",
}
ADAPTER = """\
import os, sys
from tayari_target.adapter import Adapter

class Careless(Adapter):
    def __init__(self, target, placeholders):
        super().__init__(target, placeholders)
        if "pytest" in sys.modules and os.environ.get("CANARY_DIES"):
            raise ValueError("cannot begin with", dict(os.environ), dict(placeholders), "{path}")

    def start_payment(self, **payment):
        if "pytest" in sys.modules or "locust" in sys.modules:  # what it prints elsewhere is the terminal's
            print("starting with", dict(os.environ), dict(self.placeholders), "{path}", file=sys.stderr, flush=True)
        return None
"""
LOGIN = """\
  adapter: careless:Careless
  headers: {X-Api-Key: "env:CANARY_KEY", X-Token: "{token}"}
  login:
    - request: "POST /login"
      form: {user: mini, pin: "env:CANARY_PASSWORD"}
      save: {token: $.token}
  status:
"""


def careless_target(folder: Path, **env: str | None) -> Path:
    """A shop whose answers and whose output show every secret that it knows, as the output of its adapter does."""
    (folder / "careless.py").write_text(ADAPTER.format(path=PATH_SECRET))
    settings = {
        "ECHO": "1",
        "TOKEN": TOKEN,
        "CANARY_KEY": KEY,
        "CANARY_PASSWORD": PASSWORD,
        "CALLBACK": f"http://127.0.0.1:{{port}}/cb/{PATH_SECRET}",
        **env,
    }
    replaced = {"  status:\n": LOGIN, "pass1": "env:CANARY_PASSKEY"}
    return mini_target(folder, env=settings, replace=replaced)


def tayari(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TAYARI_")}
    given = {"CANARY_KEY": KEY, "CANARY_PASSWORD": PASSWORD, "CANARY_PASSKEY": PASSKEY}
    return subprocess.run(
        [sys.executable, "-m", "tayari", *words],
        cwd=folder,
        env={**clean, **given, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def forms(secret: str) -> tuple[bytes, ...]:
    """A secret as it may stand in a file."""
    return tuple(
        {form.encode() for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())}
    )


def leaks(folder: Path, *printed: str) -> list[str]:
    """Where a secret stands: in a file, in a member of an archive, or in what was said."""
    texts = {f"said {at}": text.encode() for at, text in enumerate(printed)}
    texts |= dict(contents(folder))
    return [
        f"{name}: {secret}"
        for name, text in texts.items()
        for secret in SECRETS
        if any(form in text for form in forms(secret))
    ]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())
        elif path.is_file():
            yield path.name, path.read_bytes()


@pytest.mark.slow
def test_no_artefact_of_a_run_shows_a_secret(tmp_path: Path) -> None:
    out = tmp_path / "out"

    rules = [word for rule in ("C01", "C08", "S01", "T13") for word in ("--only", rule)]
    done = tayari(tmp_path, "check", str(careless_target(tmp_path)), *rules, "--out", str(out))

    assert done.returncode in (0, 10, 11), done.stdout + done.stderr
    assert {path.name for path in out.iterdir()} >= PUBLISHED
    assert b"/pay" in (out / "run.json").read_bytes()
    assert b"without a verdict" in (out / "pytest.html").read_bytes(), (
        "its title, which could be taken for the report's"
    )
    assert b"xdist" not in (out / "pytest.html").read_bytes(), "plugins of the environment are not loaded"
    assert "[redacted]" in (out / "merchant.log").read_text()
    assert leaks(out, done.stdout, done.stderr) == []


@pytest.mark.slow
def test_no_artefact_of_a_load_shows_a_secret(tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = tayari(
        tmp_path, "load", str(careless_target(tmp_path)), "--users", "2", "--duration", "4", "--out", str(out)
    )

    assert "starting with" in (out / "load.log").read_text(), done.stdout + done.stderr
    assert leaks(out, done.stdout, done.stderr) == []


def test_suites_that_die_naming_a_secret_are_quoted_without_it(tmp_path: Path) -> None:
    out, target = tmp_path / "out", str(careless_target(tmp_path))

    done = tayari(tmp_path, "check", target, "--only", "C01", "--out", str(out), CANARY_DIES="1")

    assert done.returncode == 30, done.stdout + done.stderr
    assert "cannot begin with" in (out / "suites.log").read_text()
    assert "the suites ended with" in done.stderr
    assert leaks(out, done.stdout, done.stderr) == []


@pytest.mark.parametrize("words", [("doctor",), ("check", "--out", "out")])
def test_a_shop_that_prints_its_secrets_and_dies_is_quoted_without_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    target = careless_target(tmp_path, STUMBLE="1")

    done = tayari(tmp_path, words[0], str(target), *words[1:])

    assert "settings:" in done.stdout + done.stderr
    assert leaks(tmp_path / "out", done.stdout, done.stderr) == []


def test_the_canary_is_found_where_it_was_planted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evidence.zip", "w") as archive:
        archive.writestr("run.json", base64.b64encode(KEY.encode()))
    (tmp_path / "suites.log").write_text(PATH_SECRET)

    assert len(leaks(tmp_path, PASSWORD)) == 3
