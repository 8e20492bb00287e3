"""What the customer does with the prompt of a push, where the phone is held in hand."""

from __future__ import annotations

from typing import Final

from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.catalogue import results
from tayari_simulator.state.handsets import PINS_UNTIL_LOCKED, Handset, Press, answered, waits
from tayari_simulator.state.transactions import Transaction

CANCELLED: Final = 1032


class NoPrompt(LookupError):
    """The phone shows no prompt that waits for an answer."""


def prompt_on(state: DarajaState, msisdn: str) -> Transaction | None:
    """The payment whose prompt this phone shows and that waits for its answer."""
    return next(filter(waits, state.transactions.of(msisdn)), None)


def answer_prompt(state: DarajaState, handset: Handset, press: Press, pin: str | None, now_s: float) -> Transaction:
    """Answer the prompt on a phone: its result falls due now. `pin` None: the right one.

    Raises:
        NoPrompt: there is none.
    """
    transaction = prompt_on(state, handset.msisdn)
    if transaction is None:
        raise NoPrompt(handset.msisdn)
    transaction.due_s = transaction.next_due_s = now_s
    transaction.play = answered(_code(state, handset, transaction, press, pin))
    state.schedule.bring_forward(transaction, now_s)
    return transaction


def _code(state: DarajaState, handset: Handset, transaction: Transaction, press: Press, pin: str | None) -> int | str:
    """The result of an answer. A right PIN lets M-Pesa's own rules speak: wallet and limits."""
    if press is Press.CANCEL:
        return CANCELLED
    if press is Press.NO_ANSWER:
        return results.TIMED_OUT
    if handset.wrong_pins >= PINS_UNTIL_LOCKED:
        return results.CREDENTIAL_LOCKED
    if press is Press.WRONG_PIN or pin not in (None, handset.pin):
        handset.wrong_pins += 1
        return results.INITIATOR_INVALID
    handset.wrong_pins = 0
    return state.lifecycles[transaction.kind].decide(state, transaction)
