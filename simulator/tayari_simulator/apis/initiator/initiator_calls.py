"""What all initiator APIs have in common: fields, acknowledgement, the check of the initiator, the result.

Source: reference 3.0.

An API of this family is its field table, its `decide` and `settle`, and the parameters of its result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from tayari_simulator.apis.core.customers import public_name
from tayari_simulator.apis.core.daraja_state import DarajaState, Result
from tayari_simulator.apis.core.execution import begin, choose, first_due_s
from tayari_simulator.apis.core.fields import (
    Field,
    Read,
    Schema,
    amount,
    callback_url,
    digits,
    numeric_schema,
    one_of,
    one_of_numbers,
    text,
    text_field,
)
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.apis.core.security_credential import LONGEST_KEPT, REMEMBERED, is_base64
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Play, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Status, Transaction

ACCEPTED: Final = "Accept the service request successfully."
LARGEST: Final = 999_999_999
"""Above this an amount is malformed; whether M-Pesa moves it is decided later. Assumed."""
LONGEST_REMARKS: Final = 100
_SAYS: Final = "reference 3.0"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d+)?")

Row = dict[str, object]
"""`Key` and `Value` of one parameter. An element without text arrives without a `Value` (reference 1.6)."""


def credential(value: Any) -> str | None:
    """Base64. Only the result says whether it can be decrypted, and with which password. Source: reference 1.7."""
    if type(value) is not str:
        return None
    judged = _judged_before if len(value) <= LONGEST_KEPT else is_base64
    return value if judged(value) else None


_judged_before: Final = lru_cache(maxsize=REMEMBERED)(is_base64)
"""Merchants send the same credential until the password changes."""


def command_field(commands: Sequence[str], source: str) -> Field:
    """`CommandID`, exactly one of these."""
    return Field(name="CommandID", read=one_of(commands), schema={"enum": list(commands)}, about="what is asked for",
                 source=source)  # fmt: skip


def initiator_fields(*, called: str = "Initiator") -> tuple[Field, ...]:
    """The initiator and its credential, in this order."""
    sealed: Schema = {"type": "string", "contentEncoding": "base64", "minLength": 1}
    return (
        text_field(called, "the API user of the organisation", _SAYS, LONGEST_REMARKS),
        Field(name="SecurityCredential", read=credential, schema=sealed,
              about="the initiator's password, encrypted with the certificate, as base64", source="reference 1.7"),
    )  # fmt: skip


def amount_field(options: Options) -> Field:
    """`Amount` in whole shillings."""
    schema: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+$"}]}
    return Field(name="Amount", read=amount(options, LARGEST), about="whole shillings", source=_SAYS, schema=schema)


def identifier_field(name: str, allowed: Sequence[Identifier], about: str, source: str = _SAYS) -> Field:
    """An `IdentifierType`, as text or as a number."""
    words = [str(row) for row in allowed]
    schema: Schema = {"anyOf": [{"enum": words}, {"enum": [int(word) for word in words]}]}
    return Field(name=name, read=one_of_numbers(words), schema=schema, about=about, source=source)


def short_code_field(name: str, about: str) -> Field:
    """A short code of five to seven digits."""
    return Field(name=name, read=digits(5, 7), schema=numeric_schema(r"^\d{5,7}$"), about=about, source=_SAYS)


def closing_fields(options: Options, *, occasion: str = "Occasion") -> tuple[Field, ...]:
    """Remarks, the two URLs, and the optional occasion under the spelling of this API."""
    url = callback_url(options)
    url_schema: Schema = {"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s<>]+$"}
    return (
        Field(name="Remarks", read=remarks, schema={"type": "string", "minLength": 2, "maxLength": LONGEST_REMARKS},
              about="2 to 100 characters", source="reference 3.4"),
        Field(name="QueueTimeOutURL", read=url, schema=url_schema, about="called when the request waits too long",
              source=_SAYS),
        Field(name="ResultURL", read=url, schema=url_schema, about="where the result is sent", source=_SAYS),
        text_field(occasion, "optional; this spelling", "reference 1.1, 6-26", LONGEST_REMARKS, required=False),
    )  # fmt: skip


def remarks(value: Any) -> str | None:
    """Text of 2 to 100 characters. Source: reference 3.4, 3.10."""
    read = _REMARKS(value)
    return read if read is not None and len(read) >= 2 else None


_REMARKS: Final[Read] = text(LONGEST_REMARKS)


@dataclass(slots=True, kw_only=True)
class Request:
    """The fields that every initiator API has, after they were read. Not frozen: to make a frozen one costs 2 us."""

    call: str
    command: str
    initiator: str
    credential: str
    amount: int
    party_a: str
    """The organisation that asks."""
    party_b: str
    msisdn: str = ""
    """The customer, where one takes part; scenarios are chosen by it."""
    reference: str = ""
    result_url: str
    timeout_url: str
    originator_id: str = ""
    """`OriginatorConversationID` of the merchant's own; empty: Safaricom makes one."""
    phone: str = ""
    """Chooses the scenario in place of `msisdn`: the `Requester` of B2B, or the payer of the payment asked about."""
    details: dict[str, Any] | None = None


