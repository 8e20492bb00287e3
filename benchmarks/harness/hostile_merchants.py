"""Does the harness live through merchants that answer with anything? The sample shop does, in one place at a time.

    python benchmarks/harness/hostile_merchants.py [--at-once 2] [--only FORM ...]

Loopback only. For each form of answer and each place (the start of a payment, its state, the answer to a callback)
`tayari check --only C25 --only A01` judges the shop. Prints a row for each: exit code, seconds, the most memory of any
process of the run. Exits 1 where a run failed for a reason of ours (30), called such a shop READY, took longer than
`ENDS_S`, or used more than `MOST_MB`. With HTTP 200, what a callback is answered may be anything, and the shop READY.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

DUKA: Final = Path(__file__).parents[2] / "examples" / "duka"
RULES: Final = ("--only", "C25", "--only", "A01")
"""An ordinary payment is settled, and one that is only acknowledged is not: not even "always paid" passes both."""
ENDS_S: Final = 240.0
MOST_MB: Final = 300
PIECE: Final = 64 * 1024
MOST_BYTES: Final = 200 * 1024 * 1024
"""What an endless answer has at most, so that a harness that reads it all fails and does not fill the machine."""
PLACES: Final = ("pay", "status", "callback")
FREE_PLACE: Final = "callback"
READY, OUR_FAILURE = 0, 30
ENDED: Final = frozenset({0, 10, 11, 12, 20, 21})

Pieces = Iterator[bytes]
Form = Callable[[], Pieces]


def _text(body: str | bytes, *lines: str, kind: str = "application/json") -> Form:
    """HTTP 200 with a whole body."""
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *lines])
    return lambda: iter([head.encode("latin-1") + b"\r\n\r\n" + data])


def _raw(*pieces: bytes) -> Form:
    return lambda: iter(pieces)


def _endless(head: bytes, piece: bytes) -> Form:
    return lambda: (head if number == 0 else piece for number in range(MOST_BYTES // len(piece)))


def _drip(head: bytes, piece: bytes = b"a") -> Form:
    """A byte each half second: `serve` waits before a piece of one byte."""
    return lambda: iter([head, *repeat(piece, 600)])


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
REDIRECT: Final = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
GZIP: Final = "Content-Encoding: gzip"
DIGITS: Final = "9" * 5000

FORMS: Final[Mapping[str, Form]] = MappingProxyType({
    "nothing": _raw(),
    "no status line": _raw(b"{}\r\n\r\n"),
    "status 999": _raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}"),
    "status 000": _raw(b"HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\n{}"),
    "version 9.9": _raw(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "random bytes": lambda: iter([os.urandom(4096)]),
    "a thousand 100s": _raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + OK + b"Content-Length: 2\r\n\r\n{}"),
    "an upgrade": _raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: Upgrade\r\n\r\n"),
    "endless body": _endless(OK + b"\r\n", b"a" * PIECE),
    "endless chunks": _endless(CHUNKED, b"%x\r\n" % PIECE + b"a" * PIECE + b"\r\n"),
    "endless headers": _endless(OK, b"X-A: " + b"a" * 8000 + b"\r\n"),
    "endless trailers": _endless(CHUNKED + b"0\r\n", b"X-A: " + b"a" * 8000 + b"\r\n"),
    "one endless header": _endless(OK + b"X-A: ", b"a" * PIECE),
    "dripping head": _drip(b"HTTP/1.1 200 OK\r\nX-A: "),
    "dripping body": _drip(OK + b"Content-Length: 5000\r\n\r\n"),
    "bad chunk": _raw(CHUNKED + b"zz\r\nabc\r\n"),
    "huge chunk": _raw(CHUNKED + b"ffffffffffffffff\r\nabc\r\n"),
    "shorter than said": _raw(OK + b"Content-Length: 500\r\n\r\n{}"),
    "length below zero": _raw(OK + b"Content-Length: -5\r\n\r\n{}"),
    "two lengths": _raw(OK + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}"),
    "gzip bomb": _text(gzip.compress(bytes(1024 * 1024)) * 1000, GZIP),
    "broken gzip": _text(b"\x1f\x8b\x08" + b"\xff" * 200, GZIP),
    "unknown encoding": _text(b"{}", "Content-Encoding: odd"),
    "3 MB": _text('{"id": "' + "a" * 3_000_000 + '"}'),
    "NUL bytes": _text(b'{"id": "a\0b", "status": "PAID\0"}'),
    "no UTF-8": _text(b'{"id": "\xff\xfe", "status": "\xc3\x28"}'),
    "UTF-16": _text('{"id": 1}'.encode("utf-16")),
    "a lone surrogate": _text('{"id": "\\ud800", "status": "\\udfff"}'),
    "deep JSON": _text("[" * 100_000),
    "deep JSON, closed": _text('{"a":' * 5_000 + "1" + "}" * 5_000),
    "numbers of 5,000 digits": _text(f'{{"id": {DIGITS}, "status": {DIGITS}, "credited": {DIGITS}}}'),
    "numbers beyond float": _text('{"id": 1e999, "status": "PAID", "credited": 1e999, "total": -1e999}'),
    "NaN": _text('{"id": NaN, "status": NaN, "credited": Infinity}'),
    "a list": _text("[1, 2, 3]"),
    "wrong types": _text('{"id": {"a": []}, "status": [null], "message": {"b": 1}, "receipt": true}'),
    "a path as id": _text('{"id": "../../../etc/passwd", "status": "PAID"}'),
    "an address as id": _text('{"id": "//203.0.113.9/x", "status": "PENDING"}'),
    "a line break as id": _text('{"id": "a\\r\\nX-A: b", "status": "PENDING"}'),
    "escape sequences": _text('{"id": "1", "message": "\\u001b[2J\\u001b]0;x\\u0007", "status": "FAILED"}'),
    "commands of a CI system": _text('{"id": "1", "message": "::error::x\\n##vso[task.complete]", "status": "FAILED"}'),
    "markup": _text("<script>alert(1)</script><!--" + "<b>" * 50_000, kind="text/html"),
    "a tag that never ends": _text("<a " * 300_000, kind="text/html"),
    "many entities": _text("&#" + "9" * 100_000 + ";&amp" * 50_000, kind="text/html"),
    "blanks": _text(" " * 2_000_000 + "x", kind="text/html"),
    "10,000 cookies": _text("{}", *(f"Set-Cookie: c{number}=x" for number in range(10_000))),
    "a redirect to itself": _raw(REDIRECT % b""),
    "a redirect to a stranger": _raw(REDIRECT % b"http://203.0.113.9/"),
    "a redirect to a file": _raw(REDIRECT % b"file:///etc/passwd"),
    "a redirect without an end": _raw(REDIRECT % b"//\xff\xfe:99999/"),
})  # fmt: skip


def odd_shop(place: str, form: Form) -> type[Any]:
    """A part of the sample shop that answers in this form in this place, and otherwise as the good one."""
    from api import Api  # noqa: PLC0415 - of the sample shop, which only `serve` imports
    from callbacks import Hooks  # noqa: PLC0415

    async def answer(request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        with suppress(ConnectionError):
            async for piece in _paced(form()):
                if transport.is_closing():
                    break
                transport.write(piece)
                while transport.get_write_buffer_size() > PIECE and not transport.is_closing():
                    await asyncio.sleep(0.01)
        transport.close()
        return web.Response()

    if place == "callback":

        class OddHooks(Hooks):
            async def receive(self, request: web.Request) -> web.Response:
                await super().receive(request)
                return await answer(request)

        return OddHooks

    class OddApi(Api):
        async def pay(self, request: web.Request) -> web.Response:
            response = await super().pay(request)
            return await answer(request) if place == "pay" else response

        async def payment(self, request: web.Request) -> web.Response:
            response = await super().payment(request)
            return await answer(request) if place == "status" else response

    return OddApi


async def _paced(pieces: Pieces) -> AsyncIterator[bytes]:
    for piece in pieces:
        if len(piece) == 1:
            await asyncio.sleep(0.5)
        yield piece


def serve(place: str, name: str, rest: list[str]) -> None:
    """Be the shop. Its own flags follow."""
    sys.path.insert(0, str(DUKA))
    import duka  # noqa: PLC0415
    from defects import BY_NAME  # noqa: PLC0415
    from defects.row import defect  # noqa: PLC0415

    BY_NAME["odd"] = defect("odd", "", "Answers with anything.", odd_shop(place, FORMS[name]))
    duka.main(["--defect", "odd", *rest])


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended."""

    code: int
    took_s: float
    most_mb: float
    said: str

    def problem(self, place: str) -> str:
        """What is wrong with it; empty when nothing is."""
        if self.code not in ENDED:
            return f"exit code {self.code}: {self.said[-300:]}"
        if self.code == READY and place != FREE_PLACE:
            return "READY"
        if self.took_s > ENDS_S:
            return f"it took {self.took_s:.0f} s"
        return f"it used {self.most_mb:.0f} MB" if self.most_mb > MOST_MB else ""


