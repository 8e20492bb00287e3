"""`POST /mpesa/stkpush/v1/processrequest`: the prompt on the customer's phone. Source: reference 3.1."""

from __future__ import annotations

from typing import Any, Final

import orjson

from tayari_simulator.apis.bill_payment import PUSHED_PAYMENT
from tayari_simulator.apis.c2b.messages import PAY_BILL, confirmation_of_push
from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, PromptResults, Rules
from tayari_simulator.apis.core.execution import begin, choose, limit_result, pay_in
from tayari_simulator.apis.core.fields import (
    LONGEST_TEXT,
    URL_SCHEMA,
    Field,
    Fields,
    amount,
    callback_url,
    msisdn_field,
    numeric_schema,
    one_of,
    short_code_field,
    text,
    text_field,
    timestamp,
)
from tayari_simulator.apis.stk.stk_callback import StkCallback
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import INVALID_FIELD, MERCHANT_DOES_NOT_EXIST, SUBSCRIBER_LOCKED, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Play, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.handsets import BY_HANDSET
from tayari_simulator.state.transactions import Transaction

BUY_GOODS: Final = "CustomerBuyGoodsOnline"
_PUSH: Final = Call.STK_PUSH
TEST_NUMBER: Final = "254708374149"
SAME_AMOUNT_S: Final = 120.0
"""The same amount to the same phone is limited within this time. Source: reference 3.1."""
NO_ANSWER_S: Final[tuple[float, ...]] = (26.0, 62.0)
"""Measured delays of 1037. Source: reference 3.1. Of a plain pair of floats mypyc 2.4 says that it was not set."""
ACCEPTED: Final = "Success. Request accepted for processing"

_SAYS: Final = "reference 3.1"


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks."""
    largest = int(options.number("max_amount"))
    strict = options.says("long_reference", "refuse")
    required = options.says("transaction_desc", "required")
    reference, desc = (12, 13) if strict else (LONGEST_TEXT, LONGEST_TEXT)
    rows = (
        short_code_field("BusinessShortCode", "the organisation's number; for buy goods the store number", _SAYS),
        Field(name="Password", read=text(), schema={"type": "string", "contentEncoding": "base64", "minLength": 1},
              about="base64(short code + passkey + Timestamp)", source=_SAYS),
        Field(name="Timestamp", read=timestamp, schema=numeric_schema(r"^\d{14}$"),
              about="YYYYMMDDHHmmss, the one inside Password; EAT is expected, not checked", source=_SAYS),
        Field(name="TransactionType", read=one_of((PAY_BILL, BUY_GOODS)), schema={"enum": [PAY_BILL, BUY_GOODS]},
              about="pay bill or buy goods", source=_SAYS),
        Field(name="Amount", read=amount(options, largest), about="whole shillings", source=_SAYS,
              schema={"anyOf": [{"type": "integer", "minimum": 1, "maximum": largest},
                                {"type": "string", "pattern": r"^\d+$"}]}),
        msisdn_field("PartyA", "the payer, 2547... or 2541...", _SAYS),
        short_code_field("PartyB", "pay bill: the short code; buy goods: the till", _SAYS),
        msisdn_field("PhoneNumber", "the phone that gets the prompt", _SAYS),
        Field(name="CallBackURL", read=callback_url(options), schema=URL_SCHEMA, about="where the result is sent",
              source="reference 1.9"),
        text_field("TransactionDesc",
                   "at most 13 characters; missing or empty is refused as Remarks, and before AccountReference",
                   "reference 6-10; frappe-mpsa-payments#123", desc, required=required, called="Remarks"),
        text_field("AccountReference", "shown to the customer; at most 12 characters by the documentation",
                   "reference 6-9", reference),
    )  # fmt: skip
    return Fields(rows)


def push(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Answer a push whose fields were read.

    Raises:
        Refused: short code, password, a suspended organisation, transaction type, or another prompt on the phone.
    """
    short_code, password, sent, kind, _, _, party_b, msisdn, _, _, _ = values
    exchange.msisdn = msisdn
    business = state.business
    business.check(short_code, password, sent)
    _check_active(state, short_code, party_b)
    if kind == BUY_GOODS and business.till is None:
        raise Refused(INVALID_FIELD, field="TransactionType", note=f"{short_code} takes {PAY_BILL} only")
    chooser = state.choose
    if chooser is None or not chooser.chooses:
        return _accept(state, exchange, values, None)  # most pushes: no scenario is looked for

    def accept(play: Play | None) -> Reply:
        return _accept(state, exchange, values, play)

    return choose(
        state,
        exchange,
        Call.STK_PUSH,
        msisdn=msisdn,
        amount=values[4],
        reference=values[10],
        accept=accept,
        prompted=msisdn,
    )


def _check_active(state: DarajaState, short_code: str, party_b: str) -> None:
    """Refuse a push of, or to, an organisation that is suspended. With which error is not documented: assumed."""
    for code in (short_code,) if party_b == short_code else (short_code, party_b):
        organisation = state.organisations.find(code)
        if organisation is not None and not organisation.active:
            raise Refused(MERCHANT_DOES_NOT_EXIST, note=f"the organisation {code} is suspended")


