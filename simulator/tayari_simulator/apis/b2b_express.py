"""`POST /v1/ussdpush/get-msisdn`: a vendor asks a till to pay, by a USSD prompt. Source: reference 3.14.

The prompt goes to the till's nominated number. The callback is flat, every value is text, and a failure has other keys
than a success.
"""

from __future__ import annotations

from typing import Any, Final

from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, Parties, PromptResults, Result
from tayari_simulator.apis.core.execution import begin, choose, first_due_s
from tayari_simulator.apis.core.fields import Fields, amount_field, flat_schema, short_code_field, text_field, url_field
from tayari_simulator.apis.core.prompts import PHONE
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Play, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.handsets import USSD_ERROR, by_ussd
from tayari_simulator.state.ledger import Account
from tayari_simulator.state.transactions import Transaction

KIND: Final = "b2b_express"
NO_NOMINATED_NUMBER: Final = 4104
_PROMPT: Final = PromptResults(cancelled=4001, no_answer=USSD_ERROR, wrong_pin=4203, pin_locked=4203)
"""4001 is documented as cancelled; what ends in 4201 and 4203 is assumed."""
_SAYS: Final = "reference 3.14"


def fields(options: Options) -> Fields:
    """The fields in the documentation's order."""
    rows = (
        short_code_field("primaryShortCode", "the till that pays", _SAYS),
        short_code_field("receiverShortCode", "the vendor's pay bill", _SAYS),
        amount_field("amount", "whole shillings, from 1", _SAYS, options),
        text_field("paymentRef", "the vendor's reference, shown in the prompt", _SAYS),
        url_field("callbackUrl", "where the result is sent", _SAYS, options),
        text_field("partnerName", "the vendor's name, shown in the prompt", _SAYS),
        text_field("RequestRefID", "the vendor's id of this request, with a capital R; the callback's requestId",
                   _SAYS),
    )  # fmt: skip
    return Fields(rows)


def ask(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Send the prompt, and acknowledge."""
    till, vendor, shillings, reference, url, partner, request_id = values
    now_s = exchange.at_s
    organisation = state.organisations.find(till)
    phone = "" if organisation is None else organisation.nominated_number
    details = {"partner": partner} | ({PHONE: phone} if phone else {})

    def accept(play: Play | None) -> Reply:
        play = by_ussd(play)
        transaction = Transaction(
            state.ids.conversation_id(now_s), request_id, KIND, till, shillings, till, vendor, reference, url, now_s,
            first_due_s(state, exchange, play, state.rules.outcome_after_s), "", "", details,
        )  # fmt: skip
        transaction.play = play
        begin(state, exchange, transaction)
        return Reply(200, dumps({"code": "0", "status": "USSD Initiated Successfully"}))

    return choose(
        state, exchange, KIND, msisdn=till, amount=shillings, reference=reference, accept=accept, prompted=phone
    )  # fmt: skip


def lifecycle(options: Options) -> Lifecycle:  # noqa: ARG001 - the shape of a row
    """The lifecycle of a prompt on a till."""
    return Lifecycle(
        api=KIND, example=_example, decide=_decide, settle=_settle, message=_callback, parties=_parties, prompt=_PROMPT,
        opened=DarajaState.show_prompt, closed=DarajaState.hide_prompt,
    )  # fmt: skip


def _parties(transaction: Transaction) -> Parties:
    return Parties(transaction.short_code, transaction.party_b, Account.UTILITY, "")


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    """A till that is not known has no nominated number (assumed). It pays with what customers paid it."""
    if state.organisations.find(transaction.short_code) is None:
        return NO_NOMINATED_NUMBER
    if state.ledger.balance(transaction.short_code, Account.UTILITY) < transaction.amount:
        return results.INSUFFICIENT
    return results.SUCCESS


def _settle(state: DarajaState, transaction: Transaction) -> None:
    state.ledger.move(
        transaction.short_code, Account.UTILITY, (transaction.party_b, Account.UTILITY), transaction.amount
    )


def _callback(state: DarajaState, transaction: Transaction, result: Result) -> bytes:  # noqa: ARG001 - the shape of a message
    money = f"{transaction.amount}.0"
    if str(result.code) != "0":
        return dumps({
            "resultCode": str(result.code),
            "resultDesc": result.desc,
            "requestId": transaction.request_id,
            "amount": money,
            "paymentReference": transaction.reference,
        })  # fmt: skip
    return dumps({
        "resultCode": "0",
        "resultDesc": result.desc,
        "amount": money,
        "requestId": transaction.request_id,
        "resultType": "0",
        "conversationID": transaction.id,
        "transactionId": result.receipt,
        "status": "SUCCESS",
    })  # fmt: skip


def _example(state: DarajaState, msisdn: str, shillings: int, url: str, now_s: float) -> Transaction:
    vendor = state.business.short_code
    return Transaction(
        state.ids.conversation_id(now_s), state.ids.reference_id(), KIND, msisdn, shillings, msisdn, vendor, "INV1",
        url, now_s, now_s,
    )  # fmt: skip


EXPRESS_CALLBACK: Final = flat_schema(
    "B2B express checkout: the callback", "resultCode", "resultDesc", "requestId", "amount",
    optional=("resultType", "conversationID", "transactionId", "status", "paymentReference"),
)  # fmt: skip
"""A success has the first four of the optional keys, a failure the last one."""
