"""The result model: what a run found. Every report is a rendering of these records and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tayari_formats.exit_codes import Exit

from tayari_reports.model.facts import Build, Code, ConfigurationRow
from tayari_reports.model.load_model import (
    CountBalance,
    Funnel,
    Load,
    LocustRow,
    Measure,
    ProcessUse,
    RateLimit,
    Threshold,
)
from tayari_reports.model.statement_records import Attestation, Signature, Waiver

__all__ = [
    "EXIT_CODES",
    "SCHEMA",
    "WEIGHTS",
    "Build",
    "Category",
    "Check",
    "CountBalance",
    "Exchange",
    "Funnel",
    "Level",
    "Load",
    "LocustRow",
    "Measure",
    "NotTested",
    "Preflight",
    "ProcessUse",
    "RateLimit",
    "Rule",
    "Run",
    "Severity",
    "State",
    "Threshold",
    "Verdict",
]

SCHEMA: Final = "1.4.0"
"""Semantic version of `run.json`: a reader refuses another major version, and says so."""


class State(StrEnum):
    """How one check ended."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    """A SHOULD that is not met."""
    UNKNOWN = "unknown"
    """Ran, but cannot be judged."""
    NOT_TESTED = "not_tested"
    """Did not run; `Check.not_tested` says why."""
    ERROR = "error"
    """Tayari failed, not the merchant."""
    NOT_APPLICABLE = "not_applicable"
    """The capability is absent, and no traffic contradicts that."""
    ATTESTED = "attested"
    """A named person answered; shown apart, never counted as passed."""


class NotTested(StrEnum):
    """The closed list of reasons for `State.NOT_TESTED`."""

    TARGET_KEY_MISSING = "target_key_missing"
    """The target file lacks an optional key; the detail names it."""
    EVIDENCE_DEPTH = "evidence_depth"
    """What is asked cannot be seen at the declared depth."""
    SET_UP_FAILED = "set_up_failed"
    """The situation could not be brought about, so nothing was judged."""
    BLOCKED = "blocked"
    """An ordinary payment does not end as expected either: another rule carries the failure; the reason names it."""
    NOT_SELECTED = "not_selected"
    """`--only`, or a smaller suite, left the rule out."""
    INTERRUPTED = "interrupted"
    """The run ended before the rule's turn."""
    UNSUPPORTED = "unsupported"
    """This version of Tayari cannot provoke it."""
    NO_RESULT = "no_result"
    """The rule was planned, and nothing reported on it."""


class Level(StrEnum):
    """MUST rules block the verdict; SHOULD rules do not."""

    MUST = "must"
    SHOULD = "should"


