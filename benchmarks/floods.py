"""Does the simulator live through floods of malformed connections? Both of its ports get them, in bounded batches.

    python benchmarks/floods.py [--daraja 500000] [--control 100000] [--at-once 200] [--per-s 2000 ...] [--seed 1]

Loopback only. Each connection is new, sends one of the forms below, and is closed or reset. Two good callers push
beside them: one keeps its connection, as HTTP clients of merchants do, the other opens a new one for each push. They
have a process of their own, and the flood has another, which is niced: else they wait for the flood's own work.
With several rates, each gets its part of the connections, and the table says how long the good callers waited.
Exits 1 where the process ended, where an answer was a 5xx that nobody planned, where descriptors were not given
back, or where a good caller was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Final

import uvloop
from kit.contestants import Product
from kit.load_generator import Sink

MOST: Final = 1_000_000
ANSWER_S: Final = 0.5
"""How long an answer is awaited; half a request has none."""
GOOD_EVERY_S: Final = 0.02
NICE: Final = 10
"""Of the flood, which shares a core with the good callers."""
OTHER_CORE: Final = max(os.sched_getaffinity(0))
"""The simulator has core 0."""
SPARE_DESCRIPTORS: Final = 50
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: the close is a reset, so that no port is held back for a minute."""
SOURCES: Final = 200
"""Addresses of 127.0.0.0/8 that connections come from: one alone has too few ports."""

Form = Callable[[Random, bytes], bytes]
"""Makes what one connection sends, of chance and a good request."""


def _head(lines: str, body: bytes = b"") -> bytes:
    return lines.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


def _json(good: bytes, body: bytes) -> bytes:
    """The good request with another body."""
    head = good.partition(b"\r\n\r\n")[0]
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body


def _flipped(chance: Random, good: bytes) -> bytes:
    changed = bytearray(good)
    for _ in range(chance.randint(1, 12)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _line(good: bytes) -> str:
    return good.partition(b"\r\n")[0].decode()


FORMS: Final[Mapping[str, Form]] = MappingProxyType({
    "nothing": lambda _, __: b"",
    "random bytes": lambda chance, _: chance.randbytes(chance.randint(1, 400)),
    "a TLS hello": lambda chance, _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),
    "line ends alone": lambda chance, _: b"\r\n" * chance.randint(1, 200),
    "half a request": lambda chance, good: good[: chance.randrange(len(good))],
    "flipped bytes": _flipped,
    "no version": lambda _, good: _head(_line(good).rpartition(" ")[0] + "\nHost: x"),
    "version 9.9": lambda _, good: _head(_line(good).replace("HTTP/1.1", "HTTP/9.9") + "\nHost: x"),
    "unknown method": lambda _, good: _head("BREW" + _line(good)[4:] + "\nHost: x"),
    "long path": lambda chance, _: _head(f"GET /{'a%' * chance.randint(100, 9000)} HTTP/1.1\nHost: x"),
    "odd path": lambda _, __: _head("GET /%00%ff/../../%2e%2e/;?#[]{} HTTP/1.1\nHost: x"),
    "no colon": lambda _, good: _head(_line(good) + "\nHost x\nfoo"),
    "NUL in a header": lambda _, good: _head(_line(good) + "\nHost: x\nX-A: a\0b"),
    "folded header": lambda _, good: _head(_line(good) + "\nHost: x\nX-A: a\n b\n\tc"),
    "many headers": lambda chance, good: _head(_line(good) + "\nHost: x" + "\nX-A: b" * chance.randint(50, 400)),
    "huge header": lambda chance, good: _head(_line(good) + "\nHost: x\nX-A: " + "a" * chance.randint(8000, 40000)),
    "length is text": lambda _, good: _head(_line(good) + "\nHost: x\nContent-Length: ten", b"0123456789"),
    "length below zero": lambda _, good: _head(_line(good) + "\nHost: x\nContent-Length: -5", b"01234"),
    "length of 30 digits": lambda _, good: _head(_line(good) + f"\nHost: x\nContent-Length: {'9' * 30}", b"01234"),
    "two lengths": lambda _, good: _head(_line(good) + "\nHost: x\nContent-Length: 5\nContent-Length: 7", b"0123456"),
    "length and chunks": lambda _, good: _head(
        _line(good) + "\nHost: x\nContent-Length: 5\nTransfer-Encoding: chunked", b"0\r\n\r\n"
    ),
    "bad chunk": lambda _, good: _head(_line(good) + "\nHost: x\nTransfer-Encoding: chunked", b"zz\r\nabc\r\n"),
    "huge chunk": lambda _, good: _head(
        _line(good) + "\nHost: x\nTransfer-Encoding: chunked", b"ffffffffffffffff\r\nabc\r\n"
    ),
    "expects 100": lambda _, good: _head(_line(good) + "\nHost: x\nExpect: 100-continue\nContent-Length: 9"),
    "an upgrade": lambda _, good: _head(_line(good) + "\nHost: x\nConnection: Upgrade\nUpgrade: websocket"),
    "deep JSON": lambda chance, good: _json(good, b"[" * chance.randint(100, 9000)),
    "deep JSON, closed": lambda _, good: _json(good, b'{"a":' * 900 + b"1" + b"}" * 900),
    "thousands of digits": lambda chance, good: _json(good, b'{"Amount": ' + b"9" * chance.randint(400, 5000) + b"}"),
    "no UTF-8": lambda chance, good: _json(good, b'{"Amount": "' + chance.randbytes(40) + b'"}'),
    "a lone surrogate": lambda _, good: _json(good, b'{"PhoneNumber": "\\ud800", "Amount": 1}'),
    "a list": lambda _, good: _json(good, b"[1, 2, 3]"),
    "no body": lambda _, good: _json(good, b""),
    "wrong types": lambda _, good: _json(good, b'{"Amount": {}, "PhoneNumber": [], "PartyA": null, "Timestamp": true}'),
    "good, then rubbish": lambda chance, good: good + chance.randbytes(60),
})  # fmt: skip

