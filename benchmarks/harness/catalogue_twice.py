"""The wall time of a run whose catalogue has each rule twice, against that of the run with each rule once.

    python benchmarks/harness/catalogue_twice.py [--suite ci] [--rounds 1]

The second time a rule has another number (C03 and C53), the same check, and payments of its own. Both runs are of the
sample shop, in turn. The state of each rule is compared as well: with that of its double, and with the single run. The
ratio depends on the machine: twice the checks need twice the CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import tayari_contracts
import yaml

TARGET: Final = Path(__file__).parents[2] / "examples" / "duka" / "tayari.yaml"

DOUBLED: Final = 50
"""Added to the number of a rule for its double; no letter has so many rules."""

FUNCTIONS: Final = "    return _checks\n"
DOUBLED_FUNCTIONS: Final = (
    f'    return _checks | {{f"{{one[0]}}{{int(one[1:]) + {DOUBLED}}}": _checks[one] for one in _checks}}\n'
)
"""Each double is judged by the check of its rule."""


def double_of(rule_id: str) -> str:
    """The id of a rule's double: C53 of C03."""
    return f"{rule_id[0]}{int(rule_id[1:]) + DOUBLED}"


def write_doubled(folder: Path) -> None:
    """Write a copy of the suites to this folder whose catalogue has each rule twice."""
    copy = folder / "tayari_contracts"
    shutil.copytree(Path(tayari_contracts.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (copy / "catalogue").glob("*.yaml"):
        rows: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        doubles = [{**row, "id": double_of(row["id"])} for row in rows]
        path.write_text(yaml.safe_dump([*rows, *doubles], sort_keys=False), encoding="utf-8")
    registry = copy / "checks" / "check_registry.py"
    text = registry.read_text(encoding="utf-8")
    if text.count(FUNCTIONS) != 1:
        sys.exit(f"{registry.name} has changed: it has not one line {FUNCTIONS.strip()!r}")
    registry.write_text(text.replace(FUNCTIONS, DOUBLED_FUNCTIONS), encoding="utf-8")


def run_check(suite: str, path: Path | None) -> tuple[float, dict[str, str]]:
    """One run: its wall time in seconds, and the state of each rule. `path`: where the suites are; None: installed."""
    environment = dict(os.environ)
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), environment.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tayari", "check", str(TARGET), "--suite", suite, "--no-load", "--out", folder]
        began = time.monotonic()
        subprocess.run(
            command, cwd=TARGET.parent, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=sys.stderr
        )
        wall_s = time.monotonic() - began
        run = json.loads((Path(folder) / "run.json").read_bytes())
    if not run["checks"]:
        sys.exit(f"no rule ran: {[one['message'] for one in run['preflight'] if not one['ok']]}")
    return wall_s, {check["rule"]: check["state"] for check in run["checks"]}


def differing(once: dict[str, str], twice: dict[str, str]) -> Sequence[str]:
    """The rules that end in another state when the catalogue has them twice, each with the three states."""
    return [
        f"{rule}: {state} once; {twice.get(rule)} and, as {double_of(rule)}, {twice.get(double_of(rule))}"
        for rule, state in once.items()
        if {twice.get(rule), twice.get(double_of(rule))} != {state}
    ]


def main() -> int:
    """Measure, print a table, and compare the states of the rules."""
    parser = argparse.ArgumentParser(description="The wall time of a run with each rule twice")
    parser.add_argument("--suite", default="ci")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    walls: list[tuple[float, float]] = []
    unequal: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        write_doubled(Path(folder))
        for _ in range(options.rounds):
            once_s, once = run_check(options.suite, None)
            twice_s, twice = run_check(options.suite, Path(folder))
            walls.append((once_s, twice_s))
            unequal += differing(once, twice)
    print(f"suite {options.suite}, {len(once)} rules and {len(twice)}, {os.cpu_count()} cores\n")
    print("| round | once: seconds | twice: seconds | ratio |\n| --- | --- | --- | --- |")
    for number, (once_s, twice_s) in enumerate(walls, start=1):
        print(f"| {number} | {once_s:.1f} | {twice_s:.1f} | {twice_s / once_s:.2f} |")
    print(f"\nRatio: {median(twice_s / once_s for once_s, twice_s in walls):.2f}. Rules that differ: {len(unequal)}.")
    print("\n".join(unequal))
    return int(bool(unequal))


if __name__ == "__main__":
    sys.exit(main())
