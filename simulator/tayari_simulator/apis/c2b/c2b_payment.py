"""A customer pays a short code: `POST /mpesa/c2b/v2/simulate`, and v1. Source: reference 3.3.

The payment is validated by the merchant where that is switched on, then made, then confirmed once.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from tayari_simulator.apis.bill_payment import PUSHED_PAYMENT
from tayari_simulator.apis.c2b.messages import (
    BUY_GOODS,
    PAY_BILL,
    THIRD_PARTY,
    C2bMessages,
    example_of,
    organisation_of,
)
from tayari_simulator.apis.c2b.register import BAD_REQUEST, CANCELLED, SHORT_CODE, check_version, unknown_short_code
from tayari_simulator.apis.core.daraja_state import DarajaState, DeliveryAnswer, Lifecycle
from tayari_simulator.apis.core.execution import begin, choose, first_due_s, limit_result, pay_in
from tayari_simulator.apis.core.fields import Field, Fields, amount, msisdn_field, one_of, text
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import ERRORS, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Delivery, Play, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.transactions import Transaction

KIND: Final = "c2b"
ACCEPTED: Final = "Accept the service request successfully."
LONGEST_REFERENCE: Final = 20
REJECT_CODES: Final = ("C2B00011", "C2B00012", "C2B00013", "C2B00014", "C2B00015", "C2B00016")
"""What a merchant may answer to a validation. Source: reference 3.3."""
OTHER_REASON: Final = REJECT_CODES[-1]
"""A code that is none of these cancels as this one does: assumed."""
VALIDATED: Final = "validation"
"""In a transaction's details: the state of its validation. Absent: it was not asked for."""
ASKED: Final = "asked"
_SAYS: Final = "reference 3.3"
_SIMULATE_IS_OFF: Final = ERRORS["404.003.01"]


def fields(options: Options) -> Fields:
    """The fields in the order of Daraja's checks."""
    largest = int(options.number("max_amount"))
    rows = (
        SHORT_CODE,
        Field(name="CommandID", read=one_of((PAY_BILL, BUY_GOODS)), schema={"enum": [PAY_BILL, BUY_GOODS]},
              refusal=BAD_REQUEST, about="to a pay bill, or to a till", source=_SAYS),
        Field(name="Amount", read=amount(options, largest), refusal=BAD_REQUEST, about="whole shillings", source=_SAYS,
              schema={"anyOf": [{"type": "integer", "minimum": 1, "maximum": largest},
                                {"type": "string", "pattern": r"^\d+$"}]}),
        msisdn_field("Msisdn", "the payer, 2547... or 2541...", _SAYS, refusal=BAD_REQUEST),
        Field(name="BillRefNumber", read=text(LONGEST_REFERENCE, required=False), required=False,
              refusal=BAD_REQUEST, source=_SAYS,
              schema={"type": ["string", "number", "null"], "maxLength": LONGEST_REFERENCE},
              about="the account that the customer types; null for a till"),
    )  # fmt: skip
    return Fields(rows)


def simulate(state: DarajaState, exchange: JournalExchange, values: list[Any], *, version: str) -> Reply:
    """Answer a simulated payment of version `v1` or `v2`. Raises Refused."""
    if state.options.says("c2b_simulate", "off"):
        raise Refused(_SIMULATE_IS_OFF, note="simulate is an API of the sandbox (option c2b_simulate)")
    check_version(state.options, version)
    short_code, command, shillings, payer, reference = values
    if state.organisations.find(short_code) is None:
        return unknown_short_code(exchange, short_code)

    def accept(play: Play | None) -> Reply:
        transaction = pay(
            state, exchange, play, short_code=short_code, command=command, amount=shillings, msisdn=payer,
            reference=reference,
        )  # fmt: skip
        return Reply(200, _acknowledgement(state, transaction, version))

    return choose(state, exchange, KIND, msisdn=payer, amount=shillings, reference=reference, accept=accept)


def pay_chosen(
    state: DarajaState,
    exchange: JournalExchange,
    *,
    short_code: str,
    command: str,
    amount: int,
    msisdn: str,
    reference: str,
    details: dict[str, Any] | None = None,
) -> Transaction:
    """A customer pays without any call of the merchant: only what its scenario does after the acceptance is played."""
    chooser = state.choose
    play = None
    if chooser is not None:
        play = chooser.for_transaction(KIND, msisdn=msisdn, amount=amount, reference=reference)
    transaction = pay(
        state, exchange, play, short_code=short_code, command=command, amount=amount, msisdn=msisdn,
        reference=reference, details=details,
    )  # fmt: skip
    if chooser is not None and play is not None:
        chooser.accepted(KIND, msisdn)
    return transaction


