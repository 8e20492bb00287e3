"""`POST /mpesa/reversal/v1/request`: the money of a customer's payment goes back. Source: reference 3.10."""

from __future__ import annotations

from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Parties, Result
from tayari_simulator.apis.core.fields import Fields, text_field
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.apis.initiator import initiator_calls as calls
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Status, Transaction

CALL: Final = "reversal"
COMMAND: Final = "TransactionReversal"
_SAYS: Final = "reference 3.10"


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks. `Reciever` is spelt so."""
    any_type = options.says("reversal_identifier", "any")
    receivers = tuple(Identifier) if any_type else (Identifier.REVERSAL,)
    return Fields((
        *calls.initiator_fields(),
        calls.command_field((COMMAND,), _SAYS),
        text_field("TransactionID", "the receipt of the payment", _SAYS, 100),
        calls.amount_field(options),
        calls.short_code_field("ReceiverParty", "the short code that was paid"),
        calls.identifier_field("RecieverIdentifierType", receivers, "11; this spelling", _SAYS),
        *calls.closing_fields(options),
    ))  # fmt: skip


def reverse(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Queue a reversal whose fields were read."""
    initiator, credential, command, receipt, shillings, party, _, _, timeout_url, result_url, _ = values
    original = _original(state, receipt, party)
    asked = calls.Request(
        call=CALL, command=command, initiator=initiator, credential=credential, amount=shillings, party_a=party,
        party_b=party, msisdn="" if original is None else original.msisdn, reference=receipt,
        result_url=result_url, timeout_url=timeout_url, details={"original": receipt},
    )  # fmt: skip
    return calls.accept_request(state, exchange, asked)


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of a reversal."""
    return Lifecycle(
        api="reversal",
        decide=_decide,
        settle=_settle,
        message=calls.ResultEnvelope(
            options, parameters=_parameters, references=calls.address_only(options, "reversalresults")
        ),
        parties=_parties,
        example=calls.example_of(CALL, COMMAND, details={"original": "UJ7K4T9QWX"}),
    )


def _is_reversible(state: DarajaState, original: Transaction, short_code: str) -> bool:
    """Only a payment by a customer, to this short code."""
    return (
        state.lifecycles[original.kind].reversible
        and original.status is Status.PAID
        and short_code in (original.short_code, original.party_b)
    )


def _original(state: DarajaState, receipt: str, short_code: str) -> Transaction | None:
    """The payment of this receipt, if this short code may have it reversed."""
    found = state.transactions.find_receipt(receipt)
    return found if found is not None and _is_reversible(state, found, short_code) else None


def _original_of(state: DarajaState, transaction: Transaction) -> Transaction | None:
    return _original(state, (transaction.details or {})["original"], transaction.short_code)


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    """Once, and never more than was paid. The result code for more, a limit (3), is assumed."""
    original = _original_of(state, transaction)
    if original is None:
        return results.ORIGINAL_INVALID
    if original.reversed_by:
        return results.ALREADY_REVERSED
    if transaction.amount > original.amount:
        return results.ABOVE_MAXIMUM
    if state.ledger.balance(original.short_code, Account.UTILITY) < transaction.amount:
        return results.INSUFFICIENT
    return results.SUCCESS


def _settle(state: DarajaState, transaction: Transaction) -> None:
    """What a scenario lets succeed though it cannot be reversed, moves nothing."""
    original = _original_of(state, transaction)
    if original is None or original.reversed_by or transaction.amount > original.amount:
        return
    original.reversed_by = transaction.receipt
    state.ledger.pay_out(original.short_code, Account.UTILITY, original.msisdn, transaction.amount)


def _parties(transaction: Transaction) -> Parties:
    return Parties(transaction.short_code, transaction.msisdn, Account.UTILITY, transaction.command)


def _parameters(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    original = _original_of(state, transaction)
    holder = transaction.short_code if original is None else original.short_code
    held = state.ledger.balance(holder, Account.UTILITY)
    return [
        {"Key": "DebitAccountBalance", "Value": calls.account_line(Account.UTILITY, held)},
        {"Key": "Amount", "Value": calls.money(transaction.amount)},
        {"Key": "TransCompletedTime", "Value": calls.date_time(state, result.at_s)},
        {"Key": "OriginalTransactionID", "Value": (transaction.details or {})["original"]},
        {"Key": "Charge", "Value": calls.money(0)},
        {"Key": "CreditPartyPublicName", "Value": calls.name_of(state, transaction.msisdn)},
        {"Key": "DebitPartyPublicName", "Value": calls.name_of(state, transaction.short_code)},
    ]
