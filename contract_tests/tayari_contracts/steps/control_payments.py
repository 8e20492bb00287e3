"""Controls: ordinary payments, without the thing that a rule tests. A check that fails says nothing where its control
fails as well: then one rule carries the failure, and the others are blocked by it.

Each control is played at most once in a run, by the first check that needs it; the others cite it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from tayari_money.payment_state import PaymentState
from tayari_reports.model import NotTested

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.context.findings import Failed, Finding, Untested, WrongCredit, quote, say
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.context.probe import CALLBACK_WAIT_S, FAILED, PAID, REVIEW, SETTLED, Probe
from tayari_contracts.context.run_record import Played
from tayari_contracts.steps.status_queries import REACTION_S, patience_s, unanswered

CARRIED_BY: Final[Mapping[Control, str]] = {Control.SUCCESS: "C25", Control.FAILURE: "C11", Control.QUERY: "Q13"}
"""The rule that fails where a control does not end as expected."""

CARRIERS: Final = frozenset(CARRIED_BY.values())

CANCELLED: Final = 1032
CRASH: Final = 500
OFTEN_S: Final = 0.3
LIMIT_S: Final = 90.0
"""What a control may take besides the merchant's own promised times."""


def judge_control(probe: Probe, control: Control) -> None:
    """Hold the merchant to a control, in the rule that carries it.

    Raises:
        Finding: the control did not end as expected.
    """
    played = _played(probe, control)
    probe.cite(*played.payments)
    if isinstance(played.finding, Untested):
        raise Untested(str(played.finding), why=played.finding.why, enable=played.finding.enable)
    if played.finding is not None:
        raise type(played.finding)(str(played.finding))


def blocked(probe: Probe, control: Control, *, wrong_credit: bool = False) -> str:
    """Why a rule with this control cannot be judged; empty where the control ended as expected, or was not seen.

    `wrong_credit`: the rule failed because too much was credited. A lost ordinary payment is no excuse for that; a
    query that always pays is, and so is an ordinary payment that is credited too often as well.
    """
    played = _played(probe, control)
    if not _is_broken(played.finding, control):
        return ""
    if wrong_credit and control is not Control.QUERY and not isinstance(played.finding, WrongCredit):
        return ""
    probe.cite(*played.payments)
    reason = str(played.finding)
    return reason if reason.startswith("blocked by ") else f"blocked by {CARRIED_BY[control]}: {reason}"


def _is_broken(finding: Finding | None, control: Control) -> bool:
    """A merchant that sends no query, or a target file that shows too little, breaks no control."""
    if isinstance(finding, Untested):
        is_blocked = finding.why in (NotTested.SET_UP_FAILED, NotTested.BLOCKED)
        return is_blocked and control is not Control.QUERY
    return isinstance(finding, Failed)


def _played(probe: Probe, control: Control) -> Played:
    """The control as it was played in this run, by a probe with its own time."""

    def play() -> Played:
        own = probe.sibling(limit_s=LIMIT_S + 3 * probe.reconcile_s)
        try:
            PLAYS[control](own)
        except Finding as finding:
            return Played(payments=own.payments, finding=finding)
        return Played(payments=own.payments)

    return probe.book.controls.once(control, play)


def _ordinary_success(probe: Probe) -> None:
    """As M-Pesa sends it today: four items, and no Balance. The callback is taken, and the payment is paid once."""
    payment = probe.pay(situation("inline/control-success", outcome=after(0.5)))
    _require_start(probe, payment)
    _require_heard(probe, payment, "an ordinary success", (PAID,))
    if probe.sees_state and probe.sees_credits:
        probe.expect_credits(payment, 1, quiet_s=0.3, because="one ordinary success came")


def _ordinary_failure(probe: Probe) -> None:
    """The customer cancelled: no CallbackMetadata. The callback is taken, and the payment ends unpaid."""
    payment = probe.pay_accepted(situation("inline/control-failure", outcome=after(0.5, result_code=CANCELLED)))
    _require_heard(probe, payment, f"an ordinary failure ({CANCELLED})", (FAILED, REVIEW))


