"""Daraja's refusals as data: one row for each error of the API, its envelope and its words.

A row's name is its code and what it says (`500.001.1001.wrong_credentials`). Where a code has one meaning only, the
code alone finds it too. Gateway envelopes and HTML pages, which are not Daraja's own, are in
`catalogue/gateway_pages.py`. `REFUSALS` lists all of them: every way in which a call is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tayari_simulator.catalogue import customer_texts as say
from tayari_simulator.catalogue.advice import Advice
from tayari_simulator.catalogue.customer_texts import Phrase
from tayari_simulator.catalogue.gateway_pages import GATEWAY_FAULTS, PAGES, EdgeAnswer
from tayari_simulator.catalogue.provenance import Mark
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import dumps

REQUEST_ID: Final = "@request-id@"
"""Stands for the request id in a reply that is made before one is drawn; the core puts a real one in."""


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """One refusal. `message` may hold `{field}`, `{method}` or `{token}`; None: the envelope has no message."""

    name: str
    status: int
    code: str
    message: str | None
    when: str
    mark: Mark
    source: str
    say: Phrase
    """What the customer should be told."""
    retry: str
    empty_request_id: bool = False

    def body(self, request_id: str = REQUEST_ID, **fill: str) -> bytes:
        """The envelope as bytes; `fill` are the values for the braces of the message."""
        envelope = {"requestId": "" if self.empty_request_id else request_id, "errorCode": self.code}
        if self.message is not None:
            envelope["errorMessage"] = self.message.format_map(_Fill(fill)) if "{" in self.message else self.message
        return dumps(envelope)

    def reply(self, request_id: str = REQUEST_ID, **fill: str) -> Reply:
        """The refusal, ready to be written."""
        return Reply(self.status, self.body(request_id, **fill))


class _Fill(dict[str, str]):
    """Values for a message; a row that is used without one shows the usual example."""

    def __missing__(self, key: str) -> str:
        return {"field": "BusinessShortCode", "method": "GET"}.get(key, "")


class Refused(Exception):
    """The caller's fault: answered in Daraja's words. `note` is for the journal and says what was wrong."""

    def __init__(self, spec: ErrorSpec, *, note: str = "", request_id: str = "", **fill: str) -> None:
        super().__init__(spec.name)
        self.spec = spec
        self.note = note
        self.request_id = request_id
        """Empty: one is drawn."""
        self.fill = fill


_D, _O, _X = Mark.DOCUMENTED, Mark.OBSERVED, Mark.DISPUTED

ERROR_LIST: Final = (
    ErrorSpec("400.002.02.invalid_field", 400, "400.002.02", "Bad Request - Invalid {field}",
              "a field is missing or malformed", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("400.002.02.invalid_callbackurl", 400, "400.002.02", "Bad Request - Invalid CallBackURL",
              "the callback URL cannot be used", _O, "reference 1.9", say.STAFF, "after fix"),
    ErrorSpec("400.002.02.invalid_phone_number", 400, "400.002.02", "Bad Request - Invalid PhoneNumber",
              "the number is not 2547... or 2541...", _D, "reference 3.1", say.PHONE, "after fix"),
    ErrorSpec("400.002.02.invalid_amount", 400, "400.002.02", "Bad Request - Invalid Amount",
              "decimals, zero, negative or above the limit", _D, "reference 3.1", say.AMOUNT, "after fix"),
    ErrorSpec("400.002.02.invalid_remarks", 400, "400.002.02", "Bad Request - Invalid Remarks",
              "TransactionDesc is missing", _O, "reference 3.1, 6-10", say.STAFF, "after fix"),
    ErrorSpec("400.002.02.invalid_checkout_request_id", 400, "400.002.02", "Bad Request - Invalid CheckoutRequestID",
              "queried too early, or the id is malformed", _O, "reference 3.2, 6-11", say.WAITING, "poll"),
    ErrorSpec("400.002.05.invalid_request_payload", 400, "400.002.05", "Invalid Request Payload",
              "the body is not the expected JSON", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("400.001.invalid_short_code", 400, "400.001", "Invalid ShortCode",
              "pull transactions: the short code is wrong", _D, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("400.003.01.invalid_access_token", 400, "400.003.01", "Invalid Access Token",
              "bad token on C2B and transaction status", _D, "reference 1.4", say.UNAVAILABLE, "new token"),
    ErrorSpec("400.003.02.bad_request", 400, "400.003.02", "Bad Request",
              "C2B and status; a refused word in a C2B URL", _D, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("400.008.01.invalid_authentication", 400, "400.008.01", "Invalid Authentication passed",
              "OAuth: the scheme is not Basic, or the header is missing", _D, "reference 1.3", say.STAFF, "after fix"),
    ErrorSpec("400.008.02.invalid_grant_type", 400, "400.008.02", "Invalid grant type passed",
              "OAuth: grant_type is missing or not client_credentials", _D, "reference 1.3", say.STAFF, "after fix"),
    ErrorSpec("401.unauthorized", 401, "401", "Unauthorized - Invalid Access Token", "bad token on Bill Manager", _O,
              "reference 1.4", say.NOTHING, "new token"),
    ErrorSpec("401.001.invalid_access_token", 401, "401.001", "Invalid Access Token", "bad token on pull and QR", _D,
              "reference 1.4", say.NOTHING, "new token"),
    ErrorSpec("401.002.01.invalid_access_token", 401, "401.002.01", "Error Occurred - Invalid Access Token - {token}",
              "bad token on B2C and account balance", _D, "reference 1.4", say.UNAVAILABLE, "new token"),
    ErrorSpec("401.003.01.no_apiproduct_match", 401, "401.003.01",
              "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found",
              "the token is good, the product is not on the app", _O, "reference 1.4", say.STAFF, "after fix"),
    ErrorSpec("401.003.01.invalid_access_token", 401, "401.003.01", "Error Occurred - Invalid Access Token - {token}",
              "bad token on C2B, as seen", _O, "reference 1.4", say.NOTHING, "new token"),
    ErrorSpec("403.002.1001.not_authorized", 403, "403.002.1001", "You are not authorized to initiate this transaction",
              "the caller's address or app is not allowed", _O, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("404.001.01.resource_not_found", 404, "404.001.01", "Resource not found",
              "unknown path, STK family", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("404.002.01.resource_not_found", 404, "404.002.01", "Resource not found",
              "unknown path, B2C family", _D, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("404.003.01.resource_not_found", 404, "404.003.01", "Resource not found",
              "unknown path, C2B and status families", _D, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("404.001.03.invalid_access_token", 404, "404.001.03", "Invalid Access Token",
              "bad or expired token on STK push and query; also a product that is not on the app", _D,
              "reference 1.4, 6-4", say.UNAVAILABLE, "new token", empty_request_id=True),
    ErrorSpec("404.001.03.invalid_access_token.with_request_id", 404, "404.001.03", "Invalid Access Token",
              "bad or expired token on STK push and query, the older form", _O, "reference 1.4",
              say.UNAVAILABLE, "new token"),
    ErrorSpec("404.001.03.invalid_access_token.status_401", 401, "404.001.03", "Invalid Access Token",
              "bad or expired token on STK push and query, with the status that some clients expect",
              _X, "reference 6-4", say.UNAVAILABLE, "new token", empty_request_id=True),
    ErrorSpec("404.001.04.invalid_authentication_header", 404, "404.001.04", "Invalid Authentication Header",
              "the Authorization header is absent or malformed", _D, "reference 1.4", say.STAFF, "after fix"),
    ErrorSpec("405.001.method_not_allowed", 405, "405.001", "{method} Method Not Allowed",
              "wrong HTTP method", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("500.001.1001.merchant_does_not_exist", 500, "500.001.1001", "Merchant does not exist",
              "the short code is unknown", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("500.001.1001.wrong_credentials", 500, "500.001.1001", "Wrong credentials",
              "Password is not base64(short code + passkey + Timestamp)", _D, "reference 2.2", say.STAFF, "after fix"),
    ErrorSpec("500.001.1001.unable_to_lock_subscriber", 500, "500.001.1001",
              "Unable to lock subscriber, a transaction is already in process for the current subscriber",
              "another prompt is open on the phone", _D, "reference 3.1", say.OTHER_PROMPT, "after a wait"),
    ErrorSpec("500.001.1001.processing", 500, "500.001.1001", "The transaction is being processed",
              "STK query in flight", _O, "reference 3.2", say.WAITING, "poll"),
    ErrorSpec("500.001.1001.does_not_exist", 500, "500.001.1001", "The transaction does not Exist",
              "STK query of an unknown id", _O, "reference 3.2", say.UNCONFIRMED, "ask first"),
    ErrorSpec("500.001.1001.no_message", 500, "500.001.1001", None,
              "STK query in flight, or at random", _O, "reference 3.2", say.WAITING, "poll"),
    ErrorSpec("500.001.1001.internal_server_error", 500, "500.001.1001", "Internal Server Error",
              "internal failure of a reversal", _D, "reference 2.2", say.NOTHING, "ask first"),
    ErrorSpec("500.002.1001.duplicate_originator_conversation_id", 500, "500.002.1001",
              "Duplicate OriginatorConversationID.", "B2C v3: the first request was accepted", _D, "reference 2.2",
              say.NOTHING, "ask first"),
    ErrorSpec("500.002.1001.system_internal_error", 500, "500.002.1001", "System internal error.",
              "internal failure of M-Pesa, under the code of a duplicate: only the message distinguishes them", _O,
              "reference 9", say.UNCONFIRMED, "ask first"),
    ErrorSpec("500.003.02.system_busy", 500, "500.003.02", "System is busy. Please try again in few minutes.",
              "overload of M-Pesa", _D, "reference 2.2", say.BUSY, "backoff"),
    ErrorSpec("500.003.02.spike_arrest", 500, "500.003.02", "Error Occurred: Spike Arrest Violation",
              "too many calls in a short time", _D, "reference 2.2", say.BUSY, "backoff"),
    ErrorSpec("500.003.03.quota_violation", 500, "500.003.03", "Quota Violation",
              "the quota of calls is used up", _D, "reference 2.2", say.BUSY, "backoff"),
    ErrorSpec("500.003.03.quota_violation.long", 500, "500.003.03", "Error Occurred: Quota Violation",
              "the quota of calls is used up, in the longer wording", _D, "reference 2.2", say.BUSY, "backoff"),
    ErrorSpec("500.003.1001.internal_server_error", 500, "500.003.1001", "Internal Server Error",
              "internal failure of any API: the outcome is unknown", _D, "reference 2.2", say.UNCONFIRMED, "ask first"),
    ErrorSpec("500.003.1001.urls_already_registered", 500, "500.003.1001", "Urls are already registered.",
              "C2B register repeated in production", _D, "reference 2.2", say.NOTHING, "no"),
    ErrorSpec("500.003.1001.duplicate_notification_info", 500, "500.003.1001",
              "Duplicate notification info, SP ID is 107071, correlator is 600984",
              "URLs still registered on the aggregator platform", _D, "reference 2.2", say.NOTHING, "after fix"),
    ErrorSpec("00.002.1001.under_maintenance", 503, "00.002.1001",
              "Service is currently under maintenance. Please try again later",
              "M-Pesa is under maintenance; the HTTP status is not known, 503 is assumed", Mark.ASSUMED,
              "reference 2.2", say.MAINTENANCE, "backoff"),
)  # fmt: skip


def _named(rows: tuple[ErrorSpec, ...]) -> dict[str, ErrorSpec]:
    """By name, and by code where the rows of the code are one refusal and its variants (the first is the usual one)."""
    names = {row.name: row for row in rows}
    for row in rows:
        same = [other for other in rows if other.code == row.code]
        if all(f"{other.name}.".startswith(f"{same[0].name}.") for other in same):
            names.setdefault(row.code, same[0])
    return names


ERRORS: Final[Mapping[str, ErrorSpec]] = MappingProxyType(_named(ERROR_LIST))

INVALID_FIELD: Final = ERRORS["400.002.02.invalid_field"]
INVALID_CHECKOUT_REQUEST_ID: Final = ERRORS["400.002.02.invalid_checkout_request_id"]
INVALID_PAYLOAD: Final = ERRORS["400.002.05"]
INVALID_AUTHENTICATION: Final = ERRORS["400.008.01"]
INVALID_GRANT_TYPE: Final = ERRORS["400.008.02"]
INVALID_TOKEN: Final = ERRORS["404.001.03"]
INVALID_TOKEN_WITH_ID: Final = ERRORS["404.001.03.invalid_access_token.with_request_id"]
INVALID_TOKEN_401: Final = ERRORS["404.001.03.invalid_access_token.status_401"]
INVALID_AUTHENTICATION_HEADER: Final = ERRORS["404.001.04"]
METHOD_NOT_ALLOWED: Final = ERRORS["405.001"]
MERCHANT_DOES_NOT_EXIST: Final = ERRORS["500.001.1001.merchant_does_not_exist"]
WRONG_CREDENTIALS: Final = ERRORS["500.001.1001.wrong_credentials"]
SUBSCRIBER_LOCKED: Final = ERRORS["500.001.1001.unable_to_lock_subscriber"]
PROCESSING: Final = ERRORS["500.001.1001.processing"]
DOES_NOT_EXIST: Final = ERRORS["500.001.1001.does_not_exist"]
NO_MESSAGE: Final = ERRORS["500.001.1001.no_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal and what to make of it.

    `code` is the `errorCode`, the gateway's own code, or the page's name; `text` is what it says, and may hold
    `{field}`, `{method}` or `{token}`; empty: it says nothing.
    """

    kind: str
    """`error` (Daraja's envelope) or `gateway` (the gateway and the edge before it)."""
    name: str
    code: str
    status: int
    text: str
    meaning: str
    advice: Advice
    mark: Mark
    source: str

    def to_dict(self) -> dict[str, object]:
        """The row as the control API shows it."""
        return {
            "name": self.name,
            "code": self.code,
            "status": self.status,
            "text": self.text,
            "meaning": self.meaning,
            "say": {"en": self.advice.say_en, "sw": self.advice.say_sw},
            "retry": self.advice.retry,
            "mark": str(self.mark),
            "source": self.source,
        }

    def words(self) -> frozenset[str]:
        """What finds it: its name, its code, its HTTP status."""
        return frozenset({self.name, self.code, str(self.status)})

    def says(self, text: str) -> bool:
        """Whether `text` is what this refusal says, whatever field, method or token it names."""
        return re.fullmatch(re.sub(r"\\\{\w+\\\}", ".*", re.escape(self.text)), text) is not None


