"""The ways in which a push comes to its scenario, the strongest first."""

from __future__ import annotations

from enum import StrEnum

from tayari_simulator.state.handsets import BY_HANDSET


class MatchedBy(StrEnum):
    """One way to choose. The order of the members is the order of precedence."""

    ONE_SHOT_MSISDN = "one_shot_msisdn"
    """Queued for this MSISDN."""
    ONE_SHOT_ENDPOINT = "one_shot_endpoint"
    """Queued for the endpoint; the MSISDN that came first took it."""
    HANDSET = BY_HANDSET
    """A person, or a test, holds the payer's phone in hand."""
    MSISDN = "msisdn"
    AMOUNT = "amount"
    REFERENCE = "reference"
    MIX = "mix"
    ACTIVE = "active"
    DEFAULT = "default"
    """No scenario at all: success, under the rules of M-Pesa."""
