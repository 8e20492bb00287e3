"""The record of a load run, its checks of the threshold rules, and a few lines for the terminal."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from tayari_formats.exit_codes import Exit
from tayari_money.payment_record import PaymentKind
from tayari_reports.model import Check, Exchange, Funnel, Load, NotTested, State, Threshold
from tayari_reports.model.run_files import EventsWriter, to_dict
from tayari_reports.redaction import redact_record
from tayari_reports.verdict.load_words import balance_sentence, funnel_words, limit_sentence
from tayari_target.target_file.target_model import Thresholds

from tayari_load.load_run import LoadRun, write_whole
from tayari_load.statistics.latencies import Latencies, Span, enough_for, p95_of
from tayari_load.statistics.payments import EXCUSED, LoadPayment, PaymentOutcome, Samples
from tayari_load.statistics.tally import SecondTally, Tally
from tayari_load.statistics.thresholds import FEWER_USERS, SUSTAINED, judge

RULES: Final = {
    "payment_p95_s": "L01",
    "success_rate": "L02",
    "failure_rate": "L03",
    "concurrent_users": "L04",
}
"""Threshold -> rule of the catalogue's performance rows."""
_REASONS_SHOWN: Final = 5
INTERRUPTED: Final = "interrupted"


def load_record(tally: Tally, limits: Thresholds, run: LoadRun) -> Load:
    """The record that `load.json` and every report carry."""
    duration_s = max(run.finished_at - run.started_at, 0.0)
    circumstances, monitor = run.circumstances(), run.monitor
    thresholds = _keep_sustained_misses(judge(tally, limits, circumstances), run.aborted)
    spans = Latencies()
    spans.add(tally.latencies)
    if monitor is not None:
        spans.add(monitor.latencies)
    return Load(
        users=circumstances.users,
        duration_s=round(duration_s, 3),
        started=tally.started,
        acknowledged=tally.acknowledged,
        settled=tally.settled,
        failed=tally.failed,
        stuck=tally.stuck,
        credited_twice=tally.credited_twice,
        settled_p50_s=_settled(tally, 50),
        settled_p95_s=_settled(tally, 95),
        settled_p99_s=_settled(tally, 99),
        payments_per_s=round(tally.settled / duration_s, 3) if duration_s else 0.0,
        thresholds=thresholds,
        timeline=timeline(tally, run.started_at),
        outcomes=_outcomes(tally, run.started_at),
        callback_lag=_answer_times(run),
        faults=run.fault_windows(),
        model="open" if run.plan.open else "closed",
        shape=run.plan.shape,
        mix=run.plan.mix,
        planned=tally.planned,
        dropped=tally.dropped,
        declined=tally.ended[PaymentOutcome.DECLINED],
        turned_away=tally.ended[PaymentOutcome.TURNED_AWAY],
        funnels=funnels(ended(run.log.payments)),
        measures=spans.measures(),
        processes=run.processes(),
        doubts=circumstances.doubts,
        limit=run.limit,
        lost_workers=run.lost_workers,
        notes=_notes(tally, run, thresholds),
        balance=monitor.balance if monitor is not None else None,
        warnings=monitor.warnings() if monitor is not None else (),
        invalid=run.invalid(),
        ended_early=_ended_early(run),
        locust=run.locust,
    )


def ended(payments: Iterable[LoadPayment]) -> Mapping[PaymentKind, Counter[PaymentOutcome]]:
    """How the payments of each kind ended."""
    found: dict[PaymentKind, Counter[PaymentOutcome]] = {}
    for payment in payments:
        found.setdefault(payment.order.kind, Counter())[payment.outcome] += 1
    return found


def funnels(ended: Mapping[PaymentKind, Counter[PaymentOutcome]]) -> tuple[Funnel, ...]:
    """How far the money of each kind came; nothing where there are payments by STK push alone."""
    if not set(ended) - {PaymentKind.STK_PAYMENT}:
        return ()
    return tuple(
        Funnel(
            kind=f"{kind}s",
            started=found.total(),
            settled=found[PaymentOutcome.SETTLED] + found[PaymentOutcome.CREDITED_TWICE],
            failed=found[PaymentOutcome.REFUSED] + found[PaymentOutcome.FAILED],
            stuck=found[PaymentOutcome.STUCK],
            excused=sum(found[outcome] for outcome in EXCUSED),
        )
        for kind, found in sorted(ended.items())
    )


