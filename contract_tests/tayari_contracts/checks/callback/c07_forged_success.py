"""C07: a success that Safaricom never sent pays nothing, and a failure that it never sent loses nothing."""

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
    require_weighed,
    written_address,
)

Answers = list[dict[str, Any]]
"""What the merchant answered to a forgery, once for each kind of caller."""

TRUE_END_S = 1.0
HELD_S = 150.0
"""The true end waits for longer than this check looks at what the forgery did."""
DENIED_END_S = 4.0
"""When the payment that the stranger calls cancelled is paid. Where forgeries are not answered by then, it is repeated
with an end that comes later.
"""
IN_FLIGHT = 1000
"""This many queries hear that the customer has not answered: more than any merchant sends meanwhile."""
ANSWER_S = 30.0
OFTEN_S = 0.1
REST_OFTEN_S = 0.3
"""The pauses between two looks while forgeries come, and after the last one."""
APART_S = 0.25
"""Between two forgeries the payment is looked at, so that the one that was believed is named."""
WATCH_S = 3.0
TRUE_END_WATCH_S = 0.5
OK = 200
TRUE_END = (
    "this was seen when M-Pesa's own result came, a failure (1037), and not while the forgeries came; expected that "
    "no result code but 0 pays"
)


@check("C07")
def a_forged_success_pays_nothing(context: CheckContext) -> None:
    """While the customer still looks at the prompt, a stranger sends the success; in truth nobody answers the prompt.

    How the merchant finds out is its own affair: a secret path, the caller's address, or a query before it believes.
    The true end is held until the forgery was dealt with, so that it hides nothing. Another payment is called cancelled
    by the stranger; in truth its customer pays.
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
    require_both_weighed(context.journal.callbacks(bystander), success=answers, failure=judged.result())


def require_both_weighed(true_ones: list[Entry], *, success: Answers, failure: Answers) -> None:
    """The merchant's own code decided on both forgeries. `true_ones`: callbacks of M-Pesa, with their answers.

    Raises:
        Untested, Unjudged: as `require_weighed`.
    """
    serves = any((entry.get("response") or {}).get("status") == OK for entry in true_ones)
    require_weighed(success, serves=serves)
    require_weighed(failure, serves=serves, what="the forged failure")


def expect_unpaid_by_true_end(context: CheckContext, payment: Payment, other: Future[Answers]) -> None:
    """M-Pesa's own failure pays nothing. The judgement of the `other` payment shows that it was dealt with."""
    began = time.monotonic()
    while True:
        context.expectations.unpaid(payment, for_s=0.0, because=TRUE_END)
        passed_s = time.monotonic() - began
        if passed_s >= WATCH_S or (other.done() and passed_s >= TRUE_END_WATCH_S) or not context.time.remains:
            return
        context.time.pause(REST_OFTEN_S)


def judge_denial(context: CheckContext, denial: Forgery, ended: StatusView, *, other: Payment) -> Answers:
    """The payment that a stranger called cancelled. An ordinary payment shows that the true callbacks were dealt with.

    Returns the merchant's answers to the forgery: money is judged before them.

    Raises:
        Untested: it was lost, and every path is delivered, so that this merchant's secret could not protect it.
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
    """A payment that a stranger calls cancelled; its customer pays `end_s` after the start. Its callback is held."""
    denied = context.actions.pay_accepted(situation("inline/c07-denied", outcome=after(end_s)), hold_s=HELD_S)
    return Forgery(context, denied, forged_failure(context.journal.record(denied)), other=other)


def deny_longer(context: CheckContext, *, other: Payment, took_s: float) -> tuple[Forgery, StatusView]:
    """The same for a slow merchant, whose answers to the forgeries took `took_s`; how the payment was before its end.

    A forgery that comes after the true end shows nothing.
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
    """What a stranger called cancelled is paid when M-Pesa says so, or a person has it. `ended`: how it was before.

    Raises:
        Failed: it stays unpaid. Warned: it is paid, and was shown as failed until then.
    """
    why = f"a stranger's callback had called it cancelled (1032; {denial.how})"
    try:
        context.expectations.honoured(denial.payment, because=f"{why}, and M-Pesa's own success came after it")
    except Failed as finding:  # a shop that loses every success has not lost this one to the stranger
        if reason := blocked(context, Control.SUCCESS):
            raise Untested(reason, why=NotTested.BLOCKED) from finding
        raise
    if ended.state is FAILED:
        raise Warned(
            f"an open payment was {say(ended)} until M-Pesa's own success came: {why}; expected it to stay pending, "
            "for a customer who reads that pays again"
        )


class Forgery:
    """The same false result, sent by each kind of caller in turn, while the check looks at the payment.

    Its URL is that of the payment as its payer could guess it, who has seen the one of `other`.
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
        """Who calls now, or called last."""
        self.took_s = 0.0
        """From the payment's start until the merchant had answered the last forgery."""
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
    """Nothing is credited while the forgery is in flight, or when it was dealt with.

    Returns the merchant's answers to the forgery: money is judged before them.
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
    """Give a merchant with a slow queue its time; a credit that is there is judged whatever the queue is like.

    Raises:
        Unjudged: the merchant may not have dealt with the forgery yet, and nothing is credited so far.
    """
    try:
        context.expectations.status_after_queue(payment)
    except Unjudged:
        if context.observations.status(payment).state is not PAID:
            raise
