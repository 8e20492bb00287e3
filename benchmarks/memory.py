"""How much memory the simulator grows by over many payments, its journal in memory bounded as it is by default.

    python benchmarks/memory.py [--payments 200000] [--journal]

Loopback only, and bounded. Warm-up first, until the journal has reached its bound; then the memory that the system
counts (RSS) is read before and after so many more payments. Exits 1 when it grew by 60 MB or more, or when a payment
is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import uvloop
from contestants import Product
from driving import Generator, Sink
from payments import InvalidRun, settled

GOAL_MB: Final = 60.0
A_STEP_S: Final = 2.0
MOST_S: Final = 600.0


async def pushed(product: Product, sink_url: str, wanted: int) -> None:
    """Send at least so many pushes, in steps, each until all of its callbacks are answered."""
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


async def grown(arguments: argparse.Namespace, flags: tuple[str, ...]) -> float:
    """Megabytes between the end of the warm-up and the end."""
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(sink.protocol, "127.0.0.1", 0)
    sink_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/pay/7f3c"
    product = Product(0, "product", *flags)
    try:
        print(f"idle      {product.resident_mb():7.1f} MB")
        await pushed(product, sink_url, arguments.warm_up)
        before_mb = product.resident_mb()
        await pushed(product, sink_url, arguments.payments)
        told = product.balance()
        print(f"balance: {told}")
        heard = told["accepted"] == len(sink.seen) == sink.calls
        if not told["balanced"] or told["pending"] or not heard:
            raise InvalidRun("the counts do not add up")
        return product.resident_mb() - before_mb
    finally:
        product.stop()


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=200_000, help="after the warm-up, at most 1000000")
    parser.add_argument("--warm-up", type=int, default=30_000, help="payments that fill the journal to its bound")
    parser.add_argument("--journal", action="store_true", help="with a journal file too")
    arguments = parser.parse_args()
    arguments.payments = min(arguments.payments, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        flags = ("--journal", str(Path(folder) / "journal.sqlite")) if arguments.journal else ()
        try:
            grown_mb = uvloop.run(grown(arguments, flags))
        except InvalidRun as error:
            print(f"invalid run: {error}")
            return 1
    print(f"grown by {grown_mb:.1f} MB over {arguments.payments} payments (goal: under {GOAL_MB:g})")
    return int(grown_mb >= GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
