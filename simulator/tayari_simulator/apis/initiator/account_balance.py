"""`POST /mpesa/accountbalance/v1/query`: what is on an organisation's accounts. Source: reference 3.9."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Result
from tayari_simulator.apis.core.fields import Fields
from tayari_simulator.apis.core.organisations import Identifier
from tayari_simulator.apis.initiator import initiator_calls as calls
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Reply
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Transaction

CALL: Final = "account_balance"
COMMAND: Final = "AccountBalance"
_SAYS: Final = "reference 3.9"
_LIVE: Final = (Account.WORKING, Account.UTILITY, Account.CHARGES, Account.MERCHANT, Account.SETTLEMENT)
_DOCUMENTED: Final = (Account.WORKING, Account.FLOAT, Account.UTILITY, Account.CHARGES, Account.SETTLEMENT)


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks. The documentation's type is 4; that a till says 2 is assumed."""
    return Fields(
        (
            *calls.initiator_fields(),
            calls.command_field((COMMAND,), _SAYS),
            calls.short_code_field("PartyA", "the short code whose accounts are asked for"),
            calls.identifier_field("IdentifierType", (Identifier.SHORT_CODE, Identifier.TILL), "of PartyA: 4", _SAYS),
            *calls.closing_fields(options),
        )
    )


def query(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Queue a query whose fields were read."""
    initiator, credential, command, party, _, remarks, timeout_url, result_url, _ = values
    asked = calls.Request(
        call=CALL, command=command, initiator=initiator, credential=credential, amount=0, party_a=party,
        party_b=party, reference=remarks, result_url=result_url, timeout_url=timeout_url,
    )  # fmt: skip
    return calls.accept_request(state, exchange, asked)


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of a query."""
    documented = options.says("balance_result", "documentation")
    return Lifecycle(
        api="balance",
        decide=lambda _state, _transaction: results.SUCCESS,
        settle=calls.nothing_to_settle,
        moves_money=False,
        message=calls.ResultEnvelope(
            options,
            parameters=_documented if documented else _live,
            references=calls.address_only(options, "abresults"),
        ),
        example=calls.example_of(CALL, COMMAND),
    )


def _live(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    return [
        {"Key": "ActionType", "Value": COMMAND},
        {"Key": "AccountBalance", "Value": _accounts(state, transaction.short_code, _LIVE)},
        {"Key": "BOCompletedTime", "Value": calls.date_time(state, result.at_s)},
    ]


def _documented(state: DarajaState, transaction: Transaction, result: Result) -> list[calls.Row]:
    return [
        {"Key": "AccountBalance", "Value": _accounts(state, transaction.short_code, _DOCUMENTED)},
        {"Key": "BOCompletedTime", "Value": str(calls.date_time(state, result.at_s))},
    ]


def _accounts(state: DarajaState, short_code: str, accounts: Sequence[Account]) -> str:
    balance = state.ledger.balance
    return "&".join([calls.account_line(account, balance(short_code, account)) for account in accounts])
