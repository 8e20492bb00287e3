"""Whether the fake's own counts add up: every accepted push has an end or is pending, every callback has its entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tayari_reports.model import Balance

Told = Mapping[str, Any]
"""As `GET /v1/balance` answers (`docs/control-api.md`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Callbacks of this run, counted in two ways that know nothing of each other."""

    fewest: int
    """By the fake's counters, before the journal was read to its end ..."""
    most: int
    """... and after: some may have been answered meanwhile."""
    noted: int | None
    """Entries of the journal; None where it could not be read in whole."""


def weigh(before: Told, after: Told, callbacks: Callbacks) -> Balance:
    """The balance, and in words what does not add up."""
    return Balance(
        accepted=int(after["accepted"]),
        called_back=int(after["called_back"]),
        dropped_by_scenario=int(after["dropped_by_scenario"]),
        pending=int(after["pending"]),
        not_allowed=int(after["not_allowed"]),
        forgotten=int(after["forgotten"]),
        accepted_in_run=int(after["accepted"]) - int(before.get("accepted", 0)),
        callbacks=callbacks.most,
        noted=callbacks.noted,
        problems=tuple(_problems(after, callbacks)),
    )


def _problems(after: Told, callbacks: Callbacks) -> Iterator[str]:
    if missing := int(after["difference"]):
        yield (
            f"of {after['accepted']} accepted pushes {abs(missing)} "
            + ("are neither called back, nor dropped by a scenario, nor pending" if missing > 0 else "ended twice")
        )
    if after["owed"] != after["planned"]:
        yield f"pending payments wait for {after['owed']} results and callbacks, and {after['planned']} are planned"
    noted = callbacks.noted
    if noted is not None and not callbacks.fewest <= noted <= callbacks.most:
        yield f"{callbacks.most} callbacks were counted, and the journal has {noted}"
