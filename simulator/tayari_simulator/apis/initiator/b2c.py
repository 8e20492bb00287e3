"""`POST /mpesa/b2c/v3/paymentrequest` and `/v1/`: an organisation pays a customer. Source: reference 3.4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tayari_simulator.apis.core.customers import public_name
from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Parties, Result, reason_of
from tayari_simulator.apis.core.fields import Field, Fields, msisdn_field, text_field
from tayari_simulator.apis.initiator import initiator_calls as calls
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import ERRORS, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Transaction

CALL: Final = "b2c"
"""The kind of these transactions, whichever version was called."""
COMMANDS: Final = ("BusinessPayment", "SalaryPayment", "PromotionPayment")
POCHI: Final = "b2pochi"
POCHI_COMMANDS: Final = ("BusinessPayToPochi",)
SMALLEST: Final = 10
"""Shillings; below it the result is 2. Source: reference 3.4."""
FULLEST_WALLET: Final = 500_000
"""Shillings a customer may hold; above it the result is 8. Source: reference 4."""
DUPLICATE: Final = ERRORS["500.002.1001.duplicate_originator_conversation_id"]
_SAYS: Final = "reference 3.4"


def _originator(options: Options) -> Field:
    required = options.says("b2c_own_id", "required")
    about = "the merchant's own, unique for each request"
    return text_field("OriginatorConversationID", about, _SAYS, 100, required=required)


def fields_v1(options: Options, *, commands: Sequence[str] = COMMANDS) -> Fields:
    """The fields in the order of Daraja's checks, without an id of the merchant's own: v1 has no de-duplication."""
    return Fields((
        *calls.initiator_fields(called="InitiatorName"),
        calls.command_field(commands, _SAYS),
        calls.amount_field(options),
        calls.short_code_field("PartyA", "the short code that pays"),
        msisdn_field("PartyB", "the customer, 2547... or 2541...", _SAYS),
        *calls.closing_fields(options, occasion="Occassion"),
    ))  # fmt: skip


def fields_v3(options: Options, *, commands: Sequence[str] = COMMANDS) -> Fields:
    """The same after an id of the merchant's own. B2Pochi has them with a command of its own (reference 3.5)."""
    return Fields((_originator(options), *fields_v1(options, commands=commands).rows))


def pay_v1(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Queue a payment to a customer; a repeated request pays twice."""
    return pay(state, exchange, ["", *values])


def pay(state: DarajaState, exchange: JournalExchange, values: list[Any], *, call: str = CALL) -> Reply:
    """Queue a payment to a customer, or (`POCHI`) to a business wallet.

    Raises:
        Refused: 500.002.1001, the OriginatorConversationID was used before: the first request was accepted.
    """
    originator_id, *values = values
    initiator, credential, command, shillings, party_a, party_b, remarks, timeout_url, result_url, occasion = values
    exchange.msisdn = party_b
    earlier = state.transactions.find_request(originator_id) if originator_id else None
    if earlier is not None:
        raise Refused(DUPLICATE, note=f"{originator_id} was accepted before, as {earlier.id}")
    asked = calls.Request(
        call=call, command=command, initiator=initiator, credential=credential, amount=shillings, party_a=party_a,
        party_b=party_b, msisdn=party_b, reference=originator_id or remarks, result_url=result_url,
        timeout_url=timeout_url, originator_id=originator_id, details={"remarks": remarks, "occasion": occasion},
    )  # fmt: skip
    return calls.accept_request(state, exchange, asked)


def lifecycle(options: Options, *, call: str = CALL) -> Lifecycle:
    """The lifecycle of a payment to a customer; to a business wallet, its result and its wallet are the same here."""
    command = COMMANDS[0] if call == CALL else POCHI_COMMANDS[0]
    return Lifecycle(
        api="b2c",
        decide=_decide,
        settle=_settle,
        message=calls.ResultEnvelope(
            options,
            references=calls.address_only(options, "b2cresults"),
            parameters=_receiver_first if options.says("b2c_parameters", "receiver_first") else _amount_first,
            failure_has_receipt=lambda code: code in _WITH_RECEIPT,
        ),
        parties=_parties,
        example=calls.example_of(call, command),
    )


def _parties(transaction: Transaction) -> Parties:
    return Parties(transaction.short_code, transaction.msisdn, Account.UTILITY, reason_of(transaction.command))


_WITH_RECEIPT: Final = frozenset((
    results.INSUFFICIENT, results.BELOW_MINIMUM, results.ABOVE_MAXIMUM, results.DAILY_LIMIT, results.RECEIVER_FULL,
    results.INITIATOR_INVALID,
))  # fmt: skip
"""Failures whose TransactionID looks like a receipt; the others have the placeholder. From the example payloads."""


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    """Money leaves the utility account; a full working account does not help."""
    if transaction.amount < SMALLEST:
        return results.BELOW_MINIMUM
    if transaction.amount > state.rules.largest_amount:
        return results.ABOVE_MAXIMUM
    above = calls.limit_of_payout(state, transaction)
    if above is not None:
        return above
    if state.ledger.balance(transaction.short_code, Account.UTILITY) < transaction.amount:
        return results.INSUFFICIENT
    held = state.ledger.wallet(transaction.msisdn)
    if held is not None and held + transaction.amount > FULLEST_WALLET:
        return results.RECEIVER_FULL
    return results.SUCCESS


def _settle(state: DarajaState, transaction: Transaction) -> None:
    state.ledger.pay_out(transaction.short_code, Account.UTILITY, transaction.msisdn, transaction.amount)
    calls.note_payout(state, transaction)


def _amount_first(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    return _amounts(transaction, result) + _receiver(state, transaction, result)


def _receiver_first(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    return _receiver(state, transaction, result) + _amounts(transaction, result)


def _amounts(transaction: Transaction, result: Result) -> list[calls.Row]:
    return [
        {"Key": "TransactionAmount", "Value": transaction.amount},
        {"Key": "TransactionReceipt", "Value": result.receipt},
    ]


def _receiver(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    short_code, balance = transaction.short_code, state.ledger.balance
    return [
        {"Key": "ReceiverPartyPublicName", "Value": public_name(transaction.msisdn)},
        {"Key": "TransactionCompletedDateTime", "Value": state.ids.second(result.at_s).dotted},
        {"Key": "B2CUtilityAccountAvailableFunds", "Value": calls.money(balance(short_code, Account.UTILITY))},
        {"Key": "B2CWorkingAccountAvailableFunds", "Value": calls.money(balance(short_code, Account.WORKING))},
        {"Key": "B2CRecipientIsRegisteredCustomer", "Value": "Y"},
        {"Key": "B2CChargesPaidAccountAvailableFunds", "Value": calls.money(balance(short_code, Account.CHARGES))},
    ]
