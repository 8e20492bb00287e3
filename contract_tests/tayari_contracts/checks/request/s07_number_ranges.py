"""S07: all Kenyan mobile numbers are taken, and nobody else is prompted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Warned, blocked_by
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.steps.pushes import REFUSED, order, taken_pushes, wire_problem
from tayari_contracts.steps.timed_acts import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers of one kind."""

    about: str
    """The numbers in words."""
    typed: str
    """What is typed before the last six digits."""
    payer: str
    """The Kenyan number before these digits; for a foreign one, what a careless cut would make of it."""
    kenyan: bool = True
    new: bool = False
    """In use since August 2026, by one source: its refusal is a warning."""


RANGES: Final = (
    Range(about="0110...", typed="0110", payer="254110"),
    Range(about="0757...", typed="0757", payer="254757"),
    Range(about="0180...", typed="0180", payer="254180", new=True),
    Range(about="+1 415... (United States)", typed="+14151", payer="254151", kenyan=False),
    Range(about="+255 7... (Tanzania)", typed="+255710", payer="254710", kenyan=False),
    Range(about="020... (a landline)", typed="0201", payer="254201", kenyan=False),
)


ORDINARY: Final = Range(about="071...", typed="0710", payer="254710")


@check("S07")
def knows_the_ranges(context: CheckContext) -> None:
    """One payment for each range of numbers."""
    context.profile.require_placeholder("msisdn")
    problems = side_by_side(context, RANGES, partial(_problem, context))
    for row in RANGES:
        if not row.kenyan and problems[row]:
            raise Failed(problems[row])
    if any(problems[row] for row in RANGES if row.kenyan):
        _require_ordinary_number(context)
    for row in RANGES:
        if row.kenyan and problems[row] not in ("", REFUSED):
            raise Failed(f"typed as {row.about}, {problems[row]}")
    refused = [row for row in RANGES if row.kenyan and problems[row] == REFUSED]
    if any(not row.new for row in refused):
        raise Failed(
            f"numbers {refused[0].about} are refused; expected a prompt: they are Kenyan mobile numbers with M-Pesa"
        )
    if refused:
        raise Warned(f"numbers {refused[0].about} are refused; expected a prompt: they are in use since August 2026")


def _problem(context: CheckContext, row: Range) -> str:
    last = context.allocation.msisdn()[-6:]
    payer = f"{row.payer}{last}"
    payment = order(context, msisdn=payer, typed=f"{row.typed}{last}")
    pushes = taken_pushes(context, payment)
    crash = crash_of(payment.started)
    if row.kenyan:
        return wire_problem(body_of(pushes[0]), payer) if pushes else crash or REFUSED
    if context.journal.accepted(payment):
        return f"typed as {row.about}, it became a Kenyan number, and a stranger is asked to pay; expected a refusal"
    return f"typed as {row.about}, {crash}" if crash else ""


def _require_ordinary_number(context: CheckContext) -> None:
    """Require that a number of the oldest range, typed in the same form, is accepted.

    Raises:
        Untested: it is not; S06 judges the forms.
    """
    if problem := _problem(context, ORDINARY):
        raise blocked_by("S06", f"typed as {ORDINARY.about}, {problem}")
