"""Several processes: what a whole payment costs in 1, 2 and 3 of them, and with Redis, as a ratio to one process.

    python benchmarks/processes.py [--rounds 5] [--seconds 2] [--write FILE]

Two measures, both in one run, loopback only and bounded. *Cost*: all processes of a variant share one core, load and
merchant have another; CPU time of all its processes, the parent included, for each payment. *Rate*: every variant may
use all cores, which load and merchant use as well. A round in which a payment is missing or doubled makes the run
invalid, and no number is printed; two equal single processes that differ by more than 5 % make it too noisy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from contestants import Product
from driving import Generator
from payments import CORES, NOISE, InvalidRun, Stage, play, settled
from writing import machine

ONE: Final = "1 process"
AGAIN: Final = "1 process again"


class Crew(Product):
    """A simulator of several processes."""

    def __init__(self, cores: set[int], name: str, *flags: str) -> None:
        super().__init__(min(cores), name, *flags)
        self.pids: list[int] = [self.ready["pid"], *self.ready.get("processes", [])]
        self.spread(cores)

    def spread(self, cores: set[int]) -> None:
        """Where its processes may run."""
        for pid in self.pids:
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), cores)

    def cpu_s(self) -> float:
        return sum(_cpu_s(pid) for pid in self.pids)


@dataclass
class Found:
    """The measures of one variant, round by round."""

    cost_us: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    passed: float = 0.0
    """Share of the pushes that reached another process than their owner's."""


def _cpu_s(pid: int) -> float:
    """By the scheduler's nanoseconds, threads included."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


async def rate(crew: Crew, stage: Stage, seconds: float) -> float:
    """Whole payments per second of wall time, until the last callback is answered; the accounts must agree."""
    sink = stage.sink
    before, heard = crew.counters(), len(sink.seen)
    generator = Generator(crew.push(stage.sink_url))
    began = time.monotonic()
    await generator.closed_loop(crew.host, crew.port, seconds)
    took_s = time.monotonic() - began
    after = await settled(crew)
    accepted = after.accepted - before.accepted
    if not accepted == generator.acknowledged == len(sink.seen) - heard == after.answered - before.answered:
        raise InvalidRun(f"{crew.name}: {accepted} accepted, {generator.acknowledged} acknowledged")
    return accepted / took_s


async def measure(arguments: argparse.Namespace, stage: Stage, redis: str | None) -> dict[str, Found]:
    """All variants at once, each loaded in turn, in alternating order."""
    cores, all_cores = CORES, set(CORES)
    crews = [Crew({cores[0]}, ONE), Crew({cores[0]}, "2 processes", "--workers", "2"),
             Crew({cores[0]}, "3 processes", "--workers", "3")]  # fmt: skip
    if redis is not None:
        flags = ("--workers", "2", "--redis", redis, "--hosts", "1")
        crews.append(Crew({cores[0]}, "2 processes and Redis", *flags))
    crews.append(Crew({cores[0]}, AGAIN))
    found = {crew.name: Found() for crew in crews}
    try:
        os.sched_setaffinity(0, {cores[1]})
        for crew in crews:
            await play(crew, stage, 1.0)
        for number in range(arguments.rounds):
            for crew in _turned(crews, number):
                found[crew.name].cost_us.append((await play(crew, stage, arguments.seconds)).cost_us)
        os.sched_setaffinity(0, all_cores)
        for number in range(arguments.rounds):
            for crew in _turned(crews, number):
                crew.spread(all_cores)
                found[crew.name].per_s.append(await rate(crew, stage, arguments.seconds))
                crew.spread({cores[0]})
        for crew in crews:
            metrics = crew.metrics()
            passed = metrics.get("tayari_calls_passed_on_total", 0.0)
            found[crew.name].passed = passed / metrics["tayari_pushes_accepted_total"]
    finally:
        for crew in crews:
            crew.stop()
    return found


def _turned(crews: list[Crew], number: int) -> list[Crew]:
    """Another one begins in each round, and every second round goes backwards."""
    place = number % len(crews)
    turned = [*crews[place:], *crews[:place]]
    return turned if number % 2 else turned[::-1]


def table(found: dict[str, Found]) -> tuple[list[str], float]:
    """The rows as Markdown, and how far two equal single processes differ in cost."""
    one, again = found[ONE], found[AGAIN]
    both = [statistics.mean(pair) for pair in zip(one.cost_us, again.cost_us, strict=True)]
    fast = [statistics.mean(pair) for pair in zip(one.per_s, again.per_s, strict=True)]
    noise = abs(statistics.median(a / b for a, b in zip(one.cost_us, again.cost_us, strict=True)) - 1)
    rows = ["| variant | passed on | CPU a payment | cost against one | rate on shared cores, against one |",
            "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for name, row in found.items():
        costs = [cost / base for cost, base in zip(row.cost_us, both, strict=True)]
        rates = [rate / base for rate, base in zip(row.per_s, fast, strict=True)]
        rows.append(
            f"| {name} | {row.passed:.0%} | {statistics.median(row.cost_us):.0f} us "
            f"| {statistics.median(costs):.2f} ({min(costs):.2f} to {max(costs):.2f}) "
            f"| {statistics.median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f}) |"
        )
    return rows, noise


@contextmanager
def own_redis() -> Iterator[str | None]:
    """A Redis of this run's own; None where there is none to start."""
    if shutil.which("redis-server") is None:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


async def run(arguments: argparse.Namespace) -> int:
    """The whole benchmark; 1 when its numbers mean nothing."""
    with own_redis() as redis:
        if redis is None:
            print("redis-server is not installed: measured without it")
        try:
            found = await measure(arguments, await Stage.built(), redis)
        except InvalidRun as error:
            print(f"invalid run: {error}")
            return 1
    rows, noise = table(found)
    print("\n".join(rows))
    if noise > NOISE:
        print(f"too noisy: two equal single processes differ by {noise:.1%} (at most {NOISE:.0%})")
        return 1
    print(f"A/A noise {noise:.1%}")
    if arguments.write:
        words = " ".join(["python benchmarks/processes.py", *sys.argv[1:]])
        _write(Path(arguments.write), [*rows, "", f"Written by `{words}`. {machine()} Two equal single processes "
                                                  f"differed by {noise:.1%}."])  # fmt: skip
    return 0


def _write(path: Path, lines: list[str]) -> None:
    """Put the table between its two marks; the rest of the page is people's."""
    before, mark, rest = path.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    _, end, after = rest.partition("<!-- end -->\n")
    if not (mark and end):
        raise SystemExit(f"{path}: expected the lines <!-- measured --> and <!-- end --> around the table")
    path.write_text("".join((before, mark, *(f"{line}\n" for line in lines), end, after)), encoding="utf-8")


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load for each variant and round, at most 10")
    parser.add_argument("--write", metavar="FILE", help="put the table into this page")
    arguments = parser.parse_args()
    arguments.seconds = min(arguments.seconds, 10.0)
    arguments.rounds = min(arguments.rounds, 20)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
