"""Limits of calls per minute: for each endpoint and app, in the shape that the options say."""

from __future__ import annotations

import pytest
from core_kit import Desk, basic, wire


def statuses(desk: Desk, phones: int) -> list[int]:
    return [desk.push(PhoneNumber=f"25471234567{number}").status for number in range(phones)]


def test_nothing_is_limited_unless_it_is_said() -> None:
    desk = Desk()

    assert statuses(desk, 5) == [200] * 5
    assert {desk.oauth().status for _ in range(5)} == {200}


def test_pushes_are_spaced_evenly() -> None:
    desk = Desk(options={"pushes_per_minute": "6"})
    seen = [desk.push().status, desk.push(PhoneNumber="254712345671").status]
    desk.after(10)
    seen.append(desk.push(PhoneNumber="254712345672").status)

    assert seen == [200, 429, 200]
    assert "more" in desk.notes[-2].note
    assert desk.notes[-2].msisdn == "254712345671"


def test_an_endpoint_has_a_limit_of_its_own() -> None:
    desk = Desk(options={"pushes_per_minute": "6", "query_too_early_s": "0", "in_flight": "4999"})
    identifier = desk.pushed()

    assert [desk.query(identifier).status for _ in range(3)] == [200] * 3
    assert desk.push(PhoneNumber="254712345671").status == 429


def test_an_app_has_a_limit_of_its_own() -> None:
    desk = Desk(options={"tokens_per_minute": "6"})
    desk.after(60)

    assert [desk.oauth(basic(key)).status for key in ("one", "one", "two", "two")] == [200, 429, 200, 429]


@pytest.mark.parametrize(
    ("shape", "status", "key"),
    [("gateway", 429, "fault"), ("api_500", 500, "errorCode"), ("api_429", 429, "errorCode")],
)
def test_the_refusal_has_the_shape_that_was_chosen(shape: str, status: int, key: str) -> None:
    desk = Desk(options={"pushes_per_minute": "1", "rate_limit_shape": shape, "rate_limit_retry_after_s": "7"})
    desk.push()
    reply = desk.push()

    assert reply.status == status
    assert key in wire(reply.body)
    assert "@" not in wire(reply.body).get("requestId", "")
    assert reply.headers == (("Retry-After", "7"),)
