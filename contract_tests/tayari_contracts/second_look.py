"""One check that was made twice: among many others, where it missed something, and then with few beside it."""

from __future__ import annotations

from dataclasses import replace

from tayari_reports.model import Check, State


def both_looks(crowded: Check, calm: Check, *, trouble: str) -> Check:
    """What is told of both: the second look decides, for it is about the rule alone.

    What was missed in the crowd is told with a pass. No rule is broken by it but one: where it cost a customer's
    money, M05 finds the order that was paid and never settled. `trouble` is how the strain showed.
    """
    both = replace(calm, tries=crowded.tries + calm.tries)
    if calm.state is not State.PASS or not crowded.reason:
        return both
    told = (
        f"in a first look, beside many other checks, {crowded.reason}; {trouble}; with few beside it, the rule was kept"
    )
    return replace(both, reason="; ".join(text for text in (calm.reason, told) if text))
