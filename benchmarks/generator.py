"""Payments for each CPU second of a load generator: what a Locust worker does for one payment, against a bare merchant.

    python benchmarks/generator.py [--rounds 5] [--payments 200] [--users 1] [--against PYTHON] [--write]

One process of a worker plays payments one after another, without the waits: a start, looks until it is paid, the
ledger, the tally and Locust's statistics. With `--users N`, N of them pay at the same time. `--against` is the
Python of another build's environment: its worker plays in turn with this build's, against the same merchant. Loopback
only, and bounded. A payment that does not settle makes the run invalid.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from kit.figure_blocks import machine, replace_block

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parent / "docs" / "benchmarks.md"
TARGET: Final = HERE / "fakes" / "merchant.yaml"
BEGIN: Final = "<!-- generator: written by `python benchmarks/generator.py --write`, not by hand -->"
END: Final = "<!-- generator: end -->"
GOAL: Final = 1.5
WARM_UP: Final = 20
MOST_S: Final = 300
HOMES: Final = {
    "StepSession": ("tayari_load.users.shopper", "tayari_load.measured"),
    "MeasuredShop": ("tayari_load.users.shopper", "tayari_load.measured"),
    "Checkout": ("tayari_load.users.checkout", "tayari_load.checkout"),
    "Customers": ("tayari_load.users.load_customers", "tayari_load.customers"),
    "Tally": ("tayari_load.statistics.tally", "tayari_load.outcome"),
    "MerchantDriver": ("tayari_target.driver", "tayari.merchant.driver"),
    "load_target": ("tayari_target.target_file.target_reader", "tayari.target.read"),
}
"""Where this build has what a worker is made of, and where commit e03fe14 had it."""


def found(name: str) -> Any:
    """A part of whichever build runs this."""
    for module in HOMES[name]:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"this build has no {name}; add its module to HOMES")


class NoWaits:
    """Real time, and waits that only let other users run: a worker's CPU time is the same, and the run is short."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds that only grow."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the clock's shape
        """Go on as soon as it is this user's turn."""
        time.sleep(0)


class User:
    """What one user of a Locust worker is made of."""

    def __init__(self, environment: Any, target: Path, number: int) -> None:
        self.environment = environment
        session = found("StepSession")("", self.environment.events.request, None)
        self.exchanges: list[Any] = []
        read = found("load_target")(target)
        driver = found("MerchantDriver")(read, session=session, record=self.exchanges.append, placeholders={})
        shop = found("MeasuredShop")
        self.checkout = found("Checkout")(
            shop=shop(driver, session, *([None] if "control" in shop.__init__.__annotations__ else [])),
            tally=found("Tally")(), clock=NoWaits(), patience_s=600.0, user="0/1", on_end=self.note,
        )  # fmt: skip
        self.customers = found("Customers")(seed=number, worker=number % 100)
        self.ended: set[str] = set()

    def note(self, *ended: Any) -> None:
        """A payment has ended; an older build gives its order too."""
        self.ended.add(str(getattr(ended[-1], "outcome", ended[-1])))
        fire: Any = self.environment.events.request.fire
        fire(request_type="PAYMENT", name="settled", response_time=1.0, response_length=0, exception=None, context={})

    def pay(self, payments: int) -> None:
        """Plays this many payments, one after another."""
        for _ in range(payments):
            self.exchanges.clear()
            self.checkout.pay(self.customers.order())


def work(target: Path, payments: int, number: int) -> int:
    """Be the worker with a number of users: print its CPU microseconds for each payment."""
    from gevent.pool import Pool  # noqa: PLC0415 - Locust patches the standard library: in the worker alone
    from locust.env import Environment  # noqa: PLC0415

    environment = Environment(user_classes=[])
    environment.create_local_runner()
    users = [User(environment, target, place) for place in range(number)]
    users[0].pay(WARM_UP)
    each = -(-payments // number)
    began = time.process_time()
    pool = Pool(number)
    for user in users:
        pool.spawn(user.pay, each)
    pool.join()
    used_s = time.process_time() - began
    ended = set().union(*(user.ended for user in users))
    if ended != {"settled"}:
        raise SystemExit(f"invalid run: payments ended as {sorted(ended)}")
    print(json.dumps({"cost_us": used_s / (each * number) * 1e6}))
    return 0


def measured(python: str, target: Path, payments: int, users: int = 1) -> float:
    """CPU microseconds of each payment of a new worker of this build."""
    command = [python, __file__, "--worker", str(target), "--payments", str(payments), "--users", str(users)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)
    if ran.returncode:
        raise SystemExit(f"invalid run: {(ran.stderr or ran.stdout).strip()[-500:]}")
    return float(json.loads(ran.stdout.splitlines()[-1])["cost_us"])


def lines(own: list[float], again: list[float], other: list[float]) -> list[str]:
    """The table."""
    rows = ["| a Locust worker of | CPU milliseconds a payment | payments a CPU second | against the other build |",
            "| --- | --- | --- | --- |"]  # fmt: skip
    gains = [two / one for one, two in zip(own, other, strict=True)] if other else []
    for name, costs, shown in (("this build", own, gains), ("the other build", other, [])):
        if costs:
            cost = statistics.median(costs)
            span = f"{statistics.median(shown):.2f} ({min(shown):.2f} to {max(shown):.2f})" if shown else "1.00"
            rows.append(f"| {name} | {cost / 1000:.1f} | {1e6 / cost:,.0f} | {span if other else '-'} |")
    noise = abs(statistics.median(one / two for one, two in zip(own, again, strict=True)) - 1)
    note = f"Noise {noise:.1%} over {len(own)} rounds; 8 calls of the merchant a payment. {machine()}"
    return [*rows, "", note, "Written by `python benchmarks/generator.py --write`."]


def main() -> int:
    """Read the flags and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="at most 30")
    parser.add_argument("--payments", type=int, default=200, help="of each round, at most 5000")
    parser.add_argument("--users", type=int, default=1, help="that pay at the same time, at most 5000")
    parser.add_argument("--against", metavar="PYTHON", default="", help="of another build's environment")
    parser.add_argument("--write", action="store_true", help="docs/benchmarks.md")
    parser.add_argument("--worker", type=Path, metavar="TARGET", help="be the worker, of the merchant of this file")
    given = parser.parse_args()
    payments = min(given.payments, 5000)
    if given.worker:
        return work(given.worker, payments, max(1, min(given.users, 5000)))
    command = [sys.executable, str(HERE / "fakes" / "merchant.py")]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as merchant,
    ):
        try:
            assert merchant.stdout is not None
            port = str(json.loads(merchant.stdout.readline())["port"])
            target = Path(folder) / "merchant.yaml"
            target.write_text(TARGET.read_text(encoding="utf-8").replace("PORT", port), encoding="utf-8")
            own, again, other = [], [], []
            for number in range(min(given.rounds, 30)):
                own.append(measured(sys.executable, target, payments, given.users))
                if given.against:
                    other.append(measured(given.against, target, payments, given.users))
                again.append(measured(sys.executable, target, payments, given.users))
                print(f"round {number + 1}: {own[-1]:.0f}, {again[-1]:.0f} us a payment"
                      f"{f'; the other build {other[-1]:.0f}' if other else ''}", flush=True)  # fmt: skip
        finally:
            merchant.terminate()
    found_lines = lines(own, again, other)
    print("\n".join(found_lines))
    if given.write:
        replace_block(PAGE, BEGIN, END, found_lines)
    gained = statistics.median(two / one for one, two in zip(own, other, strict=True)) if other else GOAL
    return int(gained < GOAL)


if __name__ == "__main__":
    sys.exit(main())
