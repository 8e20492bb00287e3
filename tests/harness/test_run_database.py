"""The database of a run: it is made once, on this machine, and nothing else is dropped."""

import os
import shlex
from pathlib import Path

import pytest
from tayari_target.run_database import RunDatabaseError, main, make_database


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clients that note how they are called."""
    programs, made = tmp_path / "bin", tmp_path / "made"
    programs.mkdir()
    for name in ("psql", "mysql"):
        noted = "$0" if name == "mysql" else "$0 $PGPASSWORD $PGHOSTADDR"
        (programs / name).write_text(f'#!/bin/sh\necho "{noted} $@" >> {made}\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.7")
    return made


@pytest.mark.parametrize(
    ("url", "called"),
    [
        (
            "postgresql+asyncpg://app%40shop:p%40ss@127.0.0.1:5433/tayari_1?sslmode=disable",
            "psql p@ss -q -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p 5433 -U app@shop -d postgres"
            " -c DROP DATABASE IF EXISTS tayari_1 WITH (FORCE) -c CREATE DATABASE tayari_1",
        ),
        (
            "mysql://root:p%40ss%3Aword@localhost:3307/tayari_1b",
            "mysql -h localhost -P 3307 --protocol=tcp -u root --password=p@ss:word"
            " -e DROP DATABASE IF EXISTS tayari_1b; CREATE DATABASE tayari_1b",
        ),
        ("jdbc:mariadb://[::1]/tayari_2", "mysql -h ::1 -e DROP DATABASE IF EXISTS tayari_2; CREATE DATABASE tayari_2"),
    ],
    ids=["postgresql", "mysql", "jdbc"],
)
def test_the_database_is_made_at_the_first_start_of_a_run_only(
    tmp_path: Path, made: Path, url: str, called: str
) -> None:
    """Rules start the merchant again and look for its payments."""
    for _ in range(2):
        main([url, str(tmp_path)])

    (line,) = made.read_text().splitlines()
    assert shlex.join(line.split()) == shlex.join(f"{tmp_path}/bin/{called}".split())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://app@db.example.com/tayari_1", "no database is dropped on db.example.com; expected localhost"),
        ("mysql://db/tayari_1", "no database is dropped on db"),
        ("postgresql://localhost/tayari_1?host=prod.example.com", "no database is dropped on prod.example.com"),
        ("postgresql://localhost:5432,prod.example.com:5432/tayari_1", "correct it"),
        ("postgresql://localhost/shop", "'shop' is not dropped; expected a name such as tayari_1"),
        ("postgresql://localhost/tayari_1;x", "is not dropped"),
        ("mongodb://localhost/tayari_1", "begins with 'mongodb'"),
        ("", "begins with ''"),
    ],
)
def test_nothing_else_is_dropped(tmp_path: Path, made: Path, url: str, reason: str) -> None:
    with pytest.raises(RunDatabaseError, match="; ") as refused:
        make_database(url, tmp_path)

    assert reason in str(refused.value)
    assert not made.exists()


def test_a_client_that_fails_or_is_missing_is_said(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin" / "psql").write_text("#!/bin/sh\necho 'FATAL: no such role' >&2\nexit 2\n")
    with pytest.raises(SystemExit, match="psql did not make tayari_1: FATAL: no such role; start a server"):
        main(["postgresql://localhost/tayari_1", str(tmp_path)])

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="mysql is not installed"):
        main(["mysql://localhost/tayari_1", str(tmp_path)])
    assert not (tmp_path / "database").exists()
