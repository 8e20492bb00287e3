"""The simulator's journal, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from tayari_control.client import ControlClient, Json


def entries(control: ControlClient, *, since: int = 0, kind: str | None = None) -> Iterator[Json]:
    """All entries after `since`, oldest first."""
    where: dict[str, str] = {} if kind is None else {"kind": kind}
    while True:
        page = control.journal(since=since, **where)
        yield from page["entries"]
        if not page["entries"] or int(page["next"]) <= since:
            return
        since = int(page["next"])


def newest(control: ControlClient) -> int:
    """The sequence number after the newest entry."""
    since = 0
    while True:
        page = control.journal(since=since)
        if not page["entries"] or int(page["next"]) <= since:
            return since
        since = int(page["next"])
