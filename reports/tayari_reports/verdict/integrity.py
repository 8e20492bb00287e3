"""Whether a `run.json` still says what its checks give: the cheap test, before anything is rendered from it."""

from __future__ import annotations

import json
from pathlib import Path

from tayari_reports.model import Run
from tayari_reports.model.codec import ReportError
from tayari_reports.verdict import judge


def refuse_if_changed(run: Run, path: Path) -> None:
    """Hold the verdict that the file states against the one that follows from its checks.

    A bundle (`tayari report verify`) proves much more; this only keeps an edited file from being rendered in silence.

    Raises:
        ReportError: the two differ.
    """
    stated = json.loads(path.read_text(encoding="utf-8")).get("judgement")
    if not isinstance(stated, dict):
        return
    found = judge(run)
    if (stated.get("verdict"), stated.get("score")) != (found.verdict.value, found.score):
        raise ReportError(
            f"{path}: it says {stated.get('verdict')}, score {stated.get('score')}, but its checks give "
            f"{found.verdict.value}, score {found.score}: it was changed after it was written; render the original"
        )
