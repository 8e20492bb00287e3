"""Does the simulator live through floods of malformed connections? Both of its ports get them, in bounded batches.

    python benchmarks/floods.py [--daraja 500000] [--control 100000] [--at-once 200] [--seed 1]

Loopback only. Each connection is new, sends one of the forms below, and is closed or reset. A good caller pushes beside
them. Exits 1 where the process ended, where an answer was a 5xx that nobody planned, where descriptors were not given
back, or where the good caller was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Final

import uvloop
from contestants import Product
from driving import Sink

MOST: Final = 1_000_000
A_BATCH: Final = 2_000
ANSWER_S: Final = 2.0
"""So long an answer is waited for; half a request has none."""
GOOD_EVERY_S: Final = 0.05
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


@dataclass(slots=True)
class Found:
    """What came of a flood."""

    answers: Counter[str] = field(default_factory=Counter)
    """By status; `closed` and `silent` where there was none, `refused` where no connection was made."""
    unplanned: list[str] = field(default_factory=list)

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


async def flood(
    product: Product, port: int, requests: list[bytes], wanted: int, arguments: argparse.Namespace
) -> Found:
    """So many connections to one port."""
    found, chance, names = Found(), Random(arguments.seed), list(FORMS)
    numbers = iter(range(wanted))
    began = time.monotonic()

    async def caller() -> None:
        for number in numbers:
            name = names[number % len(names)]
            sent = FORMS[name](chance, chance.choice(requests))
            try:
                answer = await one(port, sent, chance)
            except TimeoutError:
                answer = b""
            except OSError as error:
                found.answers[f"no connection: {error.strerror}"] += 1
                continue
            found.heard(name, answer, planned=port == product.port)
            if number % (A_BATCH * 10) == 0:
                print(f"{number:7} of {wanted} on port {port}, {time.monotonic() - began:.0f} s", flush=True)

    await asyncio.gather(*(caller() for _ in range(arguments.at_once)))
    print(f"{wanted} in {time.monotonic() - began:.0f} s: {dict(found.answers.most_common())}")
    return found


async def good_caller(product: Product, sink_url: str, took_s: list[float], refused: list[str]) -> None:
    """Pushes as it should, until it is cancelled."""
    make = product.push(sink_url)
    for number in range(A_BATCH * A_BATCH):
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(product.host, product.port)
            writer.write(make(number))
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        except (OSError, EOFError) as error:
            refused.append(repr(error))
            continue
        took_s.append(time.perf_counter() - began)
        if b" 200 " not in head.partition(b"\r\n")[0]:
            refused.append(head.partition(b"\r\n")[0].decode())
        await asyncio.sleep(GOOD_EVERY_S)


def control_requests() -> list[bytes]:
    """Good requests of the control port, to be spoilt."""
    body = b'{"scenario": "payment/success", "msisdn": "254700000001", "condition": "idle", "timeout_s": 0}'
    return [
        _head(f"{path} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: {len(body)}", body)
        for path in CONTROL_PATHS
    ]


async def run(arguments: argparse.Namespace) -> int:
    """Both floods, then the accounts."""
    product, sink = Product(0), Sink()
    sink_url = await sink.opened()
    took_s: list[float] = []
    refused: list[str] = []
    caller = asyncio.create_task(good_caller(product, sink_url, took_s, refused))
    try:
        pid = product.pid
        before = len(os.listdir(f"/proc/{pid}/fd"))
        make = product.push(sink_url)
        first = await flood(product, product.port, [make(10**7)], arguments.daraja, arguments)
        control_port = int(product.control_url.rpartition(":")[2])
        second = await flood(product, control_port, control_requests(), arguments.control, arguments)
        caller.cancel()
        await asyncio.sleep(5.0)
        open_now = len(os.listdir(f"/proc/{pid}/fd"))
        health = await asyncio.to_thread(product.health)
        problems = [*first.unplanned[:5], *second.unplanned[:5], *refused[:5]]
        if open_now > before + SPARE_DESCRIPTORS:
            problems.append(f"{open_now} descriptors are open, {before} were before")
        unplanned = len(first.unplanned) + len(second.unplanned)
        took_s.sort()
        quantiles = {name: round(1000 * took_s[int(len(took_s) * at)], 1) for name, at in (("p50", 0.5), ("p99", 0.99))}
        print(json.dumps({
            "connections": arguments.daraja + arguments.control, "crashes": 0, "unplanned_5xx": unplanned,
            "good_calls": len(took_s), "good_refused": len(refused), "good_ms": quantiles,
            "descriptors": [before, open_now], "resident_mb": round(product.resident_mb()), "health": health,
        }))  # fmt: skip
        print("\n".join(problems))
        return int(bool(problems))
    finally:
        caller.cancel()
        await asyncio.to_thread(product.stop)


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daraja", type=int, default=500_000, help="connections to the Daraja port")
    parser.add_argument("--control", type=int, default=100_000, help="connections to the control port")
    parser.add_argument("--at-once", type=int, default=200, help="at most 500")
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
