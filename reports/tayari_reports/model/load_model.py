"""The load's part of the result model: what a load run saw, and what limits the reading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One threshold of the target file as measured under load."""

    name: str
    limit: float
    measured: float | None
    """None when there were no samples: then the threshold is an error, never a pass."""
    unit: str
    samples: int
    met: bool | None
    reason: str = ""
    """Why it cannot be judged, where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One duration measured under load, from a histogram; a percentile is None where it has too few samples."""

    name: str
    samples: int
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    highest_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """What one of our own processes used while the load ran: only where this is little, figures are the merchant's."""

    name: str
    """`generator`, `generator 2`, ..., `fake Daraja`."""
    cpu_mean: float | None = None
    """Share of one core."""
    cpu_peak: float | None = None
    loop_lag_s: float | None = None
    """How late its event loop was: the worst for a generator, the 99th percentile for the fake."""
    memory_bytes: int | None = None
    """The most that was resident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Where a search for the highest rate ended: kept at `kept_rate`, missed at `missed_rate`."""

    kept_rate: float | None
    missed_rate: float | None
    limited_by: str
    """`merchant`, `generator`, `fake`, `machine` (other programs on it) or `bound` (of payments in flight); empty where
    no limit was reached.
    """
    probes: tuple[tuple[float, bool, str], ...] = ()
    """Each rate held, whether the thresholds were kept, and what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocustRow:
    """One row of Locust's own statistics. Locust rounds: above 100 ms its percentiles have two digits."""

    name: str
    requests: int
    failures: int
    p50_rounded_s: float | None = None
    p95_rounded_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBalance:
    """Whether the fake Daraja's own counts add up after a load run. Payments are counted since the fake's start."""

    accepted: int
    called_back: int
    dropped_by_scenario: int
    pending: int
    not_allowed: int = 0
    """Whose callback's host may not be called."""
    forgotten: int = 0
    """By a reset."""
    accepted_in_run: int = 0
    callbacks: int | None = None
    """Of this run, as counted when they were answered, or were not."""
    noted: int | None = None
    """Of this run, as the journal has them; None where its bound pushed entries out before they were read."""
    problems: tuple[str, ...] = ()
    """What does not add up: then nothing that the run showed counts against the merchant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How far the money of one kind came: customers' payments, or payouts."""

    kind: str
    started: int
    settled: int
    failed: int
    stuck: int
    excused: int = 0
    """Ended unpaid as the customer wanted, or refused while Daraja was disturbed on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the load run saw. Times in seconds."""

    users: int
    duration_s: float
    started: int
    acknowledged: int
    settled: int
    failed: int
    stuck: int
    """Started, and not settled when the run ended."""
    credited_twice: int
    settled_p50_s: float | None
    """None, like the others, where too few settled: 20 are needed for the 95th, 100 for the 99th."""
    settled_p95_s: float | None
    settled_p99_s: float | None
    payments_per_s: float
    thresholds: tuple[Threshold, ...] = ()
    timeline: tuple[tuple[float, int, int, float | None], ...] = ()
    """Per second: seconds since start, payments started, payments settled, settled p95."""
    notes: tuple[str, ...] = ()
    """What limits the reading: `generator above 80 % CPU` and the like."""
    outcomes: tuple[tuple[float, int, int, int], ...] = ()
    """Per second: seconds since start, payments that settled, failed, and were given up as stuck."""
    callback_lag: tuple[tuple[float, float | None], ...] = ()
    """Per second: seconds since start, p95 of how long the merchant took to answer callbacks."""
    faults: tuple[tuple[float, float, str], ...] = ()
    """Fault windows: begin and end in seconds since start, and what was wrong."""
    model: str = "closed"
    """`closed`: customers wait for the merchant; `open`: they arrive at a held rate."""
    shape: str = ""
    mix: str = ""
    planned: int = 0
    """Arrivals that the open model planned."""
    dropped: int = 0
    """Arrivals that did not begin, as the bound of payments in flight was reached."""
    declined: int = 0
    """Ended unpaid as the customer wanted or could: counted neither as success nor as failure."""
    turned_away: int = 0
    """Refused while Daraja was disturbed on purpose: counted likewise."""
    funnels: tuple[Funnel, ...] = ()
    """One for each kind of money; empty where customers' payments are the only one."""
    measures: tuple[Measure, ...] = ()
    processes: tuple[ProcessUse, ...] = ()
    doubts: tuple[str, ...] = ()
    """Why performance cannot be judged from this run; empty where it can."""
    lost_workers: int = 0
    """Load workers that were lost while the load ran; more than none makes the run invalid."""
    limit: RateLimit | None = None
    balance: CountBalance | None = None
    """None where the fake could not be asked."""
    warnings: tuple[str, ...] = ()
    """Where the fake was near its own limit, or its journal lost entries: figures of then may be the fake's."""
    invalid: tuple[str, ...] = ()
    """Why the whole run proves nothing: lost workers, a fake whose counts do not add up."""
    locust: tuple[LocustRow, ...] = ()
    """Locust's own statistics, rounded by it; `measures` are exact to three digits."""
    ended_early: str = ""
    """Why the load ended before its time: thresholds missed for too long, or an interrupt."""
