"""Daraja's side of a run, for the money invariants: every accepted push, and every word that reached the merchant."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tayari_control.client import ControlClient

from tayari_money.invariants import Pushed, Told, Word

PAGE: Final = 1000
IN_FLIGHT: Final = frozenset({"4999"})


class Dropped(Exception):
    """The journal's bound pushed entries out, so that nothing can be said of the whole."""


def pushes_by_payer(
    control: ControlClient, *, since: int = 0, forged: Collection[str] = ()
) -> Mapping[str, list[Pushed]]:
    """Every accepted push of the run by MSISDN, oldest first. `forged`: ids for which a success was forged.

    Raises:
        Dropped: part of the journal is gone; ControlError: the simulator does not answer.
    """
    acknowledged = {_acknowledged(entry) for entry in journal(control, since=since, endpoint="stk_push")}
    told = words(control, since=since)
    found: dict[str, list[Pushed]] = defaultdict(list)
    for payment in control.payments():
        name = payment["checkout_request_id"]
        found[payment["msisdn"]].append(
            Pushed(
                checkout_request_id=name,
                amount=float(payment["amount"]),
                paid=payment["state"] == "paid",
                due_at=float(payment["result_due_at"] or payment["created_at"]),
                receipt=str(payment["receipt"] or ""),
                account_reference=str(payment["account_reference"]),
                acknowledged=name in acknowledged,
                forged=name in forged,
                told=tuple(sorted(told.get(name, ()), key=lambda one: one.at)),
            )
        )
    return found


def words(control: ControlClient, *, since: int = 0) -> Mapping[str, list[Told]]:
    """What the merchant was told, by CheckoutRequestID."""
    found: dict[str, list[Told]] = defaultdict(list)
    for kind in ("callback", "control"):
        for entry in journal(control, since=since, kind=kind):
            name, told = told_by_callback(entry)
            if told is not None:
                found[name].append(told)
    for entry in journal(control, since=since, endpoint="stk_query", kind="request"):
        name = str(_decoded(entry, "request").get("CheckoutRequestID", ""))
        found[name].append(told_by_query(entry, name))
    return found


def told_by_callback(entry: Mapping[str, Any]) -> tuple[str, Told | None]:
    """The payment that a callback names, and what it says of it; None where it says nothing readable."""
    body = _decoded(entry, "request").get("Body")
    callback = body.get("stkCallback") if isinstance(body, dict) else None
    if not isinstance(callback, dict) or "ResultCode" not in callback:
        return "", None
    items = _items(callback)
    word = Word.SUCCESS if _code(callback["ResultCode"]) == "0" else Word.FAILURE
    receipt = str(items.get("MpesaReceiptNumber") or "")
    told = Told(at=float(entry["at"]), word=word, amount=_number(items.get("Amount")), receipt=receipt)
    return str(callback.get("CheckoutRequestID", "")), told


def told_by_query(entry: Mapping[str, Any], name: str) -> Told:
    """What a query was answered. Answers about another payment, and errors, decide nothing."""
    answer = _decoded(entry, "response")
    code = _code(answer.get("ResultCode", ""))
    if code in IN_FLIGHT or not code or answer.get("CheckoutRequestID") != name:
        word = Word.UNDECIDED
    else:
        word = Word.SUCCESS if code == "0" else Word.FAILURE
    return Told(at=float(entry["at"]), word=word, by_query=True)


def journal(control: ControlClient, *, since: int = 0, **where: str) -> Iterator[dict[str, Any]]:
    """All entries, page by page.

    Raises:
        Dropped: entries of this run are gone.
    """
    while True:
        page = control.journal(since=since, limit=PAGE, **where)
        if page["dropped"]:
            raise Dropped(f"the journal's bound pushed {page['dropped']} entries out; start it with a larger one")
        yield from page["entries"]
        if len(page["entries"]) < PAGE:
            return
        since = page["entries"][-1]["seq"] + 1


def _acknowledged(entry: Mapping[str, Any]) -> str | None:
    answer = _decoded(entry, "response")
    return str(answer.get("CheckoutRequestID")) if str(answer.get("ResponseCode")) == "0" else None


def _decoded(entry: Mapping[str, Any], part: str) -> dict[str, Any]:
    try:
        decoded = json.loads((entry.get(part) or {}).get("body") or "")
    except (ValueError, RecursionError):  # fuzzed bodies are nested without end
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _items(callback: Mapping[str, Any]) -> dict[str, Any]:
    metadata = callback.get("CallbackMetadata")
    listed = metadata.get("Item") if isinstance(metadata, dict) else None
    rows = [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    return {str(row.get("Name")): row.get("Value") for row in rows if isinstance(row, dict)}


def _code(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
