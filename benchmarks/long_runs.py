"""Do the simulator's clock, identifiers, tokens and lists hold over days? A day on the scaled clock, and the edges.

    python benchmarks/long_runs.py [--hours 24] [--speed 720] [--rate 50]

Loopback only. `--hours` of a clock that runs `--speed` times as fast, with pushes all the time (24 hours at 720 take
two minutes): every payment is called back, no identifier comes twice, a token lives its hour, the clock does not drift,
memory and descriptors stay. A manual clock crosses midnight, a month, a year and a leap day, and lets a payment grow
older than the 48 hours of a pull. Prints the figures; exits 1 where one of these is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import uvloop
from contestants import Product
from load_generator import Sink
from tayari_control.client import ControlClient

EAT: Final = timezone(timedelta(hours=3))
EDGES: Final = {
    "midnight": datetime(2026, 11, 18, tzinfo=EAT),
    "end of a month": datetime(2026, 12, 1, tzinfo=EAT),
    "end of February": datetime(2027, 3, 1, tzinfo=EAT),
    "end of a year": datetime(2027, 1, 1, tzinfo=EAT),
    "into a leap day": datetime(2028, 2, 29, tzinfo=EAT),
    "out of a leap day": datetime(2028, 3, 1, tzinfo=EAT),
}
A_STEP_S: Final = 0.1
STEPS: Final = 40
HOUR_S: Final = 3599
"""What a token says of its life."""
DRIFT_S: Final = 0.05
"""Real seconds that the scaled clock may be off; asking it takes some of them."""
PULL_S: Final = 48 * 3600
WAIT_S: Final = 10.0
REFUSED_TOKEN: Final = "404.001.03"
GROWTH_MB: Final = 150


@dataclass(slots=True)
class Seen:
    """The identifiers of a run, and what was wrong."""

    ids: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def callback(self, body: bytes) -> None:
        """What a callback names."""
        reply = json.loads(body)["Body"]["stkCallback"]
        items = {row["Name"]: row.get("Value") for row in (reply.get("CallbackMetadata") or {}).get("Item", ())}
        if reply["ResultCode"] == 0:
            self.receipts[str(items["MpesaReceiptNumber"])] += 1

    def doubles(self) -> None:
        """Nothing may stand here twice."""
        for what, counted in (("identifiers", self.ids), ("receipts", self.receipts)):
            twice = [name for name, number in counted.items() if number > 1]
            if twice:
                self.problems.append(f"{len(twice)} {what} came twice: {twice[:3]}")


async def pushed(product: Product, sent: bytes) -> tuple[int, dict[str, Any]]:
    """One push on a connection of its own: status and answer."""
    reader, writer = await asyncio.open_connection(product.host, product.port)
    try:
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head.lower())
        body = await reader.readexactly(int(length[1]) if length else 0)
        return int(head.split(b" ", 2)[1]), json.loads(body)
    finally:
        writer.close()


async def a_day(arguments: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    """So many hours of the scaled clock."""
    seen, sink = Seen(), Sink()
    sink.hears = seen.callback
    sink_url = await sink.opened()
    product = Product(0, "scaled", "--clock", f"scaled:{arguments.speed}", "--option", "outcome_after_s=30")
    try:
        before = _use_of(product)
        began, began_s = time.monotonic(), float(product.health()["now_s"])
        accepted, lives = await push_all(product, sink_url, arguments, seen)
        clock_s = float(product.health()["now_s"])
        drift_s = (clock_s - began_s) / arguments.speed - (time.monotonic() - began)
        for _ in range(int(WAIT_S / A_STEP_S)):
            if len(seen.receipts) >= accepted:
                break
            await asyncio.sleep(A_STEP_S)
        after = _use_of(product)
    finally:
        await asyncio.to_thread(product.stop)
    seen.doubles()
    problems += seen.problems
    check(problems, abs(drift_s) < DRIFT_S, f"the clock drifted by {drift_s:.3f} real seconds")
    check(problems, len(seen.receipts) == accepted, f"{accepted} were accepted, {len(seen.receipts)} called back")
    slack_s = arguments.speed * (1 + 2 / arguments.rate)
    odd = [life for life in lives if abs(life - HOUR_S) > slack_s]
    check(problems, not odd and bool(lives), f"tokens lived {odd or 'for ever'}; expected about {HOUR_S} s")
    check(problems, after[0] - before[0] < GROWTH_MB, f"memory grew from {before[0]} to {after[0]} MB")
    check(problems, after[1] <= before[1] + 30, f"descriptors grew from {before[1]} to {after[1]}")
    return {
        "hours": round((clock_s - began_s) / 3600, 2), "accepted": accepted, "called_back": len(seen.receipts),
        "drift_ms": round(drift_s * 1000, 1), "tokens": len(lives), "mb_and_descriptors": [before, after],
    }  # fmt: skip


async def push_all(
    product: Product, sink_url: str, arguments: argparse.Namespace, seen: Seen
) -> tuple[int, list[float]]:
    """Push until the hours are over: how many were accepted, and how long each token lived, by the scaled clock."""
    began, accepted, number = time.monotonic(), 0, 0
    lives: list[float] = []
    fetched, make = began, product.push(sink_url)
    while (real_s := time.monotonic() - began) < arguments.hours * 3600 / arguments.speed:
        number += 1
        status, answer = await pushed(product, make(number))
        if answer.get("errorCode") == REFUSED_TOKEN:
            lives.append((time.monotonic() - fetched) * arguments.speed)
            fetched, make = time.monotonic(), product.push(sink_url)
            continue
        if status != 200:
            seen.problems.append(f"push {number} was answered {status} {answer}")
            break
        accepted += 1
        seen.ids[answer["CheckoutRequestID"]] += 1
        seen.ids[answer["MerchantRequestID"]] += 1
        await asyncio.sleep(max(0.0, number / arguments.rate - real_s))
    return accepted, lives


def _use_of(product: Product) -> tuple[int, int]:
    return round(product.resident_mb()), len(os.listdir(f"/proc/{product.pid}/fd"))


def check(problems: list[str], holds: bool, otherwise: str) -> None:
    """Note what does not hold."""
    if not holds:
        problems.append(otherwise)


async def an_edge(name: str, at: datetime, problems: list[str]) -> dict[str, Any]:
    """Payments before and after a moment at which a date changes."""
    seen, sink = Seen(), Sink()
    sink.hears = seen.callback
    sink_url = await sink.opened()
    start_s = at.timestamp() - A_STEP_S * STEPS / 2
    product = Product(0, name, "--clock", f"manual:{start_s:.1f}", "--option", "outcome_after_s=0")
    try:
        ask, make = ControlClient(product.control_url), product.push(sink_url)
        for number in range(STEPS):
            status, answer = await pushed(product, make(number))
            check(problems, status == 200, f"{name}: a push was answered {status} {answer}")
            seen.ids[answer["CheckoutRequestID"]] += 1
            await asyncio.to_thread(ask.advance, by_s=A_STEP_S)
        await asyncio.to_thread(ask.advance, until="idle")
        rows = await asyncio.to_thread(ask.payments)
        for row in rows:
            day = datetime.fromtimestamp(row["created_at"], EAT)
            named = row["checkout_request_id"][6:14]
            check(
                problems, named == f"{day:%d%m%Y}", f"{name}: {row['checkout_request_id']} was made on {day:%d.%m.%Y}"
            )
        days = Counter(receipt[:3] for receipt in seen.receipts)
        expected = {letters(at - timedelta(days=1)), letters(at)}
        check(problems, set(days) == expected, f"{name}: receipts begin with {dict(days)}; expected {expected}")
        check(problems, len(seen.receipts) == STEPS, f"{name}: {len(seen.receipts)} of {STEPS} were called back")
        seen.doubles()
        problems += seen.problems
        return {"edge": name, "payments": STEPS, "receipts_begin": dict(days)}
    finally:
        await asyncio.to_thread(product.stop)


def letters(day: datetime) -> str:
    """The first characters of the receipts of a day. Source: reference 1.5."""
    return chr(65 + day.year - 2006) + chr(64 + day.month) + "0123456789ABCDEFGHIJKLMNOPQRSTUV"[day.day]


def call(product: Product, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call of Daraja; a refusal is an answer."""
    head = {"Authorization": f"Bearer {product.token()}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{product.ready['daraja_url']}{path}", json.dumps(body).encode(), head)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            reply: dict[str, Any] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        reply = json.loads(error.read())
    return reply


