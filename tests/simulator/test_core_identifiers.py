"""Identifiers have the real forms, and stay unique at any rate and for any seed."""

from __future__ import annotations

import re
from datetime import datetime
from random import Random

import pytest
from core_kit import NOW_S, Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.state.identifiers import EAT, Ids, day_letters


@pytest.mark.parametrize(
    ("day", "letters"),
    [
        ("2019-01-01", "NA1"), ("2020-02-09", "OB9"), ("2021-03-10", "PCA"), ("2023-12-31", "RLV"),
        ("2024-08-12", "SHC"), ("2025-06-15", "TFF"), ("2026-10-07", "UJ7"),
    ],
)  # fmt: skip
def test_a_receipt_begins_with_year_month_and_day(day: str, letters: str) -> None:
    assert day_letters(datetime.fromisoformat(day)) == letters


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_receipts_never_repeat(seed: int) -> None:
    ids = Ids(Random(seed).random)
    receipts = [ids.receipt(NOW_S) for _ in range(2000)]

    assert len(set(receipts)) == 2000
    assert all(re.fullmatch(r"UJ7[0-9A-Z]{7}", receipt) for receipt in receipts)


def test_the_day_of_a_receipt_is_counted_in_east_africa() -> None:
    ids = Ids(Random(1).random)
    evening = datetime(2026, 10, 7, 23, 59, 59, tzinfo=EAT).timestamp()

    assert [ids.receipt(evening)[:3], ids.receipt(evening + 1)[:3]] == ["UJ7", "UJ8"]


@pytest.mark.parametrize(("digits", "length"), [(1, 30), (3, 32)])
def test_a_checkout_request_id_has_the_time_a_fraction_and_the_phone(digits: int, length: int) -> None:
    identifier = Ids(Random(1).random, fraction_digits=digits).checkout_request_id(NOW_S, "254708374149")

    assert len(identifier) == length
    assert identifier.startswith("ws_CO_071020261435032")
    assert identifier.endswith("708374149")


def test_the_clock_of_a_checkout_request_id_may_run_ahead_of_the_callers() -> None:
    identifiers = [Desk({"id_clock_ahead_s": ahead_s}).pushed() for ahead_s in ("0", "111")]

    assert [identifier[14:20] for identifier in identifiers] == ["143503", "143654"]


@pytest.mark.parametrize("digits", ["1", "3"])
def test_pushes_of_one_phone_in_one_instant_have_ids_of_their_own(digits: str) -> None:
    desk = Desk({"subscriber_lock": "off", "same_amount": "accept", "id_fraction_digits": digits})

    identifiers = {desk.pushed() for _ in range(25)}

    assert len(identifiers) == 25
    assert {len(identifier) for identifier in identifiers} == {29 + int(digits)}


def test_request_ids_share_the_node_and_count_up() -> None:
    ids = Ids(Random(1).random)
    first, second = ids.request_id(), ids.request_id()
    form = r"([0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(\d+)"
    one, other = re.fullmatch(form, first), re.fullmatch(form, second)

    assert one is not None
    assert other is not None
    assert one[1] == other[1]
    assert int(other[2]) == int(one[2]) + 1


def test_classic_request_ids_have_three_groups_of_digits() -> None:
    assert re.fullmatch(r"\d{5}-\d{8}-1", Ids(Random(1).random, classic=True).request_id())


def test_tokens_have_28_letters_and_digits_and_differ() -> None:
    ids = Ids(Random(1).random)
    tokens = {ids.token() for _ in range(500)}

    assert len(tokens) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9]{28}", token) for token in tokens)


def test_one_seed_makes_one_run() -> None:
    def run() -> list[bytes]:
        desk = Desk()
        return [desk.oauth().body, desk.push().body, *(delivery.body for delivery in desk.after(5))]

    assert run() == run()


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 2**31), apart=st.integers(1, 170_000), seed=st.integers(0, 9), classic=st.booleans())
def test_a_process_that_began_later_repeats_nothing(first: int, apart: int, seed: int, classic: bool) -> None:
    runs = []
    for second in (first, first + apart):
        ids = Ids(Random(seed).random, classic=classic)
        ids.begin(second)
        runs.append({name for _ in range(300) for name in (ids.receipt(NOW_S), ids.request_id(), ids.token())})

    assert runs[0].isdisjoint(runs[1]) or (classic and apart % 89_999 == 0)
