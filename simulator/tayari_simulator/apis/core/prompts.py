"""The prompt of a transaction on a phone that is controlled by hand, and the customer's answer to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tayari_simulator.apis.core.daraja_state import DarajaState, PromptResults
from tayari_simulator.apis.core.execution import bring_result_forward
from tayari_simulator.state.handsets import ANSWER, PINS_UNTIL_LOCKED, Handset, Press, answered, waits
from tayari_simulator.state.transactions import Transaction

PHONE: Final = "phone"
"""In a transaction's details: the phone that shows its prompt, where that is not the payer's number."""


class NoPrompt(LookupError):
    """The phone shows no prompt that waits for an answer."""


def phone_of(transaction: Transaction) -> str:
    """The number whose phone a transaction is about."""
    return str((transaction.details or {}).get(PHONE, transaction.msisdn))


def transactions_on(state: DarajaState, msisdn: str) -> Iterator[Transaction]:
    """The transactions that a phone knows of: its own, and those of tills that asked it, whomever they nominate now."""
    yield from state.transactions.of(msisdn)
    for till in state.organisations.all():
        if till.till or till.nominated_number:
            yield from (row for row in state.transactions.of(till.short_code) if phone_of(row) == msisdn)


def prompt_on(state: DarajaState, msisdn: str) -> Transaction | None:
    """The transaction whose prompt this phone shows and that waits for its answer."""
    return next(filter(waits, transactions_on(state, msisdn)), None)


def answer_prompt(state: DarajaState, handset: Handset, press: Press, pin: str | None, now_s: float) -> Transaction:
    """Answer the prompt on a phone: its result falls due now. `pin` None: the right one.

    Raises:
        NoPrompt: there is none.
    """
    transaction = prompt_on(state, handset.msisdn)
    if transaction is None:
        raise NoPrompt(handset.msisdn)
    code = _code(state, handset, transaction, press, pin)
    transaction.play = answered(code)
    transaction.details = {**(transaction.details or {}), ANSWER: code}
    bring_result_forward(state, transaction, now_s)
    return transaction


def _code(state: DarajaState, handset: Handset, transaction: Transaction, press: Press, pin: str | None) -> int | str:
    """The result of an answer. After a right PIN, M-Pesa's own rules decide: wallet and limits."""
    lifecycle = state.lifecycles[transaction.kind]
    results = lifecycle.prompt or PromptResults()
    if press is Press.CANCEL:
        return results.cancelled
    if press is Press.NO_ANSWER:
        return results.no_answer
    if handset.wrong_pins >= PINS_UNTIL_LOCKED:
        return results.pin_locked
    if press is Press.WRONG_PIN or pin not in (None, handset.pin):
        handset.wrong_pins += 1
        return results.wrong_pin
    handset.wrong_pins = 0
    return lifecycle.decide(state, transaction)
