"""Runs one planned check, and turns its end, whatever it is, into a `Check`."""

from __future__ import annotations

import os
import shlex
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from threading import Event

from tayari_control.client import ControlError
from tayari_reports.model import Check, Exchange, Level, NotTested, Rule, State
from tayari_reports.redaction import fingerprint
from tayari_target.driver import value_at
from tayari_target.target_file.target_model import Merchant, Target
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.catalogue.rules import ENABLED_BY, CatalogueRow, Control, Need, Planned
from tayari_contracts.checks.check_registry import checks
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import LIMIT_S
from tayari_contracts.context.findings import (
    Failed,
    Finding,
    Inapplicable,
    Missing,
    Unjudged,
    Unsettled,
    Untested,
    Warned,
    WrongCredit,
)
from tayari_contracts.context.merchant_profile import MerchantProfile
from tayari_contracts.context.run_record import Allocation, RunRecord
from tayari_contracts.runner.pass_conditions import not_seen
from tayari_contracts.steps.control_payments import blocked

_OF_KINDS = (Need.C2B, Need.PERSONS, Need.ORGANISATIONS, Need.PAYOUT, Need.REFUND)
"""Needs that say what a rule is about; every rule without one is about payments that the merchant asks for."""
_FROM_OUTSIDE = frozenset({"U09", "S19"})
"""Rules about texts from outside. A payment that a customer begins carries such texts, as an order's name does."""
PAYS_NOBODY = "the merchant declares no payout capability, so it pays nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck(Planned):
    """A rule or a scenario of the plan, with the function that judges it."""

    run: Callable[[CheckContext], None]
    asked_for: bool = False
    """A person named it, and no other named scenario applies: then it is untested, and not inapplicable."""
    on_several: bool = False
    """Other instances judge it as well, so that no cause is looked for where it is not tested on this one."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check, and how sure its end is."""

    check: Check
    doubtful: bool = False
    """Other requests at the same time may have caused it."""
    missing: bool = False
    """Something did not come in time."""
    overlapped: bool = False
    """The check itself started several payments at once, though no rule is about that."""

    def left_open(self, reason: str) -> CheckResult:
        """The same check, undecided for this reason."""
        return replace(
            self, check=replace(self.check, state=State.UNKNOWN, not_tested=None, fingerprint="", reason=reason)
        )


def check_of_rule(row: CatalogueRow) -> PlannedCheck:
    """The planned check of a row of the catalogue."""
    known = {field.name: getattr(row, field.name) for field in fields(Planned)}
    return PlannedCheck(run=checks()[row.rule.id], **known)


def of_customers(planned: PlannedCheck, target: Target) -> PlannedCheck:
    """The check, changed to C2B payments where the merchant asks for no payments itself.

    So the money invariants, and the rules about texts from outside, are judged for such a merchant as well.
    """
    merchant = target.merchant
    is_of_payments = planned.rule.kind == "invariant" and not planned.needs & {Need.PAYOUT, Need.REFUND}
    if merchant.takes_payments or not merchant.does("c2b") or not (is_of_payments or planned.rule.id in _FROM_OUTSIDE):
        return planned
    return replace(planned, needs=frozenset({Need.C2B, Need.ACCOUNT}), controls=frozenset({Control.C2B}))


def missing_need(planned: PlannedCheck, profile: MerchantProfile) -> Check | None:
    """The check's end when the target file lacks what it needs; None when nothing is missing."""
    merchant, seen = profile.merchant, profile.shown

    def unmet(state: State, reason: str, enable: str = "") -> Check:
        why = NotTested.TARGET_KEY_MISSING if enable else None
        return Check(rule=planned.rule.id, state=state, reason=reason, not_tested=why, enable=enable)

    if absent := _absent_kind(planned, profile):
        if not planned.asked_for:
            return unmet(State.NOT_APPLICABLE, absent)
        key = next((ENABLED_BY[need] for need in _OF_KINDS if need in planned.needs), "merchant.pay")
        return unmet(State.NOT_TESTED, absent, key)
    present = {
        Need.STATE: seen.state,
        Need.CREDITS: profile.shows_credits,
        Need.MESSAGE: profile.shows_messages,
        Need.RECEIPT: seen.receipt,
        Need.AUDIT: seen.audit,
        Need.PAGE: merchant.adapter is not None or (merchant.status is not None and merchant.status.call is not None),
        Need.QUERY: True,
        Need.CALLBACKS: True,
        Need.PERSONS: True,
        Need.ORGANISATIONS: True,
        Need.VALIDATION: merchant.c2b is not None and merchant.c2b.validation,
        Need.DUE: profile.receives_account_amount,
    }
    for need in sorted(planned.needs):
        key = ENABLED_BY[need]
        if not (present[need] if need in present else value_at(profile.target, key) is not None):
            return unmet(State.NOT_TESTED, f"the target file has no {key}", key)
    if Need.QUERY in planned.needs and "stk_query" not in merchant.capabilities:
        reason = "the merchant declares no stk_query capability (K01 holds that against its traffic)"
        return unmet(State.NOT_APPLICABLE, reason)
    return None


