"""A result falls due: the truth changes, and the callback that tells of it is made. The query reads the same record."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tayari_simulator.apis.world import World
from tayari_simulator.catalogue import results
from tayari_simulator.state.behaviour import Call, Delivery, Play, Step
from tayari_simulator.state.identifiers import EAT
from tayari_simulator.state.transactions import Event, Move, Payment, Status

_PLAIN: Final = (Step(result_code=0),)


def play_next_result(world: World, payment: Payment, due_s: float) -> tuple[Delivery, ...]:
    """Apply the payment's next result at `due_s`; returns the callbacks to send, each with its own time.

    A further step of its behaviour is put on the agenda.
    """
    play = payment.play
    steps = _PLAIN if play is None else play.behaviour.steps
    step = steps[payment.step]
    payment.step += 1
    code = _ruled_code(world, payment) if play is None else results.wire_form(step.result_code)
    desc = step.result_desc or world.text_of(code)
    receipt = _apply(world, payment, code, desc, due_s) if step.truth else ""
    world.payments.close_prompt(payment)
    world.counts.results += 1
    if payment.step < len(steps):
        payment.next_due_s = due_s + steps[payment.step].after.draw(world.uniform)
        world.agenda.add(payment.next_due_s, payment)
    else:
        payment.next_due_s = 0.0
        payment.pending -= 1
    if not step.callback:
        return ()
    if code == 0 and not receipt:
        receipt = payment.receipt or world.ids.receipt(due_s)
    body = world.callbacks.body(payment, code, desc, receipt=receipt, date_time=transaction_date(world, due_s))
    sent_s = due_s + step.callback_after.draw(world.uniform)
    delivery = Delivery(sent_s, payment.callback_url, body, payment.checkout_request_id, payment.msisdn)
    delivery.headers = world.callback_headers
    return (delivery,) if play is None else _with_faults(world, play, delivery, due_s)


def callback_of(world: World, payment: Payment, code: int | str | None, now_s: float) -> bytes:
    """The callback of a payment as bytes: of its result, or (with `code`) a fresh one that says so.

    Raises:
        ValueError: there is no result yet, and none was given.
    """
    code = payment.result_code if code is None else results.wire_form(code)
    if code is None:
        raise ValueError(f"payment {payment.checkout_request_id} has no result yet")
    desc = payment.result_desc if code == payment.result_code else world.text_of(code)
    done_s = payment.completed_s or now_s
    receipt = payment.receipt or (world.ids.receipt(done_s) if code == 0 else "")
    return world.callbacks.body(payment, code, desc, receipt=receipt, date_time=transaction_date(world, done_s))


def transaction_date(world: World, now_s: float) -> int:
    """`TransactionDate`: 14 digits in EAT, perhaps earlier than the clock (option `transaction_date_skew_s`)."""
    skew_s = world.rules.transaction_date_skew_s
    if skew_s:
        return int(f"{datetime.fromtimestamp(int(now_s - skew_s), EAT):%Y%m%d%H%M%S}")
    return world.ids.second(now_s).date_time


def _apply(world: World, payment: Payment, code: int | str, desc: str, due_s: float) -> str:
    """Let the truth follow a result; returns the receipt if money moved."""
    if payment.status is Status.PAID:
        return payment.receipt
    before = payment.status
    payment.move(Event.APPROVED if code == 0 else Event.DECLINED)
    payment.moves = (*payment.moves, Move(due_s, before, payment.status, code, desc))
    payment.result_code = code
    payment.result_desc = desc
    payment.completed_s = due_s
    if code == 0:
        payment.receipt = world.ids.receipt(due_s)
        world.wallets.take(payment.msisdn, payment.amount)
    return payment.receipt


def _ruled_code(world: World, payment: Payment) -> int | str:
    """The result of a payment that no scenario speaks for."""
    if payment.forced is not None:
        return payment.forced
    if not world.wallets.covers(payment.msisdn, payment.amount):
        return results.INSUFFICIENT
    same_phone = world.payments.of(payment.msisdn)
    if len(same_phone) > 1 and _paid_today(world, payment) + payment.amount > world.rules.daily_limit:
        return results.DAILY_LIMIT
    return results.SUCCESS


def _paid_today(world: World, payment: Payment) -> int:
    today = _day(payment.due_s)
    return sum(
        other.amount
        for other in world.payments.of(payment.msisdn)
        if other.status is Status.PAID and _day(other.completed_s) == today
    )


def _day(now_s: float) -> int:
    """The number of the day in EAT."""
    return int(now_s + 3 * 3600) // 86_400


def _with_faults(world: World, play: Play, delivery: Delivery, now_s: float) -> tuple[Delivery, ...]:
    deliveries: tuple[Delivery, ...] = (delivery,)
    for fault in play.met(Call.CALLBACK, now_s, world.uniform):
        deliveries = fault.deliver(deliveries)
    return deliveries
