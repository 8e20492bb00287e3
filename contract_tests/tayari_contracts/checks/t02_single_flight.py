"""T02: many customers at once on a cold merchant fetch one token."""

from __future__ import annotations

from concurrent.futures import wait
from typing import Final

from tayari_contracts.findings import Failed, Unjudged, Warned
from tayari_contracts.probe import Probe
from tayari_contracts.registry import check
from tayari_contracts.situations import Fault, token_situation

STARTS = 20
FETCHES_ALLOWED = 2

SLOW: Final[Fault] = {"slow": {"first_byte_s": 0.5, "times": STARTS}}
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
        began = probe.sight.now()
        starts = [probe.in_background(probe.pay) for _ in range(STARTS)]
        wait(starts, timeout=probe.target.merchant.timeout_s + 5)
        _let_pushes_come(probe, began)
    finally:
        probe.control.clear_next()
    probe.watch_since(since, endpoint="oauth")
    fetched = len(probe.sight.token_fetches(since))
    if fetched == 0:
        raise Unjudged(f"{STARTS} payments were started without a token, and none was fetched")
    if fetched >= STARTS // 2:
        raise Failed(f"{STARTS} payments at once fetched {fetched} tokens; expected at most {FETCHES_ALLOWED}")
    if fetched > FETCHES_ALLOWED:
        raise Warned(
            f"{STARTS} payments at once fetched {fetched} tokens; {FETCHES_ALLOWED} are enough "
            "(does each worker process fetch its own?)"
        )


def _let_pushes_come(probe: Probe, since: int) -> None:
    """A merchant that pushes in the background is given a moment for it."""
    for _ in range(10):
        if len(probe.sight.entries(since=since, endpoint="stk_push", kind="request")) >= STARTS:
            return
        probe.quiet(0.2)
