"""A seeded weighted mix of scenarios: `success=92,insufficient-funds=5,timeout=3`."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from tayari_formats.problems import suggest

from tayari_simulator.apis.registry import TRANSACTIONS
from tayari_simulator.scenarios.scenario_model import Scenario
from tayari_simulator.state.behaviour import Uniform

MOST: int = 1_000
"""The most scenarios of one mix."""


class BadMix(ValueError):
    """A mix that cannot be drawn from; the message says why."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Scenarios and their weights; a weight of 0 means never."""

    scenarios: tuple[Scenario, ...]
    weights: tuple[float, ...]
    bounds: tuple[float, ...]
    """Running sums of the weights."""

    def draw(self, uniform: Uniform) -> Scenario:
        """One of the scenarios, each as often as its weight says in the long run."""
        place = bisect_right(self.bounds, uniform() * self.bounds[-1])
        return self.scenarios[min(place, len(self.scenarios) - 1)]

    def of(self, call: str) -> bool:
        """Whether it is drawn from for this call: a mix is of one kind of transaction."""
        return self.scenarios[0].when.endpoint == call

    def with_newer(self, scenario: Scenario) -> Mix:
        """The same mix with this scenario in the place of the one of its name.

        Raises:
            BadMix: it is none of a payment.
        """
        if all(row.name != scenario.name for row in self.scenarios):
            return self
        _check_of_payment(scenario)
        return replace(self, scenarios=tuple(scenario if row.name == scenario.name else row for row in self.scenarios))

    def to_dict(self) -> dict[str, float]:
        """The weights by scenario name."""
        return dict(zip((row.name for row in self.scenarios), self.weights, strict=True))


def parse_mix(text: str) -> dict[str, float]:
    """Names and weights of `NAME=WEIGHT,NAME=WEIGHT`.

    Raises:
        BadMix: it has another form, or a name is there twice.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not (name and equals) or weight < 0:
            raise BadMix(f'"{part.strip()}" is not NAME=WEIGHT; expected such as success=92,insufficient-funds=5')
        if name in weights:
            raise BadMix(f'"{name}" is there twice; give it once')
        weights[name] = weight
    return weights


def make_mix(weights: Mapping[str, float], known: Mapping[str, Scenario]) -> Mix:
    """The mix of these names. A name without a folder is of `payment/`, or of the only folder that has it.

    Raises:
        BadMix: a name of no loaded push scenario, a weight that is none, or nothing to draw.
    """
    if not 0 < len(weights) <= MOST:
        raise BadMix(f"found {len(weights)} scenarios; expected 1 to {MOST}")
    for name, weight in weights.items():
        if not (math.isfinite(weight) and 0 <= weight <= 1e9):
            raise BadMix(f"the weight of {name} is {weight}; expected a number from 0 to 1e9")
    scenarios = tuple(_named(name, known) for name in weights)
    twice = next((row.name for place, row in enumerate(scenarios) if row in scenarios[:place]), None)
    if twice is not None:
        raise BadMix(f"{twice} is there twice, under two spellings; give it once")
    kinds = sorted({row.when.endpoint for row in scenarios})
    if len(kinds) > 1:
        raise BadMix(f"the scenarios are for {' and '.join(kinds)}; a mix is of one kind of transaction")
    kept = [(row, weight) for row, weight in zip(scenarios, weights.values(), strict=True) if weight > 0]
    if not kept:
        raise BadMix("all weights are 0; give one of them more")
    return Mix(
        scenarios=tuple(row for row, _ in kept),
        weights=tuple(weight for _, weight in kept),
        bounds=tuple(accumulate(weight for _, weight in kept)),
    )


def _named(name: str, known: Mapping[str, Scenario]) -> Scenario:
    found = known.get(name) or known.get(f"payment/{name}")
    if found is None and "/" not in name:
        same = [row for row in known.values() if row.name.partition("/")[2] == name]
        if len(same) > 1:
            raise BadMix(f'"{name}" is {" and ".join(sorted(row.name for row in same))}; give the folder too')
        found = same[0] if same else None
    if found is None:
        short = {row.removeprefix("payment/") for row in known}
        raise BadMix(f'no scenario "{name}" is loaded{suggest(name, short)}')
    _check_of_payment(found)
    return found


def _check_of_payment(scenario: Scenario) -> None:
    if scenario.when.endpoint not in TRANSACTIONS:
        raise BadMix(f"{scenario.name} is for {scenario.when.endpoint} calls; a mix is of payments")
