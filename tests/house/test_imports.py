"""The direction of imports, beyond what import-linter's contracts can say."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("tayari_simulator.__main__", "locust"), ("tayari_simulator.__main__", "rich"), ("tayari.cli.app", "locust")],
)
def test_a_command_does_not_load_what_it_does_not_need(module: str, heavy: str) -> None:
    program = f"import sys, {module}; sys.exit({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)

    assert done.returncode == 0