def check(place: str, name: str) -> Ran:
    """One run against one such shop."""
    with tempfile.TemporaryDirectory() as folder:
        written = (DUKA / "tayari.yaml").read_text(encoding="utf-8")
        odd = written.replace("{target_dir}/duka.py", f"{Path(__file__).resolve()} serve {place} {name!r}")
        target = Path(folder) / "tayari.yaml"
        target.write_text(odd, encoding="utf-8")
        words = [sys.executable, "-m", "tayari", "check", str(target), *RULES, "--instances", "1"]
        log = Path(folder) / "log"
        began = time.monotonic()
        with log.open("wb") as output:
            pid = os.posix_spawn(
                sys.executable, [*words, "--out", f"{folder}/out"], os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), number) for number in (1, 2)],
            )  # fmt: skip
            _, status, used = os.wait4(pid, 0)
        said = log.read_text(encoding="utf-8", errors="replace")
        return Ran(os.waitstatus_to_exitcode(status), time.monotonic() - began, used.ru_maxrss / 1024, said)


def main() -> int:
    """Read the flags and run, or be the shop."""
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], sys.argv[3], sys.argv[4:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=list(FORMS), choices=list(FORMS), metavar="FORM")
    arguments = parser.parse_args()
    cases = [(place, name) for name in arguments.only for place in PLACES]
    problems = []
    with ThreadPoolExecutor(min(4, arguments.at_once)) as pool:
        found = []
        for (place, name), ran in zip(cases, pool.map(lambda case: check(*case), cases), strict=True):
            found.append(ran)
            print(f"{name:28} {place:9} exit {ran.code:3} {ran.took_s:6.1f} s {ran.most_mb:5.0f} MB", flush=True)
            if problem := ran.problem(place):
                problems.append(f"{name}, {place}: {problem}")
    print(json.dumps({
        "runs": len(found), "problems": len(problems), "longest_s": round(max(ran.took_s for ran in found)),
        "most_mb": round(max(ran.most_mb for ran in found)),
    }))  # fmt: skip
    print("\n".join(problems))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
