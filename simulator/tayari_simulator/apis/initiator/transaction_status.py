"""`POST /mpesa/transactionstatus/v1/query`: the state of one transaction. Source: reference 3.8.

The result code says whether the query worked; the parameter `TransactionStatus` is the state of the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Result
from tayari_simulator.apis.core.fields import Field, Fields, digits, numeric_schema, text_field
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.apis.initiator import initiator_calls as calls
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import INVALID_FIELD, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Reply
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.transactions import Status, Transaction

CALL: Final = "transaction_status"
COMMAND: Final = "TransactionStatusQuery"
REVERSED: Final = "Reversed"
_SAYS: Final = "reference 3.8"
_RECEIPT: Final = re.compile(r"[A-Z0-9]{10}")
_ENDINGS: Final[Mapping[int | str, str]] = MappingProxyType({
    1031: "Cancelled", 1032: "Cancelled", 1019: "Expired", 1036: "Expired", 1037: "Expired", 17: "Declined",
})  # fmt: skip
"""How a failure of this code is called; others are `Failed`. The words are documented; which is which is assumed."""


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks. Of the three ids one must be there."""
    return Fields((
        *calls.initiator_fields(),
        calls.command_field((COMMAND,), _SAYS),
        text_field("TransactionID", "the receipt", _SAYS, 100, required=False),
        text_field("OriginalConversationID", "OriginatorConversationID or ConversationID, instead of the receipt",
                   _SAYS, 100, required=False),
        text_field("OriginatorConversationID", "the same; newer SDKs spell it so", _SAYS, 100, required=False),
        Field(name="PartyA", read=digits(5, 12), schema=numeric_schema(r"^\d{5,12}$"), about="who asks", source=_SAYS),
        calls.identifier_field("IdentifierType", (Identifier.MSISDN, Identifier.TILL, Identifier.SHORT_CODE),
                         "of PartyA: 1 phone, 2 till, 4 short code", _SAYS),
        *calls.closing_fields(options),
    ))  # fmt: skip


