"""How late callbacks are: at a share of the capacity, beside a merchant that hangs, and beside a reader of everything.

    python benchmarks/lateness.py [--capacity PAYMENTS_PER_CPU_SECOND] [--share 0.8] [--times 5]

Open loop on loopback, bounded. The capacity is what `payments.py` measures: payments for each CPU second. It is not
what a wall clock allows where other programs use the same cores: so each run also says for which part of it the
simulator was ready to run and had no core. Lateness is the write to the socket minus the planned time, both by the
monotonic clock, as the simulator notes them for each callback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import Final

import uvloop
from kit.contestants import Product
from kit.load_generator import Generator, Sink
from payments import InvalidRun, TestEnvironment, settled

MOST_REMEMBERED: Final = 14_000
"""About how many payments the simulator remembers; a run has no more, so that none is left out."""
WARM_UP_S: Final = 2.0
BESIDE_PER_S: Final = 2_000.0
READER_PER_S: Final = 500.0
HANGING: Final = 20
"""One in this number of payments belongs to the merchant that hangs."""
HANGS_S: Final = 2.0
FEWEST: Final = 3
APART: Final = 10_000_000
"""The phones of its customers are others."""
PAYMENTS: Final = "/v1/payments"
READ: Final = (
    PAYMENTS, "/v1/journal?limit=1000", "/v1/journal?limit=1000&msisdn=254000000777",
    "/v1/journal?limit=1000&kind=callback", "/v1/har", "/v1/balance", "/v1/limits", "/v1/scenarios", "/v1/provenance",
    "/v1/openapi.json", "/v1/postman.json", "/v1/schemas", "/metrics",
)  # fmt: skip
"""What the reader of everything asks for, one after the other."""
MOST_WAITED: Final = 0.1
"""When the simulator had no core for a larger part of a run, its lateness is the machine's."""


class TooBusy(InvalidRun):
    """The lateness would be the machine's."""


@dataclass(frozen=True, slots=True)
class Late:
    """One open-loop run; milliseconds."""

    per_s: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    ack_p99_ms: float
    waited: float
    """The part of the run in which the simulator was ready to run and had no core."""

    def __str__(self) -> str:
        return (f"{self.per_s:.0f}/s: callbacks late p50 {self.p50_ms:.1f}, p99 {self.p99_ms:.1f}, most "
                f"{self.most_ms:.1f} ms; acknowledgements p99 {self.ack_p99_ms:.1f} ms; "
                f"without a core for {self.waited:.1%} of the time")  # fmt: skip


async def late_at(environment: TestEnvironment, per_s: float, times: int) -> list[Late]:
    """Makes this many runs at this rate, of one process; up to twice as many while the machine is too busy."""
    product = Product(environment.core)
    try:
        warm = Generator(product.push(environment.sink_url))
        await warm.closed_loop(product.host, product.port, WARM_UP_S)
        await settled(product)
        runs: list[Late] = []
        while sum(row.waited <= MOST_WAITED for row in runs) < times and len(runs) < times * 2:
            runs.append(await _late_once(environment, product, per_s))
        return runs
    finally:
        product.stop()


async def _late_once(environment: TestEnvironment, product: Product, per_s: float) -> Late:
    await asyncio.to_thread(product.reset)
    generator = Generator(product.push(environment.sink_url))
    began, waited_s = time.monotonic(), product.waited_s()
    await generator.open_loop(product.host, product.port, seconds=min(5.0, MOST_REMEMBERED / per_s), per_s=per_s)
    waited = (product.waited_s() - waited_s) / (time.monotonic() - began)
    await settled(product)
    late, acks = await asyncio.to_thread(product.lateness_s), sorted(generator.latencies)
    if len(late) != generator.acknowledged or generator.refused:
        raise InvalidRun(f"{generator.acknowledged} acknowledged, {len(late)} called back, {generator.refused[:1]}")
    found = Late(per_s, _ms(late, 0.5), _ms(late, 0.99), late[-1] * 1e3, _ms(acks, 0.99), waited)
    print(found, flush=True)
    return found


