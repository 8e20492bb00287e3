"""Whole STK payments for each CPU second of the simulator, as a ratio to floor A measured in the same run.

    python benchmarks/payments.py [--rounds 9] [--most-rounds 18] [--seconds 0.8] [--compiled FOLDER] [--against PYTHON]

Loopback only, and bounded. Servers share one core in turn, load and merchant have another. A round in which a payment
is missing or doubled makes the run invalid. Rounds are repeated until two equal floors differ by at most 5 % in the
median; when they do not after the most rounds, the noise is printed, and above 10 % the run is refused as too noisy.
Both exit 1. Only ratios travel from one machine to another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from kit.contestants import Contestant, Counters, FloorA, Product
from kit.load_generator import ACKNOWLEDGED, Generator, Sink

NOISE: Final = 0.05
"""When two equal floors differ by more, rounds are added."""
MOST_NOISE: Final = 0.10
"""When they differ by more after the last round, there is no result."""
SETTLE_S: Final = 0.2
PATIENCE_S: Final = 60.0
FRESH_AFTER: Final = 6
"""The same processes play this many rounds. Then they are started anew, as no two have the same layout."""

CORES: Final = sorted(os.sched_getaffinity(0))

FLOOR, AGAIN, MEMORY, JOURNAL = "floor A", "floor A again", "Tayari", "Tayari, journal"
BUILT: Final = str(Path(__file__).parents[1] / "build" / "compiled")
COMPILED, OTHER = "Tayari, compiled", "the other build"


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


@dataclass(slots=True)
class Costs:
    """CPU microseconds of each payment, by contestant and round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def floors(self) -> list[float]:
        """Of floor A by round: the mean of the two equal ones."""
        return [statistics.mean(pair) for pair in zip(self.rounds[FLOOR], self.rounds[AGAIN], strict=True)]

    def noise(self) -> float:
        """How far the two equal floors differ, in the median of the rounds."""
        pairs = zip(self.rounds[FLOOR], self.rounds[AGAIN], strict=True)
        return abs(statistics.median(one / other for one, other in pairs) - 1)

    def ratios(self, name: str) -> list[float]:
        """Floor over contestant by round: above 1 is cheaper than the floor."""
        return [floor / cost for floor, cost in zip(self.floors(), self.rounds[name], strict=False)]


@dataclass(slots=True)
class TestEnvironment:
    """Where everything runs: servers on `core`, load and the merchant in this process, on another."""

    core: int
    sink: Sink
    sink_url: str

    @classmethod
    async def built(cls) -> TestEnvironment:
        """Take two cores and open the merchant.

        Raises:
            InvalidRun: there is one core only.
        """
        if len(CORES) < 2:
            raise InvalidRun("one core only: load and server would fight for it, and no number would mean anything")
        os.sched_setaffinity(0, {CORES[1]})
        sink = Sink()
        return cls(CORES[0], sink, await sink.opened())


