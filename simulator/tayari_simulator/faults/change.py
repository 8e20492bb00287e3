"""Changes to a callback's body: the work of the fault `mutate` and of `POST /v1/callbacks`.

A place is written as `Body.stkCallback.ResultCode`, or `...CallbackMetadata.Item[Amount].Value`: a list member is named
by its `Name` (or `Key`), or by its number from 0. A path must exist, so that a typing error does not pass for a
mutation. Two things can be added: a key that Daraja's own callbacks have (`Value`, `CallbackMetadata`, ...), and a
whole list member under a new name. Numbers that are not changed stay as they were written: `1.00` stays `1.00`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
from tayari_formats.problems import suggest

from tayari_simulator.apis.c2b.messages import FIELDS as C2B_FIELDS

LISTS: Final = (
    ("Body.stkCallback.CallbackMetadata.Item", "Name"),
    ("Result.ResultParameters.ResultParameter", "Key"),
)
"""Where the messages of Daraja have a list of named members, and by which key each is named."""
CALLBACK_KEYS: Final = frozenset({
    "Body", "stkCallback", "MerchantRequestID", "CheckoutRequestID", "ResultCode", "ResultDesc",
    "CallbackMetadata", "Item", "Name", "Value", "Result", "ResultType", "OriginatorConversationID", "ConversationID",
    "TransactionID", "ResultParameters", "ResultParameter", "ReferenceData", "ReferenceItem", "Key",
    *C2B_FIELDS,
})  # fmt: skip
"""The keys of Daraja's messages, which `set` may add where they are missing. Source: reference 3.0, 3.1, 3.3."""

_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[([^\[\]]+)\]")
Step = tuple[str, bool]
"""A key, or (true) the name of a list member."""


class BadChange(ValueError):
    """A change that cannot be made; the message says why."""


class UnknownPath(BadChange):
    """A path that leads nowhere in this body; the message names the nearest one that does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to change: `set` first, then `drop`, then the `order` of the named members (the rest follow).

    These are the items of an STK callback, the parameters of a result, or else the keys of the body itself.

    A value of `set` is any JSON, or one of `{$json: "1.00"}` (this very text), `{$copy: PATH}` (the value there),
    `{$text: PATH}` (the same as a string) and `{$decimal: PATH}` (the whole number there, with two decimals). The PATH
    `.` is the place that is set.
    """

    set: Mapping[str, object] = field(default_factory=dict)
    drop: Sequence[str] = ()
    order: Sequence[str] = ()

    def apply(self, body: bytes) -> bytes:
        """The changed body.

        Raises:
            BadChange: the body is not JSON, a path is not in it, or a value form is wrong.
        """
        missed: list[str] = []
        changed = self.apply_where_possible(body, missed)
        if missed:
            raise BadChange("; ".join(missed))
        return changed

    def apply_where_possible(self, body: bytes, missed: list[str]) -> bytes:
        """The changed body; what cannot be changed in it is left and said in `missed`."""
        try:
            tree = _loads(body)
        except ValueError:
            missed.append("the body is not JSON")
            return body
        before = _loads(body)
        for path, value in self.set.items():
            _attempt(missed, partial(_put, tree, path, value, before))
        for path in self.drop:
            _attempt(missed, partial(_drop_path, tree, path))
        if self.order:
            _attempt(missed, partial(_reorder, tree, self.order))
        return _dumps(tree)


def _attempt(missed: list[str], change: Callable[[], None]) -> None:
    try:
        change()
    except BadChange as error:
        missed.append(str(error))


def _put(tree: Any, path: str, value: object, before: Any) -> None:
    _set_path(tree, path, _value(value, path, before))


def _reorder(tree: Any, names: Sequence[str]) -> None:
    members, key = _named_members(tree)
    known = [member.get(key) for member in members] if key else list(tree)
    for name in names:
        if name not in known:
            raise BadChange(f'order names "{name}", which is no item of this body{suggest(name, map(str, known))}')
    ordered = sorted(known, key=lambda name: names.index(name) if name in names else len(names))
    if key:
        members.sort(key=lambda member: ordered.index(member.get(key)))
        return
    whole = dict(tree)
    tree.clear()
    tree.update((name, whole[name]) for name in ordered)


def _named_members(tree: Any) -> tuple[list[Any], str]:
    """The list whose members have names, and the key of the names; no key: the body is flat."""
    for path, key in LISTS:
        try:
            members = _get_path(tree, path)
        except UnknownPath:
            continue
        if isinstance(members, list):
            return members, key
    flat = isinstance(tree, dict) and not any(isinstance(value, dict | list) for value in tree.values())
    return ([], "") if flat else ([], "Name")


