"""What people say beside the measurements, read from YAML files of the user's repository: waivers, attestations and
the sign-off sheet. Every mistake is reported with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from tayari_contracts.catalogue.rules import canonical, catalogue
from tayari_formats.problems import FileError, Problem, did_you_mean
from tayari_formats.problems import Path as DataPath
from tayari_formats.schema import BadText, Checked, check
from tayari_formats.yaml_document import read_file
from tayari_reports.model.statement_records import ROLES, Attestation, ChecklistAnswer, Decision, Signature, Waiver
from tayari_reports.statements.checklist import KNOWN, OWN
from tayari_reports.statements.waivers import LONGEST_DAYS, WARN_DAYS, left, read_day

Entry = Mapping[str, Any]
T = TypeVar("T", Waiver, Attestation, Signature)

NAMES: Final = {
    "waivers": "tayari-waivers.yaml",
    "attestations": "tayari-attestations.yaml",
    "sign_off": "tayari-sign-off.yaml",
}
"""Where each is looked for beside the target file; also the one key that the file has."""

_ONCE: Final = {"waivers": ("rule", "fingerprint"), "attestations": ("item",), "sign_off": ("role",)}
"""What two entries of one file may not share."""


_KEYS: Final[Mapping[str, Mapping[str, Mapping[str, object]]]] = {
    "waivers": {
        "rule": {"description": "the id of the rule that may fail"},
        "reason": {"description": "why the failure is accepted for a while"},
        "owner": {"description": "the person who answers for it"},
        "ticket": {"description": "where the fix is tracked"},
        "expires": {"description": "a date such as 2026-10-07", "format": "day"},
        "fingerprint": {
            "description": "the failure's fingerprint, as the report shows it",
            "pattern": "^[0-9a-f]{16}$",
            "x-expected": "16 hexadecimal digits",
            "x-do": "copy it from the report",
        },
    },
    "attestations": {
        "item": {"description": "an item of the checklist"},
        "answer": {"description": f"one of {', '.join(ChecklistAnswer)}", "format": "answer"},
        "person": {"description": "the name of the person who says so"},
        "date": {"description": "a date such as 2026-10-07", "format": "day"},
        "evidence": {"description": "a link, or where it can be looked up"},
        "expires": {"description": "a date such as 2026-10-07", "format": "day"},
        "note": {"description": "anything else"},
    },
    "sign_off": {
        "role": {"description": f"one of {', '.join(ROLES)}", "enum": list(ROLES)},
        "name": {"description": "who decided"},
        "date": {"description": "a date such as 2026-10-07", "format": "day"},
        "decision": {"description": f"one of {', '.join(Decision)}", "format": "decision"},
        "conditions": {"description": "the conditions"},
    },
}
_OPTIONAL: Final = frozenset({"note", "conditions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFiles:
    """The files of one run; None where there is none."""

    waivers: Path | None = None
    attestations: Path | None = None
    sign_off: Path | None = None

    def beside(self, target: Path) -> StatementFiles:
        """Those named, and for the rest the files of the usual names in the target file's folder, if they are there."""
        usual = {name: target.parent / file for name, file in NAMES.items()}
        found = {name: path if path.is_file() else None for name, path in usual.items()}
        return StatementFiles(
            waivers=self.waivers or found["waivers"],
            attestations=self.attestations or found["attestations"],
            sign_off=self.sign_off or found["sign_off"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What the files say."""

    waivers: tuple[Waiver, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    sign_off: tuple[Signature, ...] = ()


def read_statements(files: StatementFiles) -> Statements:
    """Read the files.

    Raises:
        FileError: with one `Problem` for each mistake in any of them, in order.
    """
    problems: list[Problem] = []
    made = Statements(
        waivers=_rows(files.waivers, "waivers", _waiver, problems),
        attestations=_rows(files.attestations, "attestations", _attestation, problems),
        sign_off=_rows(files.sign_off, "sign_off", _signature, problems),
    )
    if problems:
        raise FileError(sorted(problems))
    return made


def check_file(path: Path, key: str) -> Checked:
    """The data of a statement file, and what is wrong with it by its schema.

    Raises:
        FileError: it cannot be read as YAML.
    """
    _, document, twice = read_file(path, missing=f"a file with `{key}:`; write one, or leave its option away")
    checked = check(document, _schema(key), formats=_FORMATS)
    checked.problems += twice
    return checked


def entries(checked: Checked, key: str) -> list[tuple[DataPath, Entry]]:
    """The entries of the file and where each is; what is no mapping is left out."""
    rows = checked.value.get(key) if isinstance(checked.value, Mapping) else None
    found = enumerate(rows if isinstance(rows, list) else ())
    return [((key, place), row) for place, row in found if isinstance(row, Mapping)]


def text(entry: Entry, key: str) -> str:
    """A value as one line; empty where there is none."""
    return " ".join(str(entry.get(key, "")).split())


def _schema(key: str) -> dict[str, Any]:
    """The file has one key: a list of entries, or one entry alone."""
    row = {name: {"type": ["string", "number", "boolean"], **words} for name, words in _KEYS[key].items()}
    entry = {
        "type": "object",
        "additionalProperties": False,
        "properties": row,
        "required": [name for name in row if name not in _OPTIONAL],
    }
    page = f"`tayari docs {'waivers' if key == 'waivers' else 'report'}`"
    rows = {"description": f"a list, as {page} shows it", "type": ["array", "object"], "items": entry}
    return {"type": "object", "additionalProperties": False, "properties": {key: rows}, "required": [key]}


def _rows(path: Path | None, key: str, make: Callable[[Entry], T], problems: list[Problem]) -> tuple[T, ...]:
    if path is None:
        return ()
    try:
        checked = check_file(path, key)
    except FileError as error:
        problems.extend(error.problems)
        return ()
    seen: dict[tuple[str, ...], int] = {}
    found = entries(checked, key)
    for where, entry in found:
        _CHECKS[key](checked, where, entry)
        _complain_if_twice(checked, where, entry, seen)
    problems.extend(checked.problems)
    return () if checked.problems else tuple(make(entry) for _, entry in found)


def _complain_if_twice(checked: Checked, where: DataPath, entry: Entry, seen: dict[tuple[str, ...], int]) -> None:
    """Of two answers, signatures or waivers of one thing nobody could say which counts."""
    once = _ONCE[str(where[0])]
    names = tuple(text(entry, name) for name in once)
    if not all(names):
        return
    if names in seen:
        message = f"{names[0]} is on line {seen[names]} already; expected each once; keep one of them"
        checked.complain((*where, once[0]), message)
    seen.setdefault(names, checked.document.line(where))


def _check_waiver(checked: Checked, where: DataPath, entry: Entry) -> None:
    rule = canonical(text(entry, "rule"))
    known = catalogue().get(rule)
    if rule and known is None and "/" not in rule:
        do = did_you_mean(rule, list(catalogue())) or "`tayari rules list`"
        checked.complain((*where, "rule"), f"{rule!r}; expected a rule; {do}")
    if known is not None and not known.rule.waivable:
        do = "fix the failure: money is credited twice, or without proof"
        checked.complain((*where, "rule"), f"{rule} can never be waived; expected a rule that can; {do}")


def _check_attestation(checked: Checked, where: DataPath, entry: Entry) -> None:
    item = text(entry, "item")
    if item and item not in KNOWN and not item.startswith(OWN):
        do = did_you_mean(item, sorted(KNOWN)) or f"see `tayari docs report`; items of your own begin with `{OWN}`"
        checked.complain((*where, "item"), f"{item!r}; expected an item of the checklist; {do}")
    given, ends = read_day(text(entry, "date")), read_day(text(entry, "expires"))
    if given is not None and ends is not None and ends < given:
        message = f"{ends}, before {given}, when it was given; expected a later day; correct one of them"
        checked.complain((*where, "expires"), message)


def _check_signature(checked: Checked, where: DataPath, entry: Entry) -> None:
    if text(entry, "decision").lower() == Decision.GO_WITH_CONDITIONS and not text(entry, "conditions"):
        checked.missing(where, "conditions", "the conditions", "add `conditions:`, or decide `go`")


_CHECKS: Final = {"waivers": _check_waiver, "attestations": _check_attestation, "sign_off": _check_signature}


def _waiver(entry: Entry) -> Waiver:
    rule = canonical(text(entry, "rule"))
    others = {key: text(entry, key) for key in ("reason", "owner", "ticket", "expires", "fingerprint")}
    return Waiver(rule=text(entry, "rule") if "/" in rule else rule, **others)


def _attestation(entry: Entry) -> Attestation:
    others = {key: text(entry, key) for key in ("item", "person", "date", "evidence", "expires", "note")}
    return Attestation(answer=ChecklistAnswer(text(entry, "answer").lower()), **others)


def _signature(entry: Entry) -> Signature:
    others = {key: text(entry, key) for key in ("role", "name", "date", "conditions")}
    return Signature(decision=Decision(text(entry, "decision").lower()), **others)


def _check_day(written: str) -> None:
    if read_day(written) is None:
        raise BadText(repr(written), "a date such as 2026-10-07", "write year, month and day")


def _one_of(kind: type[StrEnum]) -> Callable[[str], None]:
    names = [str(member) for member in kind]

    def check_word(written: str) -> None:
        word = " ".join(written.split()).lower()
        if word not in names:
            do = did_you_mean(word, names) or "take one of them"
            raise BadText(repr(word), f"one of {', '.join(names)}", do)

    return check_word


_FORMATS: Final = {"day": _check_day, "answer": _one_of(ChecklistAnswer), "decision": _one_of(Decision)}


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
