"""What people say beside what was measured: waivers, attestations, signatures. Dates are `2026-10-07`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One known failure that somebody answers for until a day. It changes the verdict, never the score."""

    rule: str
    reason: str
    owner: str
    ticket: str
    expires: str
    """The last day on which it counts."""
    fingerprint: str
    """Of the failure that is meant; another failure of the same rule is not covered."""


class ChecklistAnswer(StrEnum):
    """What a person can say to an item of the checklist."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A named person's answer to one item of the checklist. Shown apart, never counted as passed."""

    item: str
    """`checklist.Item.id`, or an item of the user's own."""
    answer: ChecklistAnswer
    person: str
    date: str
    evidence: str
    """Where it can be looked up: a link or a document's name."""
    expires: str
    note: str = ""


class Decision(StrEnum):
    """What somebody decided on the sign-off sheet."""

    GO = "go"
    GO_WITH_CONDITIONS = "go with conditions"
    NO_GO = "no go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One line of the sign-off sheet."""

    role: str
    """`QA`, `Security`, `Performance` or `Business`."""
    name: str
    date: str
    decision: Decision
    conditions: str = ""


ROLES = ("QA", "Security", "Performance", "Business")
"""Whose signature the sheet asks for."""
