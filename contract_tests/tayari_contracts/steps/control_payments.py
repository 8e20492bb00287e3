"""Controls: ordinary payments, without the thing that a rule tests.

If a control fails as well as a check, the check says nothing about its rule. Then one rule reports the failure, and the
others are blocked by it. Each control is played at most once in a run, by the first check that needs it; the others
cite it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from tayari_money.payment_record import PaymentState
from tayari_reports.model import NotTested

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S, LIMIT_S, QUEUE_MOST_S
from tayari_contracts.context.evidence import answer_of, body_of
from tayari_contracts.context.findings import Failed, Finding, Missing, Untested, WrongCredit, blocked_by, quote, say
from tayari_contracts.context.payment import FAILED, PAID, PENDING, REVIEW, SETTLED, Entry, Payment
from tayari_contracts.context.run_record import CRASH, ControlOutcome
from tayari_contracts.steps.c2b_payments import c2b_situation, pay_in
from tayari_contracts.steps.payees import NO_M_PESA, no_payee
from tayari_contracts.steps.payouts import (
    answered,
    await_request,
    expect_one_id,
    expect_results_taken,
    originator_ids,
    pay_out,
    pay_out_sent,
    payout_requests,
    payout_situation,
    refused_credentials,
    transactions,
)
from tayari_contracts.steps.status_queries import REACTION_S, READ_EVERY_S, await_earlier_queries, unanswered

RESULT_S: Final = 2.0
"""Seconds until the result of an ordinary payout: late enough to see what the acknowledgement did."""
WATCHED_S: Final = 8.0
"""The shortest time for which a payout is watched: longer than the first pauses of a retry."""
LONGEST_WATCHED_S: Final = 30.0
"""The longest."""


def ordinary_payout(context: CheckContext) -> None:
    """Expect that three payouts of one amount end as their results say; the second fails before the others succeed.

    Raises:
        Failed: one did not.
        Untested: the credential was refused (P01 judges that), or the acknowledgement was taken for the result (P07).
    """
    succeeds = payout_situation("inline/control-payout", outcome=after(RESULT_S))
    paid = pay_out(context, succeeds)
    fails = payout_situation("inline/control-payout-fails", outcome=after(0.5, result_code=NO_M_PESA))
    refused = pay_out(context, fails, amount=int(paid.amount))
    last = pay_out(context, succeeds, amount=int(paid.amount))
    for payment in (paid, refused, last):
        _require_sent(context, payment)
    shows_state = context.target.merchant.payout is not None and context.target.merchant.payout.status is not None
    if shows_state:
        _require_no_early_end(context, paid)
    for payment in (paid, refused, last):
        expect_results_taken(context, payment)
    _require_credential(context)
    if not shows_state:
        return
    for payment, wanted, what in (
        (paid, (PAID,), "an ordinary payout succeeded"),
        (refused, (FAILED, REVIEW), f"an ordinary payout failed ({no_payee(context)}, this receiver cannot be paid)"),
        (last, (PAID,), "an ordinary payout succeeded, beside one of the same amount that failed"),
    ):
        view = context.observations.until(payment, *wanted, within_s=context.time.settled_s)
        if payment is refused and is_sent_again(context, payment):
            continue  # M-Pesa pays the second request: P23 judges that
        if view.state not in wanted:
            raise Failed(f"{what}, and it is {say(view)}; expected {' or '.join(wanted)}")


def _require_sent(context: CheckContext, payment: Payment) -> None:
    def is_sent_or_refused() -> bool:
        return bool(payout_requests(context, payment) or refused_credentials(context))

    await_request(context, payment, came=is_sent_or_refused)
    requests = payout_requests(context, payment)
    if not requests:
        _require_credential(context)
        raise Failed(f"an ordinary payout could not be started: no request reached Daraja; {answered(payment)}")
    if not transactions(context, payment):
        answer = requests[0].get("response") or {}
        raise Failed(f"Daraja refused an ordinary payout ({answer.get('status')}): {str(answer.get('body'))[:200]}")


def _require_credential(context: CheckContext) -> None:
    if found := refused_credentials(context):
        raise blocked_by("P01", f"M-Pesa refused the credential of an ordinary payout ({found[0]['result_code']})")


def _require_no_early_end(context: CheckContext, payment: Payment) -> None:
    """Expect that the payout is not paid before its result.

    Raises:
        Untested: it is; P07 judges that.
    """
    view = context.observations.until(payment, PAID, within_s=RESULT_S / 2)
    if view.state is PAID and not any(row["state"] == "paid" for row in transactions(context, payment)):
        raise blocked_by("P07", f"an ordinary payout was acknowledged, no result has come, and it is {say(view)}")


def silent_payout(context: CheckContext) -> None:
    """Expect that a payout without a result is not sent again under another id. M-Pesa has made it.

    Raises:
        WrongCredit: it is sent again.
    """
    payment = pay_out_sent(context, payout_situation("inline/control-silent", outcome=after(0.5, callback=False)))
    context.time.until(lambda: is_sent_again(context, payment), within_s=watched_s(context))
    expect_one_id(context, payment, "no result came")


def watched_s(context: CheckContext) -> float:
    """Seconds for which a payout is watched for a further request: as long as the merchant takes to settle it."""
    return min(LONGEST_WATCHED_S, max(WATCHED_S, context.time.reconcile_s))


def is_sent_again(context: CheckContext, payment: Payment) -> bool:
    """Whether a payout was sent under more than one id."""
    return len(originator_ids(payout_requests(context, payment))) > 1


CARRIED_BY: Final[Mapping[Control, str]] = {
    Control.SUCCESS: "C25",
    Control.FAILURE: "C11",
    Control.QUERY: "Q13",
    Control.PAYOUT: "P18",
    Control.SILENT_PAYOUT: "P05",
    Control.C2B: "B16",
}
"""The rule that reports it if a control does not end as expected."""

CARRIERS: Final = frozenset(CARRIED_BY.values())
"""All these rules."""

ASKED_ABOUT: Final = frozenset({Control.SUCCESS, Control.QUERY})
"""Controls that wait for a status query of the merchant."""

CANCELLED: Final = 1032
OFTEN_S: Final = 0.3


def judge_control(context: CheckContext, control: Control) -> None:
    """Judge a control in the rule that reports it.

    Raises:
        Finding: the control did not end as expected.
    """
    played = _played(context, control)
    context.evidence.cite(*played.payments)
    if isinstance(played.finding, Untested):
        raise Untested(str(played.finding), why=played.finding.why, enable=played.finding.enable)
    if played.finding is not None:
        raise type(played.finding)(str(played.finding))


def blocked(context: CheckContext, control: Control, *, wrong_credit: bool = False) -> str:
    """Why a rule with this control cannot be judged; empty if the control ended as expected, or could not be seen.

    `wrong_credit`: the rule failed because too much was credited. A lost ordinary payment does not explain that. A
    query that always pays does, and so does an ordinary payment that is credited too often as well.
    """
    played = _played(context, control)
    if not _is_broken(played.finding, control):
        return ""
    if wrong_credit and control is not Control.QUERY and not isinstance(played.finding, WrongCredit):
        return ""
    context.evidence.cite(*played.payments)
    reason = str(played.finding)
    return reason if reason.startswith("blocked by ") else f"blocked by {CARRIED_BY[control]}: {reason}"


def _is_broken(finding: Finding | None, control: Control) -> bool:
    """Whether a control failed. A merchant without queries, or a target file that shows too little, fails none."""
    if isinstance(finding, Untested):
        is_blocked = finding.why in (NotTested.SET_UP_FAILED, NotTested.BLOCKED)
        return is_blocked and control is not Control.QUERY
    return isinstance(finding, Failed)


def _played(context: CheckContext, control: Control) -> ControlOutcome:
    """The outcome of the control in this run. It is played in a context of its own, with its own time."""

    def play() -> ControlOutcome:
        own = context.sibling(limit_s=LIMIT_S + QUEUE_MOST_S + 3 * context.time.reconcile_s)
        is_calm = control in ASKED_ABOUT and await_earlier_queries(own)
        try:
            PLAYS[control](own)
        except Finding as finding:
            return ControlOutcome(payments=tuple(own.evidence.payments), finding=finding, is_calm=is_calm)
        finally:
            context.run.release(own)
        return ControlOutcome(payments=tuple(own.evidence.payments))

    return context.run.controls.once(control, play)


def _ordinary_success(context: CheckContext) -> None:
    """Expect that an ordinary success is paid once: its callback has four items and no Balance, as M-Pesa sends it."""
    payment = context.actions.pay(situation("inline/control-success", outcome=after(0.5)))
    _require_start(context, payment)
    _require_end(context, payment, "an ordinary success", (PAID,))
    if context.profile.shows_state:
        context.expectations.credits(payment, 1, quiet_s=0.3, because="one ordinary success came")


def _ordinary_failure(context: CheckContext) -> None:
    """Expect that a cancelled payment fails. Its callback has no CallbackMetadata."""
    payment = context.actions.pay_accepted(
        situation("inline/control-failure", outcome=after(0.5, result_code=CANCELLED))
    )
    _require_end(context, payment, f"an ordinary failure ({CANCELLED})", (FAILED, REVIEW))


def _unpaid_by_query(context: CheckContext) -> None:
    """Expect that queries answered "in flight" (4999), then "cancelled", pay nothing; each has HTTP 200."""
    if not context.profile.shows_state or "stk_query" not in context.target.merchant.capabilities:
        return
    if context.run.silence.found:
        raise Untested(context.run.silence.reason, why=NotTested.BLOCKED)
    payment = context.actions.pay_accepted(
        unanswered("inline/control-query", result_code=CANCELLED, query={"in_flight": ["4999"], "for_calls": 1})
    )
    end = time.monotonic() + context.time.patience_s
    refresh_at = time.monotonic() + READ_EVERY_S
    asked_at: float | None = None
    while time.monotonic() < (end if asked_at is None else asked_at + REACTION_S) and context.time.remains:
        if asked_at is None and context.run.silence.found:
            break
        if time.monotonic() >= refresh_at:
            context.observations.refresh(payment)
            refresh_at = time.monotonic() + READ_EVERY_S
        state = context.observations.status(payment).state
        if asked_at is None and context.journal.queries(payment):
            asked_at = time.monotonic()
        elif state is PAID and asked_at is None:
            raise Untested("the payment was paid before the merchant asked about it, so no answer made it paid")
        if asked_at is not None and state in SETTLED:
            break
        context.time.pause(OFTEN_S)
    if asked_at is None:
        raise Untested("no status query came for a payment without callback, so none was answered")
    if context.observations.status(payment).state is PAID:
        raise Failed(
            "a status query was answered HTTP 200 with a ResultCode other than 0 (4999 in flight, then 1032 "
            "cancelled), and the payment is paid; expected ResultCode to decide, not the HTTP status"
        )


def _ordinary_c2b(context: CheckContext) -> None:
    """Expect that a customer's payment (C2B) is credited once by its confirmation."""
    payment = pay_in(context, c2b_situation("inline/control-c2b"))
    answer = _answer_to_callback(context, payment)
    view = context.observations.until(payment, PAID, within_s=context.time.settle_s)
    if view.error:
        raise Untested(view.error, enable="merchant.c2b.account")
    if view.state is not PAID:
        raise Failed(
            f"an ordinary confirmation was answered {_written(answer)}, and the account has no credit "
            f"{context.time.settle_s:.3g} s later; expected {payment.amount} shillings{_number_sent(answer)}"
        )
    _refuse_crash(answer, "an ordinary confirmation")
    context.expectations.credits(payment, 1, quiet_s=0.3, because="one ordinary confirmation came")


