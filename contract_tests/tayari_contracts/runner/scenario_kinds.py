"""How a check plays the scenario files of each call: pushes, payouts, reversals, status and balance queries, C2B."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tayari_money.daraja_records import B2B, B2C, B2POCHI, C2B, REVERSAL, confirmed_amount

from tayari_contracts.catalogue.rules import Need
from tayari_contracts.context.actions import after
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.check_time import CALLBACK_WAIT_S
from tayari_contracts.context.findings import Failed, Inapplicable, Untested, quote
from tayari_contracts.context.message_topics import machine_words
from tayari_contracts.context.payment import PAID, Entry, Payment
from tayari_contracts.context.run_record import CRASH
from tayari_contracts.steps.c2b_payments import EMPTY_NAMES, confirm_falsely, pay_in
from tayari_contracts.steps.c2b_registration import REGISTER, registering
from tayari_contracts.steps.forged_callback import SOURCE, Caller
from tayari_contracts.steps.payees import new_payee
from tayari_contracts.steps.payouts import (
    answered_messages,
    pay_out,
    pay_out_sent,
    payout_situation,
    require_taken,
    resume,
)
from tayari_contracts.steps.refunds import give_back_sent, paid_payment

Document = Mapping[str, Any]
"""The content of one scenario file."""

PUSH: Final = "stk_push"
TOKEN: Final = "oauth"
TOKEN_WITHIN_S: Final = 5.0
"""A merchant without a token fetches one for its next payment within this time."""
WHOLE_MERCHANT: Final = frozenset({"refuse", "revoke_tokens"})
"""Faults that concern every caller of the Daraja port."""
STATUS: Final = "transaction_status"
BALANCE: Final = "account_balance"
SHOWN_S: Final = 1.0
"""A merchant shows within this time what it made of an answer, and sends no second query before."""
OF_ANSWERS: Final = frozenset({"api_error", "gateway_fault", "html"})
"""Faults of the answer to a call."""
RUNS_S: Final = 20.0
"""Seconds until a payout has a result while the merchant asks about it: longer than a scenario is watched."""
STOPPING: Final = frozenset({"2001", "21", "8006", "403.002.1001"})
"""Codes after which a merchant rightly stops all payouts (P11, P12), until a person resumes them."""


def endpoint_of(document: Document) -> str:
    """The call that a scenario is for."""
    return str((document.get("when") or {}).get("endpoint", PUSH))


def stops_payouts(document: Document) -> bool:
    """Whether a merchant stops its payouts after this scenario, which runs alone therefore."""
    code = str((document.get("outcome") or {}).get("result_code", 0))
    refused = [fault["api_error"].get("error") for fault in document.get("faults") or () if "api_error" in fault]
    return bool(STOPPING & {code, *map(str, refused)})


def _go_on(context: CheckContext, document: Document) -> None:
    """Let a merchant that has stopped its payouts pay again."""
    if stops_payouts(document):
        resume(context)


def _give_back(context: CheckContext, document: Document) -> Payment:
    return give_back_sent(context, paid_payment(context), document)


def _asked_about(context: CheckContext, document: Document) -> Payment:
    """Start a payout without a result, so that the merchant asks for its status; the first query plays the document.

    If the document expects the payout to stay open, it stays open: a merchant may ask again at once.
    """
    expected = (document.get("expect") or {}).get("state", "paid")
    is_paid = PAID in ([expected] if isinstance(expected, str) else expected)
    silent = payout_situation("inline/asked-about", outcome=after(0.5, callback=False) if is_paid else after(RUNS_S))
    msisdn = new_payee(context)
    context.control.play_next(document, msisdn=msisdn)
    payment = pay_out_sent(context, silent, msisdn=msisdn)
    _require_met(context, document, STATUS, payment.since)
    if _has_result(document):
        context.time.until(lambda: answered_messages(context, document, payment.since), within_s=context.time.settle_s)
    context.time.pause(SHOWN_S)
    return payment


def _ask_balance(context: CheckContext, document: Document) -> None:
    """Let the merchant ask for its balance, which plays the document.

    Raises:
        Failed: the merchant crashed on the answer, or shows no balance although it got one.
        Untested: it did not ask.
    """
    since = context.control.play_next(document, endpoint=BALANCE)
    context.driver.refresh_balance()
    try:
        _require_met(context, document, BALANCE, since)
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint=BALANCE)
    results = context.time.until(lambda: answered_messages(context, document, since), within_s=context.time.settle_s)
    for entry in results if _has_result(document) else ():
        require_taken(entry, "the result")
    if (document.get("expect") or {}).get("state") == "paid":
        context.time.until(lambda: context.driver.read_balance()[0] is not None, within_s=context.time.settle_s)
        shown, why = context.driver.read_balance()
        if shown is None:
            raise Failed(f"M-Pesa sent the balance, and staff see none: {why}")


def _has_result(document: Document) -> bool:
    refused = any("api_error" in fault for fault in document.get("faults") or ())
    return not refused and (document.get("outcome") or {}).get("callback") is not False


def _require_met(context: CheckContext, document: Document, endpoint: str, since: int) -> None:
    def calls() -> list[Entry]:
        entries = context.journal.entries(since=since, endpoint=endpoint, kind="request")
        return [entry for entry in entries if entry.get("scenario") == document["scenario"]]

    if not context.time.until(calls, within_s=context.time.reconcile_s + context.time.settle_s):
        raise Untested(f"the scenario was not played: the merchant made no call ({endpoint}) meanwhile")


def _pay(context: CheckContext, document: Document) -> Payment:
    """Start a payment, and require that each call was made that the document is about."""
    other_call = document if endpoint_of(document) != PUSH else token_part(document)
    return context.actions.pay(document) if other_call is None else pay_until_met(context, document, other_call)


def _concerns_whole_merchant(document: Document) -> bool:
    """Whether the scenario concerns other payments too: it is about a token, a query or the port itself."""
    if endpoint_of(document) != PUSH or token_part(document) is not None:
        return True
    return any(name in WHOLE_MERCHANT for fault in document.get("faults") or () for name in fault)


def token_part(document: Document) -> Document | None:
    """The faults `on: oauth` of a push's scenario, as a document of their own; None where it has none."""
    if endpoint_of(document) != PUSH:
        return None
    faults = [fault for fault in document.get("faults") or () if _is_of_token(fault)]
    if not faults:
        return None
    return {**{key: document[key] for key in ("scenario", "about")}, "when": {"endpoint": TOKEN}, "faults": faults}