def _all() -> Iterator[Refusal]:
    for error in ERROR_LIST:
        yield _refusal("error", error, error.code, error.message or "")
    for fault in GATEWAY_FAULTS.values():
        code, text = _fault_of(fault.body)
        yield _refusal("gateway", fault, code or fault.name, text)
    for page in PAGES.values():
        yield _refusal("gateway", page, page.name, _plain(page.body))


def _refusal(kind: str, row: ErrorSpec | EdgeAnswer[Any], code: str, text: str) -> Refusal:
    return Refusal(
        kind=kind, name=row.name, code=code, status=row.status, text=text, meaning=row.when,
        advice=Advice.of(row.say, row.retry), mark=row.mark, source=row.source,
    )  # fmt: skip


def _fault_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """The gateway's own code and text in a body: its `fault`, or a SOAP fault as JSON; empty: there is none."""
    fault = body.get("fault")
    detail = _inside(fault, "detail")
    if fault is None:
        fault = _inside(body, "Envelope", "Body", "Fault")
        detail = _inside(fault, "detail", "source")
    return str(_inside(detail, "errorcode") or ""), str(_inside(fault, "faultstring") or "")


def _inside(value: object, *keys: str) -> object:
    """The value under these keys; None if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _plain(page: str) -> str:
    """What a page says to a reader: its text without the marks."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<title>.*?</title>", "", page)).split())


