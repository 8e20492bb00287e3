"""A merchant judged against a simulator of two processes: nothing changes for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DUKA = Path(__file__).parents[2] / "examples/duka/tayari.yaml"


@pytest.mark.slow
def test_the_good_merchant_is_ready_against_two_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tayari", "check", str(DUKA), "--suite", "smoke", "--simulator-workers", "2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=180, check=False, cwd=tmp_path
    )

    assert done.returncode == 0, done.stdout
    result = json.loads((tmp_path / "run.json").read_text())
    states = {row["state"] for row in result["checks"]}
    assert states == {"pass"}
