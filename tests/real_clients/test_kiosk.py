"""The kiosk, a beginner's shop around a real client, judged by `tayari check` as its owner would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from environments import RegistryUnreachable, python_environment
from tayari_reports.model import State
from tayari_reports.model.run_files import read_run

pytestmark = pytest.mark.registry

TARGET = Path(__file__).parent / "shops" / "kiosk" / "tayari.yaml"
COSTLY = {
    "C03": "its callback came 12 times",
    "C07": "a callback that anybody could send was believed",
    "C18": "a paid payment became failed",
    "U05": "does not say that the M-Pesa balance is too low",
}
"""The kiosk's mistakes, and the words that must report them."""
SOUND = ("C09", "C10", "C13", "S08")
"""What mpesakit does for it: codes of any type, items without a value, references of the right length."""


def test_the_kiosk_is_not_ready_and_the_report_says_why(tmp_path: Path, not_proven: dict[str, str]) -> None:
    try:
        python_environment("kiosk")
    except RegistryUnreachable as unreachable:
        not_proven["mpesakit, in the kiosk"] = str(unreachable)
        pytest.skip(f"registry unreachable: {unreachable}")
    chosen = [word for rule in (*COSTLY, *SOUND) for word in ("--only", rule)]
    command = [sys.executable, "-m", "tayari", "check", str(TARGET), "--out", str(tmp_path), *chosen]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 10, done.stdout + done.stderr
    checks = {check.rule: check for check in read_run(tmp_path / "run.json").checks}
    for rule, words in COSTLY.items():
        assert checks[rule].state is State.FAIL
        assert words in checks[rule].reason
        assert checks[rule].evidence
    assert {checks[rule].state for rule in SOUND} == {State.PASS}