PLAYS: Final[Mapping[Control, Callable[[CheckContext], None]]] = {
    Control.SUCCESS: _ordinary_success,
    Control.FAILURE: _ordinary_failure,
    Control.QUERY: _unpaid_by_query,
    Control.PAYOUT: ordinary_payout,
    Control.SILENT_PAYOUT: silent_payout,
    Control.C2B: _ordinary_c2b,
}


def _require_start(context: CheckContext, payment: Payment) -> None:
    """Require that an ordinary payment was pushed, and that Daraja accepted the push.

    Raises:
        Failed: no push was sent. Untested: Daraja refused it; S15 judges that.
    """
    try:
        context.actions.require_accepted(payment)
    except Untested as error:
        if context.journal.pushes(payment):
            raise blocked_by("S15", str(error)) from error
        raise Failed(f"an ordinary payment could not be started: {error}") from error


def _require_end(context: CheckContext, payment: Payment, what: str, ends: tuple[PaymentState, ...]) -> None:
    """Require that the merchant took the result, and that the payment ends in one of `ends`.

    Raises:
        Missing: the payment is still pending. Failed: it ended otherwise, or the callback was answered as a crash is.
    """
    answer = _answer_to_callback(context, payment) if context.profile.takes_callbacks else None
    if context.profile.shows_state:
        view = context.observations.until(payment, *ends, within_s=context.time.settled_s)
        if view.state not in ends:
            heard = f"was answered {_written(answer)}" if answer else "waited for a status query"
            kind = Missing if view.state in (PENDING, None) else Failed
            raise kind(
                f"{what} {heard}, and the payment is {say(view)} {context.time.settled_s:.3g} s later; expected "
                f"{ends[0]}{_refused_query(context, payment)}"
            )
    if answer:
        _refuse_crash(answer, what)