class Severity(StrEnum):
    """How bad a failure is; also the rule's weight (`WEIGHTS`)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


WEIGHTS: Final = {Severity.CRITICAL: 10.0, Severity.HIGH: 7.5, Severity.MEDIUM: 5.0, Severity.LOW: 2.5}


class Category(StrEnum):
    """The columns of the readiness report."""

    PAYMENT_FLOW = "Payment Flow"
    INTEGRATION = "Integration"
    ERROR_HANDLING = "Error Handling"
    SECURITY = "Security"
    PERFORMANCE = "Performance"


class Verdict(StrEnum):
    """The answer, best first; `verdict.judge` makes it from the checks alone."""

    READY = "READY"
    READY_WITH_MINOR_FIXES = "READY_WITH_MINOR_FIXES"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_READY = "NOT_READY"
    INVALID_RUN = "INVALID_RUN"


EXIT_CODES: Final = {
    Verdict.READY: int(Exit.OK),
    Verdict.READY_WITH_MINOR_FIXES: int(Exit.OK),
    Verdict.NOT_READY: int(Exit.NOT_READY),
    Verdict.INCONCLUSIVE: int(Exit.INCONCLUSIVE),
    Verdict.INVALID_RUN: int(Exit.INVALID_RUN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the plan: a rule (`C03`) or a scenario's own expectation (`payment/success`)."""

    id: str
    title: str
    category: Category
    severity: Severity
    level: Level = Level.MUST
    kind: str = "rule"
    """`rule`, `scenario`, `threshold` or `invariant`."""
    why: str = ""
    """What a failure costs, in money."""
    fix: str = ""
    """What to change, in the merchant's words."""
    source: str = ""
    """Kind of evidence behind the rule: D documentation, O observed, C many clients, E judgement."""
    waivable: bool = True
    effort_h: float = 2.0
    """Estimated hours to fix; an estimate, and shown as one."""
    executions: int = 1
    """How many checks of this rule the plan demands at least; with fewer the run is invalid."""
    group: str = ""
    """What the rule is about, coarser than its title: `token`, `callback`, ...; the catalogue's file."""

    @property
    def weight(self) -> float:
        """What the rule counts for in score and coverage."""
        return WEIGHTS[self.severity]

    @property
    def blocking(self) -> bool:
        """Whether a failure alone makes the merchant not ready."""
        return self.level is Level.MUST


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP request and its answer, as proof. Redacted before it is written."""

    at: float
    """Epoch seconds of the request."""
    kind: str
    """`to_merchant` (Tayari calls the shop), `to_daraja` (the shop calls Daraja) or `callback` (Daraja calls
    the shop)."""
    title: str
    """A few words: `STK push`, `callback, duplicate 2 of 2`, `status`."""
    method: str = ""
    url: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str = ""
    status: int | None = None
    """None when no answer came; `error` says why."""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    duration_s: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One execution of a rule. A `fail` carries the exchanges that prove it."""

    rule: str
    """`Rule.id`."""
    state: State
    reason: str = ""
    """One sentence: what was found against what was expected. Never empty unless the check passed."""
    not_tested: NotTested | None = None
    enable: str = ""
    """The target-file key that would make the rule testable."""
    evidence: tuple[Exchange, ...] = ()
    tries: int = 1
    """How many payments or calls were judged."""
    depth: str = "black box"
    """`black box`, `state probe` or `adapter`: how it was seen."""
    started_at: float = 0.0
    duration_s: float = 0.0
    scenario: str = ""
    repeat: str = ""
    """The command that repeats this check alone."""
    fingerprint: str = ""
    """Stable over runs for the same failure: hash of rule and of the reason without numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """One preflight finding; a failed one stops the run before any rule."""

    name: str
    ok: bool
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All checks of one suite against one merchant. The only input of every writer."""

    run_id: str
    tayari_version: str
    suite: str
    profile: str
    merchant: str
    base_url: str
    started_at: float
    finished_at: float
    clock: str = "real"
    seed: int = 0
    config_sha256: str = ""
    """Hash of the target file, so that a reader can see whether two reports are about the same set-up."""
    build: Build = field(default_factory=Build)
    depth: str = "black box"
    selection: str = ""
    """What narrowed the plan (`--only C03`), empty for the whole suite."""
    plan: tuple[Rule, ...] = ()
    """Fixed before the first check: the denominator of score and coverage."""
    checks: tuple[Check, ...] = ()
    preflight: tuple[Preflight, ...] = ()
    load: Load | None = None
    interrupted: bool = False
    invalid: tuple[str, ...] = ()
    """Why the run proves nothing although it came to its end, such as a clock that was set."""
    notes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """Versions and platform, as name and value."""
    provenance: tuple[tuple[str, str, str], ...] = field(default=())
    """Simulated behaviours in doubt: name, mark (documented, observed, disputed, assumed), source."""
    capabilities: tuple[str, ...] = ()
    """What the merchant can do, as its target file says: `stk_push`, `stk_query`, `c2b`, ..."""
    configuration: tuple[ConfigurationRow, ...] = ()
    codes: tuple[Code, ...] = ()
    monitoring: tuple[Threshold, ...] = ()
    """What production monitoring should watch: limits of the target file, and what this run measured of them."""
    waivers: tuple[Waiver, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    sign_off: tuple[Signature, ...] = ()
    merged_from: tuple[str, ...] = ()
    """Run ids, where several runs were merged into this one."""
    schema: str = SCHEMA
