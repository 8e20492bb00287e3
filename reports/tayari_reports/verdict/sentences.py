"""The sentences that all renderings share, so that no two of them disagree."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from tayari_reports.model import WEIGHTS, NotTested, Rule, Run, State, Threshold, Verdict
from tayari_reports.model.outcomes import Outcome
from tayari_reports.statements.waivers import EAT, WaiverStanding, day_of, read_day
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.confidence import DEPTHS, WHOLE

TITLES: Final = MappingProxyType(
    {
        Verdict.READY: "Ready",
        Verdict.READY_WITH_MINOR_FIXES: "Ready with minor fixes",
        Verdict.INCONCLUSIVE: "Inconclusive",
        Verdict.NOT_READY: "Not ready",
        Verdict.INVALID_RUN: "Invalid run",
    }
)

PARTLY: Final = MappingProxyType(
    {**TITLES, Verdict.READY: "Part passed", Verdict.READY_WITH_MINOR_FIXES: "Part passed, with findings"}
)
"""The same for a run that looked at less than a suite: it never says ready."""

STATES: Final = MappingProxyType(
    {
        State.PASS: "passed",
        State.FAIL: "failed",
        State.WARN: "not met",
        State.UNKNOWN: "unknown",
        State.NOT_TESTED: "not tested",
        State.ERROR: "tool error",
        State.NOT_APPLICABLE: "not applicable",
        State.ATTESTED: "attested",
    }
)

UNTESTED: Final = MappingProxyType(
    {
        NotTested.TARGET_KEY_MISSING: "the target file lacks a key",
        NotTested.EVIDENCE_DEPTH: "cannot be seen at this depth",
        NotTested.SET_UP_FAILED: "the situation could not be brought about",
        NotTested.BLOCKED: "blocked by the failure of another rule",
        NotTested.NOT_SELECTED: "left out of this run",
        NotTested.INTERRUPTED: "the run ended first",
        NotTested.UNSUPPORTED: "this version cannot provoke it",
        NotTested.NO_RESULT: "nothing reported on it",
    }
)

THRESHOLDS: Final = MappingProxyType(
    {
        "payment_p95_s": "Time to settled, 95th percentile, below",
        "success_rate": "Payments settled as expected, at least",
        "failure_rate": "Payments failed, below",
        "concurrent_users": "Users at the same time, at least",
        "callback_errors": "Callbacks not answered with 200, at most",
    }
)

CAPABILITIES: Final = MappingProxyType(
    {
        "stk_push": "STK push collections",
        "stk_query": "",
        "no_callbacks": "payments that status queries alone settle",
        "no_pages": "orders without a page for the customer",
        "split_payments": "orders paid in several pushes",
        "top_up": "",
        "c2b": "customer payments to a paybill or till (C2B)",
        "payout": "payouts",
        "refund": "refunds",
        "reversal": "reversals",
        "transaction_status": "status queries of transactions",
        "qr": "QR codes",
    }
)
"""What a merchant can do, in a reader's words; a query belongs to its push."""

SCOPE_BEGINS: Final = MappingProxyType(
    {
        Verdict.READY: "Ready for",
        Verdict.READY_WITH_MINOR_FIXES: "Ready with minor fixes for",
        Verdict.INCONCLUSIVE: "No answer yet for",
        Verdict.NOT_READY: "Not ready for",
        Verdict.INVALID_RUN: "This run says nothing about",
    }
)
"""How the scope begins, by verdict."""

VALID_DAYS: Final = 90
"""A verdict older than this says little of what runs today. Source: judgement; waivers have the same limit."""


LIMITS: Final = (
    "This is a test that the team ran itself, against a simulated Daraja. It is not a certification by Safaricom.",
    "What was not tested is not passed: it is listed here and lowers the coverage.",
    "A pass says that no failure was seen in the tries that were made, and no more.",
)

TWO_SHARES: Final = (
    "Score and Success are both the passed share of the rules that apply. Score counts each rule by its weight ("
    + ", ".join(f"{name} {weight:g}" for name, weight in sorted(WEIGHTS.items(), key=lambda row: -row[1]))
    + "); Success counts each rule once."
)
"""Why two percentages of one run differ."""


