"""A badge for a README: the verdict and the score as a small SVG."""

from __future__ import annotations

from typing import Final

from markupsafe import escape

from tayari_reports.model import Run, Verdict
from tayari_reports.verdict import Judgement, percent
from tayari_reports.verdict.sentences import is_partial_pass
from tayari_reports.verdict.sentences import title as headline

_LABEL: Final = "M-Pesa readiness"
_PART: Final = "M-Pesa, a part"
"""The label of a run that looked at less than a suite."""
_PART_COLOUR: Final = "#4a5560"
_COLOURS: Final = {
    Verdict.READY: "#1f6a4d",
    Verdict.READY_WITH_MINOR_FIXES: "#85600c",
    Verdict.INCONCLUSIVE: "#3a5a86",
    Verdict.NOT_READY: "#a52f27",
    Verdict.INVALID_RUN: "#6b4a80",
}
_CHARACTER: Final = 6.6
"""Pixels of one character of an 11-pixel sans-serif face, on average."""
_PADDING: Final = 14


def render(run: Run, judgement: Judgement) -> str:
    """The badge. An invalid run has no score to show."""
    words = headline(judgement).lower()
    if judgement.verdict is not Verdict.INVALID_RUN:
        words += f", score {percent(judgement.score)}, coverage {percent(judgement.coverage)}"
    label = _PART if judgement.selection else _LABEL
    colour = _PART_COLOUR if is_partial_pass(judgement) else _COLOURS[judgement.verdict]
    left, right = _width(label), _width(words)
    title = escape(f"{label} of {run.merchant}: {words}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{left + right}" height="22" rx="3" fill="{colour}"/>'
        f'<path d="M3 0h{left - 3}v22H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#2b3137"/>'
        f'<g fill="#fff" font-family="system-ui,Segoe UI,Roboto,Arial,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:.1f}" y="15">{label}</text>'
        f'<text x="{left + right / 2:.1f}" y="15">{words}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER) + _PADDING
