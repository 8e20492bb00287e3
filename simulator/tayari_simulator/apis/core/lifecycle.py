"""The life of an accepted transaction: how its result is decided, settled and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from tayari_simulator.state.behaviour import Call, Delivery
from tayari_simulator.state.transactions import Transaction

if TYPE_CHECKING:
    from tayari_simulator.apis.core.daraja_state import DarajaState


class Result(NamedTuple):
    """One result, as a message carries it."""

    code: int | str
    desc: str
    receipt: str
    """Empty: no money moved."""
    at_s: float


class PromptResults(NamedTuple):
    """The result codes of what a customer does with the prompt of one API. Source: reference 3.1 and 4."""

    cancelled: int = 1032
    no_answer: int = 1037
    wrong_pin: int = 2001
    pin_locked: int = 8006


class DeliveryAnswer(NamedTuple):
    """What a merchant answered to a delivery. `status` 0: nothing, or too late."""

    status: int
    body: bytes
    at_s: float


_REASONS: Final = {
    "CustomerPayBillOnline": "Pay Bill Online",
    "BusinessPayment": "Business Payment to Customer via API",
}


class Parties(NamedTuple):
    """Who paid whom, as transaction status reports it. Source: reference 3.8."""

    debit: str
    """A short code or an MSISDN."""
    credit: str
    account: str
    """`DebitAccountType`."""
    reason: str


def reason_of(command: str) -> str:
    """`ReasonType`; where none is known, the command's own name (assumed)."""
    return _REASONS.get(command, command)


def customer_pays(transaction: Transaction) -> Parties:
    """A customer paid an organisation."""
    return Parties(transaction.msisdn, transaction.party_b, "MMF Account For Customer", reason_of(transaction.command))


class FurtherMessage(NamedTuple):
    """A message beside the transaction's own, to another URL."""

    name: str
    """One of `Call.MESSAGES`."""
    plan: Callable[[DarajaState, Transaction, float], Delivery | None]
    """The message where it applies; None: no message is sent. Only for `DarajaState.with_further_messages`."""
    body: Callable[[DarajaState, Transaction, float], bytes]
    """What it says, whether it applies or not."""


def _nothing(state: DarajaState, transaction: Transaction) -> None:
    """Nothing happens."""


def _no_answer(state: DarajaState, transaction: Transaction, answer: DeliveryAnswer) -> None:
    """The answer does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The part of an API that comes after its acknowledgement. Pure functions that change the state."""

    example: Callable[[DarajaState, str, int, str, float], Transaction]
    """A transaction that nobody asked for: of this MSISDN, amount and URL, at this time."""
    api: str
    """The word for this API in `catalogue.results`."""
    decide: Callable[[DarajaState, Transaction], int | str]
    """The result code of a transaction that plays no scenario."""
    settle: Callable[[DarajaState, Transaction], None]
    """Post the money of a success on the ledger. Called once."""
    message: Callable[[DarajaState, Transaction, Result], bytes]
    """The later message: callback, result or confirmation; empty: no message is sent about this result."""
    moves_money: bool = True
    """Whether a success has a receipt."""
    receipt: Callable[[DarajaState, Transaction, float], str] | None = None
    """The receipt of a success at this time; None: a new one is drawn."""
    parties: Callable[[Transaction], Parties] = customer_pays
    """Who paid whom."""
    reversible: bool = False
    """Whether the organisation that was paid may have it reversed."""
    opened: Callable[[DarajaState, Transaction], None] = _nothing
    """It was accepted."""
    closed: Callable[[DarajaState, Transaction], None] = _nothing
    """Its first result is there."""
    precede: Callable[[DarajaState, Transaction, float], Delivery | None] | None = None
    """A message that must be answered before there is a result (C2B validation); None: the result may come."""
    answered: Callable[[DarajaState, Transaction, DeliveryAnswer], None] = _no_answer
    """The answer to what `precede` sent; it plans the result."""
    also: tuple[FurtherMessage, ...] = ()
    """Further messages of the first success."""
    called: str = ""
    """A second name of its message, beside `callback`, for the faults that are put on it."""
    names_short_code: bool = False
    """Whether its message carries the header `Businessshortcode`."""
    repeats: bool = True
    """Whether its message may be sent again when it is not answered 200 (option `callback_retries`)."""
    prompt: PromptResults | None = None
    """What the answers to its prompt end in; None: no phone is asked."""
    question: Callable[[DarajaState, Transaction, float], bytes] | None = None
    """The body of what `precede` sends: `c2b_validation`."""

    def messages(self) -> Mapping[str, Callable[[DarajaState, Transaction, float], bytes]]:
        """What each of its messages but the callback says, by name."""
        further = {row.name: row.body for row in self.also}
        return further if self.question is None else {Call.VALIDATION: self.question, **further}