def _value(value: object, here: str, before: Any) -> object:
    if isinstance(value, list):
        return [_value(member, here, before) for member in value]
    if not isinstance(value, Mapping):
        return value
    forms = [key for key in value if str(key).startswith("$")]
    if not forms:
        return {key: _value(member, here, before) for key, member in value.items()}
    form, given = forms[0], value[forms[0]]
    if len(value) > 1 or form not in _FORMS:
        raise BadChange(f"{form} is no form of value{suggest(form, _FORMS)}; it is alone in its mapping")
    if not isinstance(given, str):
        raise BadChange(f"{form} takes text; found {given!r}")
    return _FORMS[form](here if given == "." else given, before)


def _written(text: str, before: Any) -> object:  # noqa: ARG001 - the forms share one signature
    try:
        _loads(text)
    except ValueError as error:
        raise BadChange(f"$json: {text!r} is not JSON: {error}") from error
    return WireNumber(text)


def _decimal(path: str, before: Any) -> object:
    number = _get_path(before, path)
    if not isinstance(number, int):
        raise BadChange(f"$decimal: {_text_of(number)} at {path} is not a whole number")
    return WireNumber(f"{number}.00")


_FORMS: Final[Mapping[str, Callable[[str, Any], object]]] = {
    "$json": _written,
    "$copy": lambda path, before: _get_path(before, path),
    "$decimal": _decimal,
    "$text": lambda path, before: _text_of(_get_path(before, path)),
}


def _parse_path(path: str) -> tuple[Step, ...]:
    """Raises UnknownPath: it is not of the form `Key.Key[Member].Key`."""
    steps: list[Step] = []
    end = 0
    while end < len(path):
        match = _STEP.match(path, end)
        if match is None or (match[1] and steps and path[end] != "."):
            break
        steps.append((match[1], False) if match[1] else (match[2], True))
        end = match.end()
    if end < len(path) or not steps or path.startswith("."):
        raise UnknownPath(f'"{path}" is not a path; expected Key.Key or Key.Item[Name].Value')
    return tuple(steps)


def _get_path(tree: Any, path: str) -> Any:
    holder, key = _holder(tree, path)
    return holder[key]


def _drop_path(tree: Any, path: str) -> None:
    holder, key = _holder(tree, path)
    del holder[key]


def _set_path(tree: Any, path: str, value: object) -> None:
    holder, key = _holder(tree, path, adding=True)
    if isinstance(holder, list) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _holder(tree: Any, path: str, *, adding: bool = False) -> tuple[Any, Any]:
    """The container of the last step, and the key or the list index in it. `adding`: it may be one that can be added.

    Raises:
        UnknownPath: the path leads nowhere.
    """
    steps = _parse_path(path)
    holder: Any = tree
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        key = _find(holder, step, adding=adding and last)
        if key is None:
            raise UnknownPath(f'"{path}" is not in this body{suggest(path, _all_paths(tree))}')
        if last:
            return holder, key
        holder = holder[key]
    raise AssertionError("a path has at least one step")


def _find(holder: Any, step: Step, *, adding: bool) -> str | int | None:
    name, is_member = step
    if not is_member:
        addable = adding and name in CALLBACK_KEYS
        return name if isinstance(holder, dict) and (name in holder or addable) else None
    if not isinstance(holder, list):
        return None
    for place, member in enumerate(holder):
        if isinstance(member, dict) and name in (member.get("Name"), member.get("Key")):
            return place
    if name.isdigit():
        return int(name) if int(name) < len(holder) else None
    return len(holder) if adding else None


def _all_paths(tree: Any, before: str = "") -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            here = f"{before}.{key}" if before else str(key)
            yield here
            yield from _all_paths(value, here)
    elif isinstance(tree, list):
        for place, member in enumerate(tree):
            name = member.get("Name", member.get("Key", place)) if isinstance(member, dict) else place
            yield f"{before}[{name}]"
            yield from _all_paths(member, f"{before}[{name}]")


class WireNumber:
    """A JSON number by its text, for the forms that a float would lose."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _loads(body: bytes | str) -> Any:
    """Raises ValueError: the text is not JSON. Numbers with a point or an exponent become `WireNumber`."""
    return json.loads(body, parse_float=WireNumber)


def _dumps(value: object) -> bytes:
    return orjson.dumps(value, default=_number)


def _number(value: object) -> object:
    if isinstance(value, WireNumber):
        return orjson.Fragment(value.text)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _text_of(value: object) -> str:
    """A JSON value as the text that would hold the same: numbers by their digits, text as it is."""
    return value if isinstance(value, str) else _dumps(value).decode()
