"""Does the simulator hold for long? A day on the scaled clock, the edges of dates, and half an hour of real load.

    python benchmarks/long_runs.py [--hours 24] [--speed 720] [--rate 50]
    python benchmarks/long_runs.py --minutes 30 [--per-second 200]

Loopback only, and bounded. `--minutes` is real time: payments at a steady rate, each called back once, no identifier
twice, memory and descriptors flat once the journal is full. Lateness is measured by the simulator (the write against
its plan) and at the merchant (the arrival against push and plan together). Without it: `--hours` of a clock that runs
`--speed` times as fast, with pushes all the time (24 hours at 720 take two minutes): every payment is called back, no
identifier comes twice, a token lives its hour, the clock does not drift, memory and descriptors stay. A manual clock
crosses midnight, a month, a year and a leap day, and lets a payment grow older than the 48 hours of a pull. Prints the
figures; exits 1 where one of these is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import uvloop
from kit.contestants import OUTCOME_AFTER_S, Product
from kit.load_generator import Generator, Sink
from lateness import MOST_WAITED
from payments import settled
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
WARM_S: Final = 180.0
"""Real seconds after which the journal is full at the usual rate, and nothing may grow any more."""
SAMPLE_S: Final = 30.0
"""The simulator keeps the lateness of its last 6,000 callbacks: at 200 a second each is in one sample."""
WARM_GROWTH_MB: Final = 20
LATE_P99_S: Final = 0.005
MOST_MINUTES: Final = 120.0
MOST_PER_S: Final = 1000.0
_PHONE: Final = re.compile(rb'"PhoneNumber": ?"?(\d+)')


@dataclass(slots=True)
class Seen:
    """The identifiers of a run, and what was wrong."""

    ids: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    called_back: Counter[str] = field(default_factory=Counter)
    """Callbacks by CheckoutRequestID."""
    problems: list[str] = field(default_factory=list)

    def callback(self, body: bytes) -> None:
        """What a callback names."""
        reply = json.loads(body)["Body"]["stkCallback"]
        self.called_back[reply["CheckoutRequestID"]] += 1
        items = {row["Name"]: row.get("Value") for row in (reply.get("CallbackMetadata") or {}).get("Item", ())}
        if reply["ResultCode"] == 0:
            self.receipts[str(items["MpesaReceiptNumber"])] += 1

    def doubles(self) -> None:
        """Nothing may stand here twice."""
        for what, counted in (
            ("identifiers", self.ids), ("receipts", self.receipts), ("callbacks", self.called_back)
        ):  # fmt: skip
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
    """Plays this many hours of the scaled clock."""
    seen, sink = Seen(), Sink()
    sink.on_callback = seen.callback
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
    sink.on_callback = seen.callback
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


@dataclass(slots=True)
class Steady:
    """What half an hour at one rate showed."""

    sent_at: dict[int, float] = field(default_factory=dict)
    """By phone number, as the callback names it."""
    arrived_after_s: list[float] = field(default_factory=list)
    uses: list[tuple[int, int]] = field(default_factory=list)
    """Megabytes and descriptors, one sample after the other, once the journal is full."""
    late_p99_s: list[float] = field(default_factory=list)
    """By the simulator, of its last callbacks at each sample."""

    def noted(self, make: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """The same pushes; each is noted with the moment at which it is made."""

        def made(number: int) -> bytes:
            sent = make(number)
            found = _PHONE.search(sent)
            assert found is not None
            self.sent_at[int(found[1])] = time.monotonic()
            return sent

        return made

    def arrived(self, body: bytes) -> None:
        """A callback came."""
        found = _PHONE.search(body.replace(b'"Name":"PhoneNumber","Value"', b'"PhoneNumber"'))
        if found is not None:
            self.arrived_after_s.append(time.monotonic() - self.sent_at.pop(int(found[1])) - float(OUTCOME_AFTER_S))

    async def sample(self, product: Product) -> None:
        """Until it is cancelled: look at the simulator every few seconds."""
        await asyncio.sleep(WARM_S)
        while True:
            self.uses.append(_use_of(product))
            self.late_p99_s.append((await asyncio.to_thread(product.metrics))["tayari_callbacks_late_p99_seconds"])
            await asyncio.sleep(SAMPLE_S)


async def at_one_rate(arguments: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    """Plays payments at a steady rate for this many real minutes."""
    seen, steady, sink = Seen(), Steady(), Sink()

    def called_back(body: bytes) -> None:
        seen.callback(body)
        steady.arrived(body)

    sink.on_callback = called_back
    product = Product(0, "steady")
    try:
        idle, began, waited_s = _use_of(product), time.monotonic(), product.waited_s()
        generator = Generator(steady.noted(product.push(await sink.opened())))
        sampler = asyncio.create_task(steady.sample(product))
        await generator.open_loop(
            product.host, product.port, seconds=arguments.minutes * 60, per_s=arguments.per_second
        )
        took_s, waited_s = time.monotonic() - began, product.waited_s() - waited_s
        counters = await settled(product)
        sampler.cancel()
        balance = await asyncio.to_thread(product.balance)
    finally:
        await asyncio.to_thread(product.stop)
    seen.doubles()
    problems += seen.problems
    check(problems, not generator.refused, f"{len(generator.refused)} pushes were refused: {generator.refused[:1]}")
    accounts = {
        "acknowledged": generator.acknowledged, "accepted": counters.accepted, "answered": counters.answered,
        "called back": len(seen.called_back), "receipts": len(seen.receipts),
    }  # fmt: skip
    check(problems, len(set(accounts.values())) == 1, f"the accounts differ: {accounts}")
    check(problems, bool(balance["balanced"]), f"the simulator's balance does not add up: {balance}")
    waited = waited_s / took_s
    return accounts | _steady_figures(steady, idle, waited, problems) | {"seconds": round(took_s, 1)}


def _steady_figures(steady: Steady, idle: tuple[int, int], waited: float, problems: list[str]) -> dict[str, Any]:
    if not steady.uses:
        problems.append(f"the run was shorter than {WARM_S:g} s: whether memory grows is not known")
        return {}
    megabytes, descriptors = zip(*steady.uses, strict=True)
    check(problems, max(megabytes) - megabytes[0] < WARM_GROWTH_MB, f"memory grew: {megabytes[0]} to {max(megabytes)}")
    usual = statistics.median(descriptors[len(descriptors) // 2 :])  # a stall opens some more for a moment
    check(problems, usual <= descriptors[0] + 30, f"descriptors grew: {descriptors}")
    late_s = statistics.median(steady.late_p99_s)
    busy = waited > MOST_WAITED
    check(problems, busy or late_s < LATE_P99_S, f"callbacks were late: p99 {late_s * 1e3:.1f} ms")
    arrived = sorted(steady.arrived_after_s)
    return {
        "idle_mb_and_descriptors": idle,
        "mb": {"journal full": megabytes[0], "most": max(megabytes), "end": megabytes[-1]},
        "descriptors": {"journal full": descriptors[0], "most": max(descriptors), "end": descriptors[-1]},
        "late_p99_ms": {"median": round(late_s * 1e3, 2), "most": round(max(steady.late_p99_s) * 1e3, 2)},
        "arrived_after_ms": {
            part: round(arrived[min(len(arrived) - 1, int(len(arrived) * share))] * 1e3, 2)
            for part, share in (("p50", 0.5), ("p99", 0.99), ("most", 1.0))
        },
        "without_a_core": round(waited, 4), "lateness_is_judged": not busy,
    }  # fmt: skip


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
    parser.add_argument("--minutes", type=float, default=0.0, help="of real time at a steady rate, and nothing else")
    parser.add_argument("--per-second", type=float, default=200.0, help="payments, with --minutes")
    arguments = parser.parse_args()
    arguments.minutes = min(arguments.minutes, MOST_MINUTES)
    arguments.per_second = min(arguments.per_second, MOST_PER_S)
    problems: list[str] = []

    async def everything() -> None:
        if arguments.minutes:
            print(json.dumps(await at_one_rate(arguments, problems)), flush=True)
            return
        for name, at in EDGES.items():
            print(json.dumps(await an_edge(name, at, problems)), flush=True)
        print(json.dumps(await asyncio.to_thread(two_days, problems)), flush=True)
        print(json.dumps(await a_day(arguments, problems)), flush=True)

    uvloop.run(everything())
    print("\n".join(problems) or "nothing doubled, nothing lost, nothing late")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
