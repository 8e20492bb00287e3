"""`POST /mpesa/b2b/v1/paymentrequest` and `/remittax`: an organisation pays another. Source: reference 3.6, 3.7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Parties, Result
from tayari_simulator.apis.core.fields import Field, Fields, msisdn, numeric_schema, text_field
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.apis.initiator import initiator_calls as calls
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Transaction

CALL: Final = "b2b"
TAX: Final = "tax_remittance"
PAY_TAX: Final = "PayTaxToKRA"
REVENUE_AUTHORITY: Final = "572572"
LONGEST_REFERENCE: Final = 13
_OWN: Final = "BusinessTransferFromMMFToUtility"
_SAYS: Final = "reference 3.6"


class Movement(NamedTuple):
    """The account that pays, and the receiver's account that is paid."""

    debit: Account
    credit: Account


COMMANDS: Final[Mapping[str, Movement]] = MappingProxyType({
    "BusinessPayBill": Movement(Account.WORKING, Account.UTILITY),
    "BusinessBuyGoods": Movement(Account.WORKING, Account.MERCHANT),
    "BusinessPayToBulk": Movement(Account.WORKING, Account.UTILITY),
    _OWN: Movement(Account.WORKING, Account.UTILITY),
    "MerchantToMerchantTransfer": Movement(Account.MERCHANT, Account.MERCHANT),
    "MerchantTransferFromMerchantToWorking": Movement(Account.MERCHANT, Account.WORKING),
    "MerchantServicesMMFAccountTransfer": Movement(Account.MERCHANT, Account.WORKING),
    "AgencyFloatAdvance": Movement(Account.WORKING, Account.FLOAT),
    "DisburseFundsToBusiness": Movement(Account.UTILITY, Account.WORKING),
})  # fmt: skip
"""That the first four pay from the working account is documented; the other accounts are assumed from the names."""
_TAX: Final = Movement(Account.WORKING, Account.UTILITY)


def fields(options: Options, *, commands: Sequence[str] = tuple(COMMANDS)) -> Fields:
    """The fields in the order of Daraja's checks; tax remittance has one command of its own."""
    receivers = (Identifier.SHORT_CODE, Identifier.TILL) if commands[0] != PAY_TAX else (Identifier.SHORT_CODE,)
    return Fields((
        *calls.initiator_fields(),
        calls.command_field(commands, _SAYS),
        calls.identifier_field("SenderIdentifierType", (Identifier.SHORT_CODE,), "4", _SAYS),
        calls.identifier_field("RecieverIdentifierType", receivers, "4; of a till 2; this spelling", "reference 6-18"),
        calls.amount_field(options),
        calls.short_code_field("PartyA", "the short code that pays"),
        calls.short_code_field("PartyB", "the short code that is paid"),
        text_field("AccountReference", "the account at the receiver; of taxes the payment registration number", _SAYS,
                   LONGEST_REFERENCE),
        Field(name="Requester", read=_requester, schema=numeric_schema(r"^254[17]\d{8}$"), required=False,
              about="optional; the customer on whose behalf is paid", source=_SAYS),
        *calls.closing_fields(options, occasion="Occassion"),
    ))  # fmt: skip


def _requester(value: Any) -> str | None:
    return "" if value in (None, "") else msisdn(value)


def pay(state: DarajaState, exchange: JournalExchange, values: list[Any], *, call: str = CALL) -> Reply:
    """Queue a payment to another organisation, or (`TAX`) to the revenue authority."""
    initiator, credential, command, _, identifier, shillings, party_a, party_b, reference, requester, *rest = values
    _, timeout_url, result_url, occasion = rest
    asked = calls.Request(
        call=call, command=command, initiator=initiator, credential=credential, amount=shillings, party_a=party_a,
        party_b=party_b, phone=requester, reference=reference, result_url=result_url, timeout_url=timeout_url,
        details={"identifier": identifier, "initiator": initiator, "occasion": occasion},
    )  # fmt: skip
    return calls.accept_request(state, exchange, asked)


