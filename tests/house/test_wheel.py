"""What the wheel holds, exactly; and that it works where nothing else is."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).with_name("wheel-files.txt")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_exactly_the_listed_files(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if ".dist-info/" not in name)

    # After a wanted change: python tests/house/test_wheel.py
    assert names == EXPECTED.read_text(encoding="utf-8").split()


def test_the_wheel_holds_every_file_of_the_folders_that_ship_whole(wheel: Path) -> None:
    kept = {"scenarios": "tayari_target/_scenarios", "examples/duka": "tayari_target/_examples/duka"}
    listed = subprocess.run(["git", "ls-files", *kept], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = set()
    for name in listed.stdout.splitlines():
        folder = next(folder for folder in kept if name.startswith(f"{folder}/"))
        wanted.add(f"{kept[folder]}{name.removeprefix(folder)}")

    with ZipFile(wheel) as archive:
        assert wanted - set(archive.namelist()) == set()


def test_the_wheel_names_no_top_level_package_that_users_could_own(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.startswith("tayari")} == set()


def test_every_package_of_the_wheel_says_that_it_has_types(wheel: Path) -> None:
    """Without `py.typed` the type checker of a user's adapter refuses what it imports from us."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()

    packages = {name.split("/")[0] for name in names if name.endswith("/__init__.py")}
    assert {package for package in packages if f"{package}/py.typed" not in names} == set()


@pytest.mark.long  # `make release-check` does the same for each Python that is there
@pytest.mark.registry
def test_the_wheel_alone_in_an_empty_environment_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    install = [
        str(home / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-compile",
        "--disable-pip-version-check",
    ]
    locked = ["--require-hashes", "-r", str(ROOT / "deploy" / "requirements.txt")]
    done = subprocess.run([*install, *locked], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "No matching distribution" in done.stderr + done.stdout:
        pytest.skip(f"NO REGISTRY REACHED, the wheel could not be installed: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    subprocess.run([*install[:3], "check"], check=True)  # nothing that the wheel declares is missing

    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    demo = subprocess.run(
        [str(home / "bin" / "tayari"), "demo", "--out", str(tmp_path / "report")],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    run = json.loads((tmp_path / "report" / "run.json").read_text(encoding="utf-8"))
    assert demo.returncode in (0, 11), demo.stdout + demo.stderr
    assert {check["state"] for check in run["checks"]} <= {"pass", "not_tested", "not_applicable"}
    assert sum(check["state"] == "pass" for check in run["checks"]) >= 10


if __name__ == "__main__":
    made = ROOT / "dist" / "listing"
    shutil.rmtree(made, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)], cwd=ROOT, check=True)
    with ZipFile(next(made.glob("*.whl"))) as found:
        listing = sorted(name for name in found.namelist() if ".dist-info/" not in name)
    EXPECTED.write_text("\n".join(listing) + "\n", encoding="utf-8")
    shutil.rmtree(made)