def query(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Queue a query whose fields were read.

    Raises:
        Refused: 400.002.02 Invalid TransactionID, none of the three ids is there.
    """
    initiator, credential, command, receipt, original, newer, party, identifier, remarks, *urls, occasion = values
    conversation = original or newer
    if not receipt and not conversation:
        raise Refused(INVALID_FIELD, field="TransactionID", note="neither TransactionID nor OriginalConversationID")
    about = find(state, receipt, conversation)
    asked = calls.Request(
        call=CALL, command=command, initiator=initiator, credential=credential, amount=0, party_a=party,
        party_b=party, phone="" if about is None else about.msisdn, reference=remarks, result_url=urls[1],
        timeout_url=urls[0], details={
            "receipt": receipt, "conversation": conversation, "identifier": identifier, "occasion": occasion,
        },
    )  # fmt: skip
    return calls.accept_request(state, exchange, asked)


def find(state: DarajaState, receipt: str, conversation: str) -> Transaction | None:
    """The transaction of this receipt or, without one, of this conversation. Queries are no transactions."""
    store = state.transactions
    found = store.find_receipt(receipt) or store.find(receipt) if receipt else store.find_request(conversation)
    if found is None and not receipt:
        found = store.find(conversation)
    return found if found is not None and state.lifecycles[found.kind].moves_money else None


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of a query."""
    documented = options.says("status_result", "documentation")
    return Lifecycle(
        api="status",
        decide=_decide,
        settle=calls.nothing_to_settle,
        moves_money=False,
        message=calls.ResultEnvelope(
            options,
            parameters=_documented if documented else _live,
            references=_references(options),
            sorted_keys=documented,
        ),
        example=calls.example_of(CALL, COMMAND, details={"receipt": "", "conversation": "", "occasion": ""}),
    )


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    """Only a party of the transaction may ask. A malformed id is refused by the result: ids are opaque at first."""
    details = transaction.details or {}
    if details["receipt"] and _RECEIPT.fullmatch(details["receipt"]) is None:
        return results.MALFORMED
    organisation = state.organisations.find(transaction.short_code)
    if organisation is not None and details["identifier"] != (
        Identifier.TILL if organisation.till else Identifier.SHORT_CODE
    ):
        return results.OPERATOR_MISSING
    about = find(state, details["receipt"], details["conversation"])
    if about is None or transaction.short_code not in (about.short_code, about.party_b):
        return results.RECEIPT_UNKNOWN
    return results.SUCCESS


def state_of(transaction: Transaction) -> str:
    """`TransactionStatus`: the state of a transaction."""
    if transaction.status is Status.PAID:
        return REVERSED if transaction.reversed_by else "Completed"
    if transaction.status is Status.PROMPTED:
        return "Initiated"
    return _ENDINGS.get(transaction.result_code or 0, "Failed")


def _references(options: Options) -> calls.Rows:
    """A success has the occasion in place of the internal address."""
    address = [calls.internal_address(options, "transactionstatusresults")]

    def references(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:  # noqa: ARG001
        if str(result.code) != "0":
            return address
        return [calls.optional_row("Occasion", (transaction.details or {}).get("occasion"))]

    return references


def _live(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    about = _about(state, transaction, result)
    debit, credit, account, reason = state.lifecycles[about.kind].parties(about)
    return [
        {"Key": "DebitPartyName", "Value": calls.name_of(state, debit)},
        {"Key": "CreditPartyName", "Value": calls.name_of(state, credit)},
        {"Key": "OriginatorConversationID", "Value": about.request_id},
        {"Key": "InitiatedTime", "Value": calls.date_time(state, about.created_s)},
        {"Key": "CreditPartyCharges"},
        {"Key": "DebitAccountType", "Value": account},
        {"Key": "TransactionReason"},
        calls.optional_row("ReasonType", reason),
        {"Key": "TransactionStatus", "Value": state_of(about)},
        calls.optional_row("FinalisedTime", calls.date_time(state, about.completed_s) if about.completed_s else None),
        {"Key": "Amount", "Value": about.amount},
        {"Key": "ConversationID", "Value": _conversation_of(state, about)},
        calls.optional_row("ReceiptNo", about.receipt),
    ]


def _documented(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    """The documentation's form: numbers are text, and `DebitPartyName` comes twice."""
    parameters = {str(row["Key"]): row.get("Value") for row in _live(state, transaction, result)}
    parties = [{"Key": "DebitPartyName", "Value": parameters[name]} for name in ("DebitPartyName", "CreditPartyName")]
    names = (
        "OriginatorConversationID", "InitiatedTime", "DebitAccountType", "DebitPartyCharges", "TransactionReason",
        "ReasonType", "TransactionStatus", "FinalisedTime", "Amount", "ConversationID", "ReceiptNo",
    )  # fmt: skip
    rest = ((name, parameters.get(name)) for name in names)
    return parties + [{"Key": name} if value is None else {"Key": name, "Value": str(value)} for name, value in rest]


def _about(state: DarajaState, transaction: Transaction, result: Result) -> Transaction:
    """The transaction that is asked about; an invented payment, if a scenario reports one that does not exist."""
    details = transaction.details or {}
    found = find(state, details["receipt"], details["conversation"])
    if found is not None:
        return found
    at_s = result.at_s
    payer = transaction.msisdn if len(transaction.msisdn) == 12 else state.business.short_code
    invented = state.lifecycles[Call.STK_PUSH].example(state, payer, max(transaction.amount, 1), "", at_s)
    invented.status, invented.completed_s = Status.PAID, at_s
    invented.receipt = details["receipt"] or state.ids.receipt(at_s)
    return invented


def _conversation_of(state: DarajaState, transaction: Transaction) -> str:
    """The ConversationID; one that is not known to its maker (of a push, say) is made from its id. Assumed."""
    if transaction.id.startswith("AG_"):
        return transaction.id
    day = calls.date_time(state, transaction.created_s) // 1_000_000
    return f"AG_{day}_2040{blake2b(transaction.id.encode(), digest_size=8).hexdigest()}"
