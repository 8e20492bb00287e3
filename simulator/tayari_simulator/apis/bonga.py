"""Lipa na Bonga: a customer pays a bill with Bonga points. Source: reference 3.21, one source.

Known are the paths, the fields of the requests, the envelope of the answers, the codes without their meanings, and that
the money arrives as a C2B confirmation. The keys inside the answers and the worth of a point are assumed.
"""

from __future__ import annotations

import math
from typing import Any, Final

from tayari_simulator.apis.c2b.messages import PAY_BILL, C2bMessages, example_of
from tayari_simulator.apis.core.daraja_state import DarajaState, Lifecycle, PromptResults
from tayari_simulator.apis.core.execution import begin, choose, first_due_s
from tayari_simulator.apis.core.fields import Field, Fields, amount, msisdn_field, short_code_field, text_field
from tayari_simulator.apis.iot import header
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import INVALID_FIELD, Refused
from tayari_simulator.catalogue.options import Options
from tayari_simulator.state.behaviour import Call, Play, Reply
from tayari_simulator.state.exchange import JournalExchange, dumps
from tayari_simulator.state.ledger import CUSTOMERS, Account
from tayari_simulator.state.transactions import Transaction

KIND: Final = "bonga_redeem"
LONGEST_ACCOUNT: Final = 20
_MOST_POINTS: Final = 999_999_999
_SAYS: Final = "reference 3.21"
_NUMBER: Final = {"type": ["number", "string"]}


def _points(name: str, options: Options) -> Field:
    return Field(name=name, read=amount(options, _MOST_POINTS), schema=_NUMBER, about="Bonga points", source=_SAYS)


def points_fields(options: Options) -> Fields:
    """The one field of a calculation."""
    return Fields((_points("points", options),))


def redeem_fields(options: Options) -> Fields:
    """The fields of a redemption, in the order of the reference."""
    rows = (
        msisdn_field("msisdn", "whose points, 2547... or 2541...", _SAYS),
        Field(name="amount", read=amount(options), schema=_NUMBER, source=_SAYS,
              about="whole shillings that the bill gets"),
        _points("bongaPoints", options),
        Field(name="conversionRate", read=_rate, schema=_NUMBER, about="shillings for a point", source=_SAYS),
        short_code_field("shortCode", "the pay bill", _SAYS),
        text_field("accountNumber", "the account of the customer at the pay bill", _SAYS, LONGEST_ACCOUNT),
    )  # fmt: skip
    return Fields(rows)


def _rate(value: Any) -> float | None:
    """A number above zero, as a number or as text."""
    if type(value) not in (int, float, str) or (type(value) is str and len(value) > 20):
        return None
    try:
        rate = float(value)
    except (ValueError, OverflowError):
        return None
    return rate if math.isfinite(rate) and rate > 0 else None


def calculate(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Answer what points are worth."""
    (points,) = values
    rate = state.options.number("bonga_rate")
    body = {"points": points, "conversionRate": rate, "amount": math.floor(points * rate)}
    return Reply(200, dumps({"header": header(state, exchange), "body": body}))


def redeem(state: DarajaState, exchange: JournalExchange, values: list[Any]) -> Reply:
    """Accept a redemption.

    Raises:
        Refused: 400.002.02, the short code is unknown (assumed).
    """
    payer, shillings, points, rate, short_code, account = values
    organisation = state.organisations.find(short_code)
    if organisation is None:
        raise Refused(INVALID_FIELD, field="shortCode", note=f"the short code {short_code} is unknown here")
    url = "" if organisation.urls is None else organisation.urls.confirmation

    def accept(play: Play | None) -> Reply:
        transaction = Transaction(
            state.ids.receipt(exchange.at_s), state.ids.request_id(), KIND, payer, shillings, short_code, short_code,
            account, url, exchange.at_s, first_due_s(state, exchange, play, state.rules.outcome_after_s), PAY_BILL,
            "", {"points": points, "rate": rate},
        )  # fmt: skip
        transaction.play = play
        begin(state, exchange, transaction)
        body = {"transactionId": transaction.id, "msisdn": payer, "amount": shillings, "bongaPoints": points}
        return Reply(200, dumps({"header": header(state, exchange), "body": body}))

    return choose(
        state, exchange, KIND, msisdn=payer, amount=shillings, reference=account, accept=accept, prompted=payer
    )


def lifecycle(options: Options) -> Lifecycle:
    """The lifecycle of a redemption: the bill is paid in shillings, and confirmed as any C2B payment."""
    return Lifecycle(
        api="bonga",
        prompt=PromptResults(cancelled=1031, pin_locked=results.INITIATOR_INVALID),
        example=example_of(KIND),
        decide=lambda _state, _transaction: results.SUCCESS,
        settle=_settle,
        message=C2bMessages(options).of_result,
        receipt=lambda _state, transaction, _at_s: transaction.id,
        repeats=False,
        called=Call.CONFIRMATION,
    )


def _settle(state: DarajaState, transaction: Transaction) -> None:
    """Points are no money of the wallet: the shillings come from outside."""
    state.ledger.post(CUSTOMERS, (transaction.short_code, Account.UTILITY), transaction.amount)
