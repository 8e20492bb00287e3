"""Pull transactions: what customers paid to a short code in the last two days. Source: reference 3.12.

It reads the transactions themselves, and so finds payments whose confirmation or callback was lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from tayari_simulator.apis.c2b.c2b_payment import KIND
from tayari_simulator.apis.c2b.messages import BUY_GOODS
from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import (
    URL_SCHEMA,
    Field,
    Fields,
    callback_url,
    digits,
    msisdn_field,
    numeric_schema,
    one_of,
    short_code_field,
)
from tayari_simulator.apis.core.organisations import Organisation
from tayari_simulator.catalogue.errors import ERRORS, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.transactions import Status, Transaction

WINDOW_S: Final = 48 * 3600.0
"""Older payments are not given. Source: reference 3.12."""
DONE: Final = "1000"
NOTHING: Final = "1001"
"""Nothing was found; or, of a registration, it was there already."""
TIME_FORM: Final = "%Y-%m-%d %H:%M:%S"
INVALID_SHORT_CODE: Final = ERRORS["400.001"]
_SAYS: Final = "reference 3.12"
_SHORT_CODE: Final = short_code_field(
    "ShortCode", "the organisation that was paid", _SAYS, refusal=INVALID_SHORT_CODE
)  # fmt: skip
_PAYMENTS: Final = frozenset({Call.STK_PUSH, KIND})
"""The kinds of transactions in which a customer pays an organisation."""


class Registered(set[str]):
    """The short codes that may pull."""


def register_fields(options: Options) -> Fields:
    """The fields of a registration, in the order of the checks."""
    rows = (
        _SHORT_CODE,
        Field(name="RequestType", read=one_of(("Pull",)), schema={"const": "Pull"}, about="Pull", source=_SAYS),
        msisdn_field("NominatedNumber", "the phone of the organisation, 2547... or 2541...", _SAYS),
        Field(name="CallBackURL", read=callback_url(options), about="a URL of the organisation", source=_SAYS,
              schema=URL_SCHEMA),
    )  # fmt: skip
    return Fields(rows)


def query_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The fields of a query, in the order of the checks."""
    time_schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
    rows = (
        _SHORT_CODE,
        Field(name="StartDate", read=_time, schema=time_schema, about="YYYY-MM-DD HH:mm:ss in EAT", source=_SAYS),
        Field(name="EndDate", read=_time, schema=time_schema, about="YYYY-MM-DD HH:mm:ss in EAT", source=_SAYS),
        Field(name="OffSetValue", read=digits(1, 9), schema=numeric_schema(r"^\d{1,9}$"),
              about="how many rows are skipped; from 0", source=_SAYS),
    )  # fmt: skip
    return Fields(rows)


def _time(value: Any) -> float | None:
    """A time in East Africa, as seconds since the epoch."""
    if type(value) is not str or len(value) != 19 or not value.isascii():
        return None
    try:
        return datetime.strptime(value, TIME_FORM).replace(tzinfo=EAT).timestamp()
    except ValueError:
        return None


def register(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:  # noqa: ARG001 - the shape of a row
    """Answer a registration.

    Raises:
        Refused: 400.001, unknown short code.
    """
    short_code = values[0]
    _organisation(state, short_code)
    registered = state.part(Registered)
    code, text = (
        (NOTHING, "ShortCode already Registered")
        if short_code in registered
        else (DONE, "Shortcode Registered Successfully")
    )
    registered.add(short_code)
    blank = " " if state.options.says("pull_register_keys", "spaced") else ""
    return Reply(200, dumps({
        "ResponseRefID": state.ids.reference_id(),
        f"Response{blank}Status": code,
        "ShortCode": short_code,
        f"Response{blank}Description": text,
    }))  # fmt: skip


def query(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Answer a query: one page of payments inside a list, the oldest first.

    Raises:
        Refused: 400.001, unknown short code.
    """
    short_code, start_s, end_s, offset = values
    organisation = _organisation(state, short_code)
    earliest_s = max(start_s, exchange.at_s - WINDOW_S)
    found = [
        row
        for row in state.transactions.all()
        if row.kind in _PAYMENTS
        and (organisation.lists_pushes or row.kind != Call.STK_PUSH)
        and row.status is Status.PAID
        and short_code in (row.short_code, row.party_b)
        and earliest_s <= int(row.completed_s) <= end_s
    ]
    found.sort(key=lambda row: row.completed_s)
    page = found[int(offset) :][: int(state.options.number("pull_page_size")) or None]
    code, text = (DONE, "Success") if page else (NOTHING, "No transactions available for the selected time period")
    return Reply(200, dumps({
        "ResponseRefID": state.ids.reference_id(),
        "ResponseCode": code,
        "ResponseMessage": text,
        "Response": [[_row(row, organisation) for row in page]],
    }))  # fmt: skip


def _organisation(state: DarajaState, short_code: str) -> Organisation:
    found = state.organisations.find(short_code)
    if found is None:
        raise Refused(INVALID_SHORT_CODE, note=f"the short code {short_code} is unknown here")
    return found


def _row(transaction: Transaction, organisation: Organisation) -> dict[str, object]:
    """One payment. The number is whole: pulling unmasks the payer. The type of a payment to a till is assumed."""
    to_till = transaction.command == BUY_GOODS
    return {
        "transactionId": transaction.receipt,
        "trxDate": datetime.fromtimestamp(int(transaction.completed_s), EAT).isoformat(),
        "msisdn": int(transaction.msisdn),
        "sender": "MPESA",
        "transactiontype": "c2b-buy-goods-debit" if to_till else "c2b-pay-bill-debit",
        "billreference": "" if to_till else transaction.reference,
        "amount": f"{transaction.amount}.00",
        "organizationname": organisation.public_name.partition(" - ")[2],
    }