def two_days(problems: list[str]) -> dict[str, Any]:
    """A payment is pulled until it is 48 hours old."""
    began = datetime(2026, 11, 18, 12, 0, tzinfo=EAT)
    product = Product(0, "pull", "--clock", f"manual:{began.timestamp():.0f}")
    try:
        ask, code = ControlClient(product.control_url), product.ready.get("short_code", "174379")
        registered = call(product, "/pulltransactions/v1/register", {
            "ShortCode": code, "RequestType": "Pull", "NominatedNumber": "254712345678",
            "CallBackURL": "https://shop.example/pulled",
        })  # fmt: skip
        ask.pay_c2b(short_code=code, msisdn="254712345678", amount=100, reference="A1")
        ask.advance(by_s=60.0)

        def pulled() -> int:
            now = datetime.fromtimestamp(float(product.health()["now_s"]), EAT)
            since = now - timedelta(hours=47, minutes=59, seconds=59)
            answer = call(product, "/pulltransactions/v1/query", {
                "ShortCode": code, "StartDate": f"{since:%Y-%m-%d %H:%M:%S}",
                "EndDate": f"{now:%Y-%m-%d %H:%M:%S}", "OffSetValue": "0",
            })  # fmt: skip
            return sum(len(page) for page in answer.get("Response") or () if isinstance(page, list))

        found = {"after 1 min": pulled()}
        ask.advance(by_s=PULL_S - 180.0)
        found["after 47 h 58 min"] = pulled()
        ask.advance(by_s=180.0)
        found["after 48 h 1 min"] = pulled()
        expected = [1, 1, 0]
        check(problems, list(found.values()) == expected, f"pulled {found} rows; expected {expected} ({registered})")
        return {"pulled": found}
    finally:
        product.stop()


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--speed", type=float, default=720.0)
    parser.add_argument("--rate", type=float, default=50.0, help="pushes in a real second")
    arguments = parser.parse_args()
    problems: list[str] = []

    async def everything() -> None:
        for name, at in EDGES.items():
            print(json.dumps(await an_edge(name, at, problems)), flush=True)
        print(json.dumps(await asyncio.to_thread(two_days, problems)), flush=True)
        print(json.dumps(await a_day(arguments, problems)), flush=True)

    uvloop.run(everything())
    print("\n".join(problems) or "nothing doubled, nothing lost, nothing late")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
