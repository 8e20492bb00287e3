"""Real database servers for a test: on a free port, with a folder of their own, gone when the test ends."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tayari_target.merchant_process import answers, free_port

PASSWORD = "s3cret & word"
WITHIN_S = 120.0
"""A busy machine takes long to make a database's first files."""


class ServerMissing(Exception):
    """The server is not installed here."""


@contextmanager
def postgresql() -> Iterator[int]:
    """The port of a PostgreSQL in which the user `tayari` may do everything."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = Path(shutil.which("initdb") or (found[-1] if found else ""))
    if not initdb.is_file():
        raise ServerMissing("PostgreSQL is not installed (Debian: postgresql)")
    with _folder("postgres") as folder:
        password = folder / "password"
        password.write_text(PASSWORD)
        data = folder / "data"
        _run(
            [str(initdb), "-D", str(data), "-U", "tayari", "-A", "scram-sha-256", f"--pwfile={password}", "-N"],
            "postgres",
        )
        port = free_port()
        words = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        with _serving([str(initdb.with_name("postgres")), *words], "postgres", port):
            yield port


@contextmanager
def mariadb() -> Iterator[int]:
    """The port of a MariaDB in which the user `tayari` may do everything."""
    server = shutil.which("mariadbd") or shutil.which("mysqld") or "/usr/sbin/mariadbd"
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if not Path(server).is_file() or install is None:
        raise ServerMissing("MariaDB is not installed (Debian: mariadb-server)")
    with _folder("mysql") as folder:
        data = folder / "data"
        _run([install, "--no-defaults", f"--datadir={data}", "--skip-test-db", "--skip-name-resolve"], "mysql")
        first = folder / "first.sql"
        first.write_text(
            f"create user 'tayari'@'127.0.0.1' identified by '{PASSWORD}';\n"
            "grant all on *.* to 'tayari'@'127.0.0.1';\ncreate database shop;\n"
        )
        port = free_port()
        words = [f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"]
        words += [f"--init-file={first}", "--skip-name-resolve", f"--pid-file={folder}/pid"]
        with _serving([server, "--no-defaults", *words], "mysql", port):
            yield port


@contextmanager
def _folder(user: str) -> Iterator[Path]:
    """A short path: a socket's name has at most 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="tayari-db-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(name: str) -> str | None:
    """Database servers refuse to run as root; Debian gives each a user."""
    return name if os.geteuid() == 0 else None


def _run(words: Sequence[str], user: str) -> None:
    done = subprocess.run(
        words, user=_user(user), cwd="/", capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _serving(words: Sequence[str], user: str, port: int) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, user=_user(user), cwd="/", stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            until = time.monotonic() + WITHIN_S
            while not answers(f"http://127.0.0.1:{port}"):
                log.seek(0)
                assert process.poll() is None, log.read().decode()
                assert time.monotonic() < until, "the server does not listen"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