CONTROL_PATHS: Final = (
    "POST /v1/next", "POST /v1/scenarios", "POST /v1/callbacks", "POST /v1/wait", "POST /v1/hold", "POST /v1/mix",
    "POST /v1/clock", "POST /v1/explain", "GET /v1/journal?since=99999999999999999999999", "GET /v1/payments?limit=x",
    "GET /v1/journal?since=" + "9" * 4500, "GET /v1/explain/%ff%00", "GET /metrics", "GET /health", "GET /v1/magic",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """An order for the flood's process: connections to one port."""

    port: int
    requests: list[bytes]
    """Good ones, to be spoilt."""
    connections: int
    per_s: int
    """0: as many as can be."""
    at_once: int
    seed: int
    is_daraja: bool


@dataclass(slots=True)
class Found:
    """What came of a flood."""

    answers: Counter[str] = field(default_factory=Counter)
    """By status; `no answer` where there was none, `no connection` where none was made."""
    unplanned: list[str] = field(default_factory=list)
    took_s: float = 0.0

    def heard(self, form: str, answer: bytes, *, planned: bool) -> None:
        """An answer, or the lack of one."""
        match = re.match(rb"HTTP/\d\.\d (\d{3})", answer)
        status = match[1].decode() if match else ("rubbish" if answer else "no answer")
        self.answers[status] += 1
        if status.startswith("5") and not (planned and b'"errorCode"' in answer):
            self.unplanned.append(f"{form}: {answer[:300]!r}")


async def one(port: int, sent: bytes, chance: Random) -> bytes:
    """One connection: what it was answered."""
    address = ("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        line.bind((f"127.0.1.{chance.randrange(1, SOURCES)}", 0))
        await loop.sock_connect(line, address)
        with suppress(OSError):
            if sent:
                await loop.sock_sendall(line, sent)
            if sent.endswith(b"\r\n\r\n") or chance.random() < 0.5:
                async with asyncio.timeout(ANSWER_S if b"\r\n\r\n" in sent else 0.01):
                    return await loop.sock_recv(line, 4096)
        return b""


async def flood(order: Flood) -> Found:
    """One port gets this many connections."""
    found, chance, names = Found(), Random(order.seed), list(FORMS)
    numbers = iter(range(order.connections))
    began = time.monotonic()

    async def caller() -> None:
        for number in numbers:
            if order.per_s:
                await asyncio.sleep(began + number / order.per_s - time.monotonic())
            name = names[number % len(names)]
            try:
                answer = await one(order.port, FORMS[name](chance, chance.choice(order.requests)), chance)
            except TimeoutError:
                answer = b""
            except OSError as error:
                found.answers[f"no connection: {error.strerror}"] += 1
                continue
            found.heard(name, answer, planned=order.is_daraja)

    await asyncio.gather(*(caller() for _ in range(order.at_once)))
    found.took_s = time.monotonic() - began
    return found


def flood_process(order: Flood) -> Found:
    """A flood, in a process of its own."""
    return uvloop.run(flood(order))


def be_quiet() -> None:
    """At the start of the flood's process: it works where the simulator does not, and after the good callers."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(NICE)
    os.sched_setaffinity(0, {OTHER_CORE})


class GoodCallers:
    """Two callers that push as they should, one on a kept connection, one on a new connection for each push."""

    def __init__(self, product: Product, sink_url: str) -> None:
        self._product = product
        self._make = product.push(sink_url)
        self._number = 0
        self.took_s: dict[str, list[float]] = {"kept": [], "new": []}
        self.refused: list[str] = []

    async def push(self) -> None:
        """Push, again and again, until cancelled."""
        kept = await asyncio.open_connection(self._product.host, self._product.port)
        while True:
            for name in self.took_s:
                self._number += 1
                began = time.perf_counter()
                try:
                    pair = kept if name == "kept" else await asyncio.open_connection(*self._address)
                    await self._one(*pair)
                    self.took_s[name].append(time.perf_counter() - began)
                    if name == "new":
                        pair[1].close()
                except (OSError, EOFError) as error:
                    self.refused.append(repr(error))
            await asyncio.sleep(GOOD_EVERY_S)

    @property
    def _address(self) -> tuple[str, int]:
        return self._product.host, self._product.port

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._make(self._number))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        if b" 200 " not in head.partition(b"\r\n")[0]:
            self.refused.append(head.partition(b"\r\n")[0].decode())

    def waited_ms(self) -> dict[str, dict[str, float]]:
        """How long each caller waited since the last time that this was asked."""
        found = {}
        for name, took_s in self.took_s.items():
            ranked = sorted(took_s) or [0.0]
            found[name] = {
                label: round(1000 * ranked[min(int(len(ranked) * share), len(ranked) - 1)], 1)
                for label, share in (("p50", 0.5), ("p99", 0.99), ("most", 1.0))
            }
            took_s.clear()
        return found


def control_requests() -> list[bytes]:
    """Good requests of the control port, to be spoilt."""
    body = b'{"scenario": "payment/success", "msisdn": "254700000001", "condition": "idle", "timeout_s": 0}'
    return [
        _head(f"{path} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: {len(body)}", body)
        for path in CONTROL_PATHS
    ]


def orders_of(product: Product, arguments: argparse.Namespace) -> list[Flood]:
    """A flood for each port and rate."""
    control_port = int(product.control_url.rpartition(":")[2])
    return [
        Flood(port=port, requests=requests, connections=connections // len(arguments.per_s), per_s=per_s,
              at_once=arguments.at_once, seed=arguments.seed, is_daraja=port == product.port)
        for port, requests, connections in (
            (product.port, [product.push("http://127.0.0.1:1/")(10**7)], arguments.daraja),
            (control_port, control_requests(), arguments.control),
        )
        for per_s in arguments.per_s
    ]  # fmt: skip


async def floods(product: Product, callers: GoodCallers, arguments: argparse.Namespace) -> tuple[int, list[str]]:
    """All floods, one after another: how many good calls there were beside them, and answers that nobody planned."""
    calls, unplanned = 0, list[str]()
    print("| port | connections | a second | kept: p50, p99, most (ms) | new: p50, p99, most (ms) |")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), be_quiet) as processes:
        await asyncio.get_running_loop().run_in_executor(processes, os.getpid)
        callers.waited_ms()  # to start a process held this one up for 0.1 s
        for order in orders_of(product, arguments):
            found = await asyncio.get_running_loop().run_in_executor(processes, flood_process, order)
            calls += sum(map(len, callers.took_s.values()))
            waits = [", ".join(map(str, row.values())) for row in callers.waited_ms().values()]
            name, rate = "Daraja" if order.is_daraja else "control", round(order.connections / found.took_s)
            print(f"| {name} | {order.connections} | {rate} | {' | '.join(waits)} |", flush=True)
            print(dict(found.answers.most_common()), file=sys.stderr, flush=True)
            unplanned += found.unplanned
    return calls, unplanned


async def run(arguments: argparse.Namespace) -> int:
    """The floods, then the accounts."""
    product, sink = Product(0), Sink()
    callers = GoodCallers(product, await sink.opened())
    pushing = asyncio.create_task(callers.push())
    try:
        before = len(os.listdir(f"/proc/{product.pid}/fd"))
        calls, unplanned = await floods(product, callers, arguments)
        pushing.cancel()
        await asyncio.sleep(5.0)
        open_now = len(os.listdir(f"/proc/{product.pid}/fd"))
        problems = [*unplanned[:5], *callers.refused[:5]]
        if open_now > before + SPARE_DESCRIPTORS:
            problems.append(f"{open_now} descriptors are open, {before} were before")
        print(json.dumps({
            "crashes": 0, "unplanned_5xx": len(unplanned), "good_calls": calls, "good_refused": len(callers.refused),
            "descriptors": [before, open_now], "resident_mb": round(product.resident_mb()),
            "cpu_s": round(product.cpu_s()), "waited_for_a_core_s": round(product.waited_s()),
            "health": await asyncio.to_thread(product.health),
        }))  # fmt: skip
        print("\n".join(problems))
        return int(bool(problems))
    finally:
        pushing.cancel()
        await asyncio.to_thread(product.stop)


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daraja", type=int, default=500_000, help="connections to the Daraja port")
    parser.add_argument("--control", type=int, default=100_000, help="connections to the control port")
    parser.add_argument("--at-once", type=int, default=200, help="at most 500")
    parser.add_argument("--per-s", type=int, nargs="+", default=[2_000], help="connections a second; 0: no bound")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.daraja, arguments.control = min(arguments.daraja, MOST), min(arguments.control, MOST)
    arguments.at_once = min(arguments.at_once, 500)
    try:
        return uvloop.run(run(arguments))
    except (OSError, FileNotFoundError) as error:
        print(f"the simulator has ended: {error!r}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
