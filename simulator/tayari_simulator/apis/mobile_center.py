"""Mobile Center, offers of data bundles: a stub. Source: reference 3.23, of low confidence.

It is outside of payments. Paths and request fields are the reference's; every answer is assumed, and nothing is kept.
"""

from __future__ import annotations

from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import Field, Fields, msisdn_field, text_field
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps

_PURCHASE: Final = ("offeringId", "paymentMode", "accountId", "price", "resourceAmount", "validity", "transactionId")
_SAYS: Final = "reference 3.23"
_MSISDN: Final = msisdn_field("msisdn", "the MSISDN, 2547... or 2541...", _SAYS)


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(text_field(name, "text or a number", _SAYS) for name in names)


def fetch_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """Of the offers: the MSISDN, in the URL's query."""
    return Fields((_MSISDN,))


def purchase_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """Of a purchase."""
    return Fields((_MSISDN, *_texts(*_PURCHASE)))


def status_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """Of the status of a bundle."""
    return Fields(_texts("id", "serviceAccountId"))


def fetch(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """One offer, the same for everybody."""
    exchange.msisdn = values[0]
    offer = {"offeringId": "1", "name": "Example bundle", "price": "50", "resourceAmount": "1024", "validity": "24"}
    return _answer(state, {"offers": [offer]})


def purchase(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Every purchase succeeds; no money moves."""
    exchange.msisdn = values[0]
    return _answer(state, {"transactionId": values[-1], "status": "Success"})


def status(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:  # noqa: ARG001 - the shape of a handler
    """Every bundle is active."""
    return _answer(state, {"id": values[0], "status": "Active"})


def _answer(state: DarajaState, body: dict[str, Any]) -> Reply:
    head = {"requestRefID": state.ids.request_id(), "responseCode": "200", "responseDesc": "Success"}
    return Reply(200, dumps(head | body))
