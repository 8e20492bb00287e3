"""What is read from Daraja's journal."""

import time
from typing import Any, cast

import pytest
from tayari_contracts.context.evidence import LAST_ENTRIES, MOST_EXCHANGES, STORED_S, JournalReader, in_order
from tayari_contracts.context.payment import Payment
from tayari_control.client import ControlClient
from tayari_reports.model import Exchange


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


def exchange(at: int, kind: str, status: int | None) -> Exchange:
    return Exchange(at=float(at), kind=kind, title="", method="POST", url=f"/{at}", status=status)


def test_of_many_exchanges_those_that_crashed_the_merchant_are_kept() -> None:
    crashes = {80: 500, 90: None}
    seen = [exchange(at, "callback", crashes.get(at, 200)) for at in range(200)]
    refused_by_daraja = [exchange(at, "to_daraja", 500) for at in range(200, 300)]
    polls = [exchange(at, "callback", 200) for at in range(300, 340)]

    kept = in_order([*polls, *refused_by_daraja, *seen])

    assert len(kept) <= MOST_EXCHANGES
    assert [(one.at, one.status) for one in kept if one.at in crashes] == [(80.0, 500), (90.0, None)]
    assert [one.at for one in kept] == sorted(one.at for one in kept)
    assert (kept[0].at, kept[-1].at) == (0.0, 339.0)