def _absent_kind(planned: PlannedCheck, profile: MerchantProfile) -> str:
    """Why the merchant does not do what a rule is about (payments, payouts, callbacks); empty where it does."""
    merchant = profile.merchant
    if Need.C2B in planned.needs:
        if not merchant.does("c2b"):
            return "the merchant declares no c2b capability, so no customer pays it without a prompt"
        if Need.VALIDATION in planned.needs and merchant.c2b is not None and not merchant.c2b.validation:
            return "merchant.c2b.validation is false: M-Pesa asks the merchant nothing before a payment"
        if Need.DUE in planned.needs and "top_up" in merchant.capabilities and not profile.receives_account_amount:
            return "any amount may be paid in (top_up), and accounts are opened without {amount}: nothing is due"
        if Need.STATE not in planned.needs:
            return ""
    if Need.PAYOUT in planned.needs:
        return _other_payees(planned, merchant) if merchant.does("payout") else PAYS_NOBODY
    if Need.REFUND in planned.needs and not merchant.does("refund"):
        return "the merchant declares no refund capability, so it gives no payment back"
    if not profile.takes_payments:
        return "the merchant starts no payments: its target file has no merchant.pay"
    if Need.CALLBACKS in planned.needs and not profile.takes_callbacks:
        return "the merchant learns results by status queries alone (no_callbacks; K01 compares that with its traffic)"
    if Need.PAGE in planned.needs and "no_pages" in merchant.capabilities:
        return "an order has no page that could be opened (no_pages): its customer is told in a chat, by SMS or by USSD"
    return ""


def _other_payees(planned: PlannedCheck, merchant: Merchant) -> str:
    """Why a scenario of payouts is about payees whom the merchant does not pay; empty where it pays them."""
    pays_businesses = merchant.payout is not None and merchant.payout.pays_businesses
    if Need.PERSONS in planned.needs and pays_businesses:
        return (
            "it is about payouts to persons (B2C, B2Pochi), and the payouts of this merchant go to other organisations "
            "(merchant.payout names {party_b}); the scenarios of those are b2b/*"
        )
    if Need.ORGANISATIONS in planned.needs and not pays_businesses:
        return (
            "it is about payments to other organisations (B2B), and the payouts of this merchant go to persons "
            "(merchant.payout names no {party_b}); the scenarios of those are payout/* and pochi/*"
        )
    return ""


def run_check(
    planned: PlannedCheck,
    environment: TestEnvironment,
    allocation: Allocation,
    *,
    stop: Event,
    run: RunRecord,
    one_by_one: bool = False,
) -> CheckResult:
    """Run the check to its end. Never raises: an exception of ours becomes the state `error`.

    `one_by_one`: the check starts its payments one after the other. `stop`: set when the run is interrupted.
    """
    unmet = missing_need(planned, run.profile)
    if unmet is not None:
        return CheckResult(unmet)
    started_at, began = time.time(), time.monotonic()
    limit_s = LIMIT_S + 3 * environment.target.merchant.promises.reconcile_within_s
    context = CheckContext(environment, allocation, deadline=began + limit_s, stop=stop, run=run, one_by_one=one_by_one)
    ending = _known_blocked(planned, context) or _unless_blocked(planned, context, _run(planned, context))
    if stop.is_set():
        ending = _Ending(State.NOT_TESTED, "the run was interrupted before this check ended", NotTested.INTERRUPTED)
    context.run.release(context)
    check = Check(
        rule=planned.rule.id,
        state=ending.state,
        reason=ending.reason,
        not_tested=ending.why,
        enable=ending.enable,
        evidence=_evidence(context),
        tries=max(1, context.evidence.tries),
        depth=run.profile.depth,
        started_at=started_at,
        duration_s=round(time.monotonic() - began, 3),
        scenario=context.evidence.scenario,
        repeat=repeat_command(planned.rule, environment.target),
    )
    if check.state in (State.FAIL, State.WARN):
        check = replace(check, fingerprint=fingerprint(check.rule, check.reason))
    return CheckResult(check, ending.doubtful, isinstance(ending.finding, Missing), context.actions.gate.overlapped)


@dataclass(frozen=True, slots=True)
class _Ending:
    state: State
    reason: str = ""
    why: NotTested | None = None
    enable: str = ""
    doubtful: bool = False
    finding: Finding | None = None


def _run(planned: PlannedCheck, context: CheckContext) -> _Ending:
    try:
        planned.run(context)
        missing = [reason for seen in sorted(planned.seen) if (reason := not_seen(context, seen))]
    except Finding as finding:
        return _ending_of(finding, planned.rule)
    except Exception as error:  # noqa: BLE001 - the edge of a check's thread: our failure, never the merchant's
        return _failed_of_ours(error)
    if missing:
        return _Ending(State.NOT_TESTED, missing[0], NotTested.SET_UP_FAILED, doubtful=True)
    return _Ending(State.PASS, "; ".join(context.evidence.notes))


