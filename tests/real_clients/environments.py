"""An environment of its own for each real client: pinned, cached between runs, rebuilt when its pins change."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".envs"
_UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "NameResolutionError",
    "ProxyError",
    "Network is unreachable",
    "ENOTFOUND",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "EAI_AGAIN",
)
"""What pip and npm print when they cannot reach their registry, as opposed to finding something wrong there."""


class RegistryUnreachable(Exception):
    """The environment could not be built because the registry (or Node itself) is not there."""


def python_environment(name: str) -> Path:
    """The Python of the environment that `requirements/<name>.txt` pins.

    Raises:
        RegistryUnreachable: PyPI did not answer.
        subprocess.CalledProcessError: it did, and the installation failed.
    """
    pins = HERE / "requirements" / f"{name}.txt"
    folder = FOLDER / name
    python = folder / "bin" / "python"
    pip = _pip()
    with _one_builder(name):
        if _is_built(folder, pins):
            return python
        shutil.rmtree(folder, ignore_errors=True)
        _empty_environment(folder)
        words = ["install", "--quiet", "--no-deps", "--no-compile", "--retries", "1", "-r", str(pins)]
        _install([str(pip), "-m", "pip", "--python", str(python), *words], cwd=folder)
        _mark(folder, pins)
    return python


def node_environment(name: str) -> Path:
    """The folder whose `node_modules` has what `npm/<name>/package-lock.json` pins.

    Raises:
        RegistryUnreachable: no Node here, or npm's registry did not answer.
        subprocess.CalledProcessError: it did, and the installation failed.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise RegistryUnreachable("node and npm are not installed")
    pins = HERE / "npm" / name / "package-lock.json"
    folder = FOLDER / f"npm-{name}"
    with _one_builder(folder.name):
        if _is_built(folder, pins):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(pins.parent, folder)
        _install(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"], cwd=folder)
        _mark(folder, pins)
    return folder


def python_of_latest(name: str, *also: str) -> Path:
    """The Python of an environment with the newest release of a package, what it requires today, and `also`.

    Raises:
        RegistryUnreachable: PyPI did not answer.
        subprocess.CalledProcessError: it did, and the installation failed.
    """
    folder = FOLDER / f"latest-{name}"
    python = folder / "bin" / "python"
    pip = _pip()
    mark = folder / "built-from"
    wanted = " ".join((name, *also))
    with _one_builder(folder.name):
        if not mark.is_file() or mark.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _empty_environment(folder)
            _install([str(pip), "-m", "pip", "--python", str(python), "install", "--quiet", name, *also], cwd=folder)
            mark.write_text(wanted)
    return python


def unpacked(package: str) -> Path:
    """The files of a published package, `NAME==VERSION` of PyPI or `npm:NAME@VERSION`, which is not installed.

    Raises:
        RegistryUnreachable: the registry did not answer.
        subprocess.CalledProcessError: it did, and the download failed.
    """
    folder = FOLDER / f"unpacked-{re.sub(r'[^A-Za-z0-9.]+', '-', package)}"
    pip = _pip()
    with _one_builder(folder.name):
        if not (folder / "built-from").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            if package.startswith("npm:"):
                _install(["npm", "pack", "--silent", package.removeprefix("npm:")], cwd=folder)
            else:
                _install([str(pip), "-m", "pip", "download", "--quiet", "--no-deps", package], cwd=folder)
            archive = next(path for path in folder.iterdir() if path.suffix in {".whl", ".tgz", ".gz", ".zip"})
            shutil.unpack_archive(archive, folder / "source", "zip" if archive.suffix in {".whl", ".zip"} else "gztar")
            (folder / "built-from").touch()
    return folder / "source"


def command_of(name: str, script: Path) -> tuple[list[str], dict[str, str]]:
    """How a driver is run in the environment of its client, built first if need be.

    Raises:
        RegistryUnreachable: the environment could not be built.
    """
    if script.suffix == ".js":
        return ["node", str(script)], {"NODE_ENVIRONMENT": str(node_environment(name))}
    # -P: a driver has the name of its package.
    return [str(python_environment(name)), "-P", str(script)], {}


def _empty_environment(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, capture_output=True)


def _pip() -> Path:
    """The Python whose pip installs for all others: an environment without a pip of its own is made at once."""
    folder = FOLDER / "pip"
    python = folder / "bin" / "python"
    with _one_builder(folder.name):
        if not (folder / "built-from").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
            (folder / "built-from").touch()
    return python


@contextmanager
def _one_builder(name: str) -> Iterator[None]:
    """Test files run side by side: only one of them builds an environment, the others wait for it."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(command: list[str], *, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if not done.returncode:
        return
    output = done.stdout + done.stderr
    if any(sign in output for sign in _UNREACHABLE):
        raise RegistryUnreachable(output.strip().splitlines()[-1])
    raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)


def _is_built(folder: Path, pins: Path) -> bool:
    mark = folder / "built-from"
    return mark.is_file() and mark.read_text() == pins.read_text()


def _mark(folder: Path, pins: Path) -> None:
    (folder / "built-from").write_text(pins.read_text())
