"""`GET /metrics`: the simulator's counters as Prometheus text (format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

HELP: Final[Mapping[str, str]] = {
    "tayari_queued_scenarios": "One-shot scenarios that wait or are at work.",
}


def metrics_text(values: Mapping[str, float], *, queued: int) -> str:
    """Each value under its name; names may carry labels (`name{code="404.001.03"}`). `_total` marks a counter."""
    rows = {**values, "tayari_queued_scenarios": float(queued)}
    return "".join(f"{line}\n" for line in _lines(rows))


def _lines(rows: Mapping[str, float]) -> Iterator[str]:
    told = ""
    for name, value in sorted(rows.items()):
        base = name.partition("{")[0]
        if base != told:
            told = base
            yield f"# HELP {base} {HELP.get(base, _words(base))}"
            yield f"# TYPE {base} {'counter' if base.endswith('_total') else 'gauge'}"
        yield f"{name} {value!r}" if isinstance(value, int) else f"{name} {value:.17g}"


def _words(name: str) -> str:
    """The name as a sentence, for the rows that need no more: `tayari_pushes_accepted_total` -> `Pushes accepted.`"""
    return f"{name.removeprefix('tayari_').removesuffix('_total').replace('_', ' ').capitalize()}."
