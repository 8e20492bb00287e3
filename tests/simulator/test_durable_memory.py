"""Memory stays flat: what is through is forgotten, whatever is still open beside it."""

from __future__ import annotations

from core_kit import Desk
from tayari_simulator.journal.memory import Journal
from tayari_simulator.state.exchange import ExchangeKind, JournalExchange
from tayari_simulator.state.transactions import LOOK_AFTER
from tayari_simulator.transport.monitor import resident_bytes

ROOM = 400
QUICK = {"outcome_after_s": "0.005"}


def test_payments_that_stay_open_hold_up_no_other() -> None:
    desk = Desk(options=QUICK)
    store = desk.daraja.state.transactions
    store.most = ROOM
    late = [desk.pushed(PhoneNumber=254700000000 + number) for number in range(5)]
    desk.daraja.state.schedule.clear()  # nothing will ever become of these five
    for number in range(3 * ROOM):
        desk.pushed(PhoneNumber=254711000000 + number)
        done(desk)

    assert len(store) == ROOM + len(late)
    assert [row.id for row in store.all()[:5]] == late
    assert len(store.all()) == len(store)


def test_late_ones_are_forgotten_once_they_are_through() -> None:
    desk = Desk(options=QUICK)
    store = desk.daraja.state.transactions
    store.most = ROOM
    for number in range(2 * ROOM):
        desk.pushed(PhoneNumber=254700000000 + number)
    assert len(store) == 2 * ROOM
    done(desk)
    for number in range(2 * ROOM):
        desk.pushed(PhoneNumber=254711000000 + number)
        done(desk)

    assert len(store) <= ROOM + LOOK_AFTER


def test_twenty_thousand_payments_leave_no_more_than_their_bound() -> None:
    desk, journal = Desk(options=QUICK), Journal(most_bytes=2 * 1024 * 1024)
    store = desk.daraja.state.transactions
    store.most = 1000
    sizes = []
    for number in range(20_000):
        desk.pushed(PhoneNumber=254700000000 + number)
        done(desk)
        pushed = desk.notes.pop()
        pushed.request_body = bytes(400)
        journal.add(pushed)
        journal.add(
            JournalExchange(ExchangeKind.CALLBACK, "callback", "POST", "http://127.0.0.1:1/", (), bytes(400), 0.0, 0.0)
        )
        if number in {4_999, 19_999}:
            sizes.append(resident_bytes())

    assert len(store) == 1000
    assert sizes[1] - sizes[0] < 6e6


def done(desk: Desk) -> None:
    """The payment's result falls due, and its callback is answered."""
    for delivery in desk.after(0.01):
        payment = desk.daraja.state.transactions.find(delivery.transaction_id)
        assert payment is not None
        payment.pending -= 1
