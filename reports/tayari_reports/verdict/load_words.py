"""What every rendering says of a load run in the same words."""

from __future__ import annotations

from typing import Final

from tayari_reports.model.load_model import CountBalance, Funnel, RateLimit

_LIMITED_BY: Final = {
    "merchant": "the merchant",
    "generator": "the load generator",
    "fake": "the fake",
    "machine": "this machine, which other programs used too",
    "bound": "the bound in flight",
}


def balance_sentence(balance: CountBalance) -> str:
    """The balance in one sentence, for people."""
    more = "".join(
        f" + {number} {what}"
        for number, what in ((balance.not_allowed, "to hosts that may not be called"), (balance.forgotten, "forgotten"))
        if number
    )
    line = (
        f"{balance.accepted} transactions accepted = {balance.called_back} called back + {balance.dropped_by_scenario} "
        f"dropped by scenario + {balance.pending} pending{more}"
    )
    if balance.callbacks is not None:
        noted = "not read in whole" if balance.noted is None else str(balance.noted)
        line += f"; callbacks of this run: {balance.callbacks} counted, {noted} in the journal"
    verdict = "does NOT add up: " + "; ".join(balance.problems) if balance.problems else "adds up"
    return f"the fake's balance {verdict}: {line}"


def funnel_words(funnel: Funnel) -> str:
    """How far the money of one kind came."""
    return (
        f"{funnel.kind}: {funnel.started} started, {funnel.settled} settled, {funnel.failed} failed, "
        f"{funnel.stuck} stuck, {funnel.excused} not counted"
    )


def limit_sentence(limit: RateLimit) -> str:
    """The result in one sentence."""
    whose = _LIMITED_BY.get(limit.limited_by, "unknown")
    if limit.kept_rate is None:
        return (
            f"no rate kept the thresholds; {limit.missed_rate} arrivals/s already missed them (the limit was {whose})"
        )
    if limit.missed_rate is None:
        return f"at least {limit.kept_rate:g} arrivals/s keep the thresholds; no rate that was tried missed them"
    middle, spread = (limit.kept_rate + limit.missed_rate) / 2, (limit.missed_rate - limit.kept_rate) / 2
    return (
        f"the highest rate that keeps the thresholds is {middle:.3g} ± {spread:.2g} arrivals/s "
        f"(kept at {limit.kept_rate:g}, missed at {limit.missed_rate:g}); the limit was {whose}"
    )
