"""C07: a forged success pays nothing, and a forged failure ends no payment."""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from tayari_reports.model import NotTested
from tayari_target.driver import StatusView

from tayari_contracts.catalogue.rules import Control
from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import after, situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, Warned, say
from tayari_contracts.context.payment import FAILED, PAID, Entry, Payment
from tayari_contracts.steps.control_payments import blocked
from tayari_contracts.steps.forged_callback import (
    callers,
    delivered_anywhere,
    forged_body,
    forged_failure,
    forged_url,
    known_to_payer,
    require_decided,
    written_address,
)

Answers = list[dict[str, Any]]
"""The merchant's answers to a forgery, one for each kind of caller."""

TRUE_END_S = 1.0
HELD_S = 150.0
"""Seconds that the true callback is held: longer than this check looks at what the forgery did."""
DENIED_END_S = 4.0
"""Seconds until the payment is paid that the stranger calls cancelled.

If the forgeries are not answered by then, it is repeated with a later end.
"""
IN_FLIGHT = 1000
"""So many queries are answered "in flight": more than any merchant sends meanwhile."""
ANSWER_S = 30.0
OFTEN_S = 0.1
REST_OFTEN_S = 0.3
"""Seconds between two looks while forgeries come, and after the last one."""
APART_S = 0.25
"""Seconds between two forgeries, so that a look shows which one was believed."""
WATCH_S = 3.0
TRUE_END_WATCH_S = 0.5
OK = 200
TRUE_END = (
    "this was seen when M-Pesa's own result came, a failure (1037), and not while the forgeries came; expected that "
    "no result code but 0 pays"
)


@check("C07")
def a_forged_success_pays_nothing(context: CheckContext) -> None:
    """A stranger sends a success while the prompt is open; in truth nobody answers the prompt.

    The merchant may detect it in any way: by a secret path, by the caller's address, or by a query. The true callback
    is held until the forgery was dealt with, so that it hides nothing. For another payment the stranger sends a
    failure; in truth its customer pays.
    """
    bystander = context.actions.pay_accepted(situation("inline/c07-bystander", outcome=after(0.5, result_code=1032)))
    victim = situation(
        "inline/c07-victim",
        outcome=after(TRUE_END_S, result_code=1037),
        query={"in_flight": ["4999"], "for_calls": IN_FLIGHT},
    )
    payment = context.actions.pay_accepted(victim, hold_s=HELD_S)
    denial = deny(context, other=bystander, end_s=DENIED_END_S)
    record = context.journal.record(payment)
    context.run.add_forged(record["checkout_request_id"])
    forgery = Forgery(context, payment, forged_body(record, payment), other=bystander)
    try:
        answers = expect_still_unpaid(context, payment, forgery)
        ended = context.observations.status(denial.payment)
    except Failed as finding:
        if forgery.is_guessed and context.target.callbacks.deliver_to is not None:
            raise delivered_anywhere("the callback's path") from finding
        raise
    finally:
        context.actions.release_callbacks(payment)
        context.actions.release_callbacks(denial.payment)
    judged = context.actions.in_background(partial(judge_denial, context, denial, ended, other=bystander))
    expect_unpaid_by_true_end(context, payment, judged)
    require_both_decided(context.journal.callbacks(bystander), success=answers, failure=judged.result())


def require_both_decided(true_ones: list[Entry], *, success: Answers, failure: Answers) -> None:
    """Require that the merchant's own code decided on both forgeries. `true_ones`: M-Pesa's callbacks in the journal.

    Raises:
        Untested, Unjudged: as `require_decided`.
    """
    serves = any((entry.get("response") or {}).get("status") == OK for entry in true_ones)
    require_decided(success, serves=serves)
    require_decided(failure, serves=serves, what="the forged failure")


def expect_unpaid_by_true_end(context: CheckContext, payment: Payment, other: Future[Answers]) -> None:
    """Expect that M-Pesa's own failure pays nothing, until the `other` payment is judged, or `WATCH_S` is over."""
    began = time.monotonic()
    while True:
        context.expectations.unpaid(payment, for_s=0.0, because=TRUE_END)
        passed_s = time.monotonic() - began
        if passed_s >= WATCH_S or (other.done() and passed_s >= TRUE_END_WATCH_S) or not context.time.remains:
            return
        context.time.pause(REST_OFTEN_S)


def judge_denial(context: CheckContext, denial: Forgery, ended: StatusView, *, other: Payment) -> Answers:
    """Judge the payment that a stranger called cancelled. `ended`: its state before its true end.

    Returns the merchant's answers to the forgery: the money is judged before them.

    Raises:
        Failed: the payment was lost. Warned: it was shown as failed until its true end.
        Untested: it was lost, but the target file delivers every path, so a secret path could not protect it.
    """
    answers = denial.answers.result()
    if denial.took_s >= DENIED_END_S:
        denial, ended = deny_longer(context, other=other, took_s=denial.took_s)
        answers = denial.answers.result()
    is_past_secret = denial.is_guessed and context.target.callbacks.deliver_to is not None
    try:
        expect_true_success_wins(context, denial, ended)
    except Failed as finding:
        if is_past_secret:
            raise delivered_anywhere("the callback's path") from finding
        raise
    except Warned:
        if not is_past_secret:
            raise
    return answers


