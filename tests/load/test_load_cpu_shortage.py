"""A merchant that other programs kept from the CPU is not blamed for being slow; one that is slow by itself is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tayari_load.statistics.cpu_shortage import CpuReading, CpuShortage, reader_of

CORES = 2


def seconds(number: int, *, waited: float, run: float, machine: float) -> Iterator[CpuReading]:
    """Readings of so many seconds, with this much more in each of them."""
    for at in range(number + 1):
        yield CpuReading(at=float(at), waited=at * waited, run=at * run, machine=at * machine)


def shortage(*parts: Iterator[CpuReading]) -> CpuShortage:
    """After all these readings."""
    readings = [reading for part in parts for reading in part]
    found = CpuShortage(iter([*readings, None]).__next__, cores=CORES)
    found.restart()
    for _ in readings:
        found.sample()
    return found


def test_a_merchant_that_waits_for_a_cpu_beside_other_programs_is_excused() -> None:
    found = shortage(seconds(10, waited=0.6, run=0.8, machine=2.0))

    assert (found.samples, found.short) == (10, 10)
    assert "in 10 of 10 seconds the merchant waited for a CPU" in found.reason
    assert "used up to 60% of the machine" in found.reason


@pytest.mark.parametrize(
    ("waited", "run", "machine"),
    [
        (0.01, 0.3, 2.0),  # it sleeps, beside a machine that others fill
        (0.6, 1.9, 2.0),  # the run itself fills the machine
        (0.0, 0.4, 0.5),  # a quiet machine
    ],
)
def test_a_merchant_that_is_slow_by_itself_is_not_excused(waited: float, run: float, machine: float) -> None:
    assert shortage(seconds(10, waited=waited, run=run, machine=machine)).reason == ""


def test_a_short_peak_excuses_nothing() -> None:
    found = CpuShortage(lambda: None, samples=60, short=12)

    assert found.reason == ""
    assert CpuShortage(lambda: None, samples=3, short=2).reason == ""


def test_a_reading_that_fails_is_left_out() -> None:
    found = shortage(seconds(3, waited=0.9, run=0.1, machine=2.0))

    assert found.samples == 3
    assert CpuShortage(lambda: None).reason == ""


def test_a_process_is_read_with_what_started_it() -> None:
    program = [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        found = reader_of(lambda: child.pid)()
        child.stdin.close()

    assert found is not None
    assert 0 < found.run < found.machine
    assert found.waited > 0 or not Path("/proc/self/schedstat").is_file()  # Linux alone says how long it waited
    assert reader_of(lambda: child.pid)() is None
    assert reader_of(lambda: None)() is None
