"""Several instances of the merchant: each is a test environment with a simulator, a port and a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from tayari_control.client import ControlError
from tayari_control.simulator_process import SimulatorOptions, SimulatorStartError

from tayari_target.environment_options import asks_for, learns_daraja_url
from tayari_target.merchant_interception import Intercept
from tayari_target.merchant_process import MerchantStartError
from tayari_target.target_file.placeholders import names
from tayari_target.target_file.target_model import Merchant, Target
from tayari_target.test_environment import TestEnvironment

OWN: Final = frozenset({"work_dir", "instance"})
"""The placeholders by which an instance has files, or a database, of its own."""

PER_CORE: Final = 4
PATIENT_PER_CORE: Final = 8
"""Of a merchant that limits its status queries: it waits nearly all of the time."""
MEMORY_MB: Final = 600
"""Each instance needs this much free memory: a simulator, and a merchant with what it starts."""


def only_one_because(target: Target, *, control_url: str | None = None) -> str:
    """Why a second instance of this merchant cannot run beside the first; empty where it can."""
    merchant, start = target.merchant, target.merchant.start
    if control_url:
        return "its simulator runs already (--control), and an instance needs one of its own"
    if start is None:
        return "Tayari does not start it (merchant.start)"
    if "{port}" not in merchant.base_url:
        return "merchant.base_url names a fixed port, no {port}"
    if not learns_daraja_url(start):
        return "merchant.start does not give it {daraja_url}"
    if start.intercept is Intercept.HOSTS:
        return "its calls come by a host file (intercept: hosts), which leads to one port alone"
    if not any(asks_for(start, name) for name in OWN):
        return "merchant.start names neither {work_dir} nor {instance}, so instances would share their files"
    if merchant.adapter is not None:
        return "an adapter drives it (merchant.adapter), and may know one address alone"
    if any(not set(names(place)) & (OWN | {"port"}) for place in _places_read(merchant)):
        return "its state is read at one place for all instances, which names no {work_dir}, {instance} or {port}"
    fixed = [instead for instead in (*target.callbacks.rewrite.values(), target.callbacks.deliver_to) if instead]
    if any("{port}" not in instead for instead in fixed):
        return "callbacks go to a fixed address (callbacks.rewrite, callbacks.deliver_to), no {port}"
    return ""


def _places_read(merchant: Merchant) -> Iterator[str]:
    """The databases, files and commands in which the target file looks for states."""
    account = merchant.c2b.account if merchant.c2b is not None else None
    readings = (
        merchant.status,
        merchant.payout.status if merchant.payout is not None else None,
        merchant.refund.status if merchant.refund is not None else None,
        account.way if account is not None else None,
    )
    for reading in readings:
        if reading is not None:
            yield from (place for place in (reading.sql_url, reading.file, reading.command) if place)


def most_instances(*, patient: bool = False) -> int:
    """How many instances this machine can run. `patient`: the merchant limits its status queries and mostly waits."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _free_memory_mb()
    by_memory = cores * PATIENT_PER_CORE if memory is None else memory // MEMORY_MB
    return max(1, min(cores * (PATIENT_PER_CORE if patient else PER_CORE), by_memory))


def _free_memory_mb() -> int | None:
    """Memory that may be used without swapping; None if the system does not say (Linux does)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:")), None)


class Instances:
    """The instances beside the first one, started side by side. A context manager that takes them down.

    `count`: how many there shall be, the first one included. `asked_for`: how many somebody asked for by number.
    """

    def __init__(
        self,
        target: Target,
        count: int,
        *,
        options: SimulatorOptions | None = None,
        control_url: str | None = None,
        asked_for: int = 0,
        keep_logs_in: Path | None = None,
    ) -> None:
        self._target = target
        self._options = replace(options or SimulatorOptions(), port=None, control_port=None, journal=None)
        self.only_one = only_one_because(target, control_url=control_url) if count > 1 else ""
        """Why there is only the first one; empty where nothing prevents more."""
        self.asked_for = asked_for if asked_for > 1 else 0
        self._count = 1 if self.only_one else count
        self._keep_logs_in = keep_logs_in
        self._starting: list[tuple[TestEnvironment, Future[None]]] = []
        self._pool = ThreadPoolExecutor(thread_name_prefix="tayari-instance")
        self.problems: list[str] = []
        """Why an instance is not there."""

    def begin(self) -> None:
        """Start them; returns at once."""
        for number in range(2, 1 + self._count):
            environment = TestEnvironment(self._target, options=self._options, instance=number)
            environment.keep_log_in = self._keep_logs_in
            self._starting.append((environment, self._pool.submit(_bring_up, environment)))

    def ready(self) -> tuple[TestEnvironment, ...]:
        """Wait until all are up. One that does not come up is missing, and `problems` says why."""
        self.problems = []
        up: list[TestEnvironment] = []
        for environment, started in self._starting:
            try:
                started.result()
            except (MerchantStartError, SimulatorStartError, ControlError) as error:
                self.problems.append(str(error))
            else:
                up.append(environment)
        return tuple(up)

    def close(self) -> None:
        """Take down what was started, side by side. Safe to call twice."""
        starting, self._starting = self._starting, []
        close_all(environment for environment, _ in starting)
        self._pool.shutdown(cancel_futures=True)
        close_all(
            environment for environment, started in starting if not started.cancelled()
        )  # one may have been half up

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is KeyboardInterrupt:
            for environment, _started in self._starting:
                environment.hurry()
        self.close()


def _bring_up(environment: TestEnvironment) -> None:
    environment.__enter__()


def close_all(environments: Iterable[TestEnvironment]) -> None:
    """Take them down side by side: a merchant may take a moment to end after SIGTERM."""
    listed: Sequence[TestEnvironment] = tuple(environments)
    if not listed:
        return
    with ThreadPoolExecutor(max_workers=len(listed), thread_name_prefix="tayari-instance") as pool:
        list(pool.map(TestEnvironment.close, listed))
