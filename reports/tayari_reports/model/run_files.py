"""Result files on disk: `run.json`, and the JSON lines that a suite writes while it runs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from tayari_reports.model import SCHEMA, Check, Load, Rule, Run
from tayari_reports.model.codec import ReportError, from_value, to_value


def to_dict(record: Run | Check | Rule | Load) -> dict[str, Any]:
    """A record as a JSON object; a run starts with its `schema`."""
    made: dict[str, Any] = to_value(record)
    return {"schema": made.pop("schema"), **made} if isinstance(record, Run) else made


def run_from_dict(value: object) -> Run:
    """A run from the JSON object of `run.json`.

    Raises:
        ReportError: not a run, another major version, or a key that is missing or wrong.
    """
    found = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise ReportError("no `schema` version at the top; expected a run.json as `tayari check` writes it")
    if found.split(".")[0] != SCHEMA.split(".")[0]:
        raise ReportError(
            f"result version {found}, but this Tayari reads {SCHEMA.split('.')[0]}.x; "
            "read it with the Tayari that wrote it, or run the check again"
        )
    return from_value(Run, value)


def read_run(path: Path | str) -> Run:
    """Read a `run.json`.

    Raises:
        ReportError: unreadable, torn, another major version, or not a run; the message names the file.
    """
    text = _text(path)
    try:
        return run_from_dict(json.loads(text))
    except RecursionError:
        raise ReportError(f"{path}: nested too deeply; expected a run.json") from None
    except json.JSONDecodeError as broken:
        raise ReportError(
            f"{path}:{broken.lineno}: not whole JSON ({broken.msg}); the file is torn or no run.json"
        ) from None
    except ReportError as wrong:
        raise ReportError(f"{path}: {wrong}") from None


class EventsWriter:
    """Appends the results of a suite to a JSON-lines file, one whole line per record.

    Several processes may write to one file. Each line is written before the next check starts, so that the results of
    a suite that was killed can be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lock = threading.Lock()

    def plan(self, rules: Iterable[Rule]) -> None:
        """Say, before the first check, what will be judged."""
        self._write({"event": "plan", "rules": [to_dict(rule) for rule in rules]})

    def check(self, check: Check) -> None:
        """Report one finished check."""
        self._write({"event": "check", **to_dict(check)})

    def notice(self, sentence: str) -> None:
        """Report something that is no result to the process that waits for the suite."""
        self._write({"event": "notice", "text": sentence})

    def end(self) -> None:
        """Say that the suite came to its end; without it the run counts as interrupted."""
        self._write({"event": "end"})

    def close(self) -> None:
        """Close the file. No call may follow."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, record: dict[str, Any]) -> None:
        rest = memoryview((json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8"))
        with self._lock:
            while rest:
                rest = rest[os.write(self._file, rest) :]


class Events(NamedTuple):
    """What a suite has reported so far."""

    plan: tuple[Rule, ...]
    checks: tuple[Check, ...]
    ended: bool
    """False: the suite was cut short."""


def read_events(path: Path | str) -> Events:
    """Read a suite's results. A torn last line, left by a suite that was killed, is passed over.

    Raises:
        ReportError: unreadable, or a line that is no record; the message names file and line.
    """
    plan: dict[str, Rule] = {}
    checks: list[Check] = []
    ended = False
    for where, record in _records(path):
        match record.get("event"):
            case "plan":
                for n, rule in enumerate(record.get("rules", ())):
                    made = from_value(Rule, rule, f"{where}: rules[{n}]")
                    plan.setdefault(made.id, made)
            case "check":
                checks.append(from_value(Check, record, f"{where}: $"))
            case "notice":
                pass
            case "end":
                ended = True
            case other:
                raise ReportError(f"{where}: event {other!r} is not known; expected plan, check, notice or end")
    return Events(tuple(plan.values()), tuple(checks), ended)


def _records(path: Path | str) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = _text(path).split("\n")
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as broken:
            if number == len(lines):
                return
            raise ReportError(f"{where}: not whole JSON ({broken.msg})") from None
        if not isinstance(record, dict):
            raise ReportError(f"{where}: expected a JSON object per line")
        yield where, record


def _text(path: Path | str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except IsADirectoryError:
        raise ReportError(f"{path}: is a folder; name the run.json in it") from None
    except OSError as wrong:
        do = "expected a run.json as `tayari check` writes it into its folder of reports"
        raise ReportError(f"{path}: cannot be read ({wrong.strerror}); {do}") from None
