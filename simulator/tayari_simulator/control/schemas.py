"""What the control API is sent: a dataclass for each body and each query, whose annotations are the schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import orjson
from aiohttp import web
from tayari_formats.problems import Complaint, Path, describe

from tayari_simulator.control.endpoint import ControlRefusal
from tayari_simulator.faults.base import ResultCode
from tayari_simulator.scenarios.mix import BadMix, parse_mix
from tayari_simulator.scenarios.values import CallName, EndpointName, Msisdn, Party, Text, name_of
from tayari_simulator.state.behaviour import Call
from tayari_simulator.state.exchange import ExchangeKind
from tayari_simulator.state.handsets import Language, Press
from tayari_simulator.state.ledger import Account
from tayari_simulator.strict_reading import (
    AtLeast,
    AtMost,
    Count,
    ReadWith,
    Seconds,
    SecondsOrNone,
    read_record,
    read_value,
    text_with,
)
from tayari_simulator.transport.wait_conditions import CONDITIONS

T = TypeVar("T")
Shillings = Annotated[int, AtLeast(0), AtMost(1_000_000_000)]
MessageName = Annotated[str, ReadWith(name_of(Call.MESSAGES))]

DEEPEST: Final = 100
"""How many levels of lists and objects a body may have."""
MOST_SEQ: Final = 2**63 - 1
"""The largest number that the journal's file can hold."""
_NUMBERS: Final = frozenset(("since", "until", "limit", "latest"))

ABSENT: Final = object()
"""A key that was not sent, where null is a value too."""


def _headers(value: object, path: Path, complaints: list[Complaint]) -> object:
    rows = value.items() if isinstance(value, dict) else [("", None)]
    if all(isinstance(text, str) and name and not set("\r\n") & set(name + text) for name, text in rows):
        return value
    complaints.append(Complaint(path, "expected a mapping of header names to one line of text each"))
    return None


def _nominated(value: object, path: Path, complaints: list[Complaint]) -> object:
    return "" if value == "" else read_value(Msisdn, value, path, complaints)


def _mix(value: object, path: Path, complaints: list[Complaint]) -> object:
    """Weights by name, from `NAME=WEIGHT,...` or from a mapping; null: no mix."""
    if value is None:
        return None
    try:
        weights = parse_mix(value) if isinstance(value, str) else value
    except BadMix as error:
        complaints.append(Complaint(path, str(error)))
        return None
    rows = weights.items() if isinstance(weights, dict) else [("", None)]
    if all(isinstance(weight, int | float) and not isinstance(weight, bool) for _, weight in rows):
        return weights
    complaints.append(Complaint(path, f"found {describe(value)}; expected NAME=WEIGHT,... or numbers by name, or null"))
    return None


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://")) and not set(" \r\n") & set(text)


