"""Bodies made from a schema: one change each, the same for the same seed, none of them a success."""

import json
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tayari_contracts.checks.callback import f01_fuzzed_callbacks as f01
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.findings import Untested
from tayari_contracts.context.payment import Payment

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "Code": {"type": ["integer", "string"]},
        "Items": {"type": "array", "items": {"type": "object", "properties": {"Name": {"enum": ["Amount"]}}}},
    },
}
GENUINE = {"Code": 1032, "Items": [{"Name": "Amount"}]}


def bodies(seed: int) -> list[tuple[str, str]]:
    return [*f01.changed_bodies(SCHEMA, GENUINE, random=Random(seed))]


def test_the_same_seed_makes_the_same_bodies_in_the_same_order() -> None:
    assert bodies(7) == bodies(7)
    assert bodies(7) != bodies(8)


def test_every_part_of_the_schema_is_changed_and_left_out() -> None:
    names = [what for what, _ in bodies(1)]

    for place in ("Code", "Items", "Items.0", "Items.0.Name"):
        assert any(what.startswith(f"{place} = ") for what in names)
        assert f"no {place}" in names


def test_a_changed_body_differs_from_the_genuine_one_in_that_place_alone() -> None:
    changed = dict(bodies(1))

    assert json.loads(changed["Items.0.Name = null"]) == {"Code": 1032, "Items": [{"Name": None}]}
    assert json.loads(changed["no Code"]) == {"Items": [{"Name": "Amount"}]}


@pytest.mark.parametrize(("code", "success"), [(0, True), ("0", True), (0.0, True), (False, False), (1032, False)])
def test_a_change_that_makes_a_success_is_not_sent(code: object, success: bool) -> None:
    body = json.dumps({"Body": {"stkCallback": {"ResultCode": code}}})

    assert f01.says_success(body) is success


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": 200, "duration_s": 0.1}, ""),
        ({"status": 400, "duration_s": 0.1}, ""),
        ({"status": 500, "duration_s": 0.1, "body": "Oops"}, "answered 500"),
        ({"status": 200, "duration_s": 6.0}, "after 6.0 s"),
        ({"status": None, "error": "no answer within 10 s", "duration_s": 10.0}, "got no answer"),
    ],
)
def test_a_crash_silence_and_slowness_are_found(answer: dict[str, Any], says: str) -> None:
    found = f01.problem("no Code", answer)

    assert (found == "") if not says else says in found


def test_where_everything_is_turned_away_nothing_was_tested() -> None:
    f01.require_reached([{"status": 404}, {"status": 400}])
    with pytest.raises(Untested, match=r"answered \[403, 404\]"):
        f01.require_reached([{"status": 404}, {"status": 403}])


def test_a_changed_result_code_is_sent_alone_and_looked_at_before_the_next() -> None:
    bodies = [(f"Body.stkCallback.ResultCode = {n}", "{}") for n in range(3)] + [(f"x = {n}", "{}") for n in range(6)]

    assert [len(group) for group in f01.groups_of(bodies)] == [1, 1, 1, 4, 2]


class Shop:
    """A merchant that crashes on one body."""

    def __init__(self, crashes_on: str) -> None:
        self.actions = self
        self.profile = SimpleNamespace(shows_state=False)
        self._crashes_on = crashes_on

    def send_callback(self, payment: Payment, *, raw: str, timeout_s: float) -> list[dict[str, Any]]:
        return [{"status": 500 if raw == self._crashes_on else 200, "body": "", "duration_s": timeout_s / 1000}]


def test_a_crash_is_told_of_the_body_that_caused_it() -> None:
    """Bodies are sent in another order than they are made in: a changed ResultCode comes alone, and first."""
    bodies = [("Item = [null]", "a"), (f"Body.{f01.CODE} = 1", "b"), ("no Item", "c"), (f"Body.{f01.CODE} = 2", "d")]

    answered = f01.send_and_look(cast("CheckContext", Shop("a")), cast("Payment", None), bodies)

    assert [what for what, answer in answered if f01.problem(what, answer)] == ["Item = [null]"]
