"""A finished check as a pytest outcome."""

from __future__ import annotations

import warnings

import pytest
from tayari_reports.model import Check, Rule, State


class TayariWarning(UserWarning):
    """A SHOULD is not met."""


def settle(check: Check, rule: Rule | None = None) -> None:
    """End the running test as the check ended; the text says what, why it costs money, how to mend and repeat it."""
    match check.state:
        case State.PASS | State.ATTESTED:
            return
        case State.WARN:
            warnings.warn(TayariWarning(f"{check.rule}: {check.reason}"), stacklevel=2)
        case State.NOT_TESTED | State.NOT_APPLICABLE:
            tail = f"; {check.enable} in the target file would enable it" if check.enable else ""
            pytest.skip(f"{check.state.value}: {check.reason}{tail}")
        case State.FAIL | State.ERROR | State.UNKNOWN:
            pytest.fail(_text(check, rule), pytrace=False)


def _text(check: Check, rule: Rule | None) -> str:
    lines = [f"{check.state.value}: {check.reason}"]
    if rule is not None:
        lines += [f"rule:   {rule.id} {rule.title}", f"money:  {rule.why}", f"mend:   {rule.fix}"]
    if check.repeat:
        lines.append(f"repeat: {check.repeat}")
    for exchange in check.evidence[-12:]:
        answer = exchange.status if exchange.status is not None else exchange.error or "no answer"
        lines.append(f"  {exchange.title}: {exchange.method} {exchange.url} -> {answer} {exchange.response_body[:200]}")
    return "\n".join(lines)
