"""What Daraja does with a transaction: it accepts it, makes its results true, and makes its messages.

Messages and queries read the same record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from tayari_simulator.apis.core.daraja_state import DarajaState, DeliveryAnswer, Lifecycle, Result
from tayari_simulator.catalogue import results
from tayari_simulator.catalogue.errors import REQUEST_ID
from tayari_simulator.state.behaviour import Call, Delivery, Play, Reply, Step, Transport
from tayari_simulator.state.exchange import JournalExchange
from tayari_simulator.state.transactions import Event, Move, Status, Transaction

Accept = Callable[[Play | None], Reply]
_MARK: Final = REQUEST_ID.encode()
_PLAIN: Final = (Step(result_code=0),)
_PAID, _APPROVED = Status.PAID, Event.APPROVED
"""Reading a member of an enumeration takes eight times as long in Python 3.11, and each payment asks five times."""
_TIMED_OUT: Final = Result(1, "Request timed out in the queue", "", 0.0)
"""The body that goes to the `QueueTimeOutURL`. No capture is known: assumed. Source: reference 6-2."""


def choose(
    state: DarajaState,
    exchange: JournalExchange,
    call: str,
    *,
    msisdn: str,
    amount: int,
    reference: str,
    accept: Accept,
    prompted: str = "",
) -> Reply:
    """Let the scenario that is chosen for this call answer, or `accept` the transaction without one.

    `prompted`: the number whose phone shows a prompt; empty: none does.

    Raises:
        Refused: by `accept`.
    """
    exchange.msisdn = msisdn
    chooser = state.choose
    if chooser is None or not chooser.chooses:
        return accept(None)  # most transactions: no scenario is looked for
    play = chooser.for_transaction(call, msisdn=msisdn, amount=amount, reference=reference, prompted=prompted)
    if play is None:
        return accept(None)
    exchange.scenario = play.behaviour.name

    def decide() -> Reply:
        reply = accept(play)
        chooser.accepted(call, msisdn)
        return reply

    return apply_faults(play, call, state, exchange.at_s, decide)


def first_due_s(state: DarajaState, exchange: JournalExchange, play: Play | None, after_s: float) -> float:
    """When the first result of a transaction falls due: as its scenario says, or `after_s` from now."""
    return exchange.at_s + (after_s if play is None else play.behaviour.steps[0].after.draw(state.uniform))


def begin(state: DarajaState, exchange: JournalExchange, transaction: Transaction) -> None:
    """Remember an accepted transaction and plan its result. No answer or message about it is out yet."""
    transaction.seq = exchange.seq
    transaction.pending = 1
    transaction.next_due_s = transaction.due_s
    if state.keeper is not None:
        state.keeper.accepted(transaction)
    state.transactions.add(transaction)
    state.lifecycles[transaction.kind].opened(state, transaction)
    state.schedule.add(transaction.due_s, transaction)
    state.counts.accepted_by_kind[transaction.kind] += 1
    exchange.transaction_id = transaction.id


def bring_result_forward(state: DarajaState, transaction: Transaction, now_s: float) -> None:
    """Let the next result of a transaction, which is on the schedule, fall due now."""
    if not transaction.step:
        transaction.due_s = now_s
    transaction.next_due_s = now_s
    if state.keeper is not None:
        state.keeper.resulted(transaction, ())
    state.schedule.bring_forward(transaction, now_s)


def apply_faults(play: Play, call: str, state: DarajaState, now_s: float, decide: Callable[[], Reply]) -> Reply:
    """Count the call, let its faults answer or decide, then let them shape the reply.

    Raises:
        Refused: by `decide`.
    """
    faults = play.met(call, now_s, state.uniform)
    reply = None
    for fault in faults:
        reply = fault.instead()
        if reply is not None:
            state.counts.refuse(_counted_as(reply))
            break
    if reply is None:
        reply = decide()
    for fault in faults:
        fault.shape(reply)
    if reply.revokes_tokens:
        state.tokens.revoke()
    if _MARK in reply.body:
        reply.body = reply.body.replace(_MARK, state.ids.request_id().encode())
    return reply


def _counted_as(reply: Reply) -> str:
    """What the counters call a refusal that a fault made."""
    if reply.transport is not Transport.NORMAL:
        return str(reply.transport)
    body = orjson.loads(reply.body) if reply.body.startswith(b"{") else {}
    return str(body.get("errorCode") or f"http_{reply.status}")


def play_next_result(state: DarajaState, transaction: Transaction, due_s: float) -> tuple[Delivery, ...]:
    """Apply the transaction's next result at `due_s`; returns the messages to send, each with its own time.

    A further step of its behaviour is put on the schedule.
    """
    lifecycle = state.lifecycles[transaction.kind]
    if lifecycle.precede is not None:
        first = lifecycle.precede(state, transaction, due_s)
        if first is not None:
            return _precede(state, lifecycle, transaction, first)
    play = transaction.play
    steps = _PLAIN if play is None else play.behaviour.steps
    step = steps[transaction.step]
    transaction.step += 1
    code = _code_of(state, lifecycle, transaction, step)
    desc = (step.result_desc if code == step.result_code else None) or state.text_of(code, lifecycle.api)
    unpaid = transaction.status is not _PAID
    receipt = transaction.receipt
    if not step.truth:
        receipt = ""
    elif unpaid:
        receipt = _apply(state, transaction, code, desc, due_s)
    lifecycle.closed(state, transaction)
    state.counts.results += 1
    if transaction.step < len(steps):
        transaction.next_due_s = due_s + steps[transaction.step].after.draw(state.uniform)
        state.schedule.add(transaction.next_due_s, transaction)
    else:
        transaction.next_due_s = 0.0
        transaction.pending -= 1
    deliveries = _message(state, lifecycle, transaction, step, Result(code, desc, receipt, due_s))
    asked = state.with_further_messages
    if not asked or not unpaid or transaction.status is not _PAID:
        return deliveries
    if transaction.short_code not in asked and transaction.party_b not in asked:
        return deliveries
    return (*deliveries, *_further(state, lifecycle, transaction, due_s))


def _further(state: DarajaState, lifecycle: Lifecycle, transaction: Transaction, due_s: float) -> tuple[Delivery, ...]:
    """The messages of a first success beside its own."""
    deliveries: tuple[Delivery, ...] = ()
    for further in lifecycle.also:
        sent = further.plan(state, transaction, due_s)
        if sent is not None and transaction.play is not None:
            deliveries += _with_faults(state, transaction.play, sent, due_s, further.name)
        elif sent is not None:
            deliveries += (sent,)
    return deliveries


def _precede(
    state: DarajaState, lifecycle: Lifecycle, transaction: Transaction, first: Delivery
) -> tuple[Delivery, ...]:
    """The message that must be answered, as its faults leave it. One that is not sent is not answered in time."""
    transaction.next_due_s = 0.0
    transaction.pending -= 1
    if transaction.play is None:
        return (first,)
    sent = _with_faults(state, transaction.play, first, first.due_s, Call.VALIDATION)
    if not any(row.precedes for row in sent):
        lifecycle.answered(state, transaction, DeliveryAnswer(0, b"", first.due_s + first.timeout_s))
    return sent


def _message(
    state: DarajaState, lifecycle: Lifecycle, transaction: Transaction, step: Step, result: Result
) -> tuple[Delivery, ...]:
    """The later message of a result, as its scenario's faults leave it."""
    url = transaction.timeout_url if step.to_timeout_url else transaction.url
    if not step.callback or not url:
        return ()
    due_s, play = result.at_s, transaction.play
    if step.to_timeout_url:
        result = _TIMED_OUT._replace(at_s=due_s)
    elif result.code == 0 and not result.receipt and lifecycle.moves_money:
        result = result._replace(receipt=transaction.receipt or _receipt(state, lifecycle, transaction, due_s))
    body = lifecycle.message(state, transaction, result)
    if not body:
        return ()
    delivery = Delivery(due_s, url, body, transaction.id, transaction.msisdn)
    if lifecycle.names_short_code:
        delivery.headers = state.callback_headers
    if play is None:
        return (delivery,)
    delivery.due_s += step.callback_after.draw(state.uniform)
    return _with_faults(state, play, delivery, due_s, Call.CALLBACK, lifecycle.called)


