"""Which modules each command loads: commands that only print answer at once.

Modules are counted, not seconds: the machine may be busy. `benchmarks/harness/start.py` shows the seconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tayari.cli.commands import COMMANDS
from typer.main import get_command

ROOT = Path(__file__).parents[2]
HEAVY = {"aiohttp", "asyncio", "cryptography", "faker", "jinja2", "jsonpath", "jsonschema", "locust", "requests"}
HEAVY |= {"pydantic", "segno", "uvloop"}
FORMS = {"yaml", "rich", "importlib.metadata"}
"""Worth their time where something is read or drawn."""

_PROGRAM = """
import json, sys
from tayari.cli.app import main
sys.argv = ["tayari", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_of(*words: str) -> set[str]:
    command = [sys.executable, "-c", _PROGRAM, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr)
    assert (code, bool(done.stdout)) == (0, True), done.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("words", "allowed", "most"),
    [
        (["--help"], set(), 8),
        (["--version"], {"importlib.metadata"}, 9),
        (["init", "{folder}/tayari.yaml"], {"rich"}, 29),
        (["init", "{folder}/tayari.yaml", "--format", "json"], set(), 29),
        (["schema", "target"], set(), 16),
        (["explain", "1032"], {"rich"}, 30),
        (["rules", "list"], FORMS, 24),
        (["rules", "show", "C03"], FORMS, 24),
        (["scenarios", "list"], FORMS, 160),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_needs(tmp_path: Path, words: list[str], allowed: set[str], most: int) -> None:
    found = modules_of(*(word.replace("{folder}", str(tmp_path)) for word in words))

    assert (HEAVY | FORMS) & found <= allowed
    ours = {name for name in found if name.startswith("tayari")}
    assert 0 < len(ours) <= most, sorted(ours)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name: str) -> None:
    row = COMMANDS[name]

    help_text = row.load(name).help
    assert " ".join(help_text.partition("\n\n")[0].split()) == row.summary


@pytest.mark.parametrize("group", ["", "report", "rules", "scenarios", "parity"])
def test_no_summary_is_cut_on_a_terminal_of_80_columns(group: str) -> None:
    words = [sys.executable, "-m", "tayari", *group.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    shown = subprocess.run(words, capture_output=True, text=True, check=True, env=environment, timeout=60).stdout

    assert [line for line in shown.partition("Commands:")[2].splitlines() if line.endswith("...")] == []


def test_every_command_of_the_table_can_be_called_by_name() -> None:
    from tayari.cli.commands import app

    known = get_command(app)
    assert list(known.commands) == list(COMMANDS)  # type: ignore[attr-defined]  # a group of typer
