"""Statements that are sound and do not count today any more, or end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tayari_formats.problems import FileError, Problem
from tayari_reports.statements.waivers import LONGEST_DAYS, WARN_DAYS, left, read_day

from tayari.run.statement_files import StatementFiles, check_file, entries, text


def expiring(files: StatementFiles, *, today: date) -> tuple[list[Problem], list[Problem]]:
    """What is wrong today (a waiver that does not count), and what to see to: what ends within 14 days, and answers
    that have ended.
    """
    wrong: list[Problem] = []
    soon: list[Problem] = []
    for path, line, name, ends in _dated(files.waivers, "waivers", "rule"):
        days = (ends - today).days
        if days < 0:
            wrong.append(_problem(path, line, f"{name}: ended on {ends}; renew it with its owner, or take it out"))
        elif days > LONGEST_DAYS:
            by = today + timedelta(days=LONGEST_DAYS)
            what = f"{name}: {days} days left; expected at most {LONGEST_DAYS}; end it by {by}"
            wrong.append(_problem(path, line, what))
        elif days <= WARN_DAYS:
            soon.append(_problem(path, line, f"{name}: ends {left(days)}, on {ends}"))
    for path, line, name, ends in _dated(files.attestations, "attestations", "item"):
        days = (ends - today).days
        if days < 0:
            soon.append(_problem(path, line, f"{name}: ended on {ends} and counts as no answer; ask again"))
        elif days <= WARN_DAYS:
            soon.append(_problem(path, line, f"{name}: ends {left(days)}, on {ends}"))
    return wrong, soon


def _dated(path: Path | None, key: str, name: str) -> Iterator[tuple[Path, int, str, date]]:
    """The entries whose last day can be read; the others are mistakes that `read_statements` reports."""
    if path is None:
        return
    try:
        checked = check_file(path, key)
    except FileError:
        return
    for where, entry in entries(checked, key):
        ends = read_day(text(entry, "expires"))
        if ends is not None:
            yield path, checked.document.line((*where, "expires")), text(entry, name), ends


def _problem(path: Path, line: int, message: str) -> Problem:
    return Problem(file=str(path), line=line, message=message)
