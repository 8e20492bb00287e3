"""The records of `tayari_reports.model` as JSON values and back: enums as their values, tuples as lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints


class ReportError(Exception):
    """A result file is missing, torn, of another version or not a result; the message is one line."""


T = TypeVar("T")


def field_names(value: object) -> tuple[str, ...]:
    """The names of a record's fields; empty for what is no record."""
    kind: Any = type(value)
    return _names(kind)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Kept for each type: looking them up for each record takes longer than reading it."""
    return tuple(row.name for row in fields(kind)) if is_dataclass(kind) else ()


def to_value(value: object) -> Any:
    """A record, or any part of one, as a JSON value.

    Lone surrogates become `?` and a number that is not finite becomes null: neither exists in JSON.
    """
    if isinstance(value, str):
        text = str(value)
        return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [to_value(item) for item in value]
    names = field_names(value)
    return {name: to_value(getattr(value, name)) for name in names} if names else value


def from_value(kind: type[T], value: object, where: str = "$") -> T:
    """A record of type `kind` from its JSON value.

    Unknown keys are passed over: a newer minor version may add them.

    Raises:
        ReportError: a key is missing or has the wrong type; `where` is its JSONPath.
    """
    wanted: Any = kind
    made: T = _reader(wanted)(value, where)
    return made


@cache
def _reader(kind: Any) -> Callable[[object, str], Any]:
    """What reads a value of this type. Kept for each type: analysing the type costs more than reading the value."""
    origin = get_origin(kind)
    if origin is tuple:
        return _tuple_reader(get_args(kind))
    if origin is UnionType:
        inner = _reader(next(arm for arm in get_args(kind) if arm is not type(None)))
        return lambda value, where: None if value is None else inner(value, where)
    if is_dataclass(kind):
        return _record_reader(kind)
    if issubclass(kind, StrEnum):
        return lambda value, where: _read_enum(kind, value, where)
    return lambda value, where: _read_plain(kind, value, where)


def _read_plain(kind: type, value: object, where: str) -> object:
    if type(value) is kind:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ReportError(f"{where} is {_shown(value)}; expected {kind.__name__}")
    return value


def _record_reader(kind: Any) -> Callable[[object, str], Any]:
    hints = get_type_hints(kind)
    rows = fields(kind)

    def read(value: object, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise ReportError(f"{where} is {_shown(value)}; expected an object ({kind.__name__})")
        made: dict[str, object] = {}
        for row in rows:
            earlier = row.metadata.get("before", row.name)  # as older versions called it
            name = row.name if row.name in value else earlier
            if name in value:
                made[row.name] = _reader(hints[row.name])(value[name], f"{where}.{name}")
            elif row.default is MISSING and row.default_factory is MISSING:
                raise ReportError(f"{where}.{row.name} is missing; every {kind.__name__} has one")
        return kind(**made)

    return read


def _tuple_reader(arms: tuple[Any, ...]) -> Callable[[object, str], Any]:
    readers = [_reader(arm) for arm in arms if arm is not Ellipsis]
    first, is_of_any_length = readers[0], arms[-1] is Ellipsis

    def read(value: object, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ReportError(f"{where} is {_shown(value)}; expected a list")
        if is_of_any_length:
            return tuple([first(item, f"{where}[{n}]") for n, item in enumerate(value)])
        if len(readers) != len(value):
            raise ReportError(f"{where} has {len(value)} items; expected {len(readers)}")
        return tuple([one(item, f"{where}[{n}]") for n, (one, item) in enumerate(zip(readers, value, strict=True))])

    return read


def _read_enum(kind: type[StrEnum], value: object, where: str) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        raise ReportError(f"{where} is {_shown(value)}; expected one of {', '.join(kind)}") from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
