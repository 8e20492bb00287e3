"""What the README shows is so: its commands run, its tables are the code's."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shipped_scenarios import PROBLEMS, SHIPPED
from tayari_contracts.catalogue.rules import catalogue
from tayari_simulator.apis.registry import ENDPOINTS
from tayari_simulator.scenarios.magic import magic_rows

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")

FAMILIES = {
    "token": "token and transport",
    "request": "the STK request",
    "acknowledgement": "its acknowledgement",
    "callback": "callbacks",
    "query": "query and reconciliation",
    "customer": "what the customer is told",
    "c2b": "payments that customers begin (C2B)",
    "payout": "payouts",
    "performance": "load",
}

ENDS_WITH = {"DUKA_DEFECTS=double-credit tayari check": 10}
"""Commands that are meant to end with another exit code than 0."""

ELSEWHERE = ("make demo", ". .venv/bin/activate", "make wheel", "pip install", "uvx", "pipx")
"""Tested by the wheel's test and `make release-check`, without make: this very test may run inside `make test`."""


MAGIC = re.compile(r"(<!-- magic: [^\n]* -->\n\n)(.*?)(\n\n<!-- end of magic -->)", re.DOTALL)


def commands() -> list[str]:
    """Every command of the README's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in lines if not line.startswith(ELSEWHERE)]


def rules_table() -> str:
    """The README's table of rules, from the catalogue."""
    lines = ["| about | rules | for example |", "| --- | --- | --- |"]
    for family, name in FAMILIES.items():
        rows = [row.rule for row in catalogue().values() if row.family == family]
        worst = next((rule for rule in rows if not rule.waivable), rows[0])
        lines.append(f"| {name} | {len(rows)} | {worst.id}: {worst.title} |")
    lines.append(f"| all | {len(catalogue())} | |")
    return "\n".join(lines)


def endpoints_table() -> str:
    """Every row of the simulator's table of endpoints."""
    rows = [f"| `{row.method} {row.path}` | {row.about} |" for row in ENDPOINTS]
    return "\n".join(["| endpoint | what it is |", "| --- | --- |", *rows])


def magic_table() -> str:
    """The README's table of magic numbers: a line for each folder of scenarios, each number with its scenario."""
    assert not PROBLEMS
    folders: dict[str, list[str]] = {}
    for row in magic_rows(SHIPPED):
        if row.amount_payer is not None:
            folder, _, name = row.scenario.partition("/")
            folders.setdefault(folder, []).append(f"`{row.amount:03d}` {name}")
    rows = [f"| `{folder}/` | {', '.join(names)} |" for folder, names in folders.items()]
    return "\n".join(["| scenarios | number and name |", "| --- | --- |", *rows])


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path) -> None:
    for name in ("scenarios", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    how: dict[str, Any] = {"cwd": tmp_path, "env": environ, "capture_output": True, "text": True}
    done = subprocess.run(["bash", "-c", command], timeout=180, check=False, **how)

    expected = next((status for start, status in ENDS_WITH.items() if command.startswith(start)), 0)
    assert done.returncode == expected, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_table_of_endpoints_is_the_simulators() -> None:
    # After a wanted change: python tests/house/test_readme.py
    assert endpoints_table() in TEXT


def test_the_table_of_rules_is_the_catalogues() -> None:
    # After a wanted change: python tests/house/test_readme.py
    assert rules_table() in TEXT


def test_the_table_of_magic_numbers_is_the_scenarios() -> None:
    # After a wanted change: python tests/house/test_readme.py
    (shown,) = MAGIC.findall(TEXT)

    assert shown[1] == magic_table()


@pytest.mark.parametrize(
    "page", [README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name
)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


if __name__ == "__main__":
    section = re.compile(r"(## The rules\n\n).*?(\n\nEach rule)", re.DOTALL)
    renewed = section.sub(lambda found: found[1] + rules_table() + found[2], TEXT)
    renewed = MAGIC.sub(lambda found: found[1] + magic_table() + found[3], renewed)
    endpoints = re.compile(r"\| endpoint \| what it is \|\n(\|.*\n)*?(?=\n)")
    renewed = endpoints.sub(lambda _: endpoints_table() + "\n", renewed)
    README.write_text(renewed, encoding="utf-8")


@pytest.mark.parametrize(("name", "heading"), [("bench", "against floor A"), ("peers", "Tayari makes")])
def test_the_tables_of_benchmarks_are_the_ones_that_make_bench_wrote(name: str, heading: str) -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: written by `make bench`, not by hand -->", f"<!-- {name}: end -->"

    blocks = [text.partition(begin)[2].partition(end)[0] for text in (page, TEXT)]
    assert blocks[0] == blocks[1]
    assert heading in blocks[0]
