"""Several runs of one merchant as one: shards of a suite, or suites of a night.

The rules where they meet:

- They must be of one merchant, one commit of it, one target file (its hash), one profile, one clock mode and one
  version of Tayari; else it is refused.
- The plan is the union; a rule that is planned twice must be the same in both.
- Every check is kept, and the worst counts. Only `not_tested` because a run left the rule out, or ended before it,
  gives way to an answer of another run.
- One failed preflight, one interrupted run, or one load that proves nothing makes the whole run invalid.
- Of two load results the later is shown; the checks of both count.
- Waivers are the union. Of attestations the latest of each item counts. Signatures are dropped: a part was signed,
  not the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Final, TypeVar

from tayari_reports.model import SCHEMA, Check, NotTested, Rule, Run, State
from tayari_reports.model.codec import ReportError
from tayari_reports.model.facts import RESULTS, Build, Code
from tayari_reports.model.statement_records import Attestation

T = TypeVar("T")

_GIVES_WAY: Final = frozenset({NotTested.NOT_SELECTED, NotTested.INTERRUPTED, NotTested.NO_RESULT})
_SAME: Final = (
    ("merchant", "different merchants"),
    ("config_sha256", "different target files"),
    ("profile", "different profiles"),
    ("clock", "different clocks"),
    ("tayari_version", "different versions of Tayari"),
)


def merge(runs: Sequence[Run]) -> Run:
    """One run of all.

    Raises:
        ReportError: fewer than two, one given twice, or they are not of one merchant and one set-up.
    """
    if len(runs) < 2:
        raise ReportError(f"{len(runs)} run given; expected two or more to merge")
    _refuse(runs)
    ordered = sorted(runs, key=lambda run: run.started_at)
    last = ordered[-1]
    loads = [run.load for run in ordered if run.load is not None]
    checks = tuple(check for run in ordered for check in run.checks)
    return replace(
        last,
        schema=SCHEMA,
        run_id=hashlib.sha256("\n".join(sorted(run.run_id for run in runs)).encode()).hexdigest()[:32],
        suite=" + ".join(dict.fromkeys(run.suite for run in ordered)),
        started_at=ordered[0].started_at,
        finished_at=max(run.finished_at for run in ordered),
        build=_build(ordered),
        selection="; ".join(dict.fromkeys(run.selection for run in ordered if run.selection)),
        plan=_plan(ordered),
        checks=_without_gaps(checks),
        preflight=tuple(row for run in ordered for row in run.preflight),
        load=loads[-1] if loads else None,
        interrupted=any(run.interrupted for run in ordered),
        invalid=_union([*(run.invalid for run in ordered), *(load.invalid for load in loads[:-1])]),
        notes=(*_union(run.notes for run in ordered), *_notes(ordered)),
        environment=_union(run.environment for run in ordered),
        provenance=_union(run.provenance for run in ordered),
        capabilities=_union(run.capabilities for run in ordered),
        configuration=tuple({row.item: row for run in ordered for row in run.configuration}.values()),
        codes=_codes(ordered),
        monitoring=tuple({row.name: row for run in ordered for row in run.monitoring}.values()),
        waivers=_union(run.waivers for run in ordered),
        attestations=_attestations(ordered),
        sign_off=(),
        merged_from=tuple(dict.fromkeys(name for run in ordered for name in (run.merged_from or (run.run_id,)))),
    )


def _build(runs: Sequence[Run]) -> Build:
    """The build that all parts judged; where they differ in something, all of it is named."""
    values = {field.name: [getattr(run.build, field.name) for run in runs] for field in fields(Build)}
    return Build(**{name: " and ".join(dict.fromkeys(filter(None, found))) for name, found in values.items()})


def _refuse(runs: Sequence[Run]) -> None:
    names = [run.run_id for run in runs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ReportError(f"run {twice[0]} is given twice; expected each run once")
    found = [([str(getattr(run, field)) for run in runs], what) for field, what in _SAME]
    commits = [run.build.commit for run in runs if run.build.commit]
    for values, what in (*found, (commits, "different commits of the merchant")):
        if len(set(values)) > 1:
            longest = 16 if len({value[:16] for value in values}) == len(set(values)) else None  # "+changes" is its end
            shown = ", ".join(value[:longest] or "none" for value in dict.fromkeys(values))
            raise ReportError(f"{what} ({shown}); merge only runs of one merchant and one set-up")


def _plan(runs: Iterable[Run]) -> tuple[Rule, ...]:
    plan: dict[str, Rule] = {}
    for run in runs:
        for rule in run.plan:
            known = plan.setdefault(rule.id, rule)
            if replace(known, executions=1) != replace(rule, executions=1):
                raise ReportError(f"rule {rule.id} is not the same in all runs; merge runs of one catalogue")
            if rule.executions > known.executions:
                plan[rule.id] = rule
    return tuple(plan.values())


def _without_gaps(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    answered = {check.rule for check in checks if not _gives_way(check)}
    return tuple(check for check in checks if not _gives_way(check) or check.rule not in answered)


def _gives_way(check: Check) -> bool:
    return check.state is State.NOT_TESTED and check.not_tested in _GIVES_WAY


def _codes(runs: Iterable[Run]) -> tuple[Code, ...]:
    found: dict[tuple[str, ...], Code] = {}
    for run in runs:
        for code in run.codes:
            known = found.get(_meaning(code))
            times = code.times + (known.times if known else 0)
            message = code.message or (known.message if known else "")
            found[_meaning(code)] = replace(code, times=times, message=message)
    return tuple(found.values())


def _meaning(code: Code) -> tuple[str, ...]:
    """What makes two codes the same: an error says different things in different words, and of different calls."""
    return (code.kind, code.code) if code.kind in RESULTS else (code.kind, code.code, code.text, code.meaning)


def _attestations(runs: Iterable[Run]) -> tuple[Attestation, ...]:
    latest: dict[str, Attestation] = {}
    for run in runs:
        for one in run.attestations:
            if one.item not in latest or one.date >= latest[one.item].date:
                latest[one.item] = one
    return tuple(latest.values())


def _notes(runs: Sequence[Run]) -> Iterable[str]:
    yield f"Merged from {len(runs)} runs: {', '.join(run.run_id[:12] for run in runs)}."
    seeds = dict.fromkeys(str(run.seed) for run in runs)
    if len(seeds) > 1:
        yield f"The runs had the seeds {', '.join(seeds)}."
    depths = dict.fromkeys(run.depth for run in runs)
    if len(depths) > 1:
        yield f"The runs saw at the depths {', '.join(depths)}; each check says its own."
    if any(run.sign_off for run in runs):
        yield "Signatures under the parts were dropped: the whole has to be signed."


def _union(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))
