"""`POST /mpesa/stkpushquery/v1/query`: the state of a push. Source: reference 3.2."""

from __future__ import annotations

import re
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.execution import apply_faults
from tayari_simulator.apis.core.fields import (
    Field,
    Fields,
    numeric_schema,
    short_code_field,
    text,
    text_schema,
    timestamp,
)
from tayari_simulator.catalogue.errors import (
    DOES_NOT_EXIST,
    ERRORS,
    INVALID_CHECKOUT_REQUEST_ID,
    NO_MESSAGE,
    PROCESSING,
    Refused,
)
from tayari_simulator.catalogue.options import Options
from tayari_simulator.catalogue.results import STILL_PROCESSING
from tayari_simulator.state.behaviour import Call, Play, QuerySays, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.transactions import Status, Transaction

_WELL_FORMED: Final = re.compile(r"ws_CO_[0-9A-Za-z_]{10,60}")
_SAYS: Final = "reference 3.2"


def fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The fields in the order of Daraja's checks."""
    rows = (
        short_code_field("BusinessShortCode", "the short code of the push", _SAYS),
        Field(name="Password", read=text(), schema={"type": "string", "contentEncoding": "base64", "minLength": 1},
              about="base64(short code + passkey + Timestamp)", source=_SAYS),
        Field(name="Timestamp", read=timestamp, schema=numeric_schema(r"^\d{14}$"),
              about="YYYYMMDDHHmmss, the one inside Password", source=_SAYS),
        Field(name="CheckoutRequestID", read=text(), schema=text_schema(),
              about="the id of the acknowledgement", source=_SAYS),
    )  # fmt: skip
    return Fields(rows)


def query(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Answer a query whose fields were read.

    Raises:
        Refused: short code, password, unknown id, or one of the in-flight forms that are errors.
    """
    short_code, password, sent, checkout_request_id = values
    exchange.transaction_id = checkout_request_id
    transaction = state.transactions.find(checkout_request_id)
    if transaction is not None:
        exchange.msisdn = transaction.msisdn
    state.business.check(short_code, password, sent)
    play = None if state.choose is None else state.choose.for_endpoint(Call.STK_QUERY)
    if play is None and transaction is not None:
        play = transaction.play
    if play is None:
        return _answer(state, exchange, transaction, None)
    exchange.scenario = play.behaviour.name
    return apply_faults(play, Call.STK_QUERY, state, exchange.at_s, lambda: _answer(state, exchange, transaction, play))


def _answer(state: DarajaState, exchange: JournalExchange, transaction: Transaction | None, play: Play | None) -> Reply:
    if transaction is None:
        raise Refused(_unknown(state.options, exchange.transaction_id))
    transaction.queries += 1
    says = None if play is None else play.behaviour.query
    if says is not None and (says.for_calls is None or transaction.queries <= says.for_calls):
        return _answered(state, exchange, transaction, says)
    return _truth(state, exchange, transaction)


def _answered(state: DarajaState, exchange: JournalExchange, transaction: Transaction, says: QuerySays) -> Reply:
    """What a scenario lets the query say."""
    if says.error is not None:
        raise Refused(ERRORS[says.error])
    if says.result_code is not None:
        desc = says.result_desc or state.text_of(says.result_code)
        return _result(state, transaction, says.result_code, desc, says.checkout_request_id)
    if says.in_flight and (transaction.status is Status.PROMPTED or says.for_calls is not None):
        form = says.in_flight[min(transaction.queries, len(says.in_flight)) - 1]
        return _in_flight(state, transaction, form, says.checkout_request_id)
    return _truth(state, exchange, transaction, says.checkout_request_id)


def _truth(
    state: DarajaState, exchange: JournalExchange, transaction: Transaction, identifier: str | None = None
) -> Reply:
    if transaction.result_code is not None:
        return _result(state, transaction, transaction.result_code, transaction.result_desc, identifier)
    if exchange.at_s - transaction.created_s < state.rules.query_too_early_s:
        return _in_flight(state, transaction, "too_early", identifier)
    form = state.options.text("in_flight")
    return _in_flight(state, transaction, _drawn(state) if form == "mix" else form, identifier)


def _drawn(state: DarajaState) -> str:
    """One of the in-flight forms. About one poll in five without a message is reported; the rest is assumed."""
    number = state.uniform()
    if number < 0.2:
        return "empty"
    return "processing" if number < 0.5 else "4999"


def _in_flight(state: DarajaState, transaction: Transaction, form: str, identifier: str | None) -> Reply:
    if form == "4999":
        return _result(state, transaction, STILL_PROCESSING, state.text_of(STILL_PROCESSING), identifier)
    names_payment = state.options.says("in_flight_request_id", "checkout_request_id")
    raise Refused(_FORMS[form], request_id=transaction.id if names_payment else "")


_FORMS: Final = {"processing": PROCESSING, "empty": NO_MESSAGE, "too_early": INVALID_CHECKOUT_REQUEST_ID}
"""The names that a scenario may use beside `4999`. Source: reference 3.2."""


def _result(state: DarajaState, transaction: Transaction, code: int | str, desc: str, identifier: str | None) -> Reply:
    """`ResultCode` is text here, and a number in the callback. Source: reference 3.2."""
    description = state.options.text("query_description")
    return Reply(
        200,
        dumps({
            "ResponseCode": "0",
            "ResponseDescription": f"The service request has been accepted {description}",
            "MerchantRequestID": transaction.request_id,
            "CheckoutRequestID": identifier or transaction.id,
            "ResultCode": str(code),
            "ResultDesc": desc,
        }),
    )  # fmt: skip


def _unknown(options: Options, checkout_request_id: str) -> Any:
    """Sources conflict: by default a malformed id is an invalid field, a well-formed one does not exist."""
    answer = options.text("query_unknown_id")
    if answer == "by_form":
        answer = "500.001.1001" if _WELL_FORMED.fullmatch(checkout_request_id) else "400.002.02"
    return INVALID_CHECKOUT_REQUEST_ID if answer == "400.002.02" else DOES_NOT_EXIST
