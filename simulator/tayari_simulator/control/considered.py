"""Why a push met the scenario that it met, and none of the others: the ways to choose one, in order."""

from __future__ import annotations

from typing import Any, Final

from tayari_simulator.core.payments import Payment
from tayari_simulator.scenario.conditions import Rows, why_not
from tayari_simulator.scenario.selector import Selector
from tayari_simulator.scenario.ways import Way

Json = dict[str, Any]

NOT_QUEUED: Final = {
    Way.ONE_SHOT_MSISDN: "no one-shot was waiting for this MSISDN (POST /v1/next)",
    Way.ONE_SHOT_ENDPOINT: "no one-shot was waiting for whoever pushes first (POST /v1/next)",
}
NOT_KEPT: Final = "the payment began in an earlier process, and how it came to its scenario was not kept"
MATCHED: Final = {
    Way.ONE_SHOT_MSISDN: "it was queued for this MSISDN",
    Way.ONE_SHOT_ENDPOINT: "it was queued for the endpoint, and this MSISDN came first",
    Way.MSISDN: "the payer's MSISDN chooses it",
    Way.AMOUNT: "the amount chooses it",
    Way.REFERENCE: "the account reference chooses it",
    Way.MIX: "it was drawn from the mix",
    Way.ACTIVE: "it is the active scenario, which plays where nothing more specific does",
    Way.DEFAULT: "nothing matched: success, under the rules of M-Pesa (wallet, limits, one prompt per phone)",
}


def chosen_way(payment: Payment) -> Way | None:
    """By which way the payment came to its scenario; None: it began in an earlier process, which did not keep that."""
    if payment.play is None:
        return Way.DEFAULT
    return Way(payment.play.chosen_by) if payment.play.chosen_by else None


def why_chosen(way: Way | None) -> str:
    """The choice in words."""
    return MATCHED[way] if way is not None else NOT_KEPT


def considered(selector: Selector, payment: Payment) -> list[Json]:
    """A row for each way, the strongest first: `way`, `matched`, `scenario`, `why`, and `near`: who else asked for it.

    What was queued at the time is known from the choice itself; the loaded scenarios are those of now.
    """
    chosen = chosen_way(payment)
    if chosen is None:
        return [{"way": str(way), "matched": False, "scenario": None, "why": NOT_KEPT, "near": []} for way in Way]
    name = payment.play.behaviour.name if payment.play is not None else None
    ways = list(Way)
    asked = _asked(selector, payment)
    rows = []
    for place, way in enumerate(ways):
        matched = way is chosen
        outranked = place > ways.index(chosen)
        rows.append({
            "way": str(way),
            "matched": matched,
            "scenario": name if matched else None,
            "why": MATCHED[way] if matched else _why_not(way, selector, chosen if outranked else None),
            "near": [_near(row, payment, way, chosen) for row in asked.get(way, ()) if row.name != name or not matched],
        })  # fmt: skip
    return rows


def _asked(selector: Selector, payment: Payment) -> dict[Way, Rows]:
    found: dict[Way, Rows] = {}
    for way, rows in selector.conditions.candidates(payment.msisdn, payment.amount, payment.account_reference):
        found[way] = (*found.get(way, ()), *rows)
    return found


def _why_not(way: Way, selector: Selector, outranked_by: Way | None) -> str:
    if outranked_by is not None:
        return f"not asked: {outranked_by} is stronger"
    if way in NOT_QUEUED:
        return NOT_QUEUED[way]
    if way is Way.MIX:
        return "the mix was set later" if selector.mix else "there is no mix (--mix, POST /v1/mix)"
    if way is Way.ACTIVE:
        active = selector.active
        return f"{active} did not play then" if active else "no scenario is active (PUT /v1/scenarios/active)"
    return f"no loaded scenario with this {way} fits in full"


def _near(row: Any, payment: Payment, way: Way, chosen: Way) -> Json:
    """A loaded scenario that asked for this MSISDN, amount or reference, and why it did not play."""
    ways = list(Way)
    missed = why_not(row, payment.amount, payment.account_reference, row.when.from_call)
    if not missed and ways.index(way) > ways.index(chosen):
        missed = f"it fits, but {chosen} is stronger"
    if not missed and row.when.from_call > 1:
        missed = f"it plays from call {row.when.from_call} of the MSISDN on"
    return {"scenario": row.name, "why": missed or "another scenario of the same condition stands before it"}
