"""Nothing of a run outlives it: no process, no folder with credentials, however the run ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mini_target import MINI, mini_target
from tayari_control.simulator_process import start_simulator
from tayari_target.run_processes import OWNER, marked, marks, new_folder, sweep
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

ENDS_WITHIN_S = 30.0
"""A second on an idle machine."""

ENTER = """
import sys, time
from pathlib import Path
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

with TestEnvironment(load_target(Path(sys.argv[1]), {})) as environment:
    environment.describe(environment.work_dir / "environment.json")
    print(environment.work_dir, flush=True)
    time.sleep(600)
"""


def wait_until_gone(folder: Path) -> None:
    end = time.monotonic() + ENDS_WITHIN_S
    while (folder.exists() or marked(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    assert marked(folder) == {}
    assert not folder.exists()


def test_a_run_that_is_killed_takes_simulator_merchant_and_credentials_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENTER, str(mini_target(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        running = " ".join(marked(folder).values())
        assert "tayari_simulator" in running
        assert "mini_merchant" in running
        assert "pass1" in (folder / "environment.json").read_text()

        process.kill()

    wait_until_gone(folder)


def test_a_process_that_escaped_its_merchant_is_ended_and_named(tmp_path: Path) -> None:
    command = f"sh -c 'setsid sleep 321 & exec {{python}} {MINI} {{port}}'"
    target = mini_target(tmp_path, replace={f'"{{python}} {MINI} {{port}}"': f'"{command}"'})
    with TestEnvironment(load_target(target, {})) as environment:
        folder = environment.work_dir
        assert any("sleep 321" in one for one in marked(folder).values())

    assert [one.split(maxsplit=1)[1] for one in environment.left_behind] == ["sleep 321"]
    wait_until_gone(folder)


def test_a_merchant_that_leaves_nothing_behind_is_not_accused(tmp_path: Path) -> None:
    with TestEnvironment(load_target(mini_target(tmp_path), {})) as environment:
        pass

    assert environment.left_behind == ()


def test_an_interrupt_while_the_simulator_starts_leaves_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        assert "tayari_simulator" in " ".join(marked(tmp_path).values())
        raise KeyboardInterrupt

    monkeypatch.setattr("tayari_control.simulator_process._ready_line", interrupted)

    with pytest.raises(KeyboardInterrupt):
        start_simulator(marks=marks(tmp_path))
    assert marked(tmp_path) == {}, "it would be taken for a process that the merchant left behind"


def test_folders_of_dead_runs_are_swept_and_others_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mine = new_folder()
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    for name, owner in (("tayari-dead", f"{dead.pid} 1"), ("tayari-reused", f"{os.getpid()} 1"), ("other", "1 1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / OWNER).write_text(owner)
    (tmp_path / "tayari-unowned").mkdir()
    (tmp_path / "tayari-begun").mkdir()
    (tmp_path / "tayari-begun" / OWNER).write_text("")  # another run is just writing it

    sweep(tmp_path)

    left = [mine.name, "other", "tayari-begun", "tayari-unowned"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)
