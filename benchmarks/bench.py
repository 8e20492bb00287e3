"""`make bench`: everything that is measured of the simulator, in one run, written into the documentation.

    python benchmarks/bench.py [--rounds 9] [--most-rounds 18] [--seconds 0.8] [--payments 200000]
                               [--write]

Loopback only, and bounded: about three minutes. Exits 1 and writes nothing when the machine is too busy to measure, or
when a payment is missing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Final

import uvloop
from kit.figure_blocks import Report
from lateness import Late, TooBusy, late_at, late_beside_hanging, late_beside_reader, median_p99
from memory import GOAL_MB, grown
from payments import (
    COMPILED,
    FLOOR,
    JOURNAL,
    MEMORY,
    OTHER,
    Costs,
    InvalidRun,
    TestEnvironment,
    compare,
    options,
    print_ratios,
)

ROOT: Final = Path(__file__).parents[1]
SHARE: Final = 0.8
TIMES: Final = 5


def compared(costs: Costs) -> Report:
    """The rows of the comparison."""
    report = Report("make bench", costs.noise(), len(costs.rounds[FLOOR]))
    report.costs.append(("floor A: passing on, nothing else", costs.floors(), [1.0]))
    report.costs.append(("Tayari, whole payments", costs.rounds[MEMORY], costs.ratios(MEMORY)))
    report.costs.append(("Tayari, journal on disk too", costs.rounds[JOURNAL], costs.ratios(JOURNAL)))
    if COMPILED in costs.rounds:
        report.costs.append(("Tayari, whole payments, compiled", costs.rounds[COMPILED], costs.ratios(COMPILED)))
    if OTHER in costs.rounds:
        report.costs.append(("the other build, whole payments", costs.rounds[OTHER], costs.ratios(OTHER)))
    return report


async def late(report: Report, environment: TestEnvironment, capacity: float) -> None:
    """Add the rows of lateness."""
    found = _p99(await late_at(environment, capacity * SHARE, TIMES))
    what = f"callbacks late by, 99 of 100, at {SHARE:.0%} of that rate ({capacity * SHARE:,.0f}/s)"
    report.figures.append((what, found, "20 ms, better 5"))
    _, p99_ms = await late_beside_hanging(environment)
    what = "a merchant's callbacks late by, 99 of 100, beside one that hangs"
    report.figures.append((what, f"{p99_ms:.1f} ms", "50 ms, better 10"))
    found = _p99([await late_beside_reader(environment) for _ in range(TIMES)])
    what = "callbacks late by, 99 of 100, while another process reads everything that the control API has"
    report.figures.append((what, found, "10 ms"))


def _p99(runs: list[Late]) -> str:
    try:
        return f"{median_p99(runs):.1f} ms"
    except TooBusy as error:
        print(error)
        return "not measured: the machine was too busy"


async def remembered(report: Report, payments: int) -> None:
    """Add the row of memory."""
    found = await grown(payments)
    report.figures.append((
        f"memory over {payments:,} payments, journal in memory bound as it is by default",
        f"{found.idle_mb:.0f} MB idle, +{found.total_mb:.0f} MB at the end, of these +{found.after_warm_up_mb:.0f} MB "
        f"after the first {found.warm_up:,}",
        f"below +{GOAL_MB:.0f} MB",
    ))  # fmt: skip


async def run(arguments: argparse.Namespace) -> int:
    """The whole run."""
    try:
        environment = await TestEnvironment.built()
        costs = await compare(
            environment, rounds=arguments.rounds, most_rounds=arguments.most_rounds, seconds=arguments.seconds,
            compiled=arguments.compiled, other=arguments.against,
        )  # fmt: skip
        if not print_ratios(costs):
            return 1
        report = compared(costs)
        await late(report, environment, 1e6 / statistics.median(costs.rounds[MEMORY]))
        await remembered(report, arguments.payments)
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    if arguments.write:
        report.write(ROOT / "docs" / "benchmarks.md", ROOT / "README.md")
    print("\n".join(report.lines()))
    return 0


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=200_000, help="over which memory is measured, at most 1000000")
    parser.add_argument("--write", action="store_true", help="docs/benchmarks.md and the table of the README")
    arguments = options(parser)
    arguments.payments = min(arguments.payments, 1_000_000)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