def pay_until_met(context: CheckContext, document: Document, other_call: Document) -> Payment:
    """Start a payment that plays `document`, and require a call that plays `other_call`.

    Raises:
        Untested: the merchant made no such call; the sentence says why not.
    """
    endpoint, since = endpoint_of(other_call), context.journal.now()
    push = document if endpoint_of(document) == PUSH else None
    if endpoint == TOKEN:
        context.actions.drop_token()
    context.control.play_next(other_call, endpoint=endpoint)
    try:
        payment = context.actions.pay(push)
        if endpoint == TOKEN and not _met(context, other_call, since):
            context.control.clear_next()
            context.actions.revoke_token()
            context.control.play_next(other_call, endpoint=endpoint)
            payment = context.actions.pay(push)
        if not _met(context, other_call, since):
            why = "it holds a token and fetched no other" if endpoint == TOKEN else "it had no need to"
            raise Untested(f"the scenario was not played: the merchant made no call ({endpoint}) meanwhile; {why}")
    finally:
        context.control.clear_next()
    context.evidence.watch_since(since, endpoint=endpoint)
    return payment


def _met(context: CheckContext, other_call: Document, since: int) -> bool:
    """Whether a call played the scenario, waiting for one that comes in the background."""
    endpoint = endpoint_of(other_call)
    within_s = TOKEN_WITHIN_S if endpoint == TOKEN else context.time.reconcile_s

    def is_met() -> bool:
        calls = context.journal.entries(since=since, endpoint=endpoint, kind="request")
        return any(entry.get("scenario") == other_call["scenario"] for entry in calls)

    return context.time.until(is_met, within_s=within_s)


