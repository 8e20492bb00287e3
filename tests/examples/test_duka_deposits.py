"""The sample shop and its pay bill: each receipt counts once, and nothing that was paid is lost."""

from decimal import Decimal

import pytest
import tiny_daraja  # noqa: F401 - it finds the modules of the shop
from callbacks import Unreadable
from deposits import GOOD, UNKNOWN_ACCOUNT, WRONG_AMOUNT, Deposit, DepositReader, Deposits
from records import Order
from store import Store


@pytest.fixture
def deposits() -> Deposits:
    return Deposits(Store(":memory:"))


def paid(typed: str, amount: str = "500", receipt: str = "UKN1ABCDEF") -> Deposit:
    return Deposit(receipt=receipt, amount=Decimal(amount), typed=typed)


def receipts(rows: list[dict[str, object]]) -> list[object]:
    return [row["receipt"] for row in rows]


def test_a_receipt_is_credited_once_and_to_the_account_that_the_customer_meant(deposits: Deposits) -> None:
    number = deposits.open(500)
    deposits.take(paid(number))
    deposits.take(paid(f" {number[:4].lower()}-{number[4:].lower()} ", receipt="UKN1ABCDEG"))
    deposits.take(paid(number))

    assert receipts(deposits.statement(number)) == ["UKN1ABCDEF", "UKN1ABCDEG"]
    assert deposits.unallocated() == []


def test_what_belongs_to_no_account_waits_for_staff(deposits: Deposits) -> None:
    deposits.take(paid("NOBODY"))

    assert receipts(deposits.unallocated()) == ["UKN1ABCDEF"]


def test_a_validation_knows_accounts_and_what_is_due(deposits: Deposits) -> None:
    number, open_end = deposits.open(500), deposits.open(None)

    assert deposits.verdict(paid(number)) == GOOD
    assert deposits.verdict(paid(number, "501")) == WRONG_AMOUNT
    assert deposits.verdict(paid(open_end, "501")) == GOOD
    assert deposits.verdict(paid("NOBODY")) == UNKNOWN_ACCOUNT
    assert deposits.statement(number) == []


def test_the_confirmation_of_a_prompt_is_neither_credited_here_nor_left_to_staff(deposits: Deposits) -> None:
    payment, _ = deposits.store.open(
        Order(msisdn="254711000111", amount=500, reference="ORDER-1"), idempotency_key=None
    )
    push = deposits.take(paid("ORDER-1"))

    assert push is not None
    assert push.id == payment.id
    assert deposits.unallocated() == []
    deposits.take(paid("ORDER-1", "499", receipt="UKN1ABCDEG"))
    assert receipts(deposits.unallocated()) == ["UKN1ABCDEG"]


@pytest.mark.parametrize(("text", "amount"), [("500", "500"), ("500.00", "500"), ("1,000.50", "1000.5")])
def test_amounts_are_decimal_text(text: str, amount: str) -> None:
    confirmation = {"TransID": "UKN1ABCDEF", "TransAmount": text, "BillRefNumber": "D1"}

    assert DepositReader().message(confirmation).amount == Decimal(amount)


@pytest.mark.parametrize(
    "confirmation",
    [[], {}, {"TransID": "A", "TransAmount": "much"}, {"TransID": "A", "TransAmount": "0"}, {"TransAmount": "5"}],
)
def test_what_is_no_confirmation_is_refused(confirmation: object) -> None:
    with pytest.raises(Unreadable):
        DepositReader().message(confirmation)