def _settled(tally: Tally, percentile: float) -> float | None:
    """None where there are too few samples for it."""
    enough = tally.latencies.count(Span.SETTLED) >= enough_for(percentile)
    return _rounded(tally.percentile_s(percentile)) if enough else None


def _ended_early(run: LoadRun) -> str:
    if run.aborted:
        return f"{', '.join(run.aborted)} missed for {run.plan.abort_after_s or 0:g} s in a row"
    return INTERRUPTED if run.interrupted else ""


def _keep_sustained_misses(found: tuple[Threshold, ...], aborted: tuple[str, ...]) -> tuple[Threshold, ...]:
    """A run that was ended early because of a threshold has missed it, however good its first half was."""
    reason = f"missed in {SUSTAINED} windows in a row: the run was ended early"
    return tuple(
        replace(row, met=False, reason=reason) if row.name in aborted and not row.reason else row for row in found
    )


def checks(load: Load, run: LoadRun) -> tuple[Check, ...]:
    """One check for each threshold, under its rule's id; a failure carries the payments kept as proof."""
    repeat = {row.name: repeat_command(load, run, least_users=_users_of(row)) for row in load.thresholds}
    return tuple(_check(row, load, run.samples, run.started_at, repeat[row.name]) for row in load.thresholds)


def write_load(load: Load, path: Path) -> None:
    """Write `load.json` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(json.dumps(to_dict(load), ensure_ascii=False, indent=1) + "\n", path)


def write_checks(found: Iterable[Check], path: Path, *, secrets: Iterable[str] = ()) -> None:
    """Append checks to a suite's results file, redacted."""
    with EventsWriter(path) as events:
        for check in found:
            events.check(redact_record(check, secrets))


def _check(threshold: Threshold, load: Load, samples: Samples, started_at: float, repeat: str) -> Check:
    state, reason = _judged(threshold)
    return Check(
        rule=RULES[threshold.name],
        state=state,
        reason=reason,
        not_tested=NotTested.NOT_SELECTED if state is State.NOT_TESTED else None,
        evidence=_proof(threshold, samples) if state is State.FAIL else (),
        tries=threshold.samples,
        started_at=started_at,
        duration_s=load.duration_s,
        repeat=repeat,
    )


def _users_of(threshold: Threshold) -> int:
    """The users without which this threshold is not judged."""
    return math.ceil(threshold.limit) if threshold.name == "concurrent_users" else 0


def repeat_command(load: Load, run: LoadRun, *, least_users: int = 0) -> str:
    """The command that runs this load again, with at least this many users. The caller adds the target file."""
    how = f"--rate {run.plan.rate:g}" if run.plan.rate is not None else f"--users {max(load.users, least_users)}"
    bound = run.plan.in_flight if run.plan.open and run.plan.in_flight != run.plan.usual_in_flight else None
    words = [
        "tayari load",
        how,
        f"--in-flight {bound}" if bound else "",
        f"--shape {load.shape}" if load.shape else "",
        f'--mix "{load.mix}"' if load.mix else "",
        "--find-limit" if run.plan.find_limit else "",
        f"--duration {run.plan.duration_s:g}",
    ]
    return " ".join(filter(None, words))


def _proof(threshold: Threshold, samples: Samples) -> tuple[Exchange, ...]:
    if threshold.name == "payment_p95_s":
        return samples.slowest
    wrong = (PaymentOutcome.CREDITED_TWICE, PaymentOutcome.REFUSED, PaymentOutcome.FAILED)
    return samples.of(wrong if threshold.name == "failure_rate" else (*wrong, PaymentOutcome.STUCK))


def _judged(threshold: Threshold) -> tuple[State, str]:
    found = f"{threshold.name} was {_shown(threshold.measured, threshold)}; the target file asks for " + _asked(
        threshold
    )
    if threshold.met:
        return State.PASS, ""
    if threshold.met is False:
        sustained = f"; {threshold.reason}" if threshold.reason else ""
        return State.FAIL, f"{found} ({threshold.samples} payments){sustained}"
    if threshold.measured is None:
        return State.ERROR, f"no payments to judge {threshold.name} by; the load run brought none that far"
    if threshold.reason == FEWER_USERS:
        return State.NOT_TESTED, f"{found}; {threshold.reason}"
    return State.UNKNOWN, f"{found}; but {threshold.reason}"


