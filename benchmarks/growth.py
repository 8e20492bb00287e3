"""How the cost of one thing grows with how many there are: one table, each row in one process, in CPU microseconds.

    python benchmarks/growth.py [--only WORD] [--most 1000000] [--write]

Linear growth is a cost that stays the same. `--most` bounds every size. No network, and bounded: three minutes with a
million. Exits 1 where the largest size costs more than twice what the smallest does, for each one.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import orjson
from journal import filled, searched
from kit.figure_blocks import machine, replace_block
from tayari_reports.writers.writer_table import write_all
from tayari_simulator.apis.core.dispatcher import Dispatcher
from tayari_simulator.apis.core.organisations import Business
from tayari_simulator.catalogue.options import Options
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE, Config
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.scenarios.scenario_reader import read_inline
from tayari_simulator.scenarios.selector import Selector
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.transport.monitor import collect_seldom

ROOT: Final = Path(__file__).parents[1]
BEGIN: Final = "<!-- growth: written by `python benchmarks/growth.py --write`, not by hand -->"
END: Final = "<!-- growth: end -->"
MEASURED: Final = 4_000
"""How many payments are measured at each size."""
MOST_GROWTH: Final = 2.0
LATER_S: Final = 3_600.0
PATH: Final = "/mpesa/stkpush/v1/processrequest"
STAMP: Final = "20261007143517"
NOW_S: Final = 1_791_372_903.0


class Core:
    """A Daraja without a network, on a clock that is set by hand."""

    def __init__(self, selector: Selector | None = None, *, outcome_after_s: float = 1.0) -> None:
        options = Options(overrides={"outcome_after_s": str(outcome_after_s)})
        business = Business(short_code=SANDBOX_SHORT_CODE, passkey=SANDBOX_PASSKEY)
        self.daraja = Dispatcher(business, options, uniform=Random(1).random, choose=selector or Selector())
        token = self.daraja.state.tokens.issue("t" * 28, app="key", expires_s=NOW_S + 10**6, cancel_old=False)
        self.bearer, self.now_s = f"Bearer {token.text}", NOW_S
        self.password = b64encode(f"{SANDBOX_SHORT_CODE}{SANDBOX_PASSKEY}{STAMP}".encode()).decode()

    def push(self, phone: int) -> None:
        """A push of this phone; the clock goes on, so that each has its own identifier."""
        self.now_s += 0.0001
        body = orjson.dumps({
            "BusinessShortCode": SANDBOX_SHORT_CODE, "Password": self.password, "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline", "Amount": 1, "PartyA": f"2547{phone:08d}",
            "PartyB": SANDBOX_SHORT_CODE, "PhoneNumber": f"2547{phone:08d}", "AccountReference": "INV1",
            "CallBackURL": "https://shop.example/pay/1", "TransactionDesc": "Shoes",
        })  # fmt: skip
        exchange = JournalExchange(ExchangeKind.REQUEST, "stk_push", "POST", PATH, (), body, self.now_s, self.now_s)
        reply = self.daraja.answer(self.daraja.routes[PATH], exchange, self.bearer, "application/json")
        if reply.status != 200:
            raise SystemExit(f"invalid run: {reply.body!r}")

    def advance(self, by_s: float) -> int:
        """Let what is due by then happen; how many callbacks came."""
        self.now_s += by_s
        sent = 0
        while self.daraja.state.schedule.next_s <= self.now_s:
            for delivery in self.daraja.due(self.now_s):
                sent += 1
                transaction = self.daraja.state.transactions.find(delivery.transaction_id)
                if transaction is not None:
                    transaction.pending = 0
        return sent

    def payments(self, number: int, phones: int) -> float:
        """CPU microseconds of one payment, over a number of payments from these phones in turn."""
        gc.collect()
        began = time.process_time()
        for place in range(0, number, 100):
            for phone in range(place, min(place + 100, number)):
                self.push(phone % phones)
            self.advance(2.0 if phones >= 100 else 130.0)
        return (time.process_time() - began) / number * 1e6


def scenario(given: dict[str, object]) -> Scenario:
    """A scenario as a test writes it."""
    made, problems = read_inline(given)
    if made is None:
        raise SystemExit(f"the benchmark's own scenario is wrong: {problems}")
    return made


def loaded_scenarios(size: int) -> float:
    """A payment beside a number of scenarios. None of them applies to it, so that all are asked."""

    def when(place: int) -> dict[str, object]:
        ways = ({"msisdn": f"2541{place:08d}"}, {"amount": 100_000 + place}, {"reference": f"REF{place}"})
        return dict(ways[place % 3])

    loaded = [scenario({"scenario": f"many/s{place}", "when": when(place)}) for place in range(size)]
    return Core(Selector(loaded)).payments(MEASURED, MEASURED)


def phones(size: int) -> float:
    """A payment of one of a number of phones, each of which has paid before."""
    core = Core()
    core.payments(size, size)
    return core.payments(MEASURED, size)


def open_prompts(size: int) -> float:
    """A payment from push to result, while a number of payments wait at the same time."""
    core = Core(outcome_after_s=LATER_S)
    gc.collect()
    began = time.process_time()
    for phone in range(size):
        core.push(phone)
    if core.advance(LATER_S) != size:
        raise SystemExit("invalid run: not every payment was called back")
    return (time.process_time() - began) / size * 1e6


def pending_callbacks(size: int) -> float:
    """A payment whose callback waits with a number of others, after its result is known."""
    late = scenario({"scenario": "late/callback", "outcome": {"callback_after_s": LATER_S}})
    selector = Selector([late], active=late.name)
    core = Core(selector)
    gc.collect()
    began = time.process_time()
    for phone in range(size):
        core.push(phone)
    if core.advance(60.0) or len(core.daraja.state.schedule) != size or core.advance(LATER_S) != size:
        raise SystemExit("invalid run: not every callback waited")
    return (time.process_time() - began) / size * 1e6


def journal_entries(size: int) -> float:
    """A new search of the journal's file by phone, among a number of entries; the median."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "journal.sqlite")
        filled(path, size)
        times = searched(path, size)["phone"]
    return times[len(times) // 2] * 1e6


def checks(size: int) -> float:
    """One check of a report with a number of them, a tenth of which failed with four exchanges, in all formats."""
    sys.path.append(str(ROOT / "tests" / "reports"))
    import samples  # noqa: PLC0415 - the runs of the tests: only this row needs them

    failed, passed = samples.not_ready().checks, samples.ready().checks
    bad = next(row for row in failed if row.evidence)
    rows = [
        replace(bad, reason=f"{bad.reason} (payment {number})") if number % 10 == 0 else passed[number % len(passed)]
        for number in range(size)
    ]
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        write_all(samples.run(checks=tuple(rows)), folder)
        return (time.process_time() - began) / size * 1e6


class Row(NamedTuple):
    """What grows, its sizes, and the cost of one."""

    what: str
    sizes: tuple[int, ...]
    cost_us: Callable[[int], float]


ROWS: Final = (
    Row("loaded scenarios: a payment", (10, 100, 1_000, 10_000), loaded_scenarios),
    Row("phones: a payment", (100, 10_000, 100_000, 1_000_000), phones),
    Row("open prompts: a payment", (1_000, 10_000, 100_000), open_prompts),
    Row("pending callbacks: a payment", (1_000, 10_000, 100_000), pending_callbacks),
    Row("journal entries: a search by phone", (10_000, 100_000, 1_000_000), journal_entries),
    Row("checks of a report: a check", (100, 1_000, 10_000), checks),
)


def main() -> int:
    """Measure, print the table, and judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name holds it")
    parser.add_argument("--most", type=int, default=1_000_000, help="of any size")
    parser.add_argument("--write", action="store_true", help="docs/benchmarks.md")
    given = parser.parse_args()
    lines = [
        "| what grows: the cost of one | by size: CPU microseconds | largest against smallest |",
        "| --- | --- | --- |",
    ]
    worse = []
    collect_seldom(Config())  # as a simulator does: searches for garbage would be a third of what grows
    for row in ROWS:
        sizes = [size for size in row.sizes if size <= given.most]
        if given.only in row.what and sizes:
            found = {size: row.cost_us(size) for size in sizes}
            grown = found[sizes[-1]] / found[sizes[0]]
            costs = ", ".join(f"{size:,}: {cost:,.0f}" for size, cost in found.items())
            lines.append(f"| {row.what} | {costs} | {grown:.2f} |")
            print(lines[-1], flush=True)
            worse += [row.what] if grown > MOST_GROWTH else []
    lines += ["", machine(), "Written by `python benchmarks/growth.py --write`."]
    if given.write:
        replace_block(ROOT / "docs" / "benchmarks.md", BEGIN, END, lines)
    for what in worse:
        print(f"worse than linear: {what}")
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
