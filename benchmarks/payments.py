"""Whole STK payments for each CPU second of the simulator, as a ratio to floor A measured in the same run.

    python benchmarks/payments.py [--rounds 5] [--seconds 2] [--journal] [--lateness] [--peer] [--write FILE]

Loopback only, and bounded. Servers share one core in turn, load and merchant have another. A round in which a payment
is missing or doubled makes the run invalid; two equal floors that differ by more than 5 % make it too noisy.
Both exit 1. Only the ratio travels from one machine to another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop
from contestants import Contestant, Counters, FloorA, Product
from driving import Generator, Sink
from peer import NoPeer, Peer, version
from writing import Table

NOISE: Final = 0.05
SETTLE_S: Final = 0.2
PATIENCE_S: Final = 60.0


class InvalidRun(Exception):
    """The accounts of a round do not agree: no number may be printed."""


@dataclass(frozen=True, slots=True)
class Round:
    """One contestant under load for a while."""

    payments: int
    cpu_s: float

    @property
    def cost_us(self) -> float:
        """CPU microseconds for each whole payment."""
        return self.cpu_s / self.payments * 1e6


async def play(contestant: Contestant, sink_url: str, sink: Sink, seconds: float) -> Round:
    """Load one contestant, wait until everything is answered, and check the accounts."""
    before, cpu_s = contestant.counters(), contestant.cpu_s()
    heard, calls = len(sink.seen), sink.calls
    generator = Generator(contestant.push(sink_url))
    await generator.closed_loop(contestant.host, contestant.port, seconds)
    after = await settled(contestant)
    used_s = contestant.cpu_s() - cpu_s
    accepted = after.accepted - before.accepted
    accounts = {
        "acknowledged": generator.acknowledged,
        "accepted": accepted,
        "heard by the merchant": len(sink.seen) - heard,
        "calls to the merchant": sink.calls - calls,
        "answered": after.answered - before.answered,
    }
    if len(set(accounts.values())) != 1 or after.failed != before.failed or generator.refused:
        raise InvalidRun(f"{contestant.name}: {accounts}, failed {after.failed}, {generator.refused[:1]}")
    return Round(accepted, used_s)


async def settled(contestant: Contestant) -> Counters:
    """Its counters, once every accepted push is answered and they have stood still."""
    last: Counters | None = None
    for _ in range(int(PATIENCE_S / SETTLE_S)):
        now = await asyncio.to_thread(contestant.counters)
        if now == last and now.accepted == now.answered + now.failed:
            return now
        last = now
        await asyncio.sleep(SETTLE_S)
    raise InvalidRun(f"{contestant.name} is not through after {PATIENCE_S:g} s: {last}")


async def compare(arguments: argparse.Namespace, core: int, sink_url: str, sink: Sink) -> dict[str, list[float]]:
    """Costs by contestant and round, in alternating order; the processes are fresh at half-time."""
    costs: dict[str, list[float]] = {}
    for start in range(0, arguments.rounds, (arguments.rounds + 1) // 2):
        with tempfile.TemporaryDirectory() as folder:
            flags = ("--journal", str(Path(folder) / "journal.sqlite")) if arguments.journal else ()
            field: list[Contestant] = [FloorA(core), Product(core, "product", *flags), FloorA(core, "floor A again")]
            try:
                for contestant in field:
                    await play(contestant, sink_url, sink, 1.0)
                for number in range(start, min(start + (arguments.rounds + 1) // 2, arguments.rounds)):
                    for contestant in field if number % 2 else field[::-1]:
                        result = await play(contestant, sink_url, sink, arguments.seconds)
                        costs.setdefault(contestant.name, []).append(result.cost_us)
                        print(f"round {number + 1}  {contestant.name:14} {result.payments:7} payments"
                              f"  {result.cost_us:6.1f} us CPU each")  # fmt: skip
                product = field[1]
                assert isinstance(product, Product)
                metrics = product.metrics()
                print(f"product: loop lag p99 {metrics['tayari_loop_lag_p99_seconds'] * 1e3:.1f} ms, longest gc pause "
                      f"{metrics['tayari_gc_pause_longest_seconds'] * 1e3:.1f} ms, {product.resident_mb():.0f} MB, "
                      f"journal dropped {metrics['tayari_journal_dropped_total']:.0f}")  # fmt: skip
            finally:
                for contestant in field:
                    contestant.stop()
    return costs


async def lateness(core: int, sink_url: str, per_s: float, seconds: float) -> None:
    """How late callbacks and acknowledgements are in open loop, at a share of the product's own capacity."""
    product = Product(core)
    try:
        warm = Generator(product.push(sink_url))
        await warm.closed_loop(product.host, product.port, 1.0)
        await settled(product)
        product.reset()
        generator = Generator(product.push(sink_url))
        await generator.open_loop(product.host, product.port, seconds=seconds, per_s=per_s)
        await settled(product)
        late, acks = product.lateness_s(), sorted(generator.latencies)
        print(f"open loop at {per_s:.0f}/s: callbacks late p50 {late[len(late) // 2] * 1e3:.1f} ms, "
              f"p99 {late[int(len(late) * 0.99)] * 1e3:.1f} ms, max {late[-1] * 1e3:.1f} ms; "
              f"acknowledgements p99 {acks[int(len(acks) * 0.99)] * 1e3:.1f} ms")  # fmt: skip
    finally:
        product.stop()


