"""`POST /standingorder/v1/createStandingOrderExternal`: standing orders. Source: reference 3.15.

Two generations of the documentation differ in `TransactionType` and `Frequency`; a request says by its type which one
it follows. An order moves no money itself: each later debit is a C2B payment.
"""

from __future__ import annotations

import calendar
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from tayari_simulator.apis.c2b import c2b_payment as c2b
from tayari_simulator.apis.c2b.messages import BUY_GOODS, PAY_BILL
from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, PromptResults, Result
from tayari_simulator.apis.core.execution import begin, choose, first_due_s
from tayari_simulator.apis.core.fields import (
    LONGEST_TEXT,
    Field,
    Fields,
    amount_field,
    digits,
    msisdn_field,
    numeric_schema,
    one_of,
    one_of_numbers,
    short_code_field,
    text,
    text_field,
    url_field,
)
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import INVALID_FIELD, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Play, Reply
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange, dumps
from tayari_simulator.state.handsets import BY_HANDSET
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.transactions import Transaction

KIND: Final = "ratiba"
DUPLICATE_NAME: Final = 1050
BAD_REQUEST: Final = 1051
MOST: Final = 10_000
"""Names of orders that are remembered: the oldest go first. Assumed."""
OLD, NEW = "2025-12", "2026-08"
TYPES: Final[Mapping[str, tuple[str, Identifier]]] = {
    "Standing Order Customer Pay Bill": (OLD, Identifier.SHORT_CODE),
    "Standing Order Customer Pay Marchant": (OLD, Identifier.TILL),
    "Standing Order Pay Bill External Third Party": (NEW, Identifier.SHORT_CODE),
    "Standing Order Pay Merchant External Third Party": (NEW, Identifier.TILL),
}
"""The generation of each type, and what it pays. `Marchant` is the documentation's spelling."""

_SAYS: Final = "reference 3.15"
_ONCE: Final = (0, 0)
_STEPS: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    OLD: (_ONCE, (1, 0), (7, 0), (0, 1), (0, 2), (0, 3), (0, 6), (0, 12)),
    NEW: (_ONCE, (1, 0), (7, 0), (14, 0), (0, 1), (0, 2), (0, 3), (0, 6), (0, 12)),
}
"""Days and months between two debits, by `Frequency` from 1."""


@dataclass(slots=True)
class StandingOrders:
    """The names of the orders of each customer: a name may be used once."""

    names: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)
    """MSISDN and name, and the order that took it, the oldest first. A `dict` is slow to forget its first key."""

    def take(self, payer: str, name: str, order: str) -> None:
        """Let an order have a name."""
        if len(self.names) >= MOST:
            self.names.popitem(last=False)
        self.names[payer, name] = order


def fields(options: Options) -> Fields:
    """The fields in the documentation's order."""
    short = options.says("long_reference", "refuse")
    reference, desc = (12, 13) if short else (LONGEST_TEXT, LONGEST_TEXT)
    kinds = [name for name, (made, _) in TYPES.items() if options.text("ratiba_generation") in {made, "both"}]
    day: Mapping[str, object] = numeric_schema(r"^\d{8}$")
    rows = (
        text_field("StandingOrderName", "unique for each customer", _SAYS),
        Field(name="CustomStoId", read=text(LONGEST_TEXT, required=False), schema={}, required=False,
              about="an id of the merchant's own, from 2026 on", source=_SAYS),
        Field(name="StartDate", read=_day, schema=day, about="yyyymmdd", source=_SAYS),
        Field(name="EndDate", read=_day, schema=day, about="yyyymmdd", source=_SAYS),
        short_code_field("BusinessShortCode", "who is paid", _SAYS),
        Field(name="TransactionType", read=one_of(kinds), schema={"enum": kinds}, about="to a pay bill or to a till",
              source="reference 6-23"),
        Field(name="ReceiverPartyIdentifierType", schema={"enum": ["2", "4", 2, 4]},
              read=one_of_numbers((Identifier.TILL, Identifier.SHORT_CODE)), about="2 till, 4 pay bill", source=_SAYS),
        amount_field("Amount", "whole shillings of one debit", _SAYS, options),
        msisdn_field("PartyA", "the payer, 2547... or 2541...", _SAYS),
        url_field("CallBackURL", "where the result is sent", _SAYS, options),
        text_field("AccountReference", "at most 12 characters by the documentation", _SAYS, reference),
        text_field("TransactionDesc", "at most 13 characters by the documentation", _SAYS, desc),
        Field(name="Frequency", read=_frequency, schema=numeric_schema(r"^[1-9]$"),
              about="1 to 8, or 1 to 9 from 2026 on", source="reference 6-23"),
    )  # fmt: skip
    return Fields(rows)


