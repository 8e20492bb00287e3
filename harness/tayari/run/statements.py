"""What people say beside the measurements, read from YAML files of the user's repository: waivers, attestations and
the sign-off sheet. Every mistake is told with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from tayari_contracts.rules import canonical, catalogue
from tayari_formats.problems import Problem
from tayari_formats.suggestion import did_you_mean
from tayari_reports.agreements import ROLES, Answer, Attestation, Decision, Signature, Waiver
from tayari_reports.checklist import KNOWN, OWN
from tayari_reports.waivers import read_day
from tayari_target.target_file.lines import Found, TargetError, read_file
from tayari_target.target_file.section import Reading, Section

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T", Waiver, Attestation, Signature)

NAMES: Final = {
    "waivers": "tayari-waivers.yaml",
    "attestations": "tayari-attestations.yaml",
    "sign_off": "tayari-sign-off.yaml",
}
"""Where each is looked for beside the target file; also the one key that the file has."""

_ONCE: Final = {"waivers": ("rule", "fingerprint"), "attestations": ("item",), "sign_off": ("role",)}
"""What two entries of one file may not share."""


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
        TargetError: with one `Problem` for each mistake in any of them, in order.
    """
    problems: list[Problem] = []
    made = Statements(
        waivers=_rows(files.waivers, "waivers", _waiver, problems),
        attestations=_rows(files.attestations, "attestations", _attestation, problems),
        sign_off=_rows(files.sign_off, "sign_off", _signature, problems),
    )
    if problems:
        raise TargetError(sorted(problems))
    return made


def _rows(path: Path | None, key: str, make: Callable[[Section], T], problems: list[Problem]) -> tuple[T, ...]:
    if path is None:
        return ()
    made = []
    seen: dict[tuple[str, ...], int] = {}
    for index, found in enumerate(members(path, key, problems)):
        reading = Reading(path=path, environ={})
        section = Section(reading, f"{key}[{index}]", found)
        made.append(make(section))
        section.close()
        _complain_if_twice(section, key, seen)
        problems.extend(reading.problems)
    return tuple(made)


def _complain_if_twice(section: Section, key: str, seen: dict[tuple[str, ...], int]) -> None:
    """Of two answers, signatures or waivers of one thing nobody could say which counts."""
    names = tuple(text(section, name) for name in _ONCE[key])
    if not all(names):
        return
    if names in seen:
        section.complain(_ONCE[key][0], f"{names[0]} is on line {seen[names]} already", "each once", "keep one of them")
    seen.setdefault(names, section.line)


def members(path: Path, key: str, problems: list[Problem]) -> Iterator[Found]:
    """The entries of a statement file, one by one; what is wrong with the file itself goes to `problems`."""
    try:
        _, whole, twice = read_file(path, f"a file with `{key}:`; write one, or leave its option away")
    except TargetError as error:
        problems.extend(error.problems)
        return
    reading = Reading(path=path, environ={}, problems=twice)
    top = Section(reading, "", whole)
    top.need(key, f"a list, as docs/{'waivers' if key == 'waivers' else 'report'}.md shows it")
    yield from top.members(key)
    top.close()
    problems.extend(reading.problems)


def _waiver(section: Section) -> Waiver:
    rule = canonical(_needed(section, "rule", "the id of the rule that may fail"))
    known = catalogue().get(rule)
    if rule and known is None and "/" not in rule:
        section.complain("rule", repr(rule), "a rule", did_you_mean(rule, list(catalogue())) or "`tayari rules list`")
    if known is not None and not known.rule.waivable:
        do = "mend the failure: money is credited twice, or without proof"
        section.complain("rule", f"{rule} can never be waived", "a rule that can", do)
    fingerprint = _needed(section, "fingerprint", "the failure's fingerprint, as the report shows it")
    if fingerprint and (len(fingerprint) != 16 or set(fingerprint) - set("0123456789abcdef")):
        section.complain("fingerprint", repr(fingerprint), "16 hexadecimal digits", "copy it from the report")
    return Waiver(
        rule=text(section, "rule") if "/" in rule else rule,
        reason=_needed(section, "reason", "why the failure may stand for a while"),
        owner=_needed(section, "owner", "the person who answers for it"),
        ticket=_needed(section, "ticket", "where its mending is tracked"),
        expires=_day(section, "expires"),
        fingerprint=fingerprint,
    )


def _attestation(section: Section) -> Attestation:
    item = _needed(section, "item", "an item of the checklist")
    if item and item not in KNOWN and not item.startswith(OWN):
        do = did_you_mean(item, sorted(KNOWN)) or f"see docs/report.md; items of your own begin with `{OWN}`"
        section.complain("item", repr(item), "an item of the checklist", do)
    given, ends = read_day(text(section, "date")), read_day(text(section, "expires"))
    if given is not None and ends is not None and ends < given:
        section.complain("expires", f"{ends}, before {given}, when it was given", "a later day", "correct one of them")
    return Attestation(
        item=item,
        answer=_one_of(section, "answer", Answer),
        person=_needed(section, "person", "the name of the person who says so"),
        date=_day(section, "date"),
        evidence=_needed(section, "evidence", "a link, or where it can be looked up"),
        expires=_day(section, "expires"),
        note=text(section, "note"),
    )


def _signature(section: Section) -> Signature:
    role = _needed(section, "role", f"one of {', '.join(ROLES)}")
    if role and role not in ROLES:
        section.complain(
            "role", repr(role), f"one of {', '.join(ROLES)}", did_you_mean(role, list(ROLES)) or "take one"
        )
    decision = _one_of(section, "decision", Decision)
    conditions = text(section, "conditions")
    if decision is Decision.GO_WITH_CONDITIONS and not conditions:
        section.complain("conditions", "missing", "the conditions", "add `conditions:`, or decide `go`")
    return Signature(
        role=role,
        name=_needed(section, "name", "who decided"),
        date=_day(section, "date"),
        decision=decision,
        conditions=conditions,
    )


def text(section: Section, key: str) -> str:
    """A value as one line; empty where there is none."""
    found = section.found(key)
    return "" if found is None else " ".join(found.text.split())


def _needed(section: Section, key: str, expected: str) -> str:
    section.need(key, expected)
    return text(section, key)


def _day(section: Section, key: str) -> str:
    text = _needed(section, key, "a date such as 2026-10-07")
    if text and read_day(text) is None:
        section.complain(key, repr(text), "a date such as 2026-10-07", "write year, month and day")
    return text


def _one_of(section: Section, key: str, kind: type[E]) -> E:
    names = [str(member) for member in kind]
    text = _needed(section, key, f"one of {', '.join(names)}").lower()
    if text and text not in names:
        section.complain(key, repr(text), f"one of {', '.join(names)}", did_you_mean(text, names) or "take one of them")
    return kind(text) if text in names else next(iter(kind))
