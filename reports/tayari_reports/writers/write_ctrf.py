"""CTRF (Common Test Report Format) JSON. Source: ctrf.io, schema of the specification, version 0.0.0."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from tayari_reports.model import Run, State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.sentences import answer, build_line, first_step, lasting_name
from tayari_reports.writers.write_json import summary

_STATUS: Final = {
    State.PASS: "passed",
    State.FAIL: "failed",
    State.WARN: "other",
    State.UNKNOWN: "other",
    State.ERROR: "other",
    State.ATTESTED: "other",
    State.NOT_TESTED: "skipped",
    State.NOT_APPLICABLE: "skipped",
}
"""CTRF knows five outcomes; our own word goes into `rawStatus`."""


def render(run: Run, judgement: Judgement) -> str:
    """The run as a CTRF document; verdict, score and coverage are in `results.extra`."""
    tests = [_verdict(run, judgement), *(_test(one) for one in judgement.outcomes)]
    document = {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "reportId": str(uuid5(NAMESPACE_URL, f"tayari:{run.run_id}:{run.started_at}")),
        "generatedBy": f"tayari {run.tayari_version}",
        "results": {
            "tool": {"name": "tayari", "version": run.tayari_version},
            "summary": _summary(run, tests),
            "tests": tests,
            "environment": _environment(run),
            "extra": summary(judgement),
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _environment(run: Run) -> dict[str, Any]:
    build = {"buildName": run.build.name, "commit": run.build.commit, "branchName": run.build.branch}
    address = {"buildUrl": run.build.ci_run} if "://" in run.build.ci_run else {"buildNumber": run.build.ci_run}
    known = {name: value for name, value in {**build, **address}.items() if value}
    more = {**dict(run.environment), "build": build_line(run)}
    return {"appName": run.merchant, "testEnvironment": run.profile, **known, "extra": more}


def _summary(run: Run, tests: list[dict[str, Any]]) -> dict[str, int]:
    kinds = ("passed", "failed", "skipped", "pending", "other")
    counts = {kind: sum(test["status"] == kind for test in tests) for kind in kinds}
    start, stop = _ms(run.started_at), _ms(run.finished_at)
    return {"tests": len(tests), **counts, "start": start, "stop": stop, "duration": max(0, stop - start)}


def _verdict(run: Run, judgement: Judgement) -> dict[str, Any]:
    """The verdict as a test of its own: readers look at failed tests, and an inconclusive run must not be green."""
    made: dict[str, Any] = {
        "name": "Verdict",
        "status": "passed" if judgement.exit_code == 0 else "failed",
        "rawStatus": judgement.verdict.value,
        "duration": 0,
        "suite": ["Verdict"],
        "type": "verdict",
    }
    if judgement.exit_code != 0:
        made["message"] = f"{answer(judgement)} {first_step(run, judgement)}"
    return made


def _status(one: Outcome) -> str:
    """A question that stays open and blocks is failed: readers list `other` as skipped, without its message."""
    opened = one.state in (State.UNKNOWN, State.ERROR) and one.rule.blocking
    return "failed" if opened else _STATUS[one.state]


def _test(one: Outcome) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": lasting_name(one.rule),
        "status": _status(one),
        "rawStatus": one.state.value,
        "duration": _ms(sum(check.duration_s for check in one.checks)),
        "suite": [one.rule.category.value],
        "type": one.rule.kind,
        "tags": [one.rule.id, one.rule.severity.value, one.rule.level.value],
        "extra": {
            "about": one.rule.title,
            "why": one.rule.why,
            "fix": one.rule.fix,
            "repeat": one.repeat,
            "tries": one.tries,
        },
    }
    if one.reason:
        made["message"] = one.reason
    return made


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
