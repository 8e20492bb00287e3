"""Paths and changes of a callback's body, shared by the fault `mutate` and the control API."""

from __future__ import annotations

import orjson
import pytest
from tayari_simulator.faults.change import BadChange, Change
from tayari_simulator.scenarios.lint import sample_message

SUCCESS_BODY = sample_message("stk_push", success=True)
FAILURE_BODY = sample_message("stk_push", success=False)

CODE = "Body.stkCallback.ResultCode"
ITEM = "Body.stkCallback.CallbackMetadata.Item"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            Change(set={"Body.stkCallback.ResultCod": 1}),
            f'"Body.stkCallback.ResultCod" is not in this body; did you mean {CODE}?',
        ),
        (
            Change(drop=[f"{ITEM}[Amout].Value"]),
            f'"{ITEM}[Amout].Value" is not in this body; did you mean {ITEM}[Amount].Value?',
        ),
        (Change(set={"Body..x": 1}), '"Body..x" is not a path; expected Key.Key or Key.Item[Name].Value'),
        (Change(set={".Body": 1}), '".Body" is not a path; expected Key.Key or Key.Item[Name].Value'),
        (Change(set={"Body[": 1}), '"Body[" is not a path; expected Key.Key or Key.Item[Name].Value'),
        (Change(order=["Amout"]), 'order names "Amout", which is no item of this body; did you mean Amount?'),
        (Change(set={CODE: {"$jsn": "1"}}), "$jsn is no form of value; did you mean $json?"),
        (Change(set={CODE: {"$json": "1.0.0"}}), "$json: '1.0.0' is not JSON"),
        (Change(set={CODE: {"$copy": 5}}), "$copy takes text; found 5"),
        (Change(set={CODE: {"$decimal": "Body.stkCallback.ResultDesc"}}), "is not a whole number"),
    ],
)
def test_a_change_that_cannot_be_made_is_reported_with_the_nearest(change: Change, message: str) -> None:
    with pytest.raises(BadChange) as refusal:
        change.apply(SUCCESS_BODY)

    assert message in str(refusal.value)


def test_all_that_cannot_be_changed_is_reported_at_once() -> None:
    with pytest.raises(BadChange) as refusal:
        Change(set={"Bdy": 1}, drop=["Body.x"], order=["Receipt"]).apply(FAILURE_BODY)

    assert str(refusal.value).count(";") >= 2


def test_a_body_that_is_not_json_cannot_be_changed() -> None:
    with pytest.raises(BadChange, match="the body is not JSON"):
        Change(set={CODE: 1}).apply(b"{")


def test_metadata_can_be_given_to_a_failure() -> None:
    changed = Change(set={"Body.stkCallback.CallbackMetadata": {"Item": []}}).apply(FAILURE_BODY)

    assert orjson.loads(changed)["Body"]["stkCallback"]["CallbackMetadata"] == {"Item": []}


def test_list_members_are_found_by_number_too() -> None:
    changed = Change(set={f"{ITEM}[0].Value": 7}).apply(SUCCESS_BODY)

    assert orjson.loads(changed)["Body"]["stkCallback"]["CallbackMetadata"]["Item"][0] == {"Name": "Amount", "Value": 7}


def test_a_value_can_be_the_copy_of_another_place() -> None:
    changed = Change(set={ITEM: {"$copy": f"{ITEM}[Amount]"}}).apply(SUCCESS_BODY)

    assert orjson.loads(changed)["Body"]["stkCallback"]["CallbackMetadata"] == {"Item": {"Name": "Amount", "Value": 1}}


def test_numbers_that_are_not_touched_keep_their_form() -> None:
    body = SUCCESS_BODY.replace(b'"Value":1}', b'"Value":350.00}')

    assert b'"Value":350.00}' in Change(set={CODE: 5}).apply(body)


def test_the_text_of_a_wire_number_is_its_digits() -> None:
    body = SUCCESS_BODY.replace(b'"Value":1}', b'"Value":1.50}')
    changed = Change(set={f"{ITEM}[Amount].Value": {"$text": "."}}).apply(body)

    assert b'"Value":"1.50"' in changed
