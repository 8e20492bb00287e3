"""Is anything lost when the simulator is killed? It is, at random moments under load, again and again.

    python benchmarks/kills.py [--kills 20] [--at-once 100] [--seed 1] [--sigterm]

Loopback only, and bounded. All processes in turn share one journal. At the end every payment whose acknowledgement was
read must have been called back, the counts must add up, every identifier must be unique, and a payment that was called
back twice must have got the same body twice. Exits 1 otherwise. With `--sigterm` they are asked to end instead,
every other time with a second signal: an end with one signal must leave no callback that is sent again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import uvloop
from kit.contestants import Product
from kit.load_generator import Sink
from payments import InvalidRun

LIVES_S: Final = (0.3, 1.2)
"""How long a process lives under load, at random between these."""
PATIENCE_S: Final = 60.0
MOST_KILLS: Final = 40
A_LIFE: Final = 2_000_000
A_CALLER: Final = 2_000
"""Phones of each: no phone pays twice, as the same amount again within two minutes is refused."""


@dataclass(slots=True)
class Seen:
    """What callers and the merchant got."""

    acknowledged: set[str] = field(default_factory=set)
    """CheckoutRequestIDs."""
    requests: set[str] = field(default_factory=set)
    """MerchantRequestIDs."""
    twice: list[str] = field(default_factory=list)
    """Identifiers that two acknowledgements had."""
    unanswered: int = 0
    callbacks: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """Bodies by CheckoutRequestID."""

    def acknowledge(self, answer: dict[str, Any]) -> None:
        """A push was accepted."""
        identifier, request = answer["CheckoutRequestID"], answer["MerchantRequestID"]
        if identifier in self.acknowledged or request in self.requests:
            self.twice.append(identifier)
        self.acknowledged.add(identifier)
        self.requests.add(request)

    def called(self, body: bytes) -> None:
        """A callback came."""
        self.callbacks[json.loads(body)["Body"]["stkCallback"]["CheckoutRequestID"]].append(body)


async def pushing(product: Product, make: Callable[[int], bytes], numbers: range, seen: Seen) -> None:
    """One caller after the other of its numbers, until the connection ends."""
    reader, writer = await asyncio.open_connection(product.host, product.port)
    try:
        for number in numbers:
            writer.write(make(number))
            seen.unanswered += 1
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            seen.acknowledge(json.loads(await reader.readexactly(length)))
            seen.unanswered -= 1
    except (OSError, EOFError):
        pass  # the process was killed: this push was never acknowledged
    finally:
        writer.close()


def wrong(seen: Seen, balance: dict[str, Any], journal: Path) -> list[str]:
    """What should not be: one line each."""
    lost = [identifier for identifier in seen.acknowledged if identifier not in seen.callbacks]
    differing = [name for name, bodies in seen.callbacks.items() if len(set(bodies)) > 1]
    receipts = Counter(_receipt(bodies[0]) for bodies in seen.callbacks.values())
    found = [
        f"{len(lost)} acknowledged payments were never called back: {lost[:3]}" if lost else "",
        f"{len(seen.twice)} identifiers came twice: {seen.twice[:3]}" if seen.twice else "",
        f"{len(differing)} payments were called back with two different results: {differing[:3]}" if differing else "",
        f"receipts came twice: {receipts.most_common(3)}" if receipts.most_common(1)[0][1] > 1 else "",
        f"the counts do not add up: {balance}" if not balance["balanced"] or balance["pending"] else "",
    ]
    if len(seen.callbacks) != balance["accepted"]:
        found.append(f"{balance['accepted']} payments were accepted, callbacks came for {len(seen.callbacks)}")
    rows = sqlite3.connect(journal).execute("SELECT count(*), count(DISTINCT seq) FROM entries").fetchone()
    if rows[0] != rows[1]:
        found.append(f"numbers of the journal came twice: {rows}")
    return [line for line in found if line]


def _receipt(body: bytes) -> str:
    result = json.loads(body)["Body"]["stkCallback"]
    if result["ResultCode"] != 0:
        raise InvalidRun(f"every payment should succeed, and one ended with {result}")
    items = result["CallbackMetadata"]["Item"]
    return next(str(row["Value"]) for row in items if row["Name"] == "MpesaReceiptNumber")


async def one_life(  # noqa: PLR0917 - one caller, below
    arguments: argparse.Namespace, journal: Path, sink_url: str, seen: Seen, first: int, lives_s: float
) -> None:
    """Start it, load it from phones beginning with `first`, and end it after a time."""
    product = Product(0, "product", "--journal", str(journal))
    make = product.push(sink_url)
    callers = [
        asyncio.create_task(pushing(product, make, range(start, start + A_CALLER), seen))
        for start in range(first, first + arguments.at_once * A_CALLER, A_CALLER)
    ]
    await asyncio.sleep(lives_s)
    product.end(signal.SIGTERM if arguments.sigterm else signal.SIGKILL)
    await asyncio.gather(*callers)
    if arguments.sigterm and first // A_LIFE % 2:
        await asyncio.to_thread(product.wait)
    await asyncio.to_thread(product.stop)


async def last_life(journal: Path) -> dict[str, Any]:
    """Start it once more without load; its balance when nothing is pending."""
    product = Product(0, "product", "--journal", str(journal))
    try:
        for _ in range(int(PATIENCE_S / 0.1)):
            balance = await asyncio.to_thread(product.balance)
            if not balance["pending"]:
                break
            await asyncio.sleep(0.1)
        return balance
    finally:
        await asyncio.to_thread(product.stop)


async def run(arguments: argparse.Namespace, folder: str) -> int:
    """All lives, then the accounts."""
    seen, random, journal = Seen(), Random(arguments.seed), Path(folder) / "journal.sqlite"
    sink = Sink(on_callback=seen.called)
    sink_url = await sink.opened()
    for number in range(arguments.kills):
        await one_life(arguments, journal, sink_url, seen, number * A_LIFE, random.uniform(*LIVES_S))
        again = sum(len(bodies) > 1 for bodies in seen.callbacks.values())
        print(f"life {number + 1:2}: {len(seen.acknowledged):7} acknowledged, {len(seen.callbacks):7} called back, "
              f"{seen.unanswered:5} unanswered, {again:5} more than once", flush=True)  # fmt: skip
    balance = await last_life(journal)
    again = sum(len(bodies) > 1 for bodies in seen.callbacks.values())
    with suppress(sqlite3.Error):
        pushes = sqlite3.connect(journal).execute("SELECT count(*) FROM entries WHERE endpoint = 'stk_push'").fetchone()
        print(f"on disk: {pushes[0]} pushes of {balance['accepted']}")
    print(f"balance: {balance}; called back more than once: {again}")
    problems = wrong(seen, balance, journal)
    print("\n".join(problems) or "nothing lost, nothing doubled, nothing contradictory")
    return int(bool(problems))


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help=f"at most {MOST_KILLS}")
    parser.add_argument("--at-once", type=int, default=100, help="callers, at most 500")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sigterm", action="store_true", help="ask it to end, with what is under way")
    arguments = parser.parse_args()
    arguments.kills, arguments.at_once = min(arguments.kills, MOST_KILLS), min(arguments.at_once, 500)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return uvloop.run(run(arguments, folder))
        except InvalidRun as error:
            print(f"invalid run: {error}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