async def play(contestant: Contestant, environment: TestEnvironment, seconds: float) -> Round:
    """Load one contestant, wait until everything is answered, and check the accounts."""
    sink = environment.sink
    before, cpu_s = contestant.counters(), contestant.cpu_s()
    called_back, calls = len(sink.seen), sink.calls
    generator = Generator(contestant.push(environment.sink_url), getattr(contestant, "acknowledged", ACKNOWLEDGED))
    drive = generator.closed_loop if contestant.keeps_connections else generator.closed_loop_reconnecting
    await drive(contestant.host, contestant.port, seconds)
    after = await settled(contestant)
    used_s = contestant.cpu_s() - cpu_s
    accepted = after.accepted - before.accepted
    accounts = {
        "acknowledged": generator.acknowledged,
        "accepted": accepted,
        "called back to the merchant": len(sink.seen) - called_back,
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


async def compare(
    environment: TestEnvironment, *, rounds: int, most_rounds: int, seconds: float, compiled: str = "", other: str = ""
) -> Costs:
    """Costs in alternating order, in at least `rounds` and at most `most_rounds`: until two equal floors agree.

    `compiled`: the folder of a compiled build; `other`: the Python of another build's environment.
    """
    costs, played = Costs(), 0
    while played < rounds or (costs.noise() > NOISE and played < most_rounds):
        with tempfile.TemporaryDirectory() as folder:
            contestants: list[Contestant] = [
                FloorA(environment.core, FLOOR),
                Product(environment.core, MEMORY),
                FloorA(environment.core, AGAIN),
                Product(environment.core, JOURNAL, "--journal", str(Path(folder) / "journal.sqlite")),
            ]
            if compiled:
                contestants.append(Product(environment.core, COMPILED, packages=compiled))
            if other:
                contestants.append(Product(environment.core, OTHER, python=other))
            try:
                for contestant in contestants:
                    await play(contestant, environment, seconds)
                for number in range(played, min(played + FRESH_AFTER, max(rounds, most_rounds))):
                    for contestant in contestants if number % 2 else contestants[::-1]:
                        result = await play(contestant, environment, seconds)
                        costs.rounds.setdefault(contestant.name, []).append(result.cost_us)
                        print(f"round {number + 1:2}  {contestant.name:16} {result.payments:7} payments"
                              f"  {result.cost_us:6.1f} us CPU each", flush=True)  # fmt: skip
            finally:
                for contestant in contestants:
                    contestant.stop()
        played += FRESH_AFTER
    return costs


def print_ratios(costs: Costs) -> bool:
    """Print the ratios; false when the run is too noisy to have any."""
    for name, values in costs.rounds.items():
        print(f"{name:16} median {statistics.median(values):6.1f} us CPU a payment")
    noise, rounds = costs.noise(), len(costs.rounds[FLOOR])
    if noise > MOST_NOISE:
        print(f"too noisy: two equal floors differ by {noise:.1%} after {rounds} rounds (at most {MOST_NOISE:.0%}); "
              "run it again when the machine is quieter")  # fmt: skip
        return False
    print(f"two equal floors differ by {noise:.1%} after {rounds} rounds")
    for name in (name for name in costs.rounds if name not in (FLOOR, AGAIN)):
        ratios = costs.ratios(name)
        print(f"{name}: {statistics.median(ratios):.2f} to floor A ({min(ratios):.2f} to {max(ratios):.2f})")
    return True


async def run(arguments: argparse.Namespace) -> int:
    """The comparison alone."""
    try:
        environment = await TestEnvironment.built()
        costs = await compare(
            environment, rounds=arguments.rounds, most_rounds=arguments.most_rounds, seconds=arguments.seconds,
            compiled=arguments.compiled, other=arguments.against,
        )  # fmt: skip
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    return 0 if print_ratios(costs) else 1


def options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Add the flags of the comparison, and read them all."""
    parser.add_argument("--rounds", type=int, default=9, help="at least")
    parser.add_argument("--most-rounds", type=int, default=18, help="at most, while two equal floors differ; up to 60")
    parser.add_argument("--seconds", type=float, default=0.8, help="of load for each contestant and round, at most 10")
    parser.add_argument("--compiled", metavar="FOLDER", default=BUILT, help="of `make compiled` (%(default)s)")
    parser.add_argument("--against", metavar="PYTHON", default="", help="of another build's environment")
    arguments = parser.parse_args()
    if not (Path(arguments.compiled) / "tayari_simulator").is_dir():
        print(f"without a compiled build: {arguments.compiled} holds none; `make compiled` makes it")
        arguments.compiled = ""
    arguments.seconds = min(arguments.seconds, 10.0)
    arguments.rounds, arguments.most_rounds = min(arguments.rounds, 60), min(arguments.most_rounds, 60)
    return arguments


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    return uvloop.run(run(options(parser)))


if __name__ == "__main__":
    sys.exit(main())