def _unpaid_by_query(probe: Probe) -> None:
    """No callback; the first query hears in flight (4999), the next ones cancelled: HTTP 200 each, and none is paid."""
    if not probe.sees_state or "stk_query" not in probe.target.merchant.capabilities:
        return
    payment = probe.pay_accepted(
        unanswered("inline/control-query", result_code=CANCELLED, query={"in_flight": ["4999"], "for_calls": 1})
    )
    end = time.monotonic() + patience_s(probe)
    asked_at: float | None = None
    while time.monotonic() < (end if asked_at is None else asked_at + REACTION_S) and probe.has_time:
        state = probe.status(payment).state
        if asked_at is None and probe.sight.queries(payment):
            asked_at = time.monotonic()
        elif state is PAID and asked_at is None:
            raise Untested("the payment was paid before the merchant asked about it, so no answer made it paid")
        if asked_at is not None and state in SETTLED:
            break
        probe.quiet(OFTEN_S)
    if asked_at is None:
        raise Untested("no status query came for a payment without callback, so none was answered")
    if probe.status(payment).state is PAID:
        raise Failed(
            "a status query was answered HTTP 200 with a ResultCode other than 0 (4999 in flight, then 1032 "
            "cancelled), and the payment is paid; expected ResultCode to decide, not the HTTP status"
        )


PLAYS: Final[Mapping[Control, Callable[[Probe], None]]] = {
    Control.SUCCESS: _ordinary_success,
    Control.FAILURE: _ordinary_failure,
    Control.QUERY: _unpaid_by_query,
}


def _require_start(probe: Probe, payment: Payment) -> None:
    """An ordinary payment is pushed, and Daraja accepts it.

    Raises:
        Failed: no push was sent. Untested: Daraja refused it, which is a matter of S15.
    """
    try:
        probe.require_accepted(payment)
    except Untested as error:
        if probe.sight.pushes(payment):
            raise Untested(f"blocked by S15: {error}", why=NotTested.BLOCKED) from error
        raise Failed(f"an ordinary payment could not be started: {error}") from error


def _require_heard(probe: Probe, payment: Payment, what: str, ends: tuple[PaymentState, ...]) -> None:
    """The merchant takes the result, and the payment ends in one of `ends`; the first of them is named.

    Raises:
        Failed: it ends otherwise, or the callback was answered as a crash is.
    """
    answer = _answer_to_callback(probe, payment) if probe.takes_callbacks else None
    if probe.sees_state:
        view = probe.until(payment, ends, within_s=probe.settled_s)
        if view.state not in ends:
            heard = f"was answered {_written(answer)}" if answer else "waited for a status query"
            raise Failed(
                f"{what} {heard}, and the payment is {say(view)} {probe.settled_s:.3g} s later; expected {ends[0]}"
            )
    if answer:
        _refuse_crash(answer, what)


def _answer_to_callback(probe: Probe, payment: Payment) -> Entry:
    """The merchant's answer to the payment's callback.

    Raises:
        Untested: none was delivered.
    """
    probe.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
    callbacks = probe.sight.callbacks(payment)
    if not callbacks:
        raise Untested("no callback was delivered for an ordinary payment, so nothing could be judged")
    return callbacks[-1]


def _refuse_crash(callback: Entry, what: str) -> None:
    status = (callback.get("response") or {}).get("status")
    if status is None or status >= CRASH:
        raise Failed(f"{what} was answered {_written(callback)}; expected 200")


def _written(callback: Entry) -> str:
    """The answer to a callback with its body: many a merchant says there what it found wrong."""
    answer = callback.get("response") or {}
    if answer.get("status") is None:
        return f"not at all ({callback.get('error') or 'connection closed'})"
    return f"{answer['status']}, {quote(str(answer.get('body') or ''), most=100)}"
