"""T02: many customers at once, of a merchant without a token, fetch one token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.actions import Fault, token_situation
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Failed, Unjudged, Untested, Warned, quote
from tayari_contracts.context.payment import Payment

STARTS = 20
FETCHES_ALLOWED = 2

LIFE_S: Final = 2
DEAD_AFTER_S: Final = 2.3
"""Seconds after which a token of `LIFE_S` has certainly expired."""

START_S: Final = 1.0
"""How long a merchant that fetches a token at its start may take to fetch it."""

WAITS: Final = 8
"""How often the expiry of the last token is awaited: a background job may fetch again each time."""

SHORT_LIVED: Final = 200
"""How many tokens live for `LIFE_S`. A merchant that renews a minute early stores none of them, and its background job
fetches one for each query."""

SLOW_S: Final = 2.0
SLOW: Final[Fault] = {"slow": {"first_byte_s": SLOW_S, "times": STARTS}}
"""Delays the token, so that all payments have started before the first one is there."""


@check("T02")
def fetches_once_for_all(context: CheckContext) -> None:
    """Starts twenty payments at the same moment, while the merchant has no token."""
    for make_cold in (_drop_token, _let_token_expire, _drop_token):
        make_cold(context)
        since = context.journal.now()
        cold = _start_cold(context)
        if context.journal.token_fetches(since):
            break
    context.evidence.watch_since(since, endpoint="oauth")
    fetched = len(context.journal.token_fetches(since))
    if fetched == 0:
        raise Untested(f"{len(cold)} payments were started and no token was fetched: the merchant already had one")
    if fetched >= max(FETCHES_ALLOWED + 1, len(cold) // 2):
        raise Failed(f"{len(cold)} payments at once fetched {fetched} tokens; expected at most {FETCHES_ALLOWED}")
    if fetched > FETCHES_ALLOWED:
        raise Warned(
            f"{len(cold)} payments at once fetched {fetched} tokens; {FETCHES_ALLOWED} are enough "
            "(does each worker process fetch its own?)"
        )
    _judge_payments(context, cold)


def _drop_token(context: CheckContext) -> None:
    """Leave the merchant without a valid token.

    A token that it fetches at its start expires after two seconds.
    """
    if not context.environment.can_restart:
        context.actions.drop_token()
        return
    with _tokens_of_two_seconds(context):
        context.actions.drop_token()
        context.time.pause(START_S)


def _let_token_expire(context: CheckContext) -> None:
    """Revoke the token of a merchant that keeps it over a restart; the next one expires after two seconds."""
    with _tokens_of_two_seconds(context):
        context.actions.revoke_token()
        context.actions.require_accepted(context.actions.pay())


@contextmanager
def _tokens_of_two_seconds(context: CheckContext) -> Iterator[None]:
    """Give tokens of two seconds inside the block; all of them have expired at its end."""
    short = token_situation("inline/token-short-life", {"token_life": {"expires_in": LIFE_S}})
    since = context.control.play_next(short, endpoint="oauth", times=SHORT_LIVED)
    try:
        yield
        for _ in range(WAITS):  # a background job may fetch again
            fetched = context.journal.token_fetches(since)
            alive_s = max((float(entry["at"]) for entry in fetched), default=0.0) + DEAD_AFTER_S - time.time()
            if alive_s <= 0:
                return
            context.time.pause(alive_s)
    finally:
        context.control.clear_next()


def _start_cold(context: CheckContext) -> list[Payment]:
    """Start all payments at once, while the answer to the token call takes `SLOW_S`."""
    context.control.play_next(token_situation("inline/token-slow", SLOW), endpoint="oauth")
    try:
        return _start_all(context)
    finally:
        context.control.clear_next()


def _start_all(context: CheckContext) -> list[Payment]:
    """Start all payments at the same moment.

    The prompts of those that the merchant accepted are awaited: they may be sent in the background.
    """
    starts = [
        context.actions.in_background(partial(context.actions.pay, at_once=True)) for _ in range(_customers(context))
    ]
    wait(starts, timeout=context.target.merchant.timeout_s + 5)
    payments = [start.result() for start in starts if start.done()]
    taken = [payment for payment in payments if payment.started.accepted]
    context.time.until(
        lambda: not _without_prompt(context, taken), within_s=context.target.merchant.promises.answer_within_s
    )
    return payments


def _customers(context: CheckContext) -> int:
    return min(STARTS, context.target.merchant.promises.payments_at_once or STARTS)


def _judge_payments(context: CheckContext, cold: list[Payment]) -> None:
    """Expect a prompt for every customer, and no error for those who got one.

    After a problem all customers pay once more, with a stored token.

    Raises:
        Failed: some got no prompt, and with a stored token all did; or some with a prompt were shown an error, both
            times.
        Warned: some with a prompt were shown an error the first time only; the computer may have been too busy.
        Unjudged: some got no prompt, with a stored token as well.
    """
    lost, refused = _without_prompt(context, cold), _refused_with_prompt(context, cold)
    missing = len(lost) + _customers(context) - len(cold)
    if not missing and not refused:
        return
    again = _start_all(context)
    if refused and _refused_with_prompt(context, again):
        raise Failed(f"{_say_refused(cold, refused)}, with a stored token as well; expected no error for them")
    found = f"{missing} of {_customers(context)} customers got no prompt"
    if not missing:
        raise Warned(
            f"{_say_refused(cold, refused)}; with a stored token none was; expected no error for them: a customer "
            "who reads an error pays again"
        )
    if warm := _without_prompt(context, again):
        raise Unjudged(
            f"{found} while the token took {SLOW_S:g} s; with a stored token {len(warm)} of as many got none either, "
            "so the token is not the reason"
        )
    text = next((payment.started.message or payment.started.error for payment in lost), "")
    raise Failed(
        f"{found} while the token took {SLOW_S:g} s ({quote(text)}); with a stored token all did; "
        "expected them to wait for the one token under way"
    )


def _without_prompt(context: CheckContext, payments: list[Payment]) -> list[Payment]:
    return [payment for payment in payments if not context.journal.accepted(payment)]


def _refused_with_prompt(context: CheckContext, payments: list[Payment]) -> list[Payment]:
    """The payments that the merchant answered with an error, although Daraja accepted the push.

    A missing answer is no error. A merchant that queried before it answered may have learned there that the payment
    failed.
    """
    refused = [p for p in payments if p.started.status is not None and not p.started.accepted]
    return [p for p in refused if context.journal.accepted(p) and not context.journal.queries(p)]


def _say_refused(payments: list[Payment], refused: list[Payment]) -> str:
    first = refused[0].started
    return (
        f"{len(refused)} of {len(payments)} customers at once were answered {first.status} ({quote(first.message)}), "
        "although Daraja had accepted their pushes and they have a prompt"
    )
