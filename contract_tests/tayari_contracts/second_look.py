"""One check that was made twice: among many others, where it missed something, and then with few beside it."""

from __future__ import annotations

from dataclasses import replace

from tayari_reports.model import Check, State

BROKEN = frozenset({State.FAIL, State.WARN})


def both_looks(crowded: Check, calm: Check, *, trouble: str, ours: bool) -> Check:
    """What is told of both.

    The second look decides, for it is about the rule alone. A rule that was kept then, and not in the crowd, is a
    warning: the merchant does not do beside other payments what it does alone. `ours`: this machine was overloaded,
    so that the merchant is not to blame for the first look. `trouble` is how the strain showed.
    """
    both = replace(calm, tries=crowded.tries + calm.tries)
    if calm.state is not State.PASS or not crowded.reason:
        return both
    told = (
        f"in a first look, beside many other checks, {crowded.reason}; {trouble}; with few beside it, the rule was kept"
    )
    if ours or crowded.state not in BROKEN:
        return replace(both, reason="; ".join(text for text in (calm.reason, told) if text))
    return replace(both, state=State.WARN, reason=told, evidence=crowded.evidence, fingerprint=crowded.fingerprint)