def message_of(
    state: DarajaState, transaction: Transaction, code: int | str | None, now_s: float, *, desc: str | None = None
) -> bytes:
    """The later message of a transaction as bytes: of its result, or (with `code`) a fresh one that says so.

    Raises:
        ValueError: there is no result yet, and none was given.
    """
    lifecycle = state.lifecycles[transaction.kind]
    code = transaction.result_code if code is None else results.wire_form(code)
    if code is None:
        raise ValueError(f"{transaction.id} has no result yet")
    if desc is None:
        known = code == transaction.result_code
        desc = transaction.result_desc if known else state.text_of(code, lifecycle.api)
    done_s = transaction.completed_s or now_s
    receipt = transaction.receipt
    if not receipt and code == 0 and lifecycle.moves_money:
        receipt = _receipt(state, lifecycle, transaction, done_s)
    return lifecycle.message(state, transaction, Result(code, desc, receipt, done_s))


def _apply(state: DarajaState, transaction: Transaction, code: int | str, desc: str, due_s: float) -> str:
    """Make a result true for a transaction that is not paid yet; returns the receipt if money moved."""
    lifecycle = state.lifecycles[transaction.kind]
    before = transaction.status
    transaction.move(_APPROVED if code == 0 else Event.DECLINED)
    transaction.moves = (*transaction.moves, Move(due_s, before, transaction.status, code, desc))
    transaction.result_code = code
    transaction.result_desc = desc
    transaction.completed_s = due_s
    if code == 0:
        if lifecycle.moves_money:
            transaction.receipt = transaction.receipt or _receipt(state, lifecycle, transaction, due_s)
            state.transactions.keep_receipt(transaction)
        lifecycle.settle(state, transaction)
    return transaction.receipt


