"""The records of `model.py` as JSON values and back: enums as their values, tuples as lists."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints


class ReportError(Exception):
    """A result file is missing, torn, of another version or not a result; the message is one line."""


T = TypeVar("T")


def to_value(value: object) -> Any:
    """A record, or any part of one, as a JSON value.

    Lone surrogates become `?` and a number that is not finite becomes null: neither exists in JSON.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {row.name: to_value(getattr(value, row.name)) for row in fields(value)}
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [to_value(item) for item in value]
    return value


def from_value(kind: type[T], value: object, where: str = "$") -> T:
    """A record of type `kind` from its JSON value.

    Unknown keys are passed over: a newer minor version may add them.

    Raises:
        ReportError: a key is missing or has the wrong type; `where` is its JSONPath.
    """
    made: T = _read(kind, value, where)
    return made


def _read(kind: Any, value: object, where: str) -> Any:
    origin = get_origin(kind)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, where)
    if origin is UnionType:
        inner = [arm for arm in get_args(kind) if arm is not type(None)]
        return None if value is None else _read(inner[0], value, where)
    if is_dataclass(kind):
        return _read_record(kind, value, where)
    if issubclass(kind, StrEnum):
        return _read_enum(kind, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ReportError(f"{where} is {_shown(value)}; expected {kind.__name__}")
    return value


def _read_record(kind: Any, value: object, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise ReportError(f"{where} is {_shown(value)}; expected an object ({kind.__name__})")
    made: dict[str, object] = {}
    for row in fields(kind):
        name = row.name if row.name in value else row.metadata.get("before", row.name)  # as older versions called it
        if name in value:
            made[row.name] = _read(_hints(kind)[row.name], value[name], f"{where}.{name}")
        elif row.default is MISSING and row.default_factory is MISSING:
            raise ReportError(f"{where}.{row.name} is missing; every {kind.__name__} has one")
    return kind(**made)


def _read_tuple(arms: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ReportError(f"{where} is {_shown(value)}; expected a list")
    if arms[-1] is Ellipsis:
        return tuple(_read(arms[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if len(arms) != len(value):
        raise ReportError(f"{where} has {len(value)} items; expected {len(arms)}")
    return tuple(_read(arm, item, f"{where}[{n}]") for n, (arm, item) in enumerate(zip(arms, value, strict=True)))


def _read_enum(kind: type[StrEnum], value: object, where: str) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        raise ReportError(f"{where} is {_shown(value)}; expected one of {', '.join(kind)}") from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