def lifecycle(options: Options, *, call: str = CALL) -> Lifecycle:
    """The lifecycle of a payment. The one known failure of a payment of taxes has references and a receipt."""
    command, failure = (PAY_TAX, "references") if call == TAX else ("BusinessPayBill", options.text("b2b_failure"))
    tills_say_2 = options.says("b2b_till_identifier", "2")

    def single(code: int | str) -> bool:
        return failure == "single_parameter" or (failure == "as_captured" and code == results.INITIATOR_INVALID)

    def failure_parameters(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:  # noqa: ARG001
        return [{"Key": "BOCompletedTime", "Value": calls.date_time(state, result.at_s)}] if single(result.code) else []

    return Lifecycle(
        api="b2b",
        decide=lambda state, transaction: _decide(state, transaction, tills_say_2=tills_say_2),
        settle=_settle,
        message=calls.ResultEnvelope(
            options,
            parameters=_documented if options.says("b2b_result", "documentation") else _live,
            failure_parameters=failure_parameters,
            references=_references(options, failure),
            failure_has_receipt=lambda code: call == TAX and code == results.INITIATOR_INVALID,
        ),
        parties=_parties,
        example=calls.example_of(call, command, details={"occasion": ""}),
    )


def movement_of(command: str) -> Movement:
    """The accounts that a command moves money between."""
    return COMMANDS.get(command, _TAX)


def _decide(state: DarajaState, transaction: Transaction, *, tills_say_2: bool) -> int | str:
    """The limit of one transaction is that of customers, and does not apply (assumed)."""
    details = transaction.details or {}
    receiver = state.organisations.find(transaction.party_b)
    if transaction.command == _OWN and not _is_allowed_own(state, transaction):
        return results.INITIATOR_NOT_ALLOWED
    if receiver is None or (transaction.command == PAY_TAX and receiver.short_code != REVENUE_AUTHORITY):
        return results.OPERATOR_MISSING
    if tills_say_2 and receiver.till is not (details["identifier"] == Identifier.TILL):
        return results.OPERATOR_MISSING
    if not receiver.active:
        return results.OPERATOR_MISSING
    above = calls.limit_of_payout(state, transaction)
    if above is not None:
        return above
    account = movement_of(transaction.command).debit
    if state.ledger.balance(transaction.short_code, account) < transaction.amount:
        return results.INSUFFICIENT
    return results.SUCCESS


def _is_allowed_own(state: DarajaState, transaction: Transaction) -> bool:
    """Moving to the own utility account needs an allow-listing: a role that names the command."""
    organisation = state.organisations.find(transaction.short_code)
    initiator = None if organisation is None else organisation.initiator((transaction.details or {})["initiator"])
    return initiator is not None and _OWN in initiator.commands and transaction.party_b == transaction.short_code


def _settle(state: DarajaState, transaction: Transaction) -> None:
    debit, credit = movement_of(transaction.command)
    state.ledger.move(transaction.short_code, debit, (transaction.party_b, credit), transaction.amount)
    calls.note_payout(state, transaction)


def _parties(transaction: Transaction) -> Parties:
    debit = movement_of(transaction.command).debit
    return Parties(transaction.short_code, transaction.party_b, debit, transaction.command)


def _references(options: Options, failure: str) -> calls.Rows:
    address, older = calls.internal_address(options, "b2bresults"), calls.internal_address(options, "abresults")
    documented = options.says("b2b_result", "documentation")

    def references(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:  # noqa: ARG001
        code, reference = result.code, transaction.reference
        occasion = (transaction.details or {}).get("occasion")
        bill: calls.Row = {"Key": "BillReferenceNumber"}
        if reference or documented:
            bill["Value"] = reference if documented else calls.as_xml_number(reference)
        if str(code) == "0":
            return [bill, address, {"Key": "Occassion", "Value": occasion}] if occasion else [bill, address]
        if failure == "references" or (failure == "as_captured" and code == results.SYSTEM_ERROR):
            return [bill, address, calls.optional_row("Occassion", occasion)]
        if failure == "single_parameter" or (failure == "as_captured" and code == results.INITIATOR_INVALID):
            return [older]
        return [address]

    return references


def _live(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    affected, balance = _balances(state, transaction)
    return [
        {"Key": "Currency", "Value": "KES"},
        {"Key": "ReceiverPartyPublicName", "Value": calls.name_of(state, transaction.party_b)},
        {"Key": "DebitPartyCharges"},
        {"Key": "TransCompletedTime", "Value": calls.date_time(state, result.at_s)},
        {"Key": "DebitPartyAffectedAccountBalance", "Value": affected},
        {"Key": "Amount", "Value": transaction.amount},
        {"Key": "DebitAccountCurrentBalance", "Value": balance},
        {"Key": "InitiatorAccountCurrentBalance", "Value": balance},
    ]


def _documented(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    affected, balance = _balances(state, transaction)
    return [
        {"Key": "DebitAccountBalance", "Value": balance},
        {"Key": "Amount", "Value": f"{transaction.amount}.00"},
        {"Key": "DebitPartyAffectedAccountBalance", "Value": affected},
        {"Key": "TransCompletedTime", "Value": str(calls.date_time(state, result.at_s))},
        {"Key": "DebitPartyCharges", "Value": ""},
        {"Key": "ReceiverPartyPublicName", "Value": calls.name_of(state, transaction.party_b)},
        {"Key": "Currency", "Value": "KES"},
        {"Key": "InitiatorAccountCurrentBalance", "Value": balance},
    ]


def _balances(state: DarajaState, transaction: Transaction) -> tuple[str, str]:
    """What is on the account that paid, in both forms of one result; `MinimumAmount` is cents."""
    account = movement_of(transaction.command).debit
    held = state.ledger.balance(transaction.short_code, account)
    braces = f"{{Amount={{CurrencyCode=KES, MinimumAmount={held * 100}, BasicAmount={held}.00}}}}"
    return calls.account_line(account, held), braces
