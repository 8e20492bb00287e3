"""A call that makes a transaction: its scenario is chosen, the transaction remembered, its result planned."""

from __future__ import annotations

from collections.abc import Callable

from tayari_simulator.apis.core.apply_faults import apply_faults
from tayari_simulator.apis.core.daraja_state import DarajaState
from tayari_simulator.state.behaviour import Play, Reply
from tayari_simulator.state.exchange import Exchange
from tayari_simulator.state.transactions import Transaction

Accept = Callable[[Play | None], Reply]


def choose(
    state: DarajaState, exchange: Exchange, call: str, *, msisdn: str, amount: int, reference: str, accept: Accept
) -> Reply:
    """Let the scenario that is chosen for this call speak, or `accept` the transaction without one.

    Raises:
        Refused: by `accept`.
    """
    exchange.msisdn = msisdn
    chooser = state.choose
    play = None if chooser is None else chooser.for_transaction(call, msisdn=msisdn, amount=amount, reference=reference)
    if chooser is None or play is None:
        return accept(None)
    exchange.scenario = play.behaviour.name

    def decide() -> Reply:
        reply = accept(play)
        chooser.accepted(call, msisdn)
        return reply

    return apply_faults(play, call, state, exchange.at_s, decide)


def first_due_s(state: DarajaState, exchange: Exchange, play: Play | None, after_s: float) -> float:
    """When the first result of a transaction falls due: as its scenario says, or `after_s` from now."""
    return exchange.at_s + (after_s if play is None else play.behaviour.steps[0].after.draw(state.uniform))


def begin(state: DarajaState, exchange: Exchange, transaction: Transaction) -> None:
    """Remember an accepted transaction and plan its result. Nobody has heard of it yet."""
    transaction.seq = exchange.seq
    transaction.pending = 1
    transaction.next_due_s = transaction.due_s
    if state.keeper is not None:
        state.keeper.accepted(transaction)
    state.transactions.add(transaction)
    state.lifecycles[transaction.kind].opened(state, transaction)
    state.schedule.add(transaction.due_s, transaction)
    state.counts.accept(transaction.kind)
    exchange.transaction_id = transaction.id