def title(judgement: Judgement) -> str:
    """The headline: the verdict, and what it is about where that is less than every rule."""
    return ": ".join(filter(None, (headline(judgement), narrowed_to(judgement))))


def headline(judgement: Judgement) -> str:
    """The headline alone, for a page that says beside it what was selected."""
    return (PARTLY if judgement.selection else TITLES)[judgement.verdict]


def is_partial_pass(judgement: Judgement) -> bool:
    """Whether a part of the suite passed: that is no green light, and is shown without the colour of one."""
    return bool(judgement.selection) and judgement.exit_code == 0


def tone(judgement: Judgement) -> str:
    """The class of a page's style sheet in which the verdict is shown."""
    return "partial" if is_partial_pass(judgement) else judgement.verdict.value


def shout(judgement: Judgement) -> str:
    """The headline for a terminal."""
    return ": ".join(filter(None, (headline(judgement).upper(), narrowed_to(judgement))))


def count_of(count: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def joined(names: list[str]) -> str:
    """`QA, Security and Business`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def narrowed_to(judgement: Judgement) -> str:
    """What the verdict is about where that is less than every rule: `C03 only`, or `suite smoke` of one that passed."""
    if judgement.verdict is Verdict.INVALID_RUN:
        return ""
    if judgement.selection:
        return f"{selected(judgement.selection)} only"
    return f"suite {judgement.suite}" if judgement.exit_code == 0 and WHOLE not in judgement.suite else ""


def selected(selection: str, longest: int = 60) -> str:
    """What was selected, by whole names: `ack/lost, ack/late and 3 more`."""
    names = one_line(selection, len(selection) + 1).replace(";", " ").split()
    shown = names[:1]
    for name in names[1:]:
        if len(", ".join([*shown, name])) > longest:
            break
        shown.append(name)
    left = len(names) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def answer(judgement: Judgement) -> str:
    """Why the verdict is what it is, in one sentence."""
    blocking, missing, waived = judgement.blocking, judgement.missing, judgement.waived_blocking
    excused = f"{count_of(len(waived), 'blocking failure')} {'is' if len(waived) == 1 else 'are'} waived"
    match judgement.verdict:
        case Verdict.READY if judgement.selection:
            return "The selected rules did not fail. No other rule ran: this says nothing about the whole integration."
        case Verdict.READY:
            return "Every blocking rule that applies has an answer, and none failed."
        case Verdict.READY_WITH_MINOR_FIXES if waived:
            return f"{excused}, until {_first_end(judgement)} at the latest{_lesser(judgement)}."
        case Verdict.READY_WITH_MINOR_FIXES:
            lesser = len(judgement.minor) + len(judgement.waived)
            return f"No blocking rule failed; {count_of(lesser, 'lesser finding')} should be fixed."
        case Verdict.INCONCLUSIVE:
            begin = excused if waived else "Nothing blocking failed"
            return f"{begin}, but {count_of(len(missing), 'blocking rule')} could not be judged."
        case Verdict.NOT_READY:
            at_stake = sum(one.money_critical for one in blocking)
            with_money = "with money at stake" if len(blocking) == 1 else f"{at_stake} of the rules with money at stake"
            money = f", {with_money}" if at_stake else ""
            more = f"; {len(waived)} more under waivers" if waived else ""
            return f"{count_of(len(blocking), 'blocking rule')} failed{_of_causes(judgement)}{money}{more}."
        case Verdict.INVALID_RUN:
            return f"This run cannot carry a verdict. {judgement.reasons[0].sentence}"


def _of_causes(judgement: Judgement) -> str:
    found = len(judgement.causes)
    return f" from {count_of(found, 'cause')}" if found < len(judgement.blocking) else ""


def has_results(judgement: Judgement) -> bool:
    """Whether a rule ran. Where none did, as after an early interrupt, a table of results has only zeros."""
    return any(one.state not in {State.NOT_TESTED, State.NOT_APPLICABLE} for one in judgement.outcomes)


def caused(judgement: Judgement) -> str:
    """The blocking failures in numbers: `4 causes, 27 rules`; the rules alone where each is a cause of its own."""
    found, rules = len(judgement.causes), len(judgement.blocking)
    return str(rules) if found == rules else f"{count_of(found, 'cause')}, {rules} rules"


def _lesser(judgement: Judgement) -> str:
    lesser = len(judgement.minor) + len(judgement.waived) - len(judgement.waived_blocking)
    return f"; {count_of(lesser, 'lesser finding')} should be fixed" if lesser else ""


def _first_end(judgement: Judgement) -> str:
    """The day on which the first waiver of a blocking failure ends."""
    rules = {one.rule.id for one in judgement.waived_blocking}
    active = (one.waiver for one in judgement.waivers if one.standing is WaiverStanding.ACTIVE)
    return min(waiver.expires for waiver in active if waiver.rule in rules)


def check_command(run: Run, suite: str = "") -> str:
    """The command that checks this merchant again, with the target file as the commands of single rules name it."""
    begin = "tayari check "
    commands = (check.repeat.partition(" --only ")[0] for check in run.checks)
    targets = (command.removeprefix(begin) for command in commands if command.startswith(begin))
    target = next((found for found in targets if "--" not in found), "")
    return " ".join(filter(None, ("tayari check", target, suite and f"--suite {suite}")))


def first_step(run: Run, judgement: Judgement) -> str:
    """What to do first, in one or two sentences."""
    match judgement.verdict:
        case Verdict.READY if judgement.selection:
            return f"Run every rule before you decide: {check_command(run, WHOLE)}."
        case Verdict.READY:
            if WHOLE not in run.suite:
                every = check_command(run, WHOLE)
                return f"Nothing blocks in suite {run.suite}. Before the launch run every rule: {every}."
            return "Nothing blocks. Keep this run in CI, and run it again before each release."
        case Verdict.INVALID_RUN:
            return _mend_run(run)
        case Verdict.INCONCLUSIVE:
            return _close(judgement.missing[0])
        case Verdict.NOT_READY:
            return _mend(judgement.blocking[0])
        case Verdict.READY_WITH_MINOR_FIXES:
            return _mend((*judgement.waived_blocking, *judgement.minor, *judgement.waived)[0])


def scope(run: Run, judgement: Judgement) -> str:
    """What the verdict is about, and until when; it is always shown beside the verdict."""
    able = [words for name in run.capabilities if (words := CAPABILITIES.get(name, name))]
    about = joined(able) or "what was tried"
    begin = "Part passed for" if is_partial_pass(judgement) else SCOPE_BEGINS[judgement.verdict]
    only = f", only {selected(run.selection, 200)}" if run.selection else ""
    clock = f", clock {run.clock}" if run.clock != "real" else ""
    found = [f"{begin} {about}", f"Suite {run.suite}{only}, Daraja profile {run.profile}{clock}"]
    if judgement.verdict is not Verdict.INVALID_RUN:
        found.append(f"The merchant was {DEPTHS.get(run.depth, run.depth)}")
    if valid := validity(run, judgement):
        found.append(valid[0].upper() + valid[1:])
    return ". ".join(found) + "."


def shares(judgement: Judgement) -> str:
    """What score and coverage are shares of."""
    rules = judgement.total.applicable
    return f"Of the {rules} rules that apply, by weight: score is the share that passed, coverage the share judged."


def valid_until(run: Run, judgement: Judgement) -> date:
    """The last day on which the verdict may be shown: 90 days, or until the first waiver that it rests on ends."""
    ends = [read_day(one.waiver.expires) for one in judgement.waivers if one.standing is WaiverStanding.ACTIVE]
    return min([day_of(run) + timedelta(days=VALID_DAYS), *(day for day in ends if day is not None)])


def validity(run: Run, judgement: Judgement) -> str:
    """How long a good verdict is valid; empty for any other."""
    if judgement.exit_code != 0:
        return ""
    return f"valid until {valid_until(run, judgement)}, or until the code, the set-up or Daraja changes"


def build_line(run: Run) -> str:
    """Which build was judged, by whom, with which target file; empty parts are left out."""
    build = run.build
    parts = [
        build.name,
        f"commit {short_commit(build.commit)}" if build.commit else "",
        f"branch {build.branch}" if build.branch else "",
        f"CI run {build.ci_run}" if build.ci_run else "",
        f"by {build.operator}" if build.operator else "",
        f"target file {run.config_sha256[:12]}" if run.config_sha256 else "",
    ]
    return ", ".join(filter(None, parts)) or "not recorded"


def short_commit(commit: str) -> str:
    """Its first 12 characters, and whether files were changed since: `0b1c2d3e4f50+changes`."""
    name, mark, changes = commit.partition("+")
    return name[:12] + mark + changes


def confidence_line(judgement: Judgement) -> str:
    """The confidence in one word, why, and what it rests on."""
    found = judgement.confidence
    return f"Confidence {found.level}: {found.because}. {found.sentence}"


def lasting_name(rule: Rule) -> str:
    """A rule's name for those who follow it over many runs: its id and short title; of a scenario the id alone, for
    its title is a text that is improved now and then."""
    return rule.id if rule.kind == "scenario" else f"{rule.id} {rule.title}"


def counted(judgement: Judgement) -> str:
    """The states that occur, with their numbers: `41 passed, 3 failed`."""
    found = [f"{judgement.counts[state]} {STATES[state]}" for state in State if judgement.counts[state]]
    return ", ".join(found) or "no rules"


def open_questions(judgement: Judgement) -> tuple[Outcome, ...]:
    """Blocking rules without an answer, as far as they are worth a line: an invalid run leaves all of them open."""
    return () if judgement.verdict is Verdict.INVALID_RUN else judgement.missing


def moment(epoch_s: float) -> str:
    """A time for readers in Kenya: `2026-10-07 14:35:03 EAT`."""
    return datetime.fromtimestamp(epoch_s, EAT).strftime("%Y-%m-%d %H:%M:%S EAT")


def threshold(row: Threshold) -> str:
    """A threshold in words; one that this version does not know keeps its name."""
    return THRESHOLDS.get(row.name, row.name)


def measure(row: Threshold, value: float | None) -> str:
    """A limit or a measurement of a threshold with its unit: `4.87 s`, `98.9 %`."""
    if value is None:
        return "no samples"
    if row.unit.startswith("of "):
        return f"{100 * value:.1f} %"
    return f"{value:.3g} {row.unit}" if row.unit == "s" else f"{value:.4g} {row.unit}"


def seconds(value: float | None) -> str:
    """A duration as people say it: `1.37 s`, `46 ms`; a dash where nothing was measured."""
    if value is None:
        return "–"
    if value >= 0.9995:
        return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.01 else f"{1000 * value:.1f} ms"


def sentence(text: str) -> str:
    """A reason as the beginning of a sentence: its first word may be a word of ours, or a name that stays as it is."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def one_line(text: str, longest: int = 300) -> str:
    """A text without line breaks and control characters, cut to `longest`: fit for a terminal or a table."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _mend(outcome: Outcome) -> str:
    return f"{outcome.rule.id}: {outcome.rule.fix or outcome.reason}"


def _close(outcome: Outcome) -> str:
    if outcome.enable:
        return f"{outcome.rule.id}: add {outcome.enable} to the target file, so that this rule can be judged."
    if outcome.not_tested is NotTested.NOT_SELECTED and outcome.repeat:
        return f"{outcome.rule.id}: {outcome.reason}: {outcome.repeat}"
    return f"{outcome.rule.id}: {outcome.reason}"


def _mend_run(run: Run) -> str:
    broken = [finding for finding in run.preflight if not finding.ok]
    if broken:
        return broken[0].fix or f"Fix this first: {broken[0].message or broken[0].name}"
    if run.interrupted:
        return "Run it again, and let it end by itself."
    if run.invalid:
        return f"Run it again once this is over: {run.invalid[0]}."
    keys = dict.fromkeys(check.enable for check in run.checks if check.not_tested is NotTested.TARGET_KEY_MISSING)
    if keys:
        return f"Add {' and '.join(filter(None, keys))} to the target file, or select what the merchant does."
    blocked = next((check for check in run.checks if check.not_tested is NotTested.BLOCKED), None)
    if blocked is not None:
        return f"{blocked.rule} could not be judged, {blocked.reason}"
    return "Run it again; if the same results are missing, look at the log of the suites."
