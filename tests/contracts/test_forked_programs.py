"""A forked program has what a fresh start would give it, and does not outlive its test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from forked_programs import POSSIBLE, ForkSources
from tayari_control.simulator_process import start_simulator

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="this system has no pidfd_open")

TELLS = """\
import json, os, sys, time
if __name__ == "__main__":
    leads = os.getpgrp() == os.getpid()
    print(json.dumps({"words": sys.argv, "folder": os.getcwd(), "variables": dict(os.environ), "leads": leads}))
    print("an error", file=sys.stderr)
    if "wait" in sys.argv:
        time.sleep(600)
    sys.exit(7)
"""


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[ForkSources]:
    with contextlib.closing(ForkSources(tmp_path / "tells.py")) as made:
        yield made


@contextlib.contextmanager
def started(sources: ForkSources, folder: Path, *words: str) -> Iterator[Any]:
    path = folder / "tells.py"
    path.write_text(TELLS)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program = sources.start([sys.executable, str(path), *words], env={"ONE": "1"}, cwd=folder, **streams)
    with program.stdout, program.stderr:
        yield program


def test_a_fork_has_its_words_environment_folder_and_streams(sources: ForkSources, tmp_path: Path) -> None:
    with started(sources, tmp_path, "a", "b") as program:
        assert program.wait(30) == 7
        assert json.loads(program.stdout.read()) == {
            "words": [str(tmp_path / "tells.py"), "a", "b"],
            "folder": str(tmp_path.resolve()),
            "variables": {"ONE": "1"},
            "leads": True,
        }
        assert program.stderr.read() == "an error\n"


def test_a_fork_is_ended_as_every_process_is(sources: ForkSources, tmp_path: Path) -> None:
    with started(sources, tmp_path, "wait") as program:
        assert program.stdout.readline()
        assert program.poll() is None
        program.terminate()
        assert program.wait(30) == -signal.SIGTERM


def test_forks_end_with_their_source(tmp_path: Path) -> None:
    sources = ForkSources(tmp_path / "tells.py")
    with started(sources, tmp_path, "wait") as program:
        assert program.stdout.readline()
        sources.close()
        assert program.wait(30) == -signal.SIGKILL
        assert program.stdout.read() == ""


def test_another_command_is_a_process_of_its_own(sources: ForkSources) -> None:
    with sources.start([sys.executable, "-c", "pass"], env={}) as program:
        assert isinstance(program, subprocess.Popen)


def test_the_simulator_is_forked_and_serves(forked_programs: None) -> None:
    with start_simulator() as simulator:
        parent = Path(f"/proc/{simulator.pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent) != os.getpid()
        assert requests.get(f"{simulator.daraja_url}/oauth/v1/generate", timeout=30).status_code == 400
