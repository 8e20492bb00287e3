"""Payment states, one or several."""

from __future__ import annotations

from collections.abc import Iterable

from tayari_money.payment_state import PaymentState


def states_of(states: PaymentState | Iterable[PaymentState]) -> frozenset[PaymentState]:
    """One state or several, as a set."""
    return frozenset({states}) if isinstance(states, PaymentState) else frozenset(states)
