"""C07: a success that Safaricom never sent pays nothing."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from tayari_reports.model import NotTested

from tayari_contracts.checks.registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested
from tayari_contracts.context.inline_scenarios import after, situation
from tayari_contracts.context.payment import FAILED, PAID, REVIEW, Payment
from tayari_contracts.steps.forged_callback import callers, forged_body, forged_url

TRUE_END_S = 1.0
HELD_S = 150.0
"""The true end waits for longer than this check looks at what the forgery did."""
IN_FLIGHT = 1000
"""So many queries hear that the customer has not answered: more than anybody asks meanwhile."""
ANSWER_S = 30.0
OFTEN_S = 0.3
APART_S = 0.8
"""Between two forgeries the payment is looked at, so that the one that was believed is named."""
WATCH_S = 3.0
OK = 200
CRASH = 500
HUNG_UP = "closed the connection"
"""Of the error of a callback that was sent, and whose connection the merchant ended."""
TRUE_END = (
    "this was seen when M-Pesa's own result came, a failure (1037), and not while the forgeries came; expected that "
    "no result code but 0 pays"
)


@check("C07")
def a_forged_success_pays_nothing(context: CheckContext) -> None:
    """While the customer still looks at the prompt, a stranger sends the success; in truth nobody answers the prompt.

    How the merchant finds out is its own affair: a secret path, the caller's address, or a query before it believes.
    The true end is held until the forgery was dealt with, so that it hides nothing.
    """
    bystander = context.actions.pay_accepted(situation("inline/c07-bystander", outcome=after(0.5, result_code=1032)))
    victim = situation(
        "inline/c07-victim",
        outcome=after(TRUE_END_S, result_code=1037),
        query={"in_flight": ["4999"], "for_calls": IN_FLIGHT},
    )
    payment = context.actions.pay_accepted(victim, hold_s=HELD_S)
    record = context.journal.record(payment)
    other = context.journal.record(bystander)["callback_url"]
    url = forged_url(record["callback_url"], other=other, known=known_to_payer(context, payment))
    context.run.add_forged(record["checkout_request_id"])
    forgery = Forgery(context, payment, url=url, body=forged_body(record, payment))
    guessed = url != record["callback_url"]
    try:
        answers = expect_still_unpaid(context, payment, forgery, guessed=guessed)
    except Failed as finding:
        if guessed and context.target.callbacks.deliver_to is not None:
            raise Untested(
                "the callback's path cannot be guessed, but callbacks.deliver_to delivers whatever the path is",
                why=NotTested.EVIDENCE_DEPTH,
                enable="callbacks.rewrite in place of callbacks.deliver_to",
            ) from finding
        raise
    finally:
        context.actions.release_callbacks(payment)
    context.observations.until(payment, (FAILED, REVIEW, PAID), within_s=WATCH_S)
    context.expectations.unpaid(payment, for_s=0.5, because=TRUE_END)
    true_ones = context.journal.callbacks(bystander)
    require_weighed(answers, serves=any((entry.get("response") or {}).get("status") == OK for entry in true_ones))


class Forgery:
    """The same false success, sent by each kind of caller in turn, while the check looks at the payment."""

    def __init__(self, context: CheckContext, payment: Payment, *, url: str, body: dict[str, Any]) -> None:
        self._send = partial(context.actions.send_callback, payment, url=url, body=body, timeout_s=ANSWER_S)
        self._pause = context.time.pause
        self._callers = callers(context.target.callbacks.source_header)
        self.caller = self._callers[0]
        """Who calls now, or called last."""
        self.answers = context.actions.in_background(self._all)

    def _all(self) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        end = time.monotonic() + ANSWER_S
        for caller in self._callers:
            if time.monotonic() < end:
                self.caller = caller
                answers += self._send(source=caller.source, headers=dict(caller.headers))
                self._pause(APART_S)
        return answers


def expect_still_unpaid(
    context: CheckContext, payment: Payment, forgery: Forgery, *, guessed: bool
) -> list[dict[str, Any]]:
    """Nothing is credited while the forgery is in flight, or when it was dealt with.

    Returns the merchant's answers to the forgery: money is judged before them.
    """
    how = "its address had to be guessed" if guessed else "its address is no secret"
    text = "a callback that anybody could send was believed"
    answered_at: float | None = None
    while answered_at is None or time.monotonic() < answered_at + WATCH_S:
        because = f"{text} ({how}; its caller: {forgery.caller.written})"
        context.expectations.unpaid(payment, for_s=0.0, because=because)
        if answered_at is None and forgery.answers.done():
            answered_at = time.monotonic()
        context.time.pause(OFTEN_S)
        if not context.time.remains:
            break
    dealt_with(context, payment)
    context.expectations.unpaid(payment, for_s=0.0, because=because)
    return forgery.answers.result()


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


def require_weighed(answers: list[dict[str, Any]], *, serves: bool) -> None:
    """The merchant's own code decided on the forgery. One that `serves` true callbacks may hang up on a stranger.

    Raises:
        Untested: it could not be delivered. Unjudged: it was answered as a crash is, and nothing came of it.
    """
    if serves and answers and all(HUNG_UP in (answer.get("error") or "") for answer in answers):
        return
    if all(answer.get("status") is None for answer in answers):
        error = answers[0].get("error") if answers else "not sent"
        raise Untested(f"the forged callback could not be delivered: {error}")
    if all((answer.get("status") or 0) >= CRASH for answer in answers):
        raise Unjudged(f"the forged callback was answered {answers[0]['status']}, as a crash is: nobody weighed it")


def known_to_payer(context: CheckContext, payment: Payment) -> str:
    """Everything the merchant told whoever started this payment: a payer may forge too."""
    texts = (
        payment.started.body,
        context.observations.status(payment).body,
        payment.reference,
        payment.payment_id,
        payment.msisdn,
    )
    return "\n".join(texts)
