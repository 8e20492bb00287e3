"""Questions about a customer or an organisation. They are answered at once, and move no money.

IMSI, Swap and Age on Network (reference 3.16), validation of a mobile number (3.17), organisation info (3.18), B2C
Hakikisha (3.19). What is registered of a customer is invented, and always the same for one MSISDN: see `Subscriber`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from tayari_simulator.apis.core.customers import names_of
from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.apis.core.fields import (
    LONGEST_TEXT,
    Field,
    Fields,
    digits,
    msisdn,
    msisdn_field,
    one_of,
    one_of_numbers,
    short_code_field,
    text,
    text_field,
    timestamp,
)
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.catalogue.errors import Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.identifiers import EAT

NOBODY: Final = "404"
"""Numbers that end so have no customer. A rule of this simulator, so that every answer can be provoked."""
_NEVER: Final = date(1900, 1, 1)
"""How a SIM that was never swapped is written. Source: reference 3.16."""
_MISMATCH: Final = 4001
_MATCH: Final = 4000
_INITIALS: Final = "OCNMKHAW"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What is registered of one SIM. The rules are this simulator's own."""

    imsi: str
    registered: date
    swapped: date
    """When the SIM was last exchanged; 1900-01-01: never."""

    @classmethod
    def of(cls, number: str, today: date) -> Subscriber | None:
        """The subscriber of an MSISDN; None when it ends in 404.

        By the last digit: 0 was swapped yesterday, 1 to 4 two months after the registration, 5 to 9 never.
        """
        if number.endswith(NOBODY):
            return None
        if number in _EXAMPLES:
            return _EXAMPLES[number]
        registered = date(2012, 1, 1) + timedelta(days=int(number[-9:]) * 7 % 4000)
        last = int(number[-1])
        swapped = today - timedelta(days=1) if last == 0 else registered + timedelta(days=61) if last < 5 else _NEVER
        return cls(f"639020{number[-9:]}", registered, swapped)

    @staticmethod
    def id_number(number: str) -> str:
        """The number of the customer's identity document: the last eight digits of the MSISDN."""
        return number[-8:]


_EXAMPLES: Final = {"254711000111": Subscriber("6390200000000421", date(2022, 3, 1), date(2022, 5, 1))}
"""The customer of the reference's example (3.16), whose IMSI is one digit longer than a real one."""


def ati_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The one field that IMSI, Swap, Age on Network and the lookup have."""
    return Fields((msisdn_field("customerNumber", "the MSISDN, 2547... or 2541...", "reference 3.16"),))


def bare_status(exchange: JournalExchange, refused: Refused) -> Reply:  # noqa: ARG001 - the shape of a row
    """A refusal of these four: a status; what its body says is not documented. Source: reference 3.16."""
    return Reply(refused.spec.status, b"")


def _ati(
    state: DarajaState, exchange: JournalExchange, values: list[Any], *, keys: tuple[str, ...], time: bool = False
) -> Reply:
    (number,) = values
    exchange.msisdn = number
    subscriber = Subscriber.of(number, _now(exchange).date())
    if subscriber is None:
        exchange.note = f"no customer has {number}: it ends in {NOBODY}"
        return Reply(404, b"")
    clock = "" if not time else " 00:00" if subscriber.swapped == _NEVER else " 10:15"
    known = {
        "imsi": subscriber.imsi,
        "lastSwapDate": f"{subscriber.swapped:%d-%m-%Y}{clock}",
        "msisdnRegistrationDate": f"{subscriber.registered:%d-%m-%Y}",
        "customerNumber": number,
    }
    head = {"requestRefID": state.ids.request_id(), "responseCode": "200", "responseDesc": "Success"}
    return Reply(200, dumps(head | {key: known[key] for key in keys}))


imsi: Final = partial(_ati, keys=("imsi", "lastSwapDate", "msisdnRegistrationDate", "customerNumber"))
"""`/imsi/v1/checkATI`: the IMSI, the last swap and the registration."""
swap: Final = partial(_ati, keys=("lastSwapDate",), time=True)
"""`/imsi/v2/checkATI`: the last swap, with its time."""
age_on_network: Final = partial(_ati, keys=("msisdnRegistrationDate", "customerNumber"))
"""`/registration/lookup/v1/checkATI`: the registration. The answer is not documented; assumed from `imsi`."""
imsi_lookup: Final = partial(_ati, keys=("imsi", "customerNumber"))
"""`/imsi-lookup/v1/checkATI`: the IMSI. The answer is not documented; assumed from `imsi`."""


def kyc_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The fields of the validation of a mobile number."""
    source = "reference 3.17"
    rows = (
        text_field("requestRefID", "an id of the merchant's own; the answer repeats it", source),
        short_code_field("shortCode", "who asks", source),
        msisdn_field("msisdn", "the MSISDN, 2547... or 2541...", source),
        Field(name="idType", read=one_of(("01", "02", "05")), schema={"enum": ["01", "02", "05"]},
              about="01 national, 02 military, 05 passport", source=source),
        text_field("idNumber", "the number of the document", source, 40),
    )  # fmt: skip
    return Fields(rows)


