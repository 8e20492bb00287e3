"""T02: many customers at once on a cold merchant fetch one token."""

from __future__ import annotations

from concurrent.futures import wait
from functools import partial
from typing import Final

from tayari_contracts.findings import Failed, Unjudged, Warned
from tayari_contracts.payment import Payment
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import Fault, token_situation
from tayari_contracts.wording import quote

STARTS = 20
FETCHES_ALLOWED = 2

SLOW_S: Final = 2.0
SLOW: Final[Fault] = {"slow": {"first_byte_s": SLOW_S, "times": STARTS}}
"""So that all payments have started before the first token is there, as they do when Daraja is far away."""


@check("T02")
def fetches_once_for_all(probe: Probe) -> None:
    """Twenty payments start at the same moment, and no token is there yet."""
    since = probe.sight.now()
    probe.forget_token()
    if not probe.stage.can_restart:
        since = probe.sight.now()  # what it took to find out whether the token may be revoked does not count
    probe.control.play_next(token_situation("token/slow", SLOW), endpoint="oauth")
    try:
        cold = _start_all(probe)
    finally:
        probe.control.clear_next()
    probe.watch_since(since, endpoint="oauth")
    fetched = len(probe.sight.token_fetches(since))
    if fetched == 0:
        raise Unjudged(f"{len(cold)} payments were started without a token, and none was fetched")
    if fetched >= max(FETCHES_ALLOWED + 1, len(cold) // 2):
        raise Failed(f"{len(cold)} payments at once fetched {fetched} tokens; expected at most {FETCHES_ALLOWED}")
    if fetched > FETCHES_ALLOWED:
        raise Warned(
            f"{len(cold)} payments at once fetched {fetched} tokens; {FETCHES_ALLOWED} are enough "
            "(does each worker process fetch its own?)"
        )
    _judge_payments(probe, cold)


def _start_all(probe: Probe) -> list[Payment]:
    """As many customers at the same moment; a merchant that pushes in the background is given a moment for it."""
    began = probe.sight.now()
    starts = [probe.in_background(partial(probe.pay, at_once=True)) for _ in range(_customers(probe))]
    wait(starts, timeout=probe.target.merchant.timeout_s + 5)
    for _ in range(10):
        if len(probe.sight.entries(since=began, endpoint="stk_push", kind="request")) >= len(starts):
            break
        probe.quiet(0.2)
    return [start.result() for start in starts if start.done()]


def _customers(probe: Probe) -> int:
    return min(STARTS, probe.target.merchant.promises.payments_at_once or STARTS)


def _judge_payments(probe: Probe, cold: list[Payment]) -> None:
    """Every customer gets a prompt, though the token took its time.

    Raises:
        Failed: some did not, and with a token in hand as many do. Unjudged: with a token in hand some do not either.
    """
    lost = [payment for payment in cold if not probe.sight.accepted(payment)]
    if not lost and len(cold) == _customers(probe):
        return
    warm = [payment for payment in _start_all(probe) if not probe.sight.accepted(payment)]
    found = f"{len(lost) + _customers(probe) - len(cold)} of {_customers(probe)} customers got no prompt"
    if warm:
        raise Unjudged(
            f"{found} while the token took {SLOW_S:g} s; with a token in hand {len(warm)} of as many got none either, "
            "so the token is not the reason"
        )
    told = next((payment.started.message or payment.started.error for payment in lost), "")
    raise Failed(
        f"{found} while the token took {SLOW_S:g} s ({quote(told)}); with a token in hand all did; "
        "expected them to wait for the one token under way"
    )
