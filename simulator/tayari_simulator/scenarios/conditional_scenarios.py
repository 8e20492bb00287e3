"""Scenarios by what they ask of a transaction (MSISDN, amount, reference), and the ways in which a call finds one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tayari_simulator.scenarios.magic import AMOUNT_PAYER, magic_msisdn
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.state.handsets import BY_HANDSET


class MatchedBy(StrEnum):
    """One way to choose. The order of the members is the order of precedence."""

    ONE_SHOT_MSISDN = "one_shot_msisdn"
    """Queued for this MSISDN."""
    ONE_SHOT_ENDPOINT = "one_shot_endpoint"
    """Queued for the endpoint; the MSISDN that came first took it."""
    HANDSET = BY_HANDSET
    """A person, or a test, controls the payer's phone by hand."""
    MSISDN = "msisdn"
    AMOUNT = "amount"
    REFERENCE = "reference"
    MIX = "mix"
    ACTIVE = "active"
    DEFAULT = "default"
    """No scenario at all: success, under the rules of M-Pesa."""


Rows = tuple[Scenario, ...]


class ConditionalScenarios:
    """The loaded scenarios of one call with an MSISDN, amount or reference; `find` is as quick for many as for few."""

    def __init__(self, scenarios: Iterable[Scenario], call: str) -> None:
        calls = [row for row in scenarios if row.when.endpoint == call]
        self.by_msisdn: dict[str, Rows] = {}
        self.by_amount: dict[int, Rows] = {}
        self.by_reference: dict[str, Rows] = {}
        self._by_magic_amount: dict[int, Rows] = {}
        self.counts_calls = any(row.when.from_call > 1 for row in calls)
        """Whether a scenario plays only from the n-th call of an MSISDN on."""
        for row in sorted(calls, key=lambda row: row.when.from_call, reverse=True):
            self._add(row)

    def __bool__(self) -> bool:
        return bool(self.by_msisdn or self.by_amount or self.by_reference)

    def find(self, msisdn: str, amount: int, reference: str, call: int) -> tuple[Scenario, MatchedBy] | None:
        """The first scenario whose conditions all hold for the `call`-th push of this MSISDN."""
        for way, rows in self.candidates(msisdn, amount, reference):
            for scenario in rows:
                if not why_not(scenario, amount, reference, call):
                    return scenario, way
        return None

    def candidates(self, msisdn: str, amount: int, reference: str) -> list[tuple[MatchedBy, Rows]]:
        """Scenarios for this MSISDN, this amount or this reference, the strongest first; usually none."""
        found = []
        if rows := self.by_msisdn.get(msisdn):
            found.append((MatchedBy.MSISDN, rows))
        if rows := (self._by_magic_amount.get(amount) if msisdn == AMOUNT_PAYER else None):
            found.append((MatchedBy.AMOUNT, rows))
        if rows := self.by_amount.get(amount):
            found.append((MatchedBy.AMOUNT, rows))
        if rows := self.by_reference.get(reference):
            found.append((MatchedBy.REFERENCE, rows))
        return found

    def _add(self, row: Scenario) -> None:
        when = row.when
        if row.magic is not None:
            number = magic_msisdn(row.magic)
            self.by_msisdn[number] = (*self.by_msisdn.get(number, ()), row)
            self._by_magic_amount[row.magic] = (*self._by_magic_amount.get(row.magic, ()), row)
        if when.msisdn is not None:
            self.by_msisdn[when.msisdn] = (*self.by_msisdn.get(when.msisdn, ()), row)
        elif when.amount is not None:
            self.by_amount[when.amount] = (*self.by_amount.get(when.amount, ()), row)
        elif when.reference is not None:
            self.by_reference[when.reference] = (*self.by_reference.get(when.reference, ()), row)


def why_not(scenario: Scenario, amount: int, reference: str, call: int) -> str:
    """Which further condition of the scenario this push does not fulfil; empty when it fulfils them all."""
    when = scenario.when
    if call < when.from_call:
        return f"it plays from call {when.from_call} of the MSISDN on; this was call {call}"
    if when.amount not in (None, amount):
        return f"it wants amount {when.amount}, not {amount}"
    if when.reference not in (None, reference):
        return f"it wants reference {when.reference}, not {reference}"
    return ""