def _is_of_token(fault: object) -> bool:
    if not isinstance(fault, Mapping):
        return False
    return any(isinstance(keys, Mapping) and TOKEN in _listed(keys.get("on")) for keys in fault.values())


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _pay_in(context: CheckContext, document: Document) -> Payment:
    """Let a customer pay into an account (C2B), and require that the merchant takes the confirmation.

    Raises:
        Inapplicable: the document is about the answer to a call, and the customer of a pay bill makes none.
        Failed: the confirmation was answered as a crash is.
    """
    names = {name for fault in document.get("faults") or () for name in fault}
    if names & OF_ANSWERS:
        raise Inapplicable("it is about the answer to the simulate API, which no merchant calls for its customers")
    faults = [fault for fault in document.get("faults") or () if "forge" not in fault]
    is_paid = str((document.get("outcome") or {}).get("result_code", 0)) == "0"
    whole = [EMPTY_NAMES, *faults] if is_paid else faults
    payment = pay_in(context, {**document, "faults": whole}, amount=confirmed_amount(document))
    if "forge" in names:
        confirm_falsely(context, payment, Caller(source=SOURCE))
    if is_paid and "drop" not in names:
        late_s = sum(float(fault["delay"].get("by_s", 0)) for fault in document.get("faults") or () if "delay" in fault)
        context.expectations.callback_taken(payment, within_s=CALLBACK_WAIT_S + late_s)
    return payment


def _register(context: CheckContext, document: Document) -> Payment:
    """Let the merchant register its URLs, which plays the document; then a customer pays into an account.

    Raises:
        Failed: the merchant crashed on the answer.
    """
    with registering(context, document) as started:
        if started is not None and (
            started.status is None or (started.status >= CRASH and machine_words(started.body))
        ):
            found = f"{started.status}, {quote(started.body, most=100)}" if started.status else started.error
            raise Failed(
                f"Daraja refused the registration, and the merchant crashed: it answered {found}; expected an answer "
                "below 500, or plain words"
            )
    payment = pay_in(context)
    context.expectations.callback_taken(payment)
    return payment


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioKind:
    """The scenarios of one call: what the target file must give for them, and what plays them."""

    needs: frozenset[Need]
    play: Callable[[CheckContext, Document], Payment | None]
    """Plays the document and returns its payment, payout or refund; None if the document is about none.

    It raises Untested if the merchant made no such call, and Failed if the merchant crashed on the answer."""
    is_alone: Callable[[Document], bool] = lambda _: True
    """Whether it runs alone, because it concerns other payments too."""
    afterwards: Callable[[CheckContext, Document], None] = lambda _context, _document: None
    expect: Mapping[str, Any] | None = None
    """What is expected in place of the file's own `expect`."""


_PAYOUT: Final = frozenset({Need.PAYOUT, Need.PAYOUT_STATE})
_PAYS_OUT: Final = ScenarioKind(needs=_PAYOUT | {Need.PERSONS}, play=pay_out, is_alone=stops_payouts, afterwards=_go_on)
_C2B: Final = frozenset({Need.C2B, Need.ACCOUNT})
KINDS: Final[Mapping[str, ScenarioKind]] = {
    B2C: _PAYS_OUT,
    B2POCHI: _PAYS_OUT,
    B2B: replace(_PAYS_OUT, needs=_PAYOUT | {Need.ORGANISATIONS}),
    STATUS: ScenarioKind(needs=_PAYOUT, play=_asked_about),
    BALANCE: ScenarioKind(needs=frozenset({Need.PAYOUT, Need.BALANCE}), play=_ask_balance),
    REVERSAL: ScenarioKind(
        needs=frozenset({Need.STATE, Need.REFUND, Need.REFUND_STATE}), play=_give_back, is_alone=stops_payouts,
        afterwards=_go_on,
    ),
    C2B: ScenarioKind(needs=_C2B, play=_pay_in, is_alone=lambda _: False),
    REGISTER: ScenarioKind(needs=_C2B, play=_register, expect={"state": "paid", "credits": 1}),
}  # fmt: skip
"""By the call that a scenario is for; those of any other call are played by a payment that the merchant asks for."""
_PAYMENT: Final = ScenarioKind(needs=frozenset({Need.STATE}), play=_pay, is_alone=_concerns_whole_merchant)


def kind_of(document: Document) -> ScenarioKind:
    """How the scenario is played."""
    return KINDS.get(endpoint_of(document), _PAYMENT)