async def late_beside_hanging(environment: TestEnvironment, seconds: float = 4.0) -> tuple[float, float]:
    """Milliseconds (p50, p99) by which the callbacks of a healthy merchant are late beside one that hangs."""
    hanging = Sink(answers_after_s=HANGS_S)
    slow_url = await hanging.opened()
    product = Product(environment.core)
    try:
        slow, well = product.push(slow_url), product.push(environment.sink_url)
        calls = environment.sink.calls
        generator = Generator(lambda number: well(number) if number % HANGING else slow(number + APART))
        await generator.open_loop(product.host, product.port, seconds=seconds, per_s=BESIDE_PER_S)
        wanted = generator.acknowledged - generator.acknowledged // HANGING
        for _ in range(100):
            if environment.sink.calls - calls >= wanted:
                break
            await asyncio.sleep(0.1)
        late = await asyncio.to_thread(product.lateness_s, environment.sink_url)
        if len(late) != wanted or generator.refused or not product.metrics()["tayari_callbacks_waiting"]:
            raise InvalidRun(f"{wanted} callbacks were due to the healthy merchant, {len(late)} came, or nothing hung")
        print(f"beside a merchant that hangs: the other's callbacks late p50 {_ms(late, 0.5):.1f}, "
              f"p99 {_ms(late, 0.99):.1f} ms")  # fmt: skip
        return _ms(late, 0.5), _ms(late, 0.99)
    finally:
        product.kill()


async def late_beside_reader(environment: TestEnvironment, seconds: float = 6.0) -> Late:
    """How late callbacks are while another process reads all that the control API has, of a full memory."""
    product = Product(environment.core)
    try:
        await Generator(product.push(environment.sink_url)).closed_loop(product.host, product.port, WARM_UP_S)
        await settled(product)
        product.certificate()  # its key is made once, in up to 0.1 s: a run asks for it before the merchant starts
        url = await Sink().opened()
        generator = Generator(product.push(url))
        reader = subprocess.Popen([sys.executable, __file__, "--read", product.control_url], stdout=subprocess.PIPE)
        began, waited_s = time.monotonic(), product.waited_s()
        await generator.open_loop(product.host, product.port, seconds=seconds, per_s=READER_PER_S)
        waited = (product.waited_s() - waited_s) / (time.monotonic() - began)
        reader.terminate()
        read = len(reader.communicate()[0])
        await settled(product)
        late, acks = await asyncio.to_thread(product.lateness_s, url), sorted(generator.latencies)
        if len(late) != generator.acknowledged or generator.refused or read < len(READ):
            raise InvalidRun(f"{generator.acknowledged} acknowledged, {len(late)} called back, {read} answers read")
        found = Late(READER_PER_S, _ms(late, 0.5), _ms(late, 0.99), late[-1] * 1e3, _ms(acks, 0.99), waited)
        print(f"beside a reader of everything, {read} answers: {found}", flush=True)
        return found
    finally:
        product.stop()


def read_everything(control_url: str) -> None:
    """Read until somebody ends this process, and rest after each answer for as long as it took.

    Where a process with priority never rests, Linux takes its core away for 50 ms in each second. A byte is written
    for each answer.
    """
    while True:
        for path in READ:
            began = time.monotonic()
            with urllib.request.urlopen(control_url + path, timeout=60) as answer:
                content = answer.read()
            if path == PAYMENTS and not json.loads(content)["payments"]:
                raise InvalidRun("there is nothing to read")
            sys.stdout.buffer.write(b".")
            sys.stdout.buffer.flush()
            time.sleep(time.monotonic() - began)


def median_p99(runs: list[Late]) -> float:
    """Milliseconds: the run in the middle, of those in which the machine let the simulator run.

    Raises:
        TooBusy: there are fewer than three.
    """
    fair = [row.p99_ms for row in runs if row.waited <= MOST_WAITED]
    if len(fair) < FEWEST:
        raise TooBusy(
            f"the simulator had its core for {1 - MOST_WAITED:.0%} of the time in {len(fair)} of {len(runs)} runs: "
            "the machine is too busy to say how late it is"
        )
    return statistics.median(fair)


def _ms(values_s: list[float], part: float) -> float:
    """The value, in milliseconds, that this part of them stayed below."""
    return values_s[min(len(values_s) - 1, int(len(values_s) * part))] * 1e3


async def run(arguments: argparse.Namespace) -> int:
    """All measures."""
    try:
        environment = await TestEnvironment.built()
        runs = await late_at(environment, arguments.capacity * arguments.share, arguments.times)
        print(f"p99 in the median of the runs that had a core: {median_p99(runs):.1f} ms")
        await late_beside_hanging(environment)
        beside = [await late_beside_reader(environment) for _ in range(arguments.times)]
        print(f"p99 beside the reader, in the median of such runs: {median_p99(beside):.1f} ms")
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    return 0


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--read", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--capacity", type=float, default=18_000.0, help="payments for each CPU second, of payments.py")
    parser.add_argument("--share", type=float, default=0.8)
    parser.add_argument("--times", type=int, default=5, help="at most 20")
    arguments = parser.parse_args()
    arguments.times = min(arguments.times, 20)
    if arguments.read:
        read_everything(arguments.read)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
