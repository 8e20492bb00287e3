"""The result beside the code, as CI servers show it: annotations of GitHub, and a code quality report of GitLab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from tayari_formats.terminal_text import without_commands

from tayari_reports.model import Run, Severity, State
from tayari_reports.model.outcomes import Outcome
from tayari_reports.statements.waivers import fingerprint_of
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.sentences import answer, first_step, one_line, open_questions, sentence, shout

MOST_OF_A_KIND: Final = 9
"""GitHub shows ten annotations of a kind for a step; the first is the verdict."""

_GRAVITY: Final = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "major",
    Severity.MEDIUM: "minor",
    Severity.LOW: "info",
}
"""GitLab's words; what blocks is a `blocker`."""


def github_annotations(run: Run, judgement: Judgement, file: str) -> Iterator[str]:
    """Workflow commands of GitHub, one a line: the verdict, then what blocks, then what does not.

    Source: GitHub Docs, "Workflow commands for GitHub Actions" (`::error file=,title=::message`; `%`, line ends, and in
    properties `:` and `,`, are escaped).
    """
    kind = "notice" if judgement.exit_code == 0 else "error"
    yield _command(kind, file, f"Tayari: {shout(judgement)}", f"{answer(judgement)} {first_step(run, judgement)}")
    grave = (*judgement.blocking, *open_questions(judgement))
    lesser = (*judgement.waived, *judgement.minor)
    for kind, found in (("error", grave), ("warning", lesser)):
        for one in found[:MOST_OF_A_KIND]:
            yield _command(kind, file, _title(one), _described(one))


def gitlab_code_quality(judgement: Judgement, file: str) -> str:
    """GitLab's code quality report: JSON with one entry for each finding.

    Source: GitLab Docs, "Code Quality report format" (`description`, `check_name`, `fingerprint`, `severity`,
    `location.path`, `location.lines.begin`).
    """
    grave = (*judgement.blocking, *open_questions(judgement))
    entries = [
        {
            "description": f"{_title(one)}: {_described(one)}",
            "check_name": one.rule.id,
            "fingerprint": _fingerprint(one),
            "severity": "blocker" if one in grave else _GRAVITY[one.rule.severity],
            "location": {"path": file, "lines": {"begin": 1}},
        }
        for one in (*grave, *judgement.waived, *judgement.minor)
    ]
    return json.dumps(entries, indent=1) + "\n"


def _title(one: Outcome) -> str:
    return one.rule.id if one.rule.kind == "scenario" else f"{one.rule.id} {one_line(one.rule.title, 120)}"


def _described(one: Outcome) -> str:
    parts = (sentence(one.reason), one.rule.fix and f"Fix: {one.rule.fix}", one.repeat and f"Repeat: {one.repeat}")
    return "\n".join(one_line(part, 600) for part in parts if part)


def _fingerprint(one: Outcome) -> str:
    """One for each rule and kind of failure, so that a finding is the same over runs."""
    failed = (check for check in one.checks if check.state in (State.FAIL, State.WARN))
    return f"{one.rule.id}-{next((fingerprint_of(check) for check in failed), one.state.value)}"


def _command(kind: str, file: str, title: str, message: str) -> str:
    return f"::{kind} file={_property(file)},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return without_commands(text, begins_line=False).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