def _failed_of_ours(error: Exception) -> _Ending:
    if isinstance(error, ControlError):
        no_answer = error.status is None  # in time: on a machine that stood still, a second try may get one
        return _Ending(State.ERROR, f"the simulator refused or did not answer: {error}", doubtful=no_answer)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return _Ending(State.ERROR, f"Tayari failed in {place.name} ({place.lineno}): {type(error).__name__}: {error}")


def _known_blocked(planned: PlannedCheck, context: CheckContext) -> _Ending | None:
    """The end of a rule that is known to be blocked before it runs; None: it has to run.

    Its control has failed already, or it is about queries and the merchant never asks. A rule that cannot be waived
    runs although its control has failed: it looks for credits that nothing excuses.
    """
    if silent := _silent(planned, context, within_s=0.0):
        return silent
    known = context.run.controls.broken(planned.controls)
    reasons = [reason for control in known if (reason := _others(planned, blocked(context, control)))]
    reasons = reasons if planned.rule.waivable else []
    return _blocked_ending(context, planned.controls, reasons[0]) if reasons else None


def _silent(planned: PlannedCheck, context: CheckContext, *, within_s: float) -> _Ending | None:
    """The end of a rule about queries where the merchant never asks; None where it asks, or that is not known.

    `within_s`: how long to wait for the check that is finding it out. A merchant that asks late, or on another
    instance, is not silent: its other rules are judged.
    """
    silence = context.run.silence
    try:
        if silence.found and context.journal.has_queries():
            silence.note_query()
    except ControlError as error:
        return _failed_of_ours(error)
    reason = silence.awaited(within_s=within_s) if Need.QUERY in planned.needs else ""
    return _Ending(State.NOT_TESTED, reason, NotTested.BLOCKED) if reason else None


def _blocked_ending(context: CheckContext, controls: Iterable[Control], reason: str) -> _Ending:
    """The end of a blocked rule. It keeps the control's finding if that is something that did not come in time."""
    missing = [found for found in context.run.controls.findings(controls) if isinstance(found, Missing)]
    return _Ending(State.NOT_TESTED, reason, NotTested.BLOCKED, doubtful=True, finding=next(iter(missing), None))


def _others(planned: PlannedCheck, reason: str) -> str:
    """The reason why a rule is blocked; empty where the rule itself carries this failure."""
    return "" if reason.startswith(f"blocked by {planned.rule.id}:") else reason


def _unless_blocked(planned: PlannedCheck, context: CheckContext, ending: _Ending) -> _Ending:
    """The end of a check, or blocked, if an ordinary payment without the thing under test fails as well."""
    is_untested = ending.state is State.NOT_TESTED and ending.why is NotTested.SET_UP_FAILED
    if ending.state not in (State.FAIL, State.WARN, State.UNKNOWN) and not is_untested:
        return ending
    if is_untested and planned.on_several:
        return ending
    is_open = is_untested or ending.state is State.UNKNOWN or isinstance(ending.finding, Missing)
    if is_open and (silent := _silent(planned, context, within_s=context.time.left_s)):
        return silent
    controls = planned.controls | ({Control.SUCCESS} if isinstance(ending.finding, Unsettled) else set())
    wrong_credit = isinstance(ending.finding, WrongCredit)
    try:
        reasons = [
            reason
            for control in sorted(controls)
            if (reason := _others(planned, blocked(context, control, wrong_credit=wrong_credit)))
        ]
    except Exception as error:  # noqa: BLE001 - as above: never the merchant's
        return _failed_of_ours(error)
    return _blocked_ending(context, controls, reasons[0]) if reasons else ending


def _ending_of(finding: Finding, rule: Rule) -> _Ending:
    text = str(finding)
    match finding:
        case Failed():
            state = State.FAIL if rule.level is Level.MUST else State.WARN
            doubtful = not (isinstance(finding, WrongCredit) or finding.certain)
            return _Ending(state, text, doubtful=doubtful, finding=finding)
        case Warned():
            return _Ending(State.WARN, text, doubtful=True)
        case Untested():
            doubtful = finding.why is NotTested.SET_UP_FAILED and not finding.certain
            return _Ending(State.NOT_TESTED, text, finding.why, finding.enable, doubtful)
        case Inapplicable():
            return _Ending(State.NOT_APPLICABLE, text)
        case Unjudged():
            return _Ending(State.UNKNOWN, text, doubtful=not finding.certain, finding=finding)
    return _Ending(State.UNKNOWN, text)


def _evidence(context: CheckContext) -> tuple[Exchange, ...]:
    try:
        return context.evidence.exchanges()
    except ControlError:
        return ()


def repeat_command(rule: Rule, target: Target) -> str:
    """The command that runs this check alone."""
    path = shlex.quote(os.path.relpath(target.path))
    return f"tayari gate {path} {rule.id}" if rule.kind == "scenario" else f"tayari check {path} --only {rule.id}"