def _asked(threshold: Threshold) -> str:
    sense = "at least" if threshold.name in {"success_rate", "concurrent_users"} else "under"
    return f"{sense} {_shown(threshold.limit, threshold)}"


def _shown(value: float | None, threshold: Threshold) -> str:
    if value is None:
        return "unknown"
    if threshold.unit == "s":
        return f"{value:.2f} s"
    return f"{value:.1%}" if threshold.unit == "of payments" else f"{value:g} users"


def timeline(tally: Tally, started_at: float) -> tuple[tuple[float, int, int, float | None], ...]:
    """Every second from the first to the last, with the empty ones: a gap must be seen."""
    return tuple(
        (offset, second.started, second.settled, _rounded(second.p95_s))
        for offset, second in _seconds(tally, started_at)
    )


def _outcomes(tally: Tally, started_at: float) -> tuple[tuple[float, int, int, int], ...]:
    return tuple(
        (offset, second.settled, second.failed, second.stuck) for offset, second in _seconds(tally, started_at)
    )


def _seconds(tally: Tally, started_at: float) -> Iterator[tuple[float, SecondTally]]:
    if not tally.seconds:
        return
    origin = int(started_at)
    for at in range(min(origin, *tally.seconds), max(tally.seconds) + 1):
        yield float(at - origin), tally.seconds.get(at) or SecondTally()


def _answer_times(run: LoadRun) -> tuple[tuple[float, float | None], ...]:
    answers = run.monitor.answers if run.monitor is not None else {}
    if not answers:
        return ()
    origin, last = int(run.started_at), max(answers)
    return tuple((float(at - origin), _rounded(p95_of(answers.get(at, ())))) for at in range(origin, last + 1))


def _notes(tally: Tally, run: LoadRun, thresholds: tuple[Threshold, ...]) -> tuple[str, ...]:
    notes = [f"customers made with seed {run.seed}"]
    if run.monitor is not None and run.monitor.problem:
        notes.append(run.monitor.problem)
    if run.interrupted:
        notes.append("interrupted before its time: what was seen until then is judged")
    if run.log.left_out:
        notes.append(f"the money of {run.log.left_out} payments beyond the first is not judged: too many to keep")
    notes.extend(f"{number} payments {reason}" for reason, number in tally.reasons.most_common(_REASONS_SHOWN))
    notes.extend(run.doubts())
    if tally.dropped:
        notes.append(f"{tally.dropped} of {tally.planned} planned arrivals were dropped: no room in flight")
    if run.aborted:
        notes.append(f"ended early: {_ended_early(run)}")
    few = next((row.reason for row in thresholds if row.name == "payment_p95_s" and "needs" in row.reason), "")
    return (*notes, few) if few else tuple(notes)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def summary_lines(load: Load) -> tuple[str, ...]:
    """The result in a few lines, for a run of Locust by hand."""
    lines = [
        f"{load.started} payments started, {load.settled} settled, {load.failed} failed, {load.stuck} stuck, "
        f"{load.credited_twice} credited twice"
    ]
    if load.planned:
        lines.append(f"{load.planned} arrivals planned, {load.dropped} dropped")
    for threshold in load.thresholds:
        verdict = {True: "met", False: "MISSED", None: "cannot be judged"}[threshold.met]
        measured = "no samples" if threshold.measured is None else f"{threshold.measured:.4g}"
        lines.append(f"{threshold.name}: {measured} against {threshold.limit:g} {threshold.unit}: {verdict}")
    if load.limit is not None:
        lines.append(limit_sentence(load.limit))
    if load.balance is not None:
        lines.append(balance_sentence(load.balance))
    lines += [funnel_words(row) for row in load.funnels]
    return (*lines, *load.warnings, *load.notes)


def exit_code(load: Load) -> int:
    """0 met, 10 a threshold missed, 11 one that could not be judged, 12 a run that proves nothing or was cut off."""
    if load.invalid or load.ended_early == INTERRUPTED or not load.started:
        return int(Exit.INVALID_RUN)
    met = [threshold.met for threshold in load.thresholds]
    if False in met:
        return int(Exit.NOT_READY)
    return int(Exit.INCONCLUSIVE if None in met else Exit.OK)