def validate_id(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Whether the document belongs to the number. The answer to a match is not documented: assumed."""
    reference, _, number, _, document = values
    exchange.msisdn = number
    matches = not number.endswith(NOBODY) and document == Subscriber.id_number(number)
    if not matches:
        exchange.note = f"the document of {number} is {Subscriber.id_number(number)} here, its last eight digits"
    code = _MATCH if matches else _MISMATCH
    return Reply(
        200,
        dumps({
            "responseRefID": reference,
            "responseCode": str(code),
            "responseMessage": state.text_of(code, "kyc"),
            "status": matches,
        }),
    )  # fmt: skip


def organisation_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The fields of organisation info."""
    rows = (
        Field(name="IdentifierType", read=one_of_numbers((Identifier.SHORT_CODE, Identifier.TILL)),
              schema={"enum": ["2", "4", 2, 4]}, about="4 pay bill, 2 till", source="reference 3.18"),
        short_code_field("Identifier", "the short code", "reference 3.18"),
    )  # fmt: skip
    return Fields(rows)


def organisation_info(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Who has a short code. Of an unknown one the message is observed; its code, and the rest, are assumed."""
    kind, short_code = values
    found = state.organisations.find(short_code)
    conversation_id = state.ids.request_id()
    if found is None or found.till is not (kind == Identifier.TILL):
        exchange.note = f"no {'till' if kind == Identifier.TILL else 'pay bill'} has the number {short_code}"
        answer = {
            "ConversationID": conversation_id,
            "ResponseCode": str(_MISMATCH),
            "ResponseMessage": "Invalid Identifier",
            "DetailedMessage": "Invalid Identifier",
        }
        return Reply(200, dumps(answer))
    answer = {
        "ConversationID": conversation_id,
        "ResponseCode": state.options.text("organisation_info_code"),
        "ResponseMessage": "Success",
        "DetailedMessage": "Request received successfully",
        "OrganizationShortCode": short_code,
        "OrganizationName": found.name or "Example Shop",
        "ChargeProfileID": "20013",
    }
    return Reply(200, dumps(answer))


def hakikisha_fields(options: Options) -> Fields:  # noqa: ARG001 - the shape of a row
    """The two parts of the request."""
    strings = {"type": ["string", "integer"]}
    rows = (
        Field(name="header", read=_hakikisha_header, about="requestID, and timestamp as YYYYMMDDHHmmss",
              schema={"type": "object", "required": ["requestID", "timestamp"],
                      "properties": {"requestID": strings, "timestamp": strings}}, source="reference 3.19"),
        Field(name="body", read=_hakikisha_body, about="msisdn of the customer, and shortcode of who asks",
              schema={"type": "object", "required": ["msisdn", "shortcode"],
                      "properties": {"msisdn": strings, "shortcode": strings}}, source="reference 3.19"),
    )  # fmt: skip
    return Fields(rows)


def hakikisha(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """The customer's name, masked but for the first one."""
    request_id, (number, _) = values
    exchange.msisdn = number
    header = {"requestID": request_id, "timestamp": f"{_now(exchange):%Y%m%d%H%M%S}"}
    if number.endswith(NOBODY):
        exchange.note = f"no customer has {number}: it ends in {NOBODY}"
        header |= {"status": "400", "message": "Failed"}
        status = int(state.options.text("hakikisha_unknown_status"))
        return Reply(status, dumps({"header": header, "body": {"message": "The customer does not exist."}}))
    first, last = names_of(number)
    header |= {"status": "200", "message": "Success"}
    middle = _INITIALS[int(number[-2:]) % len(_INITIALS)]
    body = {"firstName": first, "middleName": f"{middle}******", "lastName": f"{last[0]}******"}
    return Reply(200, dumps({"header": header, "body": body}))


def _hakikisha_header(value: Any) -> str | None:
    """The request id, when the time beside it is one."""
    if type(value) is not dict or timestamp(value.get("timestamp")) is None:
        return None
    found: str | None = text(LONGEST_TEXT)(value.get("requestID"))
    return found


def _hakikisha_body(value: Any) -> tuple[str, str] | None:
    """MSISDN and short code."""
    if type(value) is not dict:
        return None
    number, short_code = msisdn(value.get("msisdn")), digits(5, 7)(value.get("shortcode"))
    return (number, short_code) if number is not None and short_code is not None else None


def _now(exchange: JournalExchange) -> datetime:
    return datetime.fromtimestamp(exchange.at_s, EAT)