REFUSALS: Final[tuple[Refusal, ...]] = tuple(_all())


@dataclass(frozen=True, slots=True)
class RecognisedRefusal:
    """What an answered body was: the code and text as they were sent, and the row, if it is one that is known."""

    code: str
    text: str
    row: Refusal | None


def recognise(status: int, body: str) -> RecognisedRefusal | None:
    """Which refusal an answer was, of its HTTP status and body; None: it is no refusal in any known form."""
    if status < 400:
        return None
    try:
        read = json.loads(body)
    except ValueError:
        page = next((row for row in REFUSALS if row.kind == "gateway" and row.text and row.text == _plain(body)), None)
        return RecognisedRefusal(page.code, page.text, page) if page else None
    if not isinstance(read, Mapping):
        return None
    if code := str(read.get("errorCode") or ""):
        text = str(read.get("errorMessage") or "")
        row = _error(code, text, status)
        return RecognisedRefusal(code, row.text if row and "{token}" in row.text else text, row)
    code, text = _fault_of(read)
    row = next((row for row in REFUSALS if row.kind == "gateway" and row.code == code), None)
    return RecognisedRefusal(code, text, row) if code else None


def _error(code: str, text: str, status: int) -> Refusal | None:
    """The row of a code that says this, rather one without a `{field}`; or the only row of the code."""
    rows = [row for row in REFUSALS if row.kind == "error" and row.code == code]
    fits = sorted((row for row in rows if row.says(text)), key=lambda row: ("{" in row.text, row.status != status))
    return fits[0] if fits else rows[0] if len({row.text for row in rows}) == 1 else None
