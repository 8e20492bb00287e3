"""The APIs that answer at once: what they remember, and that no body whatever makes them stumble."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from core_kit import Desk, error_of, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from tayari_simulator.apis.registry import ENDPOINTS, Endpoint
from tayari_simulator.catalogue.options import Options
from test_core_fields import anything

SYNC = [row for row in ENDPOINTS if row.fields is not None and not row.chooses]


def iot(desk: Desk, called: str, query: str = "", **said: Any) -> Any:
    reply = desk.call(f"/simportal/v1/{called}", orjson.dumps(said), query=query)
    assert reply.status == 200
    return wire(reply.body)["body"]


def test_a_suspended_sim_is_suspended_until_it_is_not() -> None:
    desk = Desk()
    iot(desk, "suspend_unsuspend_sub", msisdn="254711000111", operation="suspend")

    assert iot(desk, "queryLifeCycleStatus", msisdn="254711000111")["status"] == "Suspended"
    assert iot(desk, "getactivationtrends")["suspended"] == 1
    iot(desk, "suspend_unsuspend_sub", msisdn="254711000111", operation="unsuspend")
    assert iot(desk, "queryLifeCycleStatus", msisdn="254711000111")["status"] == "Active"


def test_messages_are_listed_in_pages_and_deleted() -> None:
    desk = Desk()
    ids = [iot(desk, "sendsinglemessage", msisdn="254711000111", message=f"m{n}")["recepitId"] for n in range(5)]
    page = iot(desk, "getallmessages", "?pageNo=2&pageSize=2")["messages"]

    assert [row["message"] for row in page] == ["m2", "m3"]
    iot(desk, "deletemessage", messageId=ids[0])
    assert iot(desk, "searchmessages", searchValue="m")["messages"][0]["message"] == "m1"
    iot(desk, "deleteMessageThread", msisdn="254711000111")
    assert iot(desk, "getallmessages")["messages"] == []


def test_a_reset_forgets_what_an_api_remembers() -> None:
    desk = Desk()
    iot(desk, "renameasset", msisdn="254711000111", assetName="meter")
    assert iot(desk, "querycustomerinfo", msisdn="254711000111")["assetName"] == "meter"
    desk.daraja.forget()
    desk.authorization = f"Bearer {wire(desk.oauth().body)['access_token']}"

    assert iot(desk, "allsims")["sims"] == []


def test_the_fields_of_a_get_are_in_its_query() -> None:
    desk = Desk()
    path = "/v1/dynamic-offers/fetch"

    assert desk.call(path, method="GET", query="?msisdn=254711000111").status == 200
    assert error_of(desk.call(path, method="GET", query="?msisdn=1")) == (
        400,
        "400.002.02",
        "Bad Request - Invalid msisdn",
    )


@pytest.mark.parametrize("row", SYNC, ids=lambda row: row.name)
def test_every_body_is_answered_below_500(row: Endpoint) -> None:
    assert row.fields is not None
    names = [field.name for field in row.fields(Options()).rows]
    bodies = anything | st.dictionaries(st.sampled_from([*names, "Other"]), anything, max_size=len(names))
    if row.many:
        bodies |= st.lists(bodies, max_size=3)
    desk = Desk()

    @settings(max_examples=40, deadline=None)
    @given(body=bodies.map(_bytes) | st.binary(max_size=40), query=st.text(max_size=12))
    def check(body: bytes, query: str) -> None:
        reply = desk.call(row.path, body, method=row.method, query=f"?{query}")

        assert 200 <= reply.status < 500, reply.body
        assert not reply.body or isinstance(wire(reply.body), dict)

    check()


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
