"""Two runs side by side: what is new, what was fixed, what still fails, and whether their scores may be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tayari_reports.model import Rule, Run, State, Verdict
from tayari_reports.model.outcomes import FAILED, OPEN, Outcome
from tayari_reports.statements.waivers import failed_fingerprints
from tayari_reports.verdict import Judgement, judge, listed, percent
from tayari_reports.verdict.sentences import STATES, TITLES, moment, one_line, sentence, short_commit

OTHER_MERCHANT = (
    "These are two merchants, {old} and {new}: nothing below is new or fixed, it is where they differ. "
    "Compare two runs of one merchant to see what changed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule in both runs, or in one of them."""

    rule: Rule
    before: State | None
    """None: the old plan did not have the rule."""
    after: State | None
    reason: str = ""
    otherwise: bool = False
    """It still fails, but in another way (another fingerprint)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from one run to the next."""

    old: Run
    new: Run
    before: Judgement
    after: Judgement
    refusals: tuple[str, ...]
    """Why the scores must not be compared; empty when they may be."""
    cautions: tuple[str, ...]
    """What else differs between the two set-ups."""
    newly_failing: tuple[RuleChange, ...]
    fixed: tuple[RuleChange, ...]
    still_failing: tuple[RuleChange, ...]
    newly_untested: tuple[RuleChange, ...]
    newly_judged: tuple[RuleChange, ...]
    """Passed now, and had no answer before."""
    added: tuple[RuleChange, ...]
    removed: tuple[RuleChange, ...]

    @property
    def worse(self) -> bool:
        """Whether something fails, or has lost its answer, that did not before; or the whole has a worse verdict, as
        when a waiver has ended, or the new run proves nothing."""
        verdicts = list(Verdict)
        if verdicts.index(self.after.verdict) > verdicts.index(self.before.verdict):
            return True
        return bool(self.newly_failing or self.newly_untested or any(one.after in FAILED for one in self.added))

    @property
    def same_merchant(self) -> bool:
        """Whether both runs judged the merchant of one name."""
        return self.old.merchant == self.new.merchant

    @property
    def scores(self) -> str:
        """Score and coverage of both, or why they are not compared."""
        if self.refusals:
            return "Scores are not compared: " + "; ".join(self.refusals) + "."
        return (
            f"Score {percent(self.before.score)} → {percent(self.after.score)}, "
            f"coverage {percent(self.before.coverage)} → {percent(self.after.coverage)}."
        )


def compare(old: Run, new: Run) -> Comparison:
    """Compare two runs of one merchant, rule by rule."""
    before, after = judge(old), judge(new)
    was = {one.rule.id: one for one in before.outcomes}
    now = {one.rule.id: one for one in after.outcomes}
    both = [(was[name], now[name]) for name in now if name in was]
    return Comparison(
        old=old,
        new=new,
        before=before,
        after=after,
        refusals=tuple(_refusals(old, new)),
        cautions=tuple(_cautions(old, new)),
        newly_failing=tuple(_change(a, b) for a, b in both if a.state not in FAILED and b.state in FAILED),
        fixed=tuple(_change(a, b) for a, b in both if a.state in FAILED and b.state is State.PASS),
        still_failing=tuple(_change(a, b) for a, b in both if a.state in FAILED and b.state in FAILED),
        newly_untested=tuple(_change(a, b) for a, b in both if a.state not in OPEN and b.state in OPEN),
        newly_judged=tuple(_change(a, b) for a, b in both if a.state in OPEN and b.state is State.PASS),
        added=tuple(_change(None, one) for name, one in now.items() if name not in was),
        removed=tuple(_change(one, None) for name, one in was.items() if name not in now),
    )


