"""How near its own limit the fake came while the load ran, as `GET /v1/limits` tells it every second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SHARE: Final = 0.05
"""Of the seconds with traffic: from here on it is said, in every report."""
FEWEST_S: Final = 2
"""One bad second is a hiccup of the machine."""
TOO_OFTEN: Final = 0.2
"""Of the seconds with traffic: from here on the fake may be what was slow, and performance is not judged."""
MATERIAL_S: Final = {"loop_lag_s": 0.25, "late_s": 0.25}
"""The fake calls itself near its limit at some hundredths of a second; payments that take seconds are not told apart by
those. From here on they are, as with a generator that wakes late."""
_WORDS: Final = {
    "cpu_share": ("processor time", "of a core"),
    "loop_lag_s": ("lateness of its event loop", "s"),
    "late_s": ("lateness of callbacks that is its own", "s"),
    "journal_behind": ("waiting to be written to its journal", "entries"),
    "journal_lost": ("refused by the journal's disk", "entries"),
}
"""Measure of the fake -> what it is, and its unit."""

Told = Mapping[str, Any]
"""As `GET /v1/limits` answers (`docs/control-api.md`)."""


@dataclass(slots=True)
class FakeLimits:
    """The fake's seconds of this run alone: those of the suites before it do not count."""

    busy_s: int = 0
    """Seconds with traffic."""
    near_s: int = 0
    """Of these, seconds near the limit."""
    worst: dict[str, float] = field(default_factory=dict)
    """Measure -> the worst that was seen above its threshold."""
    thresholds: dict[str, float] = field(default_factory=dict)
    material_s: int = 0
    """Seconds in which it was so late or so busy that payments wait for it."""
    _before: tuple[int, int] = (0, 0)

    def begin(self, told: Told) -> None:
        """The run starts."""
        self._before = int(told["busy_s"]), int(told["near_s"])
        self.busy_s = self.near_s = self.material_s = 0
        self.worst.clear()
        self.thresholds = {str(name): float(most) for name, most in told["thresholds"].items()}

    def look(self, told: Told) -> None:
        """What it says now."""
        self.busy_s = max(0, int(told["busy_s"]) - self._before[0])
        self.near_s = max(0, int(told["near_s"]) - self._before[1])
        for name, most in self.thresholds.items():
            value = float(told["last_second"].get(name, 0.0))
            if value > most:
                self.worst[name] = max(value, self.worst.get(name, 0.0))
        self.material_s += any(
            float(told["last_second"].get(name, 0.0)) > max(most, MATERIAL_S.get(name, 0.0))
            for name, most in self.thresholds.items()
        )

    @property
    def lost(self) -> bool:
        """Its disk refused something."""
        return self.worst.get("journal_lost", 0.0) > 0

    @property
    def near(self) -> str:
        """In words, how near the limit it was; empty if it was not, or for a moment only."""
        often = self.near_s >= FEWEST_S and self.near_s >= SHARE * self.busy_s
        if not often and not self.lost:
            return ""
        reasons = "; ".join(self._reason(name) for name in self.worst) or "its own looks between ours say so"
        return f"the fake Daraja was near its limit in {self.near_s} of {self.busy_s} seconds with traffic ({reasons})"

    @property
    def was_the_limit(self) -> bool:
        """So late or busy, so often, that the figures may be the fake's and not the merchant's."""
        return self.material_s >= FEWEST_S and self.material_s >= TOO_OFTEN * self.busy_s

    def _reason(self, name: str) -> str:
        about, unit = _WORDS.get(name, (name, ""))
        return f"{about} up to {self.worst[name]:.3g} {unit}, above {self.thresholds[name]:g}"
