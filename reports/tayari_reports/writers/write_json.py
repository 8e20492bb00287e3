"""`run.json`: the run itself, with the verdict beside it for scripts that do not want to judge; and its JSON Schema.

The schema is made from the records themselves, so that the two cannot drift apart. The committed copy is
`schema/run.schema.json`; `python -m tayari_reports.writers.write_json` prints it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tayari_reports.model import SCHEMA, Run, State, Verdict
from tayari_reports.model.run_files import to_dict
from tayari_reports.verdict import Judgement
from tayari_reports.verdict.confidence import ConfidenceLevel
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


_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def run_schema() -> dict[str, Any]:
    """The schema as a JSON object. Keys it does not name are allowed: a later minor version may add them."""
    records: dict[str, Any] = {}
    run = _record(Run, records)
    run["properties"]["schema"] = {"type": "string", "pattern": rf"^{SCHEMA.split('.')[0]}\.\d+\.\d+$"}
    run["properties"]["judgement"] = _judgement()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Tayari run.json, version {SCHEMA}",
        **run,
        "required": [*run["required"], "schema"],
        "$defs": records,
    }


def _judgement() -> dict[str, Any]:
    percentage = {"type": "number", "minimum": 0, "maximum": 100}
    counts = {state.value: {"type": "integer", "minimum": 0} for state in State}
    return {
        "type": "object",
        "description": "What the checks amount to, for scripts; `tayari report verify` makes it again from them.",
        "properties": {
            "verdict": {"enum": [verdict.value for verdict in Verdict]},
            "exit_code": {"type": "integer"},
            "answer": {"type": "string"},
            "score": percentage,
            "coverage": percentage,
            "counts": {"type": "object", "properties": counts, "required": list(counts)},
            "reasons": {"type": "array", "items": {"type": "object", "required": ["rule", "state", "sentence"]}},
            "causes": {
                "type": "array",
                "description": "Blocking failures, grouped by what has to be fixed; the first of each says it best.",
                "items": {"type": "array", "items": {"type": "string"}},
            },
            "confidence": {"type": "string"},
            "confidence_level": {"enum": [level.value for level in ConfidenceLevel]},
            "confidence_limits": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["verdict", "score", "coverage", "counts", "reasons"],
    }


def _record(kind: Any, records: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        "type": "object",
        "description": str(kind.__doc__).splitlines()[0],
        "properties": {row.name: _type(hints[row.name], records) for row in fields(kind)},
        "required": [row.name for row in fields(kind) if row.default is MISSING and row.default_factory is MISSING],
    }


def _type(kind: Any, records: dict[str, Any]) -> dict[str, Any]:
    if get_origin(kind) is UnionType:
        return {"anyOf": [_type(arm, records) for arm in get_args(kind) if arm is not type(None)] + [{"type": "null"}]}
    if get_origin(kind) is tuple:
        arms = get_args(kind)
        if arms[-1] is Ellipsis:
            return {"type": "array", "items": _type(arms[0], records)}
        items = [_type(arm, records) for arm in arms]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if is_dataclass(kind):
        name = getattr(kind, "__name__", str(kind))
        if name not in records:
            records[name] = {}
            records[name] = _record(kind, records)
        return {"$ref": f"#/$defs/{name}"}
    if issubclass(kind, StrEnum):
        return {"enum": [member.value for member in kind]}
    return {"type": _PLAIN[kind]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run_schema(), indent=1) + "\n")
