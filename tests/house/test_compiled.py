"""What a compiled wheel compiles: the modules that each payment passes; and what an installation says of itself."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from zipfile import ZipFile

import pytest
from tayari_simulator import build

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
calls, hatch_build = importlib.import_module("calls"), importlib.import_module("hatch_build")
MOST_MODULES, MOST_CALLS = 22, 60


def module_name(path: str) -> str:
    return f"tayari_simulator.{path.replace('/', '.')}"


def test_every_module_that_is_compiled_exists() -> None:
    package = ROOT / "simulator" / "tayari_simulator"

    assert [name for name in hatch_build.COMPILED if not (package / f"{name}.py").is_file()] == []


@pytest.mark.skipif(build() == "compiled", reason="a profiler does not see compiled calls")
def test_a_payment_passes_few_modules_and_all_of_them_are_compiled() -> None:
    passed = asyncio.run(calls.calls_of_push())

    assert set(passed.modules) - {module_name(path) for path in hatch_build.COMPILED} == set()
    assert (len(passed.modules) <= MOST_MODULES, passed.calls.total() <= MOST_CALLS) == (True, True), str(passed)


def test_an_installation_says_rightly_whether_it_is_compiled() -> None:
    files = [str(importlib.import_module(module_name(path)).__file__) for path in hatch_build.COMPILED]

    compiled = [file for file in files if file.endswith(tuple(EXTENSION_SUFFIXES))]
    assert compiled == (files if build() == "compiled" else [])


RECORDS = """
@dataclass(slots=True)
class Mutable:
    first: int
    second: str = 'b'
    \"\"\"The last word.\"\"\"


@dataclass(frozen=True, slots=True)
class Frozen:
    first: int


@dataclass(slots=True)
class WithFactory:
    first: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ByKeyword:
    first: int


@dataclass(slots=True)
class Inherits(Mutable):
    third: int = 3


@dataclass(slots=True)
class WorksAfterwards:
    first: int

    def __post_init__(self) -> None:
        self.first += 1


class Plain:
    first: int
"""


def test_a_compiled_record_sets_its_fields_itself_and_every_line_keeps_its_number() -> None:
    lines = hatch_build.with_constructors(RECORDS).splitlines()

    init = "    def __init__(self, first: int, second: str = 'b') -> None: self.first = first; self.second = second"
    assert [(number, line) for number, line in enumerate(lines) if "__init__" in line] == [(6, init)]
    assert [line for line in lines if line != init] == [*RECORDS.splitlines()[:6], *RECORDS.splitlines()[7:], ""]


def test_the_records_of_a_payment_set_their_fields_themselves() -> None:
    package = ROOT / "simulator" / "tayari_simulator"
    sources = [(package / f"{name}.py").read_text(encoding="utf-8") for name in hatch_build.COMPILED]
    added = [
        hatch_build.with_constructors(source).count("def __init__") - source.count("def __init__") for source in sources
    ]

    records = {path: number for path, number in zip(hatch_build.COMPILED, added, strict=True) if number}
    assert records == {
        "state/behaviour": 3, "state/exchange": 1, "state/transactions": 1, "transport/callbacks/callback_client": 1,
        "transport/connections/http_messages": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("value", "wanted"), [("", False), ("0", False), ("1", True)])
def test_only_who_asks_for_a_compiled_wheel_needs_a_compiler(
    value: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAYARI_COMPILED", value)

    assert hatch_build.wanted() is wanted


@pytest.mark.long
def test_a_compiled_wheel_holds_sources_and_extensions_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "TAYARI_COMPILED": "1"})
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "unpacked")
    output = subprocess.run(
        [sys.executable, "-m", "tayari_simulator", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "unpacked")}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert "none-any" not in wheel.name
    for path in hatch_build.COMPILED:
        assert f"tayari_simulator/{path}.py" in names
        assert any(f"tayari_simulator/{path}{suffix}" in names for suffix in EXTENSION_SUFFIXES), path
    assert "(compiled)" in output