def _is_pin(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdigit()


AnyText = Annotated[str, ReadWith(text_with(lambda _: True, "text"))]
OneLine = Annotated[
    str, ReadWith(text_with(lambda text: text.isprintable() and text.isascii(), "one line of ASCII text"))
]
Url = Annotated[str, ReadWith(text_with(_is_url, "http://... or https://..."))]
Pin = Annotated[str, ReadWith(text_with(_is_pin, "four digits as text"))]


class CallbackMethod(StrEnum):
    """How a callback can be sent: Daraja posts; the others test what a merchant does with them."""

    POST = "POST"
    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    DELETE = "DELETE"


Condition = Annotated[str, ReadWith(name_of(CONDITIONS))]
"""What can be waited for."""


class OutageKind(StrEnum):
    """How the Daraja port can be out of order."""

    REFUSE = "refuse"
    SILENT = "silent"


class To(StrEnum):
    """Where a clock can be advanced to."""

    NEXT = "next"


class Until(StrEnum):
    """Until when a clock can be advanced."""

    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Nothing:
    """A body without keys."""


@dataclass(frozen=True, slots=True)
class LoadScenario:
    """`POST /v1/scenarios`."""

    yaml: AnyText
    file: Text = "inline.yaml"


@dataclass(frozen=True, slots=True)
class Activate:
    """`PUT /v1/scenarios/active`."""

    scenario: Text | None


@dataclass(frozen=True, slots=True)
class Blend:
    """`POST /v1/mix`."""

    mix: Annotated[object, ReadWith(_mix)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayNext:
    """`POST /v1/next`."""

    scenario: object
    msisdn: Party | None = None
    endpoint: EndpointName | None = None
    times: Annotated[int, AtLeast(1), AtMost(10_000)] = 1
    hold_s: Annotated[float, AtLeast(0), AtMost(600)] = 0.0


@dataclass(frozen=True, slots=True)
class Outage:
    """`POST /v1/outage`."""

    kind: OutageKind
    for_s: Annotated[float, AtLeast(0.001), AtMost(3600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`POST /v1/hold`. Any number: a merchant may push to one that is no Kenyan phone."""

    msisdn: Text
    for_s: Annotated[float, AtLeast(0), AtMost(600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BringResult:
    """`POST /v1/results`."""

    checkout_request_id: Text
    """The id of the transaction, whichever API it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayC2b:
    """`POST /v1/c2b`."""

    short_code: Text
    msisdn: Msisdn
    amount: Annotated[int, AtLeast(1), AtMost(1_000_000_000)]
    reference: AnyText = ""
    buy_goods: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOrganisation:
    """`PUT /v1/organisations/SHORT_CODE`."""

    validates: bool | None = None
    """Whether C2B payments are validated by the merchant first."""
    active: bool | None = None
    """False: suspended."""
    confirms_pushes: bool | None = None
    """Whether payments by STK push are confirmed to the C2B URLs as well."""
    lists_pushes: bool | None = None
    """Whether pull transactions list payments by STK push as well."""
    top_up: Annotated[int, AtLeast(1), AtMost(1_000_000_000)] | None = None
    """Shillings that are added to the account."""
    account: Account = Account.UTILITY
    largest_amount: Shillings | None = None
    daily_payout: Shillings | None = None
    """Limits of one payment to it or payout by it, and of what it pays out in a day; 0: none of its own."""
    nominated_number: Annotated[str, ReadWith(_nominated)] | None = None
    """The phone that a till's prompts go to; empty: none."""
    initiator: Text | None = None
    expired: bool | None = None
    """Whether the password of this initiator has expired; either way wrong passwords are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldHandset:
    """`PUT /v1/handsets/MSISDN`."""

    pin: Pin | None = None
    language: Language | None = None
    reachable: bool | None = None
    balance: Shillings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPrompt:
    """`POST /v1/handsets/MSISDN/answer`."""

    press: Press
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Wallet:
    """`PUT /v1/wallets/MSISDN`."""

    balance: Shillings


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """`POST /v1/clock/advance`."""

    by_s: Seconds | None = None
    to: To | None = None
    until: Until | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """`POST /v1/wait`."""

    for_: Condition
    msisdn: Text | None = None
    checkout_request_id: Text | None = None
    count: Count = 1
    since: Annotated[int, AtLeast(0), AtMost(MOST_SEQ)] = 0
    timeout_s: Annotated[float, AtLeast(0), AtMost(600)] = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCallback:
    """`POST /v1/callbacks`."""

    checkout_request_id: Text | None = None
    """The id of the transaction, whichever API it is of."""
    kind: EndpointName | None = None
    """For a transaction that never was: the call that would have made it. None: an STK push."""
    message: MessageName | None = None
    """Which of the transaction's messages, where it has several. None: the one that carries its result."""
    url: Url | None = None
    scenario: Text | None = None
    msisdn: Msisdn | None = None
    amount: Count | None = None
    result_code: ResultCode | None = None
    body: object = ABSENT
    raw: AnyText | None = None
    set: Mapping[str, object] = field(default_factory=dict)
    drop: tuple[Text, ...] = ()
    order: tuple[Text, ...] = ()
    method: CallbackMethod = CallbackMethod.POST
    content_type: OneLine = "application/json;charset=UTF-8"
    headers: Annotated[Mapping[str, str], ReadWith(_headers)] = field(default_factory=dict)
    source: OneLine | None = None
    times: Annotated[int, AtLeast(1), AtMost(1000)] = 1
    gap_s: SecondsOrNone = 0.0
    parallel: bool = False
    timeout_s: Annotated[float, AtLeast(0.05), AtMost(120)] = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAccount:
    """`POST /v1/hakikisha`: the partner is asked whose account this is."""

    token_url: Url
    url: Url
    key: OneLine
    secret: OneLine
    account: Text
    short_code: Text
    timeout_s: Annotated[float, AtLeast(0.05), AtMost(120)] = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsWhere:
    """Query of `GET /v1/payments`."""

    msisdn: Text | None = None
    checkout_request_id: Text | None = None
    reference: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalWhere:
    """Query of `GET /v1/journal`."""

    msisdn: Text | None = None
    checkout_request_id: Text | None = None
    reference: Text | None = None
    endpoint: CallName | None = None
    kind: ExchangeKind | None = None
    since: Annotated[int, AtLeast(0), AtMost(MOST_SEQ)] = 0
    until: Annotated[int, AtLeast(0), AtMost(MOST_SEQ)] | None = None
    limit: Annotated[int, AtLeast(1), AtMost(10_000)] = 1000


async def read_body(request: web.Request, kind: type[T]) -> T:
    """Read the JSON body of a control request; no body is the same as `{}`.

    Raises:
        ControlRefusal: 400, with everything that is wrong with it.
    """
    raw = await request.read()
    try:
        value = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise ControlRefusal(400, "bad_json", f"the body is not JSON: {error}; send a JSON object") from error
    if _deeper_than(value, DEEPEST):
        raise ControlRefusal(
            400, "bad_json", f"the body is nested deeper than {DEEPEST} levels; a callback may be so as raw text"
        )
    return _record(kind, value, "bad_body")


def read_query(request: web.Request, kind: type[T]) -> T:
    """Read the query of a control request.

    Raises:
        ControlRefusal: 400, with everything that is wrong with it.
    """
    twice = [key for key in request.query if len(request.query.getall(key)) > 1]
    if twice:
        raise ControlRefusal(400, "bad_query", f"{twice[0]}: given more than once; give it once")
    values = {key: _number_or_text(key, text) for key, text in request.query.items()}
    return _record(kind, values, "bad_query")


def _number_or_text(key: str, text: str) -> int | str:
    """The value of a query's key. More digits than a journal has numbers stay text, and are refused as such."""
    is_number = key in _NUMBERS and text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SEQ))
    return int(text) if is_number else text


def _deeper_than(value: object, levels: int) -> bool:
    """Whether lists and objects nest deeper than that. Without recursion, which has a bound itself."""
    row = [value]
    for _ in range(levels):
        row = [
            inner
            for outer in row
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not row:
            return False
    return any(isinstance(inner, dict | list) for inner in row)


def _record(kind: type[T], value: object, code: str) -> T:
    complaints: list[Complaint] = []
    found = read_record(kind, value, (), complaints)
    if found is None:
        raise ControlRefusal(400, code, "; ".join(map(str, complaints)))
    return found