def _code_of(state: DarajaState, lifecycle: Lifecycle, transaction: Transaction, step: Step) -> int | str:
    """The result as the scenario says; no scenario lets a request succeed that was doomed when it was accepted."""
    if transaction.play is not None:
        code = results.wire_form(step.result_code)
        return code if code != 0 or transaction.forced is None else transaction.forced
    return transaction.forced if transaction.forced is not None else lifecycle.decide(state, transaction)


def _receipt(state: DarajaState, lifecycle: Lifecycle, transaction: Transaction, at_s: float) -> str:
    return state.ids.receipt(at_s) if lifecycle.receipt is None else lifecycle.receipt(state, transaction, at_s)


def _with_faults(state: DarajaState, play: Play, delivery: Delivery, now_s: float, *names: str) -> tuple[Delivery, ...]:
    """A message under the faults that are put on it, by whichever of its names."""
    deliveries: tuple[Delivery, ...] = (delivery,)
    for name in filter(None, names):
        for fault in play.met(name, now_s, state.uniform):
            deliveries = fault.deliver(deliveries)
    return deliveries


def limit_result(state: DarajaState, transaction: Transaction) -> int | str:
    """The result of a customer's payment by its limits: the organisation's, then what one customer may pay in a day."""
    if state.organisations.limited:
        above = state.organisations.limit_result(transaction.short_code, transaction.amount)
        if above is not None:
            return above
    paid = state.transactions.paid(transaction.msisdn, transaction.due_s)
    if paid and paid + transaction.amount > state.rules.daily_limit:
        return results.DAILY_LIMIT
    return results.SUCCESS


def pay_in(state: DarajaState, transaction: Transaction) -> None:
    """A customer's payment succeeded: the organisation has the money, and the day's sum of the customer grows."""
    state.ledger.pay_in(transaction.msisdn, transaction.short_code, transaction.amount)
    state.transactions.note_paid(transaction.msisdn, transaction.completed_s, transaction.amount)
