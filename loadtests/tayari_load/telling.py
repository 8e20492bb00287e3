"""The result for whoever runs Locust by hand: a few lines, and an exit code."""

from __future__ import annotations

from typing import Final

from tayari_reports.load_words import balance_sentence, limit_sentence
from tayari_reports.model import Load

from tayari_load.results import INTERRUPTED

READY: Final = 0
NOT_READY: Final = 10
INCONCLUSIVE: Final = 11
INVALID: Final = 12


def told(load: Load) -> tuple[str, ...]:
    """The result in a few lines, for whoever runs Locust by hand."""
    lines = [
        f"{load.started} payments started, {load.settled} settled, {load.failed} failed, {load.stuck} stuck, "
        f"{load.credited_twice} credited twice"
    ]
    if load.planned:
        lines.append(f"{load.planned} arrivals planned, {load.dropped} dropped")
    for threshold in load.thresholds:
        verdict = {True: "met", False: "MISSED", None: "cannot be judged"}[threshold.met]
        measured = "no samples" if threshold.measured is None else f"{threshold.measured:.4g}"
        lines.append(f"{threshold.name}: {measured} against {threshold.limit:g} {threshold.unit}: {verdict}")
    if load.limit is not None:
        lines.append(limit_sentence(load.limit))
    if load.balance is not None:
        lines.append(balance_sentence(load.balance))
    return (*lines, *load.warnings, *load.notes)


def exit_code(load: Load) -> int:
    """0 met, 10 a threshold missed, 11 one that could not be judged, 12 a run that proves nothing or was cut off."""
    if load.invalid or load.ended_early == INTERRUPTED or not load.started:
        return INVALID
    met = [threshold.met for threshold in load.thresholds]
    if False in met:
        return NOT_READY
    return INCONCLUSIVE if None in met else READY
