"""What is read from Daraja's journal."""

import time
from typing import Any, cast

import pytest
from tayari_contracts.context.evidence import LAST_ENTRIES, STORED_S, JournalReader
from tayari_contracts.context.payment import Payment
from tayari_control.client import ControlClient


class Journal:
    """A journal whose next entry is number 500, with pushes of the given ages."""

    def __init__(self, *seconds_ago: float) -> None:
        self._at = [time.time() - ago for ago in seconds_ago]
        self.since = 0

    def journal_end(self) -> int:
        return 500

    def journal(self, *, since: int = 0, **_: Any) -> dict[str, Any]:
        self.since = since
        return {"next": 500, "entries": [{"at": at} for at in self._at]}


@pytest.mark.parametrize(
    ("seconds_ago", "left_s"), [((), 0.0), ((9.0, 3.0), 0.0), ((9.0, 0.25), STORED_S - 0.25), ((0.0,), STORED_S)]
)
def test_a_restart_waits_for_the_newest_push_alone(seconds_ago: tuple[float, ...], left_s: float) -> None:
    journal = Journal(*seconds_ago)

    assert JournalReader(cast(ControlClient, journal)).seconds_until_stored() == pytest.approx(left_s, abs=0.2)
    assert journal.since == 500 - LAST_ENTRIES


@pytest.mark.parametrize(
    ("body", "is_found"),
    [('{"ResultCode": "1032"}', True), ('{"ResultCode": 1032}', True), ('{"ResultCode": "0"}', False), ("", False)],
)
def test_the_answer_of_a_status_query_is_found_by_its_code(body: str, is_found: bool) -> None:
    class OneQuery(JournalReader):
        def queries(self, _: object) -> list[dict[str, Any]]:
            return [{"response": {"body": body}}]

    assert OneQuery(cast(ControlClient, None)).has_query_result(cast(Payment, None), 1032) is is_found