def floors_of(costs: dict[str, list[float]]) -> tuple[list[float], float]:
    """The cost of floor A by round, and how far the two equal floors differ."""
    both = list(zip(costs["floor A"], costs["floor A again"], strict=True))
    return [statistics.mean(pair) for pair in both], abs(statistics.median(one / other for one, other in both) - 1)


def verdict(costs: dict[str, list[float]]) -> int:
    """Print ratios (floor over contestant: above 1 is cheaper than the floor); 1 when the run is too noisy."""
    floors, noise = floors_of(costs)
    ratios = [floor / cost for floor, cost in zip(floors, costs["product"], strict=True)]
    for name, values in costs.items():
        print(f"{name:14} median {statistics.median(values):6.1f} us CPU a payment")
    if noise > NOISE:
        print(f"too noisy: two equal floors differ by {noise:.1%} (at most {NOISE:.0%})")
        return 1
    print(f"A/A noise {noise:.1%}")
    print(f"ratio to floor A: median {statistics.median(ratios):.2f}, range {min(ratios):.2f} to {max(ratios):.2f}")
    return 0


async def beside_peer(table: Table, arguments: argparse.Namespace, core: int) -> None:
    """Add the peer's row, or say why there is none."""
    try:
        peer = Peer(core)
        try:
            costs = [await peer.cost_us(arguments.seconds) for _ in range(min(arguments.rounds, 3))]
        finally:
            peer.stop()
        name = f"daraja-mock {version()}, bare acknowledgements, no callback"
        table.rows.append((name, costs))
        print(f"{name}: median {statistics.median(costs):.0f} us CPU each")
    except NoPeer as error:
        table.remarks.append(f"Without the peer: {error}.")
        print(f"without the peer: {error}")


async def tabled(costs: dict[str, list[float]], arguments: argparse.Namespace, core: int) -> None:
    """Measure the peer where it is wanted, and write the table where that is wanted."""
    floors, noise = floors_of(costs)
    words = " ".join(["python benchmarks/payments.py", *sys.argv[1:]])
    table = Table(words, noise, NOISE, floors)
    name = "Tayari, whole payments, journal in SQLite too" if arguments.journal else "Tayari, whole payments"
    table.rows.append((name, costs["product"]))
    if arguments.peer:
        await beside_peer(table, arguments, core)
    if arguments.write:
        table.write(Path(arguments.write))


async def run(arguments: argparse.Namespace) -> int:
    """The whole benchmark in one process, beside the servers it starts."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("one core only: load and server would fight for it, and no number would mean anything")
        return 1
    os.sched_setaffinity(0, {cores[1]})
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(sink.protocol, "127.0.0.1", 0)
    sink_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/pay/7f3c"
    try:
        costs = await compare(arguments, cores[0], sink_url, sink)
        status = verdict(costs)
        await tabled(costs, arguments, cores[0])
        if arguments.lateness:
            capacity = 1e6 / statistics.median(costs["product"])
            for share in (0.8, 0.6):
                await lateness(cores[0], sink_url, capacity * share, min(arguments.seconds * 2, 5.0))
        return status
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load for each contestant and round, at most 10")
    parser.add_argument("--journal", action="store_true", help="the product keeps its journal in SQLite too")
    parser.add_argument(
        "--lateness", action="store_true", help="also how late callbacks are at 80 and 60 %% of capacity"
    )
    parser.add_argument("--peer", action="store_true", help="beside daraja-mock from PyPI, installed on first use")
    parser.add_argument("--write", metavar="FILE", help="the table as Markdown")
    arguments = parser.parse_args()
    arguments.seconds = min(arguments.seconds, 10.0)
    arguments.rounds = min(arguments.rounds, 20)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
