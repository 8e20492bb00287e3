"""The good merchants, judged again and again: the verdict, and every rule's state, must be the same each time.

`python tests/contracts/repeats.py --times 20` (or `make repeats`) exits with 1 when a rule failed, or when two runs
differ. It takes an hour and a half.

With `--hogs 2` it runs beside processes that keep the processors busy. With `--stall 30` all processes of each run
stand still once for 30 seconds. In both cases a rule may be left open (`unknown`, `not_tested`), and none may fail.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from mutants import CAUGHT, DUKA, MSHAHARA, ROOT
from rich.console import Console
from tayari_reports.model import State, Verdict
from tayari_reports.model.run_files import read_run
from tayari_reports.verdict import judge

GOOD = (DUKA, ROOT / "examples" / "soko", MSHAHARA)
"""The merchants that break no rule."""

STALLS_AT_S = (20.0, 25.0, 30.0, 35.0)
"""When the stall of a run begins, in turn: after the preflight, and before the shortest run ends."""

DECIDED = CAUGHT | {State.PASS, State.NOT_APPLICABLE}
"""States that say something of the merchant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What one run said."""

    verdict: Verdict
    states: dict[str, State]
    reasons: dict[str, str]
    took_s: float

    @property
    def broken(self) -> list[str]:
        """The rules that a good merchant is said to break, with the reason."""
        return [f"{rule} {state}: {self.reasons[rule]}" for rule, state in self.states.items() if state in CAUGHT]

    @property
    def left_open(self) -> list[str]:
        """The rules that were not judged, with the reason."""
        return [f"{rule} {state}: {self.reasons[rule]}" for rule, state in self.states.items() if state not in DECIDED]


@dataclass(frozen=True, slots=True)
class Stall:
    """All processes of a run stand still, as on a laptop that sleeps or a virtual machine that is moved."""

    after_s: float
    lasts_s: float

    def happen(self, run: subprocess.Popen[bytes]) -> None:
        """Wait for its time, then stop the run and every process that it started, and let them go on.

        Raises:
            RuntimeError: the run ended before.
        """
        try:
            ended = run.wait(self.after_s)
        except subprocess.TimeoutExpired:
            first = psutil.Process(run.pid)
            stopped = [first, *first.children(recursive=True)]
            try:
                _signal(stopped, signal.SIGSTOP)
                time.sleep(self.lasts_s)
            finally:  # on Ctrl-C too: a process that stays stopped cannot end
                _signal(reversed(stopped), signal.SIGCONT)
        else:
            raise RuntimeError(f"the run ended with {ended} before the stall, in less than {self.after_s:.0f} s")


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def repeat(target: Path, suite: str, stall: Stall | None = None) -> Repeat:
    """Judge the merchant once, as a user would."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tayari", "check", str(target), "--suite", suite, "--no-load", "--out", out]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            if stall is not None:
                stall.happen(run)
            run.wait()
        judgement = judge(read_run(Path(out) / "run.json"))
    return Repeat(
        verdict=judgement.verdict,
        states={outcome.rule.id: outcome.state for outcome in judgement.outcomes},
        reasons={outcome.rule.id: outcome.reason for outcome in judgement.outcomes},
        took_s=time.monotonic() - began,
    )


def differences(repeats: Sequence[Repeat]) -> list[str]:
    """Rules whose state was not the same in all runs, with how often it was which."""
    rules = sorted({rule for one in repeats for rule in one.states})
    counted = {rule: Counter(str(one.states.get(rule, "absent")) for one in repeats) for rule in rules}
    return [f"{rule}: {dict(states)}" for rule, states in counted.items() if len(states) > 1]


@contextmanager
def busy(hogs: int) -> Iterator[None]:
    """While the block runs, a number of processes keep the processors busy."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(hogs)]
    try:
        yield
    finally:
        for hog in started:
            hog.kill()
            hog.wait()


def repeated(target: Path, *, times: int, suite: str, stall_s: float, console: Console) -> list[Repeat]:
    """Judge one merchant several times, one run after the other, and print each run.

    With `stall_s` each run stands still once, at another of four moments.
    """
    found = []
    for number in range(1, times + 1):
        stall = Stall(after_s=STALLS_AT_S[number % len(STALLS_AT_S)], lasts_s=stall_s) if stall_s else None
        found.append(repeat(target, suite, stall))
        one = found[-1]
        console.print(f"{target.parent.name} {number}: {one.verdict} in {one.took_s:.1f} s", highlight=False)
        for line in (*one.broken, *one.left_open):
            console.print(f"  {line}", highlight=False, markup=False)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--suite", default="ci")
    parser.add_argument("--hogs", type=int, default=0, help="number of processes that keep the processors busy")
    parser.add_argument("--stall", type=float, default=0.0, help="seconds for which each run stands still once")
    parser.add_argument("--target", type=Path, action="append", help="a target file (repeatable); else all of them")
    given = parser.parse_args(argv)
    console = Console(stderr=True)
    wrong = False
    for target in given.target or [folder / "tayari.yaml" for folder in GOOD]:
        with busy(given.hogs):
            found = repeated(target, times=given.times, suite=given.suite, stall_s=given.stall, console=console)
        verdicts = Counter(str(one.verdict) for one in found)
        different, broken = differences(found), sum(bool(one.broken) for one in found)
        sentence = f"{'; '.join(different) or 'every rule the same each time'}; {broken} runs with a broken rule"
        console.print(f"{target.parent.name}: {len(found)} runs: {dict(verdicts)}; {sentence}", highlight=False)
        wrong = wrong or bool(broken) or (not given.hogs and not given.stall and bool(different))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
