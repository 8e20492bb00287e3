"""`run.json`: the run itself, with the verdict beside it for scripts that do not want to judge."""

from __future__ import annotations

import json
from typing import Any

from tayari_reports.model import Run, State
from tayari_reports.model.run_files import to_dict
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.sentences import answer


def render(run: Run, judgement: Judgement) -> str:
    """The run as JSON. Readers of this package pass over `judgement` and judge again."""
    made = to_dict(run)
    return json.dumps({"schema": made.pop("schema"), "judgement": summary(judgement), **made}, indent=1) + "\n"


def summary(judgement: Judgement) -> dict[str, Any]:
    """Verdict, score, coverage, counts and reasons as one JSON object."""
    return {
        "verdict": judgement.verdict,
        "exit_code": judgement.exit_code,
        "answer": answer(judgement),
        "score": judgement.score,
        "coverage": judgement.coverage,
        "counts": {state.value: judgement.counts[state] for state in State},
        "reasons": [
            {"rule": reason.rule, "state": reason.state, "sentence": reason.sentence} for reason in judgement.reasons
        ],
        "causes": [[one.rule.id for one in cause.rules] for cause in judgement.causes],
        "confidence": judgement.confidence.sentence,
        "confidence_level": judgement.confidence.level,
        "confidence_limits": list(judgement.confidence.limits),
    }
