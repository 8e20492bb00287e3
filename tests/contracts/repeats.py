"""The same shop, judged again and again: the verdict, and every rule's state, must be the same each time.

`python tests/contracts/repeats.py --times 20` (or `make repeats`); 1 when two runs differ. It takes half an hour, or
less with some side by side (`--at-once 3`), which is also the harder test.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from mutants import DUKA
from rich.console import Console
from tayari_reports.model import State, Verdict
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What one run said."""

    verdict: Verdict
    states: dict[str, State]
    took_s: float


def repeat(target: Path, suite: str) -> Repeat:
    """Judge the shop once, as a user would."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tayari", "check", str(target), "--suite", suite, "--no-load", "--out", out]
        subprocess.run(command, check=False, capture_output=True)
        judgement = judge(read_run(Path(out) / "run.json"))
    states = {outcome.rule.id: outcome.state for outcome in judgement.outcomes}
    return Repeat(verdict=judgement.verdict, states=states, took_s=time.monotonic() - began)


def differences(repeats: Sequence[Repeat]) -> list[str]:
    """Rules whose state was not the same in all runs, with how often it was which."""
    rules = sorted({rule for one in repeats for rule in one.states})
    counted = {rule: Counter(str(one.states.get(rule, "absent")) for one in repeats) for rule in rules}
    return [f"{rule}: {dict(states)}" for rule, states in counted.items() if len(states) > 1]


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--suite", default="ci")
    parser.add_argument("--target", type=Path, default=DUKA / "tayari.yaml")
    given = parser.parse_args(argv)
    console = Console(stderr=True)
    found: list[Repeat] = []
    with ThreadPoolExecutor(given.at_once) as pool:
        runs = [pool.submit(repeat, given.target, given.suite) for _ in range(given.times)]
        for run in as_completed(runs):
            found.append(run.result())
            console.print(f"{len(found)}: {found[-1].verdict} in {found[-1].took_s:.1f} s")
    verdicts = Counter(str(one.verdict) for one in found)
    different = differences(found)
    console.print(f"{len(found)} runs: {dict(verdicts)}; {'; '.join(different) or 'every rule the same each time'}")
    return 1 if len(verdicts) > 1 or different else 0


if __name__ == "__main__":
    sys.exit(main())