def accept_request(state: DarajaState, exchange: JournalExchange, asked: Request) -> Reply:
    """Let the scenario answer, or queue the request and acknowledge it. The acknowledgement proves only the queueing.

    Raises:
        Refused: by a fault of the scenario.
    """

    def accept(play: Play | None) -> Reply:
        now_s = exchange.at_s
        transaction = Transaction(
            state.ids.conversation_id(now_s), asked.originator_id or state.ids.request_id(), asked.call,
            asked.msisdn or asked.party_b, asked.amount, asked.party_a, asked.party_b, asked.reference,
            asked.result_url, now_s, first_due_s(state, exchange, play, state.rules.outcome_after_s), asked.command,
            asked.timeout_url, asked.details,
        )  # fmt: skip
        transaction.play = play
        transaction.forced = check_initiator(state, asked)
        begin(state, exchange, transaction)
        return Reply(200, acknowledgement(transaction))

    return choose(
        state, exchange, asked.call, msisdn=_named(state, asked), amount=asked.amount, reference=asked.reference,
        accept=accept,
    )  # fmt: skip


def _named(state: DarajaState, asked: Request) -> str:
    """The phone or short code that chooses the scenario. One that is queued for the paid short code comes first."""
    chooser = state.choose
    if asked.phone and chooser is not None and chooser.is_queued(asked.call, asked.party_b):
        return asked.party_b
    return asked.phone or asked.msisdn or asked.party_b


def acknowledgement(transaction: Transaction) -> bytes:
    """The four string fields of an accepted request."""
    return dumps({
        "ConversationID": transaction.id,
        "OriginatorConversationID": transaction.request_id,
        "ResponseCode": "0",
        "ResponseDescription": ACCEPTED,
    })  # fmt: skip


def check_initiator(state: DarajaState, asked: Request) -> int | str | None:
    """The result code of a request whose initiator is not good; None: it is. Source: reference 1.7, 3.0.

    The acknowledgement succeeds all the same. An organisation that does not exist has no initiator either.
    """
    organisation = state.organisations.find(asked.party_a)
    initiator = None if organisation is None else organisation.initiator(asked.initiator)
    if organisation is None or initiator is None:
        return results.INITIATOR_INVALID
    if initiator.locked:
        return results.CREDENTIAL_LOCKED
    if state.credentials.decrypt(asked.credential) != initiator.password or initiator.expired:
        initiator.failures += 1
        return results.CREDENTIAL_LOCKED if initiator.locked else results.INITIATOR_INVALID
    initiator.failures = 0
    if not initiator.may(asked.command):
        return results.INITIATOR_NOT_ALLOWED
    return None if organisation.active else results.DEBIT_PARTY_INVALID


def limit_of_payout(state: DarajaState, transaction: Transaction) -> int | None:
    """The result code of a payout above a limit of the organisation that pays; None: it is above none."""
    payer = transaction.short_code
    if not state.organisations.limited:
        return None
    paid_out = state.transactions.paid(payer, transaction.due_s)
    return state.organisations.limit_result(payer, transaction.amount, paid_out)


def note_payout(state: DarajaState, transaction: Transaction) -> None:
    """Count a payout for the limit of its day."""
    state.transactions.note_paid(transaction.short_code, transaction.completed_s, transaction.amount)


Rows = Callable[[DarajaState, Transaction, Result], list[Row]]
"""The parameters of a result, in its order."""


def optional_row(key: str, value: object) -> Row:
    """A row whose element has no text where the value is None, 0 or empty."""
    return {"Key": key, "Value": value} if value else {"Key": key}


def internal_address(options: Options, segment: str) -> Row:
    """Safaricom's internal address: `segment` of it as `b2cresults`. Source: reference 3.0, 1.6."""
    host = "https://internalsandbox" if options.says("internal_results_url", "sandbox") else "https://internalapi"
    address = f"{host}.safaricom.co.ke/mpesa/{segment}/v1/submit"
    if options.says("internal_results_url", "production"):
        text = address.replace("https", "http").replace("/", r"\/")
        return {"Key": "QueueTimeoutURL", "Value": orjson.Fragment(f'"{text}"')}
    return {"Key": "QueueTimeoutURL", "Value": address}


