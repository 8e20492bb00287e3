"""The console while payments come: whether the page stays responsive, and what its looking costs the simulator.

    python benchmarks/console.py [--per-s 1000] [--seconds 10] [--rounds 3]

Pushes come through the Daraja port in open loop on loopback, bounded. The simulator has one core, the load the other,
and a headless Chromium shows the page on what is left of both. Measured are the CPU time of the page's main thread,
which other programs do not change, the gaps between its frames, and the time from a key in its filter to the next
frame. The same load runs without a page, before and after, so that it shows what is left when nobody looks any more.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from dataclasses import dataclass
from typing import Any, Final

import uvloop
from kit.contestants import Product
from kit.load_generator import Generator
from payments import CORES, InvalidRun, TestEnvironment, settled
from playwright.async_api import async_playwright
from tayari_reports.writers.write_pdf import find_browser

MOST_PAYMENTS: Final = 14_000
"""About how many payments the simulator remembers; a run has no more."""
_WATCH: Final = """() => {
  window.measured = { frames: [], keys: [] };
  let last = performance.now();
  const frame = now => { measured.frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const filter = document.querySelector("[aria-label='Filter the timeline']");
  let number = 0;
  setInterval(() => {
    const began = performance.now();
    filter.value = number % 2 ? "" : `2547${number % 10}`;
    number += 1;
    filter.dispatchEvent(new Event("input"));
    requestAnimationFrame(() => setTimeout(() => measured.keys.push(performance.now() - began)));
  }, 400);
}"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the page measured in one run; milliseconds."""

    frames: list[float]
    keys: list[float]
    busy: float
    """The share of the time in which the page's main thread was busy, by its CPU time."""
    accepted: str
    """As the page shows it at the end."""
    note: str


async def load(environment: TestEnvironment, product: Product, per_s: float, seconds: float) -> float:
    """CPU microseconds of the simulator for each payment of one open-loop run."""
    generator = Generator(product.push(environment.sink_url))
    before = product.cpu_s()
    await generator.open_loop(product.host, product.port, seconds=min(seconds, MOST_PAYMENTS / per_s), per_s=per_s)
    await settled(product)
    if generator.refused or not generator.acknowledged:
        raise InvalidRun(f"{generator.acknowledged} acknowledged, refused: {generator.refused[:1]}")
    return (product.cpu_s() - before) / generator.acknowledged * 1e6


async def look(
    environment: TestEnvironment, product: Product, browser: Any, per_s: float, seconds: float
) -> tuple[float, Looked]:
    """The same with a page open, and what the page measured."""
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(product.control_url)
    await page.wait_for_selector("#live:text-is('live')")
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.evaluate(_WATCH)
    before = await _thread_time(session)
    cost = await load(environment, product, per_s, seconds)
    after = await _thread_time(session)
    accepted = f"accepted {product.counters().accepted:,}"
    await page.wait_for_selector(f"#facts >> text={accepted}", timeout=20_000)
    busy = (after[1] - before[1]) / (after[0] - before[0])
    seen = await page.evaluate("measured")
    note = await page.inner_text("#view p.quiet")
    await page.close()
    return cost, Looked(seen["frames"], seen["keys"], busy, accepted, note)


async def _thread_time(session: Any) -> tuple[float, float]:
    """Seconds by the browser's clock, and CPU seconds of the page's main thread so far."""
    rows = (await session.send("Performance.getMetrics"))["metrics"]
    found = {row["name"]: float(row["value"]) for row in rows}
    return found["Timestamp"], found["ThreadTime"]


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def show(plain: list[float], watched: list[float], after: list[float], looked: list[Looked]) -> None:
    """Print what was measured, as the rows of a table."""
    frames = [gap for row in looked for gap in row.frames]
    keys = [time for row in looked for time in row.keys]
    for name, values in (("between two frames", frames), ("from a key to the next frame", keys)):
        parts = ", ".join(f"p{part:g} {_percentile(values, part / 100):.0f}" for part in (50, 95, 99))
        print(f"{name}: {parts}, most {max(values):.0f} ms ({len(values)})")
    print(f"the page's main thread was busy for {statistics.median(row.busy for row in looked):.0%} of the time")
    print(f"the page at the end: {looked[-1].accepted}; {looked[-1].note}")
    base = statistics.median(plain)
    for name, costs in (
        ("before a page was opened", plain),
        ("with the page", watched),
        ("after it was closed", after),
    ):
        found = statistics.median(costs)
        print(
            f"a payment costs {found:.0f} us of CPU {name}: {found / base:.2f} ({min(costs):.0f} to {max(costs):.0f})"
        )


async def run(arguments: argparse.Namespace) -> int:
    """Rounds without, with and again without a page, in turn, on one simulator."""
    plain: list[float] = []
    watched: list[float] = []
    after: list[float] = []
    looked: list[Looked] = []
    environment = await TestEnvironment.built()
    product = Product(environment.core)
    load_for = (arguments.per_s, arguments.seconds)
    try:
        await load(environment, product, arguments.per_s, 2.0)  # warm
        async with async_playwright() as playwright:
            os.sched_setaffinity(0, CORES)  # a browser takes over where it is started from
            browser = await playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
            os.sched_setaffinity(0, {CORES[1]})
            for _ in range(arguments.rounds):
                await asyncio.to_thread(product.reset)
                plain.append(await load(environment, product, *load_for))
                await asyncio.to_thread(product.reset)
                cost, seen = await look(environment, product, browser, *load_for)
                watched.append(cost)
                looked.append(seen)
                await asyncio.to_thread(product.reset)
                after.append(await load(environment, product, *load_for))
            await browser.close()
    except InvalidRun as error:
        print(f"invalid run: {error}")
        return 1
    finally:
        product.stop()
    show(plain, watched, after, looked)
    return 0


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-s", type=float, default=1_000.0, help="new payments a second, at most 2,000")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3, help="at most 9")
    arguments = parser.parse_args()
    arguments.per_s = min(arguments.per_s, 2_000.0)
    arguments.rounds = min(arguments.rounds, 9)
    return uvloop.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
