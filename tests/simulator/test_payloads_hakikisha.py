"""C2B Hakikisha as in the example payloads: the partner is asked, and what it answers is judged."""

from __future__ import annotations

import json

import pytest
from core_kit import payload
from tayari_simulator.apis.c2b.hakikisha import name_request, problems_of

HALF_PAST_THREE_S = 1_791_376_200.0
"""2026-10-07 15:30:00 in East Africa."""
REQUEST = payload("c2b_hakikisha.request")
REPLY = payload("c2b_hakikisha.reply")
ASKED = json.dumps(REQUEST).encode()


def test_the_question_is_the_example() -> None:
    asked = name_request(
        "http://127.0.0.1/", "t", request_id=REQUEST["requestId"], account="HOUSE-12B", short_code="600984",
        now_s=HALF_PAST_THREE_S,
    )  # fmt: skip

    assert json.dumps(json.loads(asked.body)) == json.dumps(REQUEST)
    assert asked.headers == (("Authorization", "Bearer t"),)


@pytest.mark.parametrize("status", [400, 401, 422])
def test_the_example_s_answer_and_the_documented_refusals_are_right(status: int) -> None:
    assert problems_of(200, json.dumps(REPLY), ASKED) == []
    assert problems_of(status, "", ASKED) == []


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, "", "found HTTP 500; expected HTTP 200, 400, 401 or 422"),
        (None, "", "found no answer; expected HTTP 200, 400, 401 or 422"),
        (200, "[]", "the body is not a JSON object"),
        (200, json.dumps(REPLY | {"accountName": ""}), "accountName is ''; expected the customer's name as text"),
        (200, json.dumps(REPLY | {"shortcode": 600984}), "shortcode is 600984; expected '600984', as it was asked"),
    ],
)
def test_a_wrong_answer_is_explained(status: int | None, body: str, problem: str) -> None:
    assert problems_of(status, body, ASKED) == [problem]
