"""S06: a phone number is understood however it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from tayari_contracts.checks.check_registry import check
from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.context.evidence import body_of
from tayari_contracts.context.findings import Failed, Untested, Warned
from tayari_contracts.context.message_topics import crash_of
from tayari_contracts.context.payment import Entry, Payment
from tayari_contracts.steps.pushes import REFUSED, order, taken_pushes, wire_problem
from tayari_contracts.steps.timed_acts import side_by_side


@dataclass(frozen=True, slots=True)
class NumberForm:
    """One way to type a number."""

    type: Callable[[str], str]
    """Makes it of nine digits (`712345678`)."""
    common: bool = True
    """Whether its refusal is a failure; else it is a warning."""


FORMS: Final[Mapping[str, NumberForm]] = {
    "07...": NumberForm(lambda nine: f"0{nine}"),
    "01...": NumberForm(lambda nine: f"0{nine}", common=False),
    "254...": NumberForm(lambda nine: f"254{nine}"),
    "+254...": NumberForm(lambda nine: f"+254{nine}"),
    "07.. ... ... (blanks)": NumberForm(lambda nine: f"0{nine[:3]} {nine[3:6]} {nine[6:]}", common=False),
    "07..-...-... (dashes)": NumberForm(lambda nine: f"0{nine[:3]}-{nine[3:6]}-{nine[6:]}", common=False),
}


@check("S06")
def normalises_numbers(context: CheckContext) -> None:
    """One payment for each way to type a number."""
    context.profile.require_placeholder("msisdn")
    played = side_by_side(context, FORMS, partial(_problem, context))
    problems = {name: found for name, found in played.items() if found}
    wrong = {name: found for name, found in problems.items() if found != REFUSED}
    if wrong:
        raise Failed("; ".join(f"typed as {name}, {found}" for name, found in wrong.items()))
    if len(problems) == len(FORMS):
        raise Untested("the merchant started no payment, however the number was typed")
    refused = [name for name in problems if FORMS[name].common]
    if refused:
        raise Failed(f"numbers typed as {' or '.join(refused)} are refused; expected 254 and nine digits to be sent")
    odd = [name for name in problems if name != NEWER]
    if odd:
        raise Warned(f"numbers typed as {' or '.join(odd)} are refused, though they can be understood")


NEWER: Final = "01..."
"""S07 judges whether this range is accepted."""


def _problem(context: CheckContext, name: str) -> str:
    ordinary = context.allocation.msisdn()
    payer = f"25411{ordinary[5:]}" if name == NEWER else ordinary
    payment = order(context, msisdn=payer, typed=FORMS[name].type(payer[3:]))
    crash = crash_of(payment.started)
    pushes = taken_pushes(context, payment)
    pushes = pushes or _pushes_of_reference(context, payment)
    if pushes:
        return wire_problem(body_of(pushes[0]), payer)
    return crash or REFUSED


def _pushes_of_reference(context: CheckContext, payment: Payment) -> list[Entry]:
    """The pushes for this order, whatever number they name."""
    pushes = context.journal.entries(since=payment.since, endpoint="stk_push", kind="request")
    return [entry for entry in pushes if body_of(entry).get("AccountReference") == payment.reference]
