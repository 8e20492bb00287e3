"""`POST /mpesa/c2b/v2/registerurl`, and v1: the URLs for messages about a short code's payments. Reference 3.3."""

from __future__ import annotations

from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import (
    LONGEST_TEXT,
    URL_SCHEMA,
    Field,
    Fields,
    callback_url,
    one_of,
    short_code_field,
    text,
)
from tayari_simulator.apis.core.organisations import C2bUrls, Organisation
from tayari_simulator.catalogue.errors import ERRORS, Refused
from tayari_simulator.catalogue.gateway_pages import PAGES
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps

COMPLETED: Final = "Completed"
CANCELLED: Final = "Cancelled"
BAD_REQUEST: Final = ERRORS["400.003.02"]
"""C2B names no field when it refuses one. Source: reference 2.2, 3.3."""

_SAYS: Final = "reference 3.3"
SHORT_CODE: Final = short_code_field("ShortCode", "the pay bill or the till", _SAYS, refusal=BAD_REQUEST)
"""A field of all C2B calls."""
_ALREADY: Final = ERRORS["500.003.1001.urls_already_registered"]
_OTHER_PRODUCT: Final = ERRORS["401.003.01.no_apiproduct_match"]


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks."""
    free = options.says("c2b_response_type", "free_text")
    url = callback_url(options, words="c2b_url_words")
    choices = (COMPLETED, CANCELLED)
    rows = (
        SHORT_CODE,
        Field(name="ResponseType", read=text(LONGEST_TEXT) if free else one_of(choices), refusal=BAD_REQUEST,
              schema={"type": "string"} if free else {"enum": list(choices)}, source=_SAYS,
              about="what happens to a payment whose validation is not answered"),
        Field(name="ConfirmationURL", read=url, schema=URL_SCHEMA, refusal=BAD_REQUEST,
              about="the URL to which a payment that was made is confirmed", source="reference 1.9, 3.3"),
        Field(name="ValidationURL", read=url, schema=URL_SCHEMA, refusal=BAD_REQUEST,
              about="where a payment is asked about before it is made", source="reference 1.9, 3.3"),
    )  # fmt: skip
    return Fields(rows)


def register(state: DarajaState, exchange: JournalExchange, values: list[Any], *, version: str) -> Reply:
    """Answer a registration of version `v1` or `v2`. Raises Refused."""
    short_code, response_type, confirmation, validation = values
    check_version(state.options, version)
    organisation = state.organisations.find(short_code)
    if organisation is None:
        return unknown_short_code(exchange, short_code)
    if organisation.urls is not None and _registers_once(state, organisation):
        raise Refused(_ALREADY, note=f"{short_code} has URLs already; in production they are deleted on the portal")
    organisation.urls = C2bUrls(response_type=response_type, confirmation=confirmation, validation=validation)
    state.with_further_messages.add(short_code)
    return Reply(200, _acknowledgement(state))


def check_version(options: Options, version: str) -> None:
    """Refuse a call of the version that the app's product has not.

    Raises:
        Refused: 401.003.01.
    """
    product = options.text("c2b_product")
    if product not in ("any", version):
        raise Refused(_OTHER_PRODUCT, note=f"the app has C2B {product}, this is a call of {version}")


def unknown_short_code(exchange: JournalExchange, short_code: str) -> Reply:
    """What C2B answers about a short code that nobody has."""
    exchange.note = f"the short code {short_code} is unknown here"
    return PAGES["service_unreachable"].reply()


def _registers_once(state: DarajaState, organisation: Organisation) -> bool:
    return organisation.registers_once or state.options.says("c2b_register_again", "refuse")


def _acknowledgement(state: DarajaState) -> bytes:
    """The answer, in one of the forms that were seen; the first key is spelt as Daraja spells it."""
    form = state.options.text("c2b_register_ack")
    if form == "description_only":
        return dumps({"ResponseDescription": "Success"})
    if form == "empty_ids":
        return dumps({"ConversationID": "", "OriginatorCoversationID": "", "ResponseDescription": "success"})
    code, description = ("00000000", "success") if form == "eight_zeros" else ("0", "Success")
    return dumps({
        "OriginatorCoversationID": state.ids.request_id(),
        "ResponseCode": code,
        "ResponseDescription": description,
    })  # fmt: skip
