"""The CPU that a run of `tayari check` takes, by the role of each process: harness, pytest, merchant, simulator.

    python benchmarks/harness/check_cost.py [--suite ci] [--only RULE ...]
    python benchmarks/harness/check_cost.py --against PYTHON --its-target FILE [--rounds 1]

With `--against` the other build runs the rules that both builds know, in turn with this build, each on its own sample
shop, and the states of all rules are compared. Without `--rounds`, each build runs once. Ratios travel, seconds do not.
Needs `/proc`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

TARGET: Final = Path(__file__).parents[2] / "examples" / "duka" / "tayari.yaml"
LOOK_EVERY_S: Final = 0.2
ROLES: Final = ("harness", "pytest", "simulator", "merchant")
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def rules_of(python: str, suite: str) -> list[str]:
    """The ids of the rules of a suite, as a build lists them."""
    listed = subprocess.run(
        [python, "-m", "tayari", "rules", "list", "--suite", suite, "--format", "json"],
        check=True,
        capture_output=True,
    )
    return [rule["id"] for rule in json.loads(listed.stdout)]


class ProcessTree:
    """The CPU seconds of the processes below one, by role, as far as they were seen."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._roles: dict[int, str] = {}
        self._seconds: dict[int, float] = {}

    def look(self) -> None:
        """Read the times of all that live."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            process = int(entry.name)
            parents[process] = int(fields[1])
            if self._belongs(process, parents):
                self._roles[process] = self._roles.get(process) or self._role(process)
                self._seconds[process] = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def _belongs(self, process: int, parents: dict[int, int]) -> bool:
        return process == self._root or process in self._roles or parents[process] in self._roles

    def _role(self, process: int) -> str:
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
        if process == self._root:
            return "harness"
        if " -m pytest " in command:
            return "pytest"
        if "tayari_simulator" in command or " simulate " in command:
            return "simulator"
        return "harness" if " check " in command or "run_processes" in command else "merchant"

    def seconds(self) -> dict[str, float]:
        """By role; a process that never showed its command line is a merchant's."""
        found = dict.fromkeys(ROLES, 0.0)
        for process, seconds in self._seconds.items():
            found[self._roles[process] or "merchant"] += seconds
        return found


def run_check(python: str, target: Path, suite: str, only: Sequence[str]) -> tuple[dict[str, float], dict[str, str]]:
    """One run: the CPU seconds of each role, and the state of each rule."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-m", "tayari", "check", str(target), "--suite", suite, "--no-load", "--out", folder]
        for rule in only:
            command += ["--only", rule]
        child = subprocess.Popen(
            command, cwd=target.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment()
        )
        tree = ProcessTree(child.pid)
        while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            tree.look()
            time.sleep(LOOK_EVERY_S)
        tree.look()
        child.wait()
        run = json.loads((Path(folder) / "run.json").read_bytes())
    return tree.seconds(), {check["rule"]: check["state"] for check in run["checks"]}


def clean_environment() -> dict[str, str]:
    """Without the variables that change how Python starts."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def row(name: str, seconds: Sequence[dict[str, float]]) -> str:
    """A row of the table: medians over the rounds."""
    by_role = [median(one[role] for one in seconds) for role in ROLES]
    ours = median(one["harness"] + one["pytest"] for one in seconds)
    return f"| {name} | " + " | ".join(f"{value:.2f}" for value in (*by_role, ours, sum(by_role))) + " |"


def compare_states(ours: dict[str, str], theirs: dict[str, str]) -> int:
    """Print where two runs disagree; how many rules do."""
    differing = [rule for rule in sorted(ours.keys() & theirs.keys()) if ours[rule] != theirs[rule]]
    for rule in differing:
        print(f"{rule}: {ours[rule]}, and {theirs[rule]} with the other build")
    return len(differing)


def main() -> int:
    """Measure, print a table, and compare the states of the rules."""
    parser = argparse.ArgumentParser(description="The CPU that a run of `tayari check` takes, by role")
    parser.add_argument("--suite", default="ci")
    parser.add_argument("--only", action="append", default=[], metavar="RULE")
    parser.add_argument("--against", metavar="PYTHON", help="the interpreter in which another build is installed")
    parser.add_argument("--its-target", type=Path, default=TARGET, help="the target file for the other build")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    only = options.only
    builds = {"this build": (sys.executable, TARGET)}
    if options.against:
        builds["the other build"] = (options.against, options.its_target.resolve())
        if not only:
            only = sorted(set(rules_of(sys.executable, options.suite)) & set(rules_of(options.against, options.suite)))
    seconds: dict[str, list[dict[str, float]]] = {name: [] for name in builds}
    differing = 0
    for _ in range(options.rounds):
        states = []
        for name, (python, target) in builds.items():
            spent, found = run_check(python, target, options.suite, only)
            seconds[name].append(spent)
            states.append(found)
        differing += compare_states(states[0], states[-1])
    print(f"{len(states[0])} checks, CPU seconds, medians of {options.rounds} rounds\n")
    print(f"| build | {' | '.join(ROLES)} | harness and pytest | all |\n|{' --- |' * (len(ROLES) + 3)}")
    for name, rounds in seconds.items():
        print(row(name, rounds))
    if options.against:
        both = [[one["harness"] + one["pytest"] for one in rounds] for rounds in seconds.values()]
        ratio = median(mine / other for mine, other in zip(*both, strict=True))
        print(f"\nHarness and pytest: {ratio:.2f} of the other build. Rules that differ: {differing}.")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
