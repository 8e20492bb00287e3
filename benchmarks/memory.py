"""How much memory the simulator grows by over many payments, its journal in memory bounded as it is by default.

    python benchmarks/memory.py [--payments 200000] [--journal]

Loopback only, and bounded. The memory that the system counts (RSS) is read when idle, after the first payments, which
fill the journal to its bound, and at the end. Exits 1 when it grew by 60 MB or more from idle to the end, or when a
payment is missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop
from kit.contestants import Product
from kit.load_generator import Generator, Sink
from payments import InvalidRun, TestEnvironment, settled

GOAL_MB: Final = 60.0
WARM_UP: Final = 30_000
"""Payments that fill the journal to its bound."""
A_STEP_S: Final = 2.0
MOST_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Grown:
    """Megabytes, and how many payments the warm-up had."""

    warm_up: int
    idle_mb: float
    warm_mb: float
    end_mb: float

    @property
    def total_mb(self) -> float:
        """From idle to the end."""
        return self.end_mb - self.idle_mb

    @property
    def after_warm_up_mb(self) -> float:
        """From the full journal to the end: what would go on for ever."""
        return self.end_mb - self.warm_mb


async def pushed(product: Product, sink_url: str, wanted: int) -> int:
    """Send at least a number of pushes, in steps, each until all of its callbacks are answered; returns how many."""
    ends = time.monotonic() + MOST_S
    generator = Generator(product.push(sink_url))
    while generator.acknowledged < wanted:
        if time.monotonic() > ends:
            raise InvalidRun(f"{generator.acknowledged} of {wanted} payments after {MOST_S:g} s")
        await generator.closed_loop(product.host, product.port, A_STEP_S)
        await settled(product)
        print(f"{generator.acknowledged:8} payments  {product.resident_mb():7.1f} MB", flush=True)
    if generator.refused:
        raise InvalidRun(f"{len(generator.refused)} were refused: {generator.refused[0]!r}")
    return generator.acknowledged


async def grown(payments: int, *flags: str) -> Grown:
    """Run a number of payments, the warm-up included.

    Raises:
        InvalidRun: the counts do not add up.
    """
    environment, sink = await TestEnvironment.built(), Sink()
    sink_url = await sink.opened()
    product = Product(environment.core, "product", *flags)
    try:
        idle_mb = product.resident_mb()
        print(f"idle               {idle_mb:7.1f} MB")
        warm_up = await pushed(product, sink_url, min(WARM_UP, payments))
        warm_mb = product.resident_mb()
        await pushed(product, sink_url, max(0, payments - warm_up))
        figures = product.balance()
        print(f"balance: {figures}")
        called_back = figures["accepted"] == len(sink.seen) == sink.calls
        if not figures["balanced"] or figures["pending"] or not called_back:
            raise InvalidRun(f"the counts do not add up: {figures}; the merchant was called {sink.calls} times")
        return Grown(warm_up, idle_mb, warm_mb, product.resident_mb())
    finally:
        product.stop()


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=200_000, help="with the warm-up, at most 1000000")
    parser.add_argument("--journal", action="store_true", help="with a journal file too")
    arguments = parser.parse_args()
    payments = min(arguments.payments, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        flags = ("--journal", str(Path(folder) / "journal.sqlite")) if arguments.journal else ()
        try:
            found = uvloop.run(grown(payments, *flags))
        except InvalidRun as error:
            print(f"invalid run: {error}")
            return 1
    print(f"grown by {found.total_mb:.1f} MB over {payments} payments (goal: under {GOAL_MB:g}), "
          f"by {found.after_warm_up_mb:.1f} MB after the first {found.warm_up}")  # fmt: skip
    return int(found.total_mb >= GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