def deny(context: CheckContext, *, other: Payment, end_s: float) -> Forgery:
    """Start a payment whose customer pays after `end_s`, and send a forged failure. The true callback is held."""
    denied = context.actions.pay_accepted(situation("inline/c07-denied", outcome=after(end_s)), hold_s=HELD_S)
    return Forgery(context, denied, forged_failure(context.journal.record(denied)), other=other)


def deny_longer(context: CheckContext, *, other: Payment, took_s: float) -> tuple[Forgery, StatusView]:
    """The same for a slow merchant, whose answers to the forgeries took `took_s`, with a later true end.

    Returns also the payment's state before that end. A forgery that comes after the true end shows nothing.
    """
    end_s = DENIED_END_S + 2 * took_s
    denial = deny(context, other=other, end_s=end_s)
    try:
        denial.answers.result()
        ended = context.observations.status(denial.payment)
        context.observations.wait("result_due", denial.payment, within_s=end_s + WATCH_S)
    finally:
        context.actions.release_callbacks(denial.payment)
    return denial, ended


def expect_true_success_wins(context: CheckContext, denial: Forgery, ended: StatusView) -> None:
    """Expect that M-Pesa's own success pays the payment, or a person has it. `ended`: its state before.

    Raises:
        Failed: it stays unpaid. Warned: it is paid, and was shown as failed until then. Untested: C25 is broken.
    """
    why = f"a stranger's callback had called it cancelled (1032; {denial.how})"
    try:
        context.expectations.honoured(denial.payment, because=f"{why}, and M-Pesa's own success came after it")
    except Failed as finding:  # a shop that loses every success did not lose this one because of the stranger
        if reason := blocked(context, Control.SUCCESS):
            raise Untested(reason, why=NotTested.BLOCKED) from finding
        raise
    if ended.state is FAILED:
        raise Warned(
            f"an open payment was {say(ended)} until M-Pesa's own success came: {why}; expected it to stay pending, "
            "because a customer who reads that pays again"
        )


class Forgery:
    """A forged result that each kind of caller sends in turn, in the background, while the check looks at the payment.

    Its URL is the one that a payer could guess who has seen the URL of the payment `other`. `body`: the result.
    """

    def __init__(self, context: CheckContext, payment: Payment, body: dict[str, Any], *, other: Payment) -> None:
        self.payment = payment
        true_url, seen = (context.journal.record(one)["callback_url"] for one in (payment, other))
        url = forged_url(true_url, other=seen, known=known_to_payer(context, payment))
        self.is_guessed = url != true_url
        self.how = written_address(is_guessed=self.is_guessed)
        self._send = partial(context.actions.send_callback, payment, url=url, body=body, timeout_s=ANSWER_S)
        self._pause = context.time.pause
        self._callers = callers(context.target.callbacks.source_header)
        self.caller = self._callers[0]
        """The caller who sends now, or sent last."""
        self.took_s = 0.0
        """Seconds from the payment's start until the merchant had answered the last forgery."""
        self.answers = context.actions.in_background(self._all)

    def _all(self) -> Answers:
        answers: Answers = []
        end = time.monotonic() + ANSWER_S
        for caller in self._callers:
            if answers:
                self._pause(APART_S)
            if time.monotonic() < end:
                self.caller = caller
                answers += self._send(source=caller.source, headers=dict(caller.headers))
                self.took_s = time.time() - self.payment.began_at
        return answers


def expect_still_unpaid(context: CheckContext, payment: Payment, forgery: Forgery) -> Answers:
    """Expect that nothing is paid or credited while the forgery is sent, and after the merchant has dealt with it.

    Returns the merchant's answers to the forgery: the money is judged before them.
    """
    until: float | None = None
    while until is None or time.monotonic() < until:
        _expect_unpaid(context, payment, forgery)
        if until is None and forgery.answers.done():
            until = time.monotonic() + WATCH_S
            dealt_with(context, payment)
        context.time.pause(OFTEN_S if until is None else REST_OFTEN_S)
        if not context.time.remains:
            break
    _expect_unpaid(context, payment, forgery)
    return forgery.answers.result()


def _expect_unpaid(context: CheckContext, payment: Payment, forgery: Forgery) -> None:
    because = f"a callback that anybody could send was believed ({forgery.how}; its caller: {forgery.caller.written})"
    context.expectations.unpaid(payment, for_s=0.0, because=because)


def dealt_with(context: CheckContext, payment: Payment) -> None:
    """Wait until a merchant with a slow queue has dealt with the forgery.

    Raises:
        Unjudged: it may not have dealt with the forgery yet, and the payment is not paid so far.
    """
    try:
        context.expectations.status_after_queue(payment)
    except Unjudged:
        if context.observations.status(payment).state is not PAID:
            raise
