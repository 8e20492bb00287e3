"""The load's customers: unique, seeded, and nobody else's numbers."""

from __future__ import annotations

import pytest
from tayari_load.plan import parse_mix
from tayari_load.users.load_customers import LOAD_PREFIX, PER_WORKER, Customers
from tayari_money.payment_record import PaymentKind


def test_no_number_is_given_twice_within_a_worker() -> None:
    customers = Customers(seed=1)

    numbers = {customers.order().msisdn for _ in range(2_000)}

    assert len(numbers) == 2_000


def test_no_number_and_no_reference_is_shared_between_workers() -> None:
    orders = [customers.order() for customers in (Customers(seed=1, worker=n) for n in range(4)) for _ in range(500)]

    assert len({order.msisdn for order in orders}) == 2_000
    assert len({order.reference for order in orders}) == 2_000


def test_the_whole_block_of_a_worker_is_used_before_a_number_comes_again() -> None:
    customers = Customers(seed=3)
    numbers = [customers._start + n * customers._step for n in range(PER_WORKER)]

    assert len({number % PER_WORKER for number in numbers}) == PER_WORKER


def test_numbers_are_kenyan_mobile_numbers_of_the_loads_own_block() -> None:
    numbers = [Customers(seed=9, worker=99).order().msisdn for _ in range(3)]

    assert all(number.startswith(LOAD_PREFIX) and len(number) == 12 and number.isdigit() for number in numbers)


def test_the_same_seed_gives_the_same_orders() -> None:
    first, second, other = Customers(seed=7), Customers(seed=7), Customers(seed=8)

    assert [first.order() for _ in range(5)] == [second.order() for _ in range(5)]
    assert first.order() != other.order()


def test_amounts_are_whole_shillings_that_a_shop_would_ask() -> None:
    customers = Customers(seed=2)
    amounts = [customers.order().amount for _ in range(300)]

    assert all(isinstance(amount, int) and 20 <= amount <= 5_000 and amount % 5 == 0 for amount in amounts)
    assert len(set(amounts)) > 50


def test_a_reference_fits_the_account_reference_of_daraja() -> None:
    reference = Customers(seed=2, worker=41).order().reference

    assert len(reference) <= 12
    assert reference.isalnum()


@pytest.mark.parametrize("worker", [-1, 100])
def test_a_worker_without_a_part_of_the_block_is_refused(worker: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 99"):
        Customers(seed=1, worker=worker)


def test_a_later_run_with_another_mix_goes_on_with_the_numbers() -> None:
    """The mix can be changed on Locust's page between two runs of one process."""
    customers = Customers(seed=1)
    first = [customers.order() for _ in range(50)]
    customers.play(parse_mix("c2b/success=1"), PaymentKind.C2B_PAYMENT)
    second = [customers.order() for _ in range(50)]

    assert {order.kind for order in first} == {PaymentKind.STK_PAYMENT}
    assert {order.kind for order in second} == {PaymentKind.C2B_PAYMENT}
    assert len({order.msisdn for order in [*first, *second]}) == 100
