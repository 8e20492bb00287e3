"""A merchant that other programs kept from the CPU is not blamed for being slow; one that is slow by itself is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tayari_load.statistics.cpu_shortage import CpuReading, CpuShortage, reader_of

CORES = 2


def seconds(number: int, *, waited: float, foreign: float, idle: float = 0.0) -> Iterator[CpuReading]:
    """Readings of so many seconds, with this much more in each of them."""
    for at in range(number + 1):
        yield CpuReading(waited=at * waited, foreign=at * foreign, idle=at * idle, machine=float(at * CORES))


def shortage(*parts: Iterator[CpuReading]) -> CpuShortage:
    """After all these readings."""
    readings = [reading for part in parts for reading in part]
    found = CpuShortage(iter([*readings, None]).__next__, cores=CORES)
    found.restart()
    for _ in readings:
        found.sample()
    return found


def test_a_merchant_that_waits_for_a_cpu_beside_other_programs_is_excused() -> None:
    found = shortage(seconds(10, waited=0.6, foreign=1.2))

    assert (found.samples, found.short) == (10, 10)
    assert "in 10 of 10 seconds the merchant waited for a CPU" in found.reason
    assert "used up to 60% of the machine" in found.reason


@pytest.mark.parametrize(
    ("waited", "foreign", "idle"),
    [
        (0.01, 1.7, 0.0),  # it sleeps, beside a machine that others fill
        (0.6, 0.1, 0.0),  # the run itself fills the machine
        (0.6, 0.8, 1.0),  # a core is free: its own limit keeps it from the CPU
        (0.0, 0.1, 1.5),  # a quiet machine
    ],
)
def test_a_merchant_that_is_slow_by_itself_is_not_excused(waited: float, foreign: float, idle: float) -> None:
    assert shortage(seconds(10, waited=waited, foreign=foreign, idle=idle)).reason == ""


def test_a_short_peak_excuses_nothing() -> None:
    found = CpuShortage(lambda: None, samples=60, short=12)

    assert found.reason == ""
    assert CpuShortage(lambda: None, samples=3, short=2).reason == ""


def test_a_reading_that_fails_is_left_out() -> None:
    found = shortage(seconds(3, waited=0.9, foreign=1.9))

    assert found.samples == 3
    assert CpuShortage(lambda: None).reason == ""


STARTER, MERCHANT = 100, 120
PROCESSES = {  # number: name, parent, session, seconds used, nanoseconds waited
    2: ("kthreadd", 0, 0, 1, 0),
    3: ("kworker/0:1", 2, 0, 1, 0),
    50: ("bash", 1, 50, 1, 0),
    51: ("yes", 50, 50, 40, 9_000_000_000),
    60: ("postgres", 1, 60, 70, 0),
    STARTER: ("tayari", 50, 50, 5, 0),
    110: ("simulator", STARTER, 50, 5, 0),
    MERCHANT: ("a) shop (1", STARTER, MERCHANT, 5, 1_000_000_000),
    121: ("celery", 1, MERCHANT, 30, 2_500_000_000),  # what started it has ended
    122: ("child", 121, 122, 5, 0),
}


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine of two cores, as Linux shows it."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = [int(seconds * ticks) for seconds in (150, 1, 10, 300, 20, 0, 5, 14)]
    (tmp_path / "stat").write_text(f"cpu  {' '.join(map(str, used))} 0 0\ncpu0 1\n")
    for pid, (name, parent, session, took_s, waited_ns) in PROCESSES.items():
        task = tmp_path / str(pid) / "task" / str(pid)
        task.mkdir(parents=True)
        stat = f"{pid} ({name}) S {parent} {pid} {session} 0 -1 0 0 0 0 0 {took_s * ticks - 3} 1 1 1 20 0 1 0"
        (tmp_path / str(pid) / "stat").write_text(stat)
        (task / "schedstat").write_text(f"1 {waited_ns} 7\n")
    (tmp_path / "70").mkdir()  # a process that ends while it is read
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says how long a process waited for a CPU")
def test_workers_of_the_merchant_and_servers_of_databases_are_no_other_programs(proc: Path) -> None:
    found = reader_of(lambda: MERCHANT, starter=STARTER, proc=proc)()

    in_other_containers = 3
    assert found == CpuReading(waited=3.5, foreign=1 + 40 + 14 + in_other_containers, idle=320, machine=500)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says how long a process waited for a CPU")
def test_a_merchant_that_runs_no_more_or_elsewhere_is_not_read(proc: Path) -> None:
    own = os.getpid()
    real = reader_of(lambda: own, starter=own)()

    assert real is not None
    assert 0 < real.idle < real.machine
    assert reader_of(lambda: None, starter=STARTER, proc=proc)() is None
    assert reader_of(lambda: 999, starter=STARTER, proc=proc)() is None