def _accept(state: DarajaState, exchange: JournalExchange, values: list[Any], play: Play | None) -> Reply:
    """Make the payment, plan its result, and acknowledge. The lock is checked and taken without a wait between."""
    _, _, _, command, shillings, _, party_b, msisdn, url, _, reference = values
    short_code = state.business.short_code
    if party_b == short_code:
        party_b = short_code  # one object for all payments
    now_s = exchange.at_s
    busy = state.prompts.on(msisdn)
    if busy is not None and state.rules.lock_refuses:
        raise Refused(SUBSCRIBER_LOCKED, note=f"the prompt of {busy.id} is open")
    if play is not None and play.chosen_by == BY_HANDSET and not _is_shown(state, exchange, values, busy):
        play = None
    forced, after_s = (None, 0.0) if play is not None else _ruled(state, exchange, values, busy)
    if play is not None:
        after_s = play.behaviour.steps[0].after.draw(state.uniform)
    identifier = state.ids.checkout_request_id(now_s, msisdn)
    later_s = now_s
    while identifier in state.transactions:
        later_s += state.ids.tick_s
        identifier = state.ids.checkout_request_id(later_s, msisdn)
    transaction = Transaction(
        identifier, state.ids.request_id(), _PUSH, msisdn, shillings, short_code, party_b, reference, url,
        now_s, now_s + after_s, command,
    )  # fmt: skip
    transaction.play = play
    transaction.forced = forced
    begin(state, exchange, transaction)
    return Reply(200, acknowledgement(transaction))


def acknowledgement(transaction: Transaction) -> bytes:
    """The five string fields of an accepted push."""
    return dumps({
        "MerchantRequestID": transaction.request_id,
        "CheckoutRequestID": transaction.id,
        "ResponseCode": "0",
        "ResponseDescription": ACCEPTED,
        "CustomerMessage": ACCEPTED,
    })  # fmt: skip


def _ruled(
    state: DarajaState, exchange: JournalExchange, values: list[Any], busy: Transaction | None
) -> tuple[int | str | None, float]:
    """What M-Pesa's own rules make of a push that plays no scenario: a forced result or None, and its delay."""
    rules = state.rules
    after_s = rules.outcome_after_s
    if busy is not None and rules.lock_limits:
        return results.SUBSCRIBER_LOCKED, after_s
    _, _, _, kind, shillings, _, party_b, msisdn, _, _, _ = values
    if _unanswered(rules, exchange, msisdn):
        low, high = NO_ANSWER_S
        return results.TIMED_OUT, low + state.uniform() * (high - low)
    if rules.ordinary_phones_have_debt and msisdn != TEST_NUMBER:
        return results.BAD_DEBT, after_s
    if kind == PAY_BILL and party_b != state.business.short_code:
        return results.PRODUCT_ASSIGNMENT, after_s
    if kind == BUY_GOODS and party_b != state.business.till:
        return results.OPERATOR_MISSING, after_s
    if rules.same_amount_limits and _repeated(state, msisdn, shillings, exchange.at_s):
        return results.RULE_LIMITED, after_s
    return None, after_s


def _is_shown(state: DarajaState, exchange: JournalExchange, values: list[Any], busy: Transaction | None) -> bool:
    """Whether M-Pesa's rules let a prompt be shown. What they say of phones is for the handset to say."""
    forced, _ = _ruled(state, exchange, values, busy)
    return forced in (None, results.TIMED_OUT, results.BAD_DEBT)


def _unanswered(rules: Rules, exchange: JournalExchange, msisdn: str) -> bool:
    if rules.test_number_is_silent and msisdn == TEST_NUMBER:
        return True
    if rules.text_phone_is_silent:
        return isinstance(orjson.loads(exchange.request_body)["PhoneNumber"], str)
    return False


def _repeated(state: DarajaState, msisdn: str, shillings: int, now_s: float) -> bool:
    for earlier in reversed(state.transactions.of(msisdn)):
        if earlier.created_s < now_s - SAME_AMOUNT_S:
            return False
        if earlier.kind == _PUSH and earlier.amount == shillings:
            return True
    return False


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of an accepted push."""
    return Lifecycle(
        api="stk",
        example=_example,
        decide=_decide,
        settle=pay_in,
        reversible=True,
        message=StkCallback(options),
        prompt=PromptResults(),
        opened=DarajaState.show_prompt,
        closed=DarajaState.hide_prompt,
        also=(confirmation_of_push(options), PUSHED_PAYMENT),
        names_short_code=True,
    )


def _example(state: DarajaState, msisdn: str, shillings: int, url: str, now_s: float) -> Transaction:
    short_code = state.business.short_code
    identifier = state.ids.checkout_request_id(now_s, msisdn)
    return Transaction(
        identifier, state.ids.request_id(), Call.STK_PUSH, msisdn, shillings, short_code, short_code, "", url, now_s,
        now_s, PAY_BILL,
    )  # fmt: skip


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    if not state.ledger.covers(transaction.msisdn, transaction.amount):
        return results.INSUFFICIENT
    return limit_result(state, transaction)