def address_only(options: Options, segment: str) -> Rows:
    """The reference items of most APIs: the internal address, and nothing else."""
    rows = [internal_address(options, segment)]
    return lambda _state, _transaction, _result: rows


def no_rows(state: DarajaState, transaction: Transaction, result: Result) -> list[Row]:  # noqa: ARG001
    """No parameters."""
    return []


class ResultEnvelope:
    """Builds the `Result` envelope of one API under one set of switches. Source: reference 1.6, 3.0."""

    def __init__(
        self,
        options: Options,
        *,
        parameters: Rows,
        references: Rows,
        failure_parameters: Rows = no_rows,
        failure_has_receipt: Callable[[int | str], bool] = lambda _: False,
        sorted_keys: bool = False,
    ) -> None:
        """`sorted_keys`: the keys of the envelope are in the order of the alphabet."""
        self._text = options.says("result_types", "text")
        self._full_stop = options.says("result_desc_stop", "on")
        self._parameters = parameters
        self._failure_parameters = failure_parameters
        self._references = references
        self._failure_has_receipt = failure_has_receipt
        self._sorted = sorted_keys

    def __call__(self, state: DarajaState, transaction: Transaction, result: Result) -> bytes:
        """The message as bytes. A list of one member is a bare object."""
        code, desc, receipt, _ = result
        success = code in _SUCCESSES
        body: dict[str, object] = {
            "ResultType": "0" if self._text else 0,
            "ResultCode": str(code) if self._text else results.wire_form(code),
            "ResultDesc": desc if self._full_stop else desc.removesuffix("."),
            "OriginatorConversationID": transaction.request_id,
            "ConversationID": transaction.id,
            "TransactionID": receipt or self._placeholder(state, transaction, result),
        }
        rows = self._parameters if success else self._failure_parameters
        parameters = rows(state, transaction, result)
        if parameters:
            body["ResultParameters"] = {"ResultParameter": parameters if success else _bare(parameters)}
        body["ReferenceData"] = {"ReferenceItem": _bare(self._references(state, transaction, result))}
        return dumps({"Result": dict(sorted(body.items())) if self._sorted else body})

    def _placeholder(self, state: DarajaState, transaction: Transaction, result: Result) -> str:
        """The placeholder for a receipt while no transaction was made. Source: reference 1.5."""
        if transaction.status is not Status.PROMPTED and self._failure_has_receipt(result.code):
            return state.ids.receipt(result.at_s)
        return "0" * 16 if result.code == results.SYSTEM_ERROR else state.ids.placeholder(result.at_s)


_SUCCESSES: Final = (0, "0")


def _bare(rows: list[Row]) -> object:
    return rows[0] if len(rows) == 1 else rows


def money(shillings: int) -> object:
    """An amount as results write it: a number with two decimals."""
    return orjson.Fragment(b"%d.00" % shillings)


def as_xml_number(value: str) -> object:
    """Text that looks like a number becomes one on its way from XML to JSON. Source: reference 1.6."""
    return orjson.Fragment(value.encode()) if _NUMBER.fullmatch(value) else value


def account_line(account: Account, held: int) -> str:
    """Name, currency, current, available, reserved, uncleared. Source: reference 3.9, 6-28."""
    return account + f"|KES|{held}.00|{held}.00|0.00|0.00"  # to format a member of an enumeration takes twice as long


def example_of(
    call: str, command: str, *, details: dict[str, Any] | None = None
) -> Callable[[DarajaState, str, int, str, float], Transaction]:
    """What makes a transaction of this call that nobody asked for."""

    def example(state: DarajaState, msisdn: str, shillings: int, url: str, now_s: float) -> Transaction:
        return Transaction(
            state.ids.conversation_id(now_s), state.ids.request_id(), call, msisdn, shillings,
            state.business.short_code, msisdn, "", url, now_s, now_s, command, "", dict(details or {}),
        )  # fmt: skip

    return example


def date_time(state: DarajaState, at_s: float) -> int:
    """14 digits in EAT, as results have them. Source: reference 1.5."""
    return state.ids.second(at_s).date_time


def name_of(state: DarajaState, party: str) -> str:
    """Number and name of an organisation, or of a customer."""
    organisation = state.organisations.find(party)
    return public_name(party) if organisation is None else organisation.public_name


def nothing_to_settle(state: DarajaState, transaction: Transaction) -> None:
    """No money moves."""