def pay(
    state: DarajaState,
    exchange: JournalExchange,
    play: Play | None,
    *,
    short_code: str,
    command: str,
    amount: int,
    msisdn: str,
    reference: str,
    details: dict[str, Any] | None = None,
) -> Transaction:
    """A customer pays: remember it, and plan what comes of it."""
    now_s = exchange.at_s
    organisation = state.organisations.find(short_code)
    urls = None if organisation is None else organisation.urls
    transaction = Transaction(
        state.ids.receipt(now_s), state.ids.request_id(), KIND, msisdn, amount, short_code, short_code, reference,
        "" if urls is None else urls.confirmation, now_s,
        first_due_s(state, exchange, play, state.rules.outcome_after_s), command, "", details or {},
    )  # fmt: skip
    transaction.play = play
    begin(state, exchange, transaction)
    return transaction


def _acknowledgement(state: DarajaState, transaction: Transaction, version: str) -> bytes:
    """The first key is spelt as Daraja spells it; version 1 has no `ResponseCode`."""
    if version == "v1":
        return dumps({
            "ConversationID": state.ids.conversation_id(transaction.created_s),
            "OriginatorCoversationID": transaction.request_id,
            "ResponseDescription": ACCEPTED,
        })  # fmt: skip
    return dumps({
        "OriginatorCoversationID": transaction.request_id,
        "ResponseCode": "0",
        "ResponseDescription": ACCEPTED,
    })  # fmt: skip


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of a customer's payment."""
    messages = C2bMessages(options)
    timeout_s = options.number("c2b_validation_timeout_s")
    all_validate = options.says("c2b_validation", "all")

    def question(state: DarajaState, transaction: Transaction, at_s: float) -> bytes:
        organisation = organisation_of(state, transaction) or state.organisations.find(transaction.short_code)
        assert organisation is not None
        return messages.validation(transaction, organisation, state.ids.second(at_s).date_time)

    def precede(state: DarajaState, transaction: Transaction, due_s: float) -> Delivery | None:
        organisation = organisation_of(state, transaction)
        if organisation is None or organisation.urls is None or VALIDATED in _details(transaction):
            return None
        if not (organisation.validates or all_validate):
            return None
        _details(transaction)[VALIDATED] = ASKED
        body = question(state, transaction, due_s)
        return Delivery(
            due_s, organisation.urls.validation, body, transaction.id, transaction.msisdn, note="C2B validation",
            timeout_s=timeout_s, precedes=True,
        )  # fmt: skip

    return Lifecycle(
        also=(PUSHED_PAYMENT,),
        called=Call.CONFIRMATION,
        api=KIND,
        example=example_of(KIND),
        decide=_decide,
        settle=pay_in,
        reversible=True,
        message=messages.of_result,
        receipt=lambda _state, transaction, _at_s: transaction.id,
        precede=precede,
        question=question,
        answered=_answered,
        repeats=False,
    )


def _details(transaction: Transaction) -> dict[str, Any]:
    if transaction.details is None:
        transaction.details = {}
    return transaction.details


def _decide(state: DarajaState, transaction: Transaction) -> int | str:
    if not state.ledger.covers(transaction.msisdn, transaction.amount):
        return results.INSUFFICIENT
    organisation = state.organisations.find(transaction.short_code)
    if organisation is not None and not organisation.active:
        return results.CREDIT_PARTY_INVALID
    return limit_result(state, transaction)


def _answered(state: DarajaState, transaction: Transaction, answer: DeliveryAnswer) -> None:
    """The merchant answered the validation, or did not: the payment continues at once, or is cancelled."""
    details = _details(transaction)
    if details.get(VALIDATED) != ASKED:
        return  # a restarted process may send a validation again that was answered just before
    verdict, third_party = _verdict_of(answer)
    if verdict == "":
        organisation = organisation_of(state, transaction)
        cancels = organisation is None or organisation.urls is None or organisation.urls.response_type == CANCELLED
        details[VALIDATED] = f"no answer: {'cancelled' if cancels else 'completed'} by ResponseType"
        transaction.forced = results.VALIDATION_FAILED if cancels else None
    elif verdict == "0":
        details[VALIDATED] = "accepted"
        details[THIRD_PARTY] = third_party
    else:
        details[VALIDATED] = f"rejected: {verdict}"
        transaction.forced = verdict if verdict in REJECT_CODES else OTHER_REASON
    transaction.next_due_s = answer.at_s
    transaction.pending += 1
    state.schedule.add(answer.at_s, transaction)


def _verdict_of(answer: DeliveryAnswer) -> tuple[str, str]:
    """The `ResultCode` as text and the `ThirdPartyTransID`; an empty code: nothing that could be read."""
    if answer.status != 200:
        return "", ""
    try:
        decoded = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "", ""
    code = decoded.get("ResultCode") if isinstance(decoded, dict) else None
    if isinstance(code, bool) or not isinstance(code, int | str):
        return "", ""
    third_party = decoded.get("ThirdPartyTransID")
    return str(code).strip()[:40], third_party[:40] if isinstance(third_party, str) else ""
