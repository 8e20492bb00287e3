"""Bodies that a JSON Schema forbids, or barely allows: one change each to a genuine body, the same for one seed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

Path = tuple[str | int, ...]

ODD: Final[Mapping[str, tuple[Any, ...]]] = {
    "string": (
        None,
        "",
        " ",
        0,
        -1,
        1.5,
        True,
        [],
        {},
        ["x"],
        "x" * 5_000,
        "\u0000",
        "\ud800",
        "\u202e\u067b\U0001f4b3",
        "'; --",
        "{}",
        "NaN",
    ),
    "number": (None, "", -1, 0.1, 10**30, "1e400", "12,5", False, [], {}, {"Value": 1}, "\ud800", "NaN", "\u0966"),
    "object": (None, "", 0, [], [[]], "x", True),
    "array": (None, "", 0, {}, [None], [[]], ["x"], [0], [{}]),
}
"""Values by the type that the schema wants; `integer` gets those of `number`."""

DEEP: Final = 20_000
"""Levels of nesting that a recursive reader cannot follow."""


def changed_bodies(
    schema: Mapping[str, Any], genuine: Mapping[str, Any], *, random: Random
) -> Iterator[tuple[str, str]]:
    """What was done, and the body as text; in random order.

    `genuine` decides what exists; the schema decides what each part should be.
    """
    changes = [*_changes(schema, genuine, ())]
    random.shuffle(changes)
    for where, value in changes:
        yield f"{_name(where)} = {json.dumps(value)[:40]}", json.dumps(_with(genuine, where, value))
    for where in [*_optional_and_required(schema, genuine, ())]:
        yield f"no {_name(where)}", json.dumps(_without(genuine, where))
    yield "unknown keys everywhere", json.dumps(_with_more(genuine))
    yield "a nesting that has no end", '{"Body":' * DEEP + "1" + "}" * DEEP
    text = json.dumps(genuine)
    yield "every key twice", text.replace('{"', '{"x": 1, "x": 2, "')
    yield "bytes of another encoding", text.encode("utf-16").decode("latin-1")


def _changes(schema: Mapping[str, Any], value: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    """Each place, with each value that does not belong there."""
    for odd in dict.fromkeys(map(json.dumps, _odd_for(schema))):
        yield at, json.loads(odd)
    for key, below in _below(schema, value):
        yield from _changes(below, value[key], (*at, key))


def _optional_and_required(schema: Mapping[str, Any], value: Any, at: Path) -> Iterator[Path]:
    for key, below in _below(schema, value):
        yield (*at, key)
        yield from _optional_and_required(below, value[key], (*at, key))


def _below(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The parts of a value, each with its own schema."""
    for choice in (schema, *schema.get("anyOf", ())):
        if isinstance(value, dict):
            for key, below in choice.get("properties", {}).items():
                if key in value:
                    yield key, below
        elif isinstance(value, list) and "items" in choice:
            for index in range(len(value)):
                yield index, choice["items"]


def _odd_for(schema: Mapping[str, Any]) -> Iterator[Any]:
    wanted = schema.get("type", ["string"] if "enum" in schema else [])
    for name in [wanted] if isinstance(wanted, str) else wanted:
        yield from ODD["number" if name == "integer" else name]
    for choice in schema.get("anyOf", ()):
        yield from _odd_for(choice)


def _with(body: Mapping[str, Any], where: Path, value: Any) -> Any:
    if not where:
        return value
    made: Any = copy.deepcopy(dict(body))
    _parent(made, where)[where[-1]] = value
    return made


def _without(body: Mapping[str, Any], where: Path) -> Any:
    made: Any = copy.deepcopy(dict(body))
    del _parent(made, where)[where[-1]]
    return made


def _with_more(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _with_more(below) for key, below in value.items()}, "__proto__": {}, "": None}
    return [*map(_with_more, value), None] if isinstance(value, list) else value


def _parent(body: Any, where: Path) -> Any:
    for key in where[:-1]:
        body = body[key]
    return body


def _name(where: Path) -> str:
    return ".".join(map(str, where)) or "the whole body"
