"""The JSON Schema of a scenario file, composed of the records that read one and of the tables of faults and APIs.

An editor completes and checks a file with it. The simulator itself reads with `strict_reading`, which knows the same
records: a fault or an API is in both at once.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from tayari_simulator.faults.base import TableFault
from tayari_simulator.faults.delays import DRAWN, seconds_of
from tayari_simulator.faults.table import FAULTS
from tayari_simulator.scenarios.scenario_model import Header, Placing
from tayari_simulator.strict_reading import Above, AtLeast, AtMost, OneOrMore, ReadWith

Schema = dict[str, Any]

_PLAIN: Final[Mapping[object, Schema]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string", "minLength": 1},
    object: {},
}
_BOUNDS: Final = {Above: "exclusiveMinimum", AtLeast: "minimum", AtMost: "maximum"}


def scenario_schema() -> Schema:
    """The schema of one scenario file."""
    whole = record_schema(Header)
    whole["properties"]["faults"] = {
        "description": "what goes wrong, in order",
        "type": "array",
        "items": {
            "anyOf": [
                {"enum": [*FAULTS]},
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                    "properties": {name: _fault(kind) for name, kind in FAULTS.items()},
                },
            ]
        },
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tayari scenario file"}
    return {**head, **whole}


def _fault(kind: type[TableFault]) -> Schema:
    """A fault's parameters, and the keys that every fault has; null stands for no parameters."""
    own, common = record_schema(kind), record_schema(Placing)["properties"]
    for key in seconds_of(kind):
        own["properties"][key] = {"anyOf": [own["properties"][key], *DRAWN]}
    return {**own, "type": ["object", "null"], "properties": {**common, **own["properties"]}}


def record_schema(kind: type[object]) -> Schema:
    """The schema of a record that `strict_reading` reads."""
    hints = get_type_hints(kind, include_extras=True)
    rows = [row for row in fields(kind) if row.init]  # type: ignore[arg-type]  # every caller passes a dataclass
    return {
        "description": (kind.__doc__ or "").partition("\n")[0],
        "type": "object",
        "additionalProperties": False,
        "properties": {row.name.rstrip("_"): _value(hints[row.name]) for row in rows},
        "required": [row.name.rstrip("_") for row in rows if row.default is MISSING and row.default_factory is MISSING],
    }


def _value(hint: Any) -> Schema:
    """The schema of one annotation: what `strict_reading.read_value` takes."""
    if get_origin(hint) is Annotated:
        return _annotated(hint)
    if get_origin(hint) in (Union, types.UnionType):
        arms = [{"type": "null"} if arm is type(None) else _value(arm) for arm in get_args(hint)]
        return {"anyOf": arms}
    if get_origin(hint) is tuple:
        return {"type": "array", "minItems": 1, "items": _value(get_args(hint)[0])}
    if get_origin(hint) is not None:
        return {"type": "object"}
    if is_dataclass(hint) and isinstance(hint, type):
        return record_schema(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        words = [str(member) for member in hint]
        return {"enum": [*words, *(int(word) for word in words if word.isdecimal())]}
    return dict(_PLAIN[hint])


def _annotated(hint: Any) -> Schema:
    base, *markers = get_args(hint)
    for marker in markers:
        if isinstance(marker, ReadWith):
            return dict(marker.schema)
    made = _value(base)
    if OneOrMore in markers:
        return {"anyOf": [made["items"], made]}
    return made | {_BOUNDS[type(marker)]: marker.bound for marker in markers}
