"""A frozen dataclass read from plain data (YAML or JSON): its annotations are the schema.

`Annotated` carries what a type cannot say (bounds, patterns, other spellings). Every complaint is collected; nothing is
coerced in silence.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from tayari_formats.problems import Complaint, Path, describe, suggest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Above:
    """A number greater than the bound."""

    bound: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number not below the bound."""

    bound: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number not above the bound."""

    bound: float


class OneOrMore:
    """A list that may be written as its only member."""


ReadValue = Callable[[object, Path, list[Complaint]], object]
"""Returns the value as it was read, or complains and returns None."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadWith:
    """A value with a form of its own."""

    read: ReadValue
    schema: Mapping[str, object] = field(default_factory=dict)
    """The same form as JSON Schema, as far as one can say it."""


def text_with(holds: Callable[[str], bool], expected: str) -> ReadValue:
    """Reads a text of which this holds."""

    def read(value: object, path: Path, complaints: list[Complaint]) -> object:
        return _expect(isinstance(value, str) and holds(value), expected, value, path, complaints)

    return read


Seconds = Annotated[float, Above(0)]
SecondsOrNone = Annotated[float, AtLeast(0)]
Count = Annotated[int, AtLeast(1)]


def read_record(kind: type[T], value: object, path: Path, complaints: list[Complaint]) -> T | None:
    """Read a mapping into the dataclass `kind`; None when anything in it was wrong (and complained about)."""
    if not isinstance(value, Mapping):
        complaints.append(Complaint(path, f"found {describe(value)}; expected a mapping"))
        return None
    before = len(complaints)
    rows = _rows(cast(Hashable, kind))
    complaints.extend(
        Complaint((*path, str(key)), f"unknown key{suggest(str(key), rows)}") for key in value if key not in rows
    )
    arguments: dict[str, object] = {}
    for key, (name, hint, required) in rows.items():
        if key in value:
            arguments[name] = read_value(hint, value[key], (*path, key), complaints)
        elif required:
            complaints.append(Complaint(path, f"required key `{key}` is missing"))
    return kind(**arguments) if len(complaints) == before else None


def keys_of(kind: type[object]) -> tuple[str, ...]:
    """The keys that `read_record` knows for this dataclass, in order."""
    return tuple(_rows(cast(Hashable, kind)))


@cache
def _rows(kind: Hashable) -> dict[str, tuple[str, object, bool]]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        row.name.rstrip("_"): (row.name, hints[row.name], row.default is MISSING and row.default_factory is MISSING)
        for row in fields(kind)  # type: ignore[arg-type]  # every caller passes a dataclass
        if row.init
    }


def read_value(hint: Any, value: object, path: Path, complaints: list[Complaint]) -> object:
    """Read one value by its annotation; None after a complaint."""
    if get_origin(hint) is Annotated:
        return _read_annotated(hint, value, path, complaints)
    if get_origin(hint) in (Union, types.UnionType):
        others = [arm for arm in get_args(hint) if arm is not type(None)]
        if value is None and len(others) < len(get_args(hint)):
            return None
        return read_value(others[0], value, path, complaints)
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint)[0], value, path, complaints)
    if hint is object:
        return value
    if get_origin(hint) is not None:
        return _expect(isinstance(value, Mapping), "a mapping", value, path, complaints)
    if is_dataclass(hint) and isinstance(hint, type):
        return read_record(hint, value, path, complaints)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return read_choice(hint, value, path, complaints)
    return _read_plain(hint, value, path, complaints)


def read_choice(kind: type[StrEnum], value: object, path: Path, complaints: list[Complaint]) -> StrEnum | None:
    """Read one word of a closed set; a number is taken for its digits."""
    word = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    known = [member.value for member in kind]
    if word in known:
        return kind(word)
    complaints.append(Complaint(path, f"found {describe(value)}{suggest(word or '', known)}"))
    return None


def _read_plain(hint: object, value: object, path: Path, complaints: list[Complaint]) -> object:
    if hint is bool:
        return _expect(isinstance(value, bool), "true or false", value, path, complaints)
    if hint is int:
        return _expect(type(value) is int, "a whole number", value, path, complaints)
    if hint is float:
        finite = type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
        return _expect(finite, "a number", value, path, complaints)
    return _expect(isinstance(value, str) and value != "", "text", value, path, complaints)


def _expect(holds: bool, what: str, value: object, path: Path, complaints: list[Complaint]) -> object:
    if holds:
        return value
    complaints.append(Complaint(path, f"found {describe(value)}; expected {what}"))
    return None


def _read_tuple(member: object, value: object, path: Path, complaints: list[Complaint]) -> object:
    if not isinstance(value, list | tuple) or not value:
        return _expect(False, "a list with something in it", value, path, complaints)
    return tuple(read_value(member, item, (*path, place), complaints) for place, item in enumerate(value))


def _read_annotated(hint: Any, value: object, path: Path, complaints: list[Complaint]) -> object:
    base, *markers = get_args(hint)
    for marker in markers:
        if isinstance(marker, ReadWith):
            return marker.read(value, path, complaints)
        if marker is OneOrMore and not isinstance(value, list | tuple):
            return (read_value(get_args(base)[0], value, path, complaints),)
    found = read_value(base, value, path, complaints)
    for marker in markers:
        wrong = _out_of_bounds(marker, found)
        if wrong:
            complaints.append(Complaint(path, f"found {describe(found)}; expected {wrong}"))
    return found


def _shown(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def _out_of_bounds(marker: object, found: object) -> str:
    if not isinstance(found, int | float):
        return ""
    if isinstance(marker, Above) and not found > marker.bound:
        return f"a number above {_shown(marker.bound)}"
    if isinstance(marker, AtLeast) and not found >= marker.bound:
        return f"at least {_shown(marker.bound)}"
    if isinstance(marker, AtMost) and not found <= marker.bound:
        return f"at most {_shown(marker.bound)}"
    return ""
