"""The seeded outcome mix: which customers pay, which have no money, which never answer their phone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

SUCCESS: Final = "payment/success"


@dataclass(frozen=True, slots=True)
class Mix:
    """Scenario names and their weights; empty: everybody pays."""

    weights: tuple[tuple[str, float], ...] = ()

    def draws(self, seed: str) -> Draws:
        """An endless, repeatable sequence of scenarios."""
        return Draws(self, random.Random(seed))


@dataclass(slots=True)
class Draws:
    """One sequence."""

    mix: Mix
    source: random.Random

    def next(self) -> str:
        """A scenario name; empty where nothing is mixed, or the customer simply pays."""
        if not self.mix.weights:
            return ""
        names, weights = zip(*self.mix.weights, strict=True)
        drawn: str = self.source.choices(names, weights)[0]
        return "" if drawn == SUCCESS else drawn


def parse_mix(text: str) -> Mix:
    """`success=92,insufficient-funds=5,timeout=3`: names without a folder are those of `payment/`.

    Raises:
        ValueError: a part is no `name=weight`, a weight is no number above 0, or a name stands twice.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = (word.strip() for word in part.partition("="))
        full = name if "/" in name else f"payment/{name}"
        try:
            value = float(weight)
        except ValueError:
            value = 0.0
        if not name or not 0 < value < float("inf"):
            raise ValueError(f"{part!r}: expected name=weight with a weight above 0, such as insufficient-funds=5")
        if full in weights:
            raise ValueError(f"{name} stands twice")
        weights[full] = value
    return Mix(tuple(weights.items()))