def sections(comparison: Comparison) -> tuple[tuple[str, tuple[RuleChange, ...]], ...]:
    """The lists with their titles, the ones to act on first."""
    return (
        ("New failures", comparison.newly_failing),
        ("No longer judged", comparison.newly_untested),
        ("Still failing", comparison.still_failing),
        ("Fixed", comparison.fixed),
        ("Judged now, and passed", comparison.newly_judged),
        ("New in the plan", comparison.added),
        ("No longer in the plan", comparison.removed),
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as one JSON object."""
    return {
        "old": _side(comparison.old, comparison.before),
        "new": _side(comparison.new, comparison.after),
        "worse": comparison.worse,
        "same_merchant": comparison.same_merchant,
        "scores_comparable": not comparison.refusals,
        "refusals": list(comparison.refusals),
        "cautions": list(comparison.cautions),
        **{
            title.lower().replace(",", "").replace(" ", "_"): [_row(one) for one in found]
            for title, found in sections(comparison)
        },
    }


def to_markdown(comparison: Comparison) -> str:
    """The comparison for a terminal, a pull request or a chat."""
    was, now = TITLES[comparison.before.verdict], TITLES[comparison.after.verdict]
    old, new = (one_line(run.merchant, 60) for run in (comparison.old, comparison.new))
    lines = [
        f"## {was} → {now}: {new}",
        "",
        *([] if comparison.same_merchant else [f"**{OTHER_MERCHANT.format(old=old, new=new)}**", ""]),
        f"{moment(comparison.old.finished_at)} → {moment(comparison.new.finished_at)}",
        comparison.scores,
        *(f"Note: {caution}." for caution in comparison.cautions),
    ]
    for title, found in sections(comparison):
        if found:
            lines += ["", f"**{title} ({len(found)})**", *(_line(one) for one in found)]
    if not any(found for _, found in sections(comparison)):
        lines += ["", "Nothing changed."]
    return "\n".join(lines) + "\n"


def _refusals(old: Run, new: Run) -> Iterable[str]:
    was, now = ({rule.id: rule for rule in run.plan} for run in (old, new))
    only_old, only_new = sorted(set(was) - set(now)), sorted(set(now) - set(was))
    if only_old or only_new:
        named = [f"{how}: {listed(names, 6)}" for names, how in ((only_new, "new"), (only_old, "gone")) if names]
        yield f"the plans differ ({'; '.join(named)})"
    heavier = sorted(name for name in was if name in now and was[name].weight != now[name].weight)
    if heavier:
        yield f"the weight of {', '.join(heavier[:6])} changed"
    if old.merchant != new.merchant:
        yield f"they are of different merchants ({old.merchant}, {new.merchant})"
    if old.profile != new.profile:
        yield f"Daraja was played differently (profile {old.profile}, {new.profile})"


def _build(run: Run) -> str:
    return ", ".join(filter(None, (run.build.name, short_commit(run.build.commit))))


def _cautions(old: Run, new: Run) -> Iterable[str]:
    facts = (
        ("the build changed", _build(old), _build(new)),
        ("the target file changed", old.config_sha256, new.config_sha256),
        ("the evidence depth changed", old.depth, new.depth),
        ("the clock changed", old.clock, new.clock),
        ("Tayari changed", old.tayari_version, new.tayari_version),
        ("the suite changed", old.suite, new.suite),
    )
    for what, was, now in facts:
        if was != now:
            shown = "" if len(was) == 64 else f" ({was or 'none'} → {now or 'none'})"
            yield what + shown
    if old.finished_at > new.finished_at:
        yield "the first file is the later run"


def _change(before: Outcome | None, after: Outcome | None) -> RuleChange:
    one = after or before
    assert one is not None
    otherwise = before is not None and after is not None and failed_fingerprints(before) != failed_fingerprints(after)
    return RuleChange(
        rule=one.rule,
        before=before.state if before else None,
        after=after.state if after else None,
        reason=after.reason if after else "",
        otherwise=otherwise and before is not None and before.state in FAILED,
    )


def _side(run: Run, judgement: Judgement) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "verdict": judgement.verdict,
        "score": judgement.score,
        "coverage": judgement.coverage,
        "finished_at": run.finished_at,
    }


def _row(one: RuleChange) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "before": one.before,
        "after": one.after,
        "reason": one.reason,
        "otherwise": one.otherwise,
    }


def _line(one: RuleChange) -> str:
    states = " → ".join(STATES[state] for state in (one.before, one.after) if state is not None)
    differently = ", in another way than before" if one.otherwise and one.after in FAILED else ""
    reason = f". {one_line(sentence(one.reason), 200)}" if one.reason else ""
    return f"- {one.rule.id} {one_line(one.rule.title, 80)}: {states}{differently}{reason}"