def _refused_query(context: CheckContext, payment: Payment) -> str:
    """The end of a reason if Daraja refused the query by which the merchant confirms a callback; else empty."""
    queries = context.journal.queries(payment)
    last = answer_of(queries[-1]) if queries else {}
    code, text = last.get("errorCode"), last.get("errorMessage")
    return f"; Daraja refuses its status query ({code} {text})" if code else ""


def _answer_to_callback(context: CheckContext, payment: Payment) -> Entry:
    """The merchant's answer to the payment's callback.

    Raises:
        Untested: none was delivered.
    """
    context.observations.wait("callback_answered", payment, within_s=CALLBACK_WAIT_S)
    callbacks = context.journal.callbacks(payment)
    if not callbacks:
        raise Untested("no callback was delivered for an ordinary payment, so nothing could be judged")
    return callbacks[-1]


def _number_sent(confirmation: Entry) -> str:
    """The end of a reason if the customer's number is masked, so that no program can read it as a number."""
    number = str(body_of(confirmation).get("MSISDN", ""))
    return "" if number.isdigit() else f"; its MSISDN was {number!r}: M-Pesa masks it"


def _refuse_crash(callback: Entry, what: str) -> None:
    status = (callback.get("response") or {}).get("status")
    if status is None or status >= CRASH:
        raise Failed(f"{what} was answered {_written(callback)}; expected 200")


def _written(callback: Entry) -> str:
    """The merchant's answer to a callback in words, with its body, which often says what the merchant found wrong."""
    answer = callback.get("response") or {}
    if answer.get("status") is None:
        return f"not at all ({callback.get('error') or 'connection closed'})"
    return f"{answer['status']}, {quote(str(answer.get('body') or ''), most=100)}"