def create(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Ask the customer for the order.

    Raises:
        Refused: a Frequency that the generation of the type has not.
    """
    name, custom_id, start, end, short_code, kind, identifier, shillings, payer, url, reference, _, frequency = values
    generation, wanted = TYPES[kind]
    if frequency > len(_STEPS[generation]):
        note = f"Frequency is {frequency}; {kind} is of {generation} and has 1 to {len(_STEPS[generation])}"
        raise Refused(INVALID_FIELD, field="Frequency", note=note)
    details = {
        "name": name, "custom_id": custom_id, "start": start, "end": end, "frequency": frequency,
        "generation": generation, "fits": identifier == wanted,
    }  # fmt: skip
    now_s = exchange.at_s

    def accept(play: Play | None) -> Reply:
        busy = state.prompts.on(payer) is not None
        if busy and play is not None and play.chosen_by == BY_HANDSET:
            play = None
        transaction = Transaction(
            state.ids.reference_id(), state.ids.reference_id(), KIND, payer, shillings, short_code, short_code,
            reference, url, now_s, first_due_s(state, exchange, play, state.rules.outcome_after_s), kind, "", details,
        )  # fmt: skip
        transaction.play = play
        if busy:
            transaction.forced = results.SUBSCRIBER_LOCKED
        details["order_id"] = state.ids.receipt(now_s)
        begin(state, exchange, transaction)
        return Reply(200, _acknowledgement(transaction))

    return choose(
        state, exchange, KIND, msisdn=payer, amount=shillings, reference=reference, accept=accept, prompted=payer
    )


def lifecycle(options: Options) -> Lifecycle:  # noqa: ARG001 - the shape of a row
    """The lifecycle of an order that the customer is asked for."""
    return Lifecycle(
        api=KIND, example=_example, decide=_decide, settle=_settle, message=_callback, moves_money=False,
        prompt=PromptResults(), opened=DarajaState.show_prompt, closed=DarajaState.hide_prompt,
    )  # fmt: skip


def _acknowledgement(transaction: Transaction) -> bytes:
    return dumps({
        "ResponseHeader": {
            "responseRefID": transaction.id,
            "responseCode": "200",
            "responseDescription": "Request accepted for processing",
            "ResultDesc": "The service request is processed successfully.",
        },
        "ResponseBody": {"responseDescription": "Request accepted for processing", "responseCode": "200"},
    })  # fmt: skip


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    """What exactly is a bad request is not documented: assumed are dates, types and short codes that cannot be."""
    details = _details(transaction)
    if (transaction.msisdn, details["name"]) in state.part(StandingOrders).names:
        return DUPLICATE_NAME
    today = str(state.ids.second(transaction.created_s).date_time)[:8]
    dated = today <= details["start"] <= details["end"]
    if not dated or not details["fits"] or state.organisations.find(transaction.short_code) is None:
        return BAD_REQUEST
    return results.SUCCESS


def _settle(state: DarajaState, transaction: Transaction) -> None:
    """The order is active: its name is taken, and its first debit is planned."""
    state.part(StandingOrders).take(transaction.msisdn, _details(transaction)["name"], transaction.id)
    _plan_debit(state, transaction, 0, transaction.completed_s)


def step_of(order: Transaction) -> tuple[int, int]:
    """Days and months between two debits; both 0: there is one debit."""
    details = _details(order)
    return _STEPS[details["generation"]][details["frequency"] - 1]


def _plan_debit(state: DarajaState, order: Transaction, number: int, now_s: float) -> None:
    """Plan a debit, the first one has number 0, for the begin of its day or for now; none after the last day."""
    details = _details(order)
    days, months = step_of(order)
    if number and not (days or months):
        return
    day, begins_s = _day_of_debit(details["start"], days * number, months * number)
    if day > details["end"]:
        return

    def debit(at_s: float) -> None:
        if not _was_made(state, order, number):
            _debit(state, order, number, at_s)
        _plan_debit(state, order, number + 1, at_s)

    state.schedule.add_begin(max(now_s, begins_s), debit)


def _debit(state: DarajaState, order: Transaction, number: int, at_s: float) -> None:
    """The customer pays by C2B, under the scenario that is chosen for such a payment."""
    exchange = JournalExchange(ExchangeKind.REQUEST, KIND, "", "", (), b"", at_s, at_s)
    command = BUY_GOODS if TYPES[order.command][1] is Identifier.TILL else PAY_BILL
    c2b.pay_chosen(
        state, exchange, short_code=order.short_code, command=command, amount=order.amount, msisdn=order.msisdn,
        reference=order.reference, details={"standing_order": order.id, "debit": number},
    )  # fmt: skip


def _was_made(state: DarajaState, order: Transaction, number: int) -> bool:
    """Whether an earlier process has made this debit: a restart plans the order's debits again."""
    made = {"standing_order": order.id, "debit": number}.items()
    return any(made <= (row.details or {}).items() for row in state.transactions.of(order.msisdn))


def _callback(state: DarajaState, transaction: Transaction, result: Result) -> bytes:  # noqa: ARG001 - the shape of a message
    """Success and failure differ in the case of their keys, and in how they mask the MSISDN."""
    code, details = str(result.code), _details(transaction)
    if code != "0":
        header = {
            "responseRefID": transaction.id, "requestRefID": transaction.request_id, "responseCode": code,
            "responseDescription": "Error",
        }  # fmt: skip
        pairs = {"TransactionID": "0" * 10, "responseCode": code, "Status": "ERROR",
                 "Msisdn": f"*********{transaction.msisdn[-3:]}"}  # fmt: skip
        data = [{"Name": name, "Value": value} for name, value in pairs.items()]
        return dumps({"ResponseHeader": header, "ResponseBody": {"ResponseData": data}})
    header = {
        "responseRefID": transaction.id, "requestRefID": transaction.id, "responseCode": "0",
        "responseDescription": result.desc.rstrip("."),
    }  # fmt: skip
    data = [
        {"name": "TransactionID", "value": details["order_id"]},
        {"name": "responseCode", "value": "0"},
        {"name": "Status", "value": "OKAY"},
        {"name": "Msisdn", "value": f"{transaction.msisdn[:3]}******{transaction.msisdn[-3:]}"},
    ]
    if details["generation"] == NEW:
        data += [{"name": name, "value": value} for name, value in _newer(transaction, details).items()]
    return dumps({"responseHeader": header, "responseBody": {"responseData": data}})


def _newer(transaction: Transaction, details: Mapping[str, Any]) -> dict[str, str]:
    """What a success has had since 2026. The names are observed, the form of the values is assumed."""
    return {
        "standingOrderName": details["name"],
        "amount": str(transaction.amount),
        "issuePaymentReminderUntil": details["end"],
        "reminderScheduleId": transaction.request_id,
        "firstPaymentReminderDate": details["start"],
        "status": "ACTIVE",
    }


def _example(state: DarajaState, msisdn: str, shillings: int, url: str, now_s: float) -> Transaction:
    short_code = state.business.short_code
    today = datetime.fromtimestamp(now_s, EAT)
    details = {
        "name": "Example", "custom_id": "", "start": f"{today:%Y%m%d}", "end": f"{today:%Y%m%d}", "frequency": 1,
        "generation": OLD, "fits": True, "order_id": state.ids.receipt(now_s),
    }  # fmt: skip
    return Transaction(
        state.ids.reference_id(), state.ids.reference_id(), KIND, msisdn, shillings, short_code, short_code, "INV1",
        url, now_s, now_s, next(iter(TYPES)), "", details,
    )  # fmt: skip


def _details(transaction: Transaction) -> dict[str, Any]:
    assert transaction.details is not None
    return transaction.details


@lru_cache(maxsize=1024)
def _day_of_debit(start: str, days: int, months: int) -> tuple[str, float]:
    """The day this many days and months after the start, as eight digits, and when it begins, in clock seconds.

    A day that the month has not becomes its last one. Most orders of a merchant begin on the same few days.
    """
    first = _date(start)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    day = datetime(year, month + 1, min(first.day, last), tzinfo=EAT) + timedelta(days=days)
    return f"{day:%Y%m%d}", day.timestamp()


def _date(word: str) -> date:
    return date(int(word[:4]), int(word[4:6]), int(word[6:]))


_EIGHT_DIGITS: Final = digits(8, 8)
_ONE_DIGIT: Final = digits(1, 1)


def _day(value: Any) -> str | None:
    """A date as eight digits, as a number or as text, between 2000 and 2099."""
    word: str | None = _EIGHT_DIGITS(value)
    return word if word is not None and _is_day(word) else None


@lru_cache(maxsize=1024)
def _is_day(word: str) -> bool:
    try:
        _date(word)
    except ValueError:
        return False
    return word.startswith("20")


def _frequency(value: Any) -> int | None:
    word = _ONE_DIGIT(value)
    return int(word) if word is not None and word != "0" else None


def _form(header: str, body: str, data: str, name: str, value: str) -> dict[str, object]:
    pair = {"type": "object", "properties": {name: {"type": "string"}, value: {"type": "string"}}}
    listed = {"type": "array", "minItems": 1, "items": pair | {"required": [name, value]}}
    codes = ("responseRefID", "requestRefID", "responseCode", "responseDescription")
    head = {"type": "object", "properties": {code: {"type": "string"} for code in codes}, "required": list(codes)}
    rest = {"type": "object", "properties": {data: listed}, "required": [data]}
    return {"properties": {header: head, body: rest}, "required": [header, body]}


RATIBA_CALLBACK: Final[Mapping[str, object]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Ratiba: the callback",
    "type": "object",
    "oneOf": [
        _form("responseHeader", "responseBody", "responseData", "name", "value"),
        _form("ResponseHeader", "ResponseBody", "ResponseData", "Name", "Value"),
    ],
}
"""The first form is a success, the second a failure."""
