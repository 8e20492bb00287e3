"""Changes to a callback's body: the work of the fault `mutate` and of `POST /v1/callbacks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tayari_formats.problems import suggest

from tayari_simulator.faults import wire
from tayari_simulator.faults.paths import UnknownPath, drop_path, get_path, set_path

LISTS: Final = (
    ("Body.stkCallback.CallbackMetadata.Item", "Name"),
    ("Result.ResultParameters.ResultParameter", "Key"),
)
"""Where the messages of Daraja have a list of named members, and by which key each is named."""


class BadChange(ValueError):
    """A change that cannot be made; the message says why."""


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
            tree = wire.loads(body)
        except ValueError:
            missed.append("the body is not JSON")
            return body
        before = wire.loads(body)
        for path, value in self.set.items():
            _attempt(missed, partial(_put, tree, path, value, before))
        for path in self.drop:
            _attempt(missed, partial(drop_path, tree, path))
        if self.order:
            _attempt(missed, partial(_reorder, tree, self.order))
        return wire.dumps(tree)


def _attempt(missed: list[str], change: Callable[[], None]) -> None:
    try:
        change()
    except (UnknownPath, BadChange) as error:
        missed.append(str(error))


def _put(tree: Any, path: str, value: object, before: Any) -> None:
    set_path(tree, path, _value(value, path, before))


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
            members = get_path(tree, path)
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
        wire.loads(text)
    except ValueError as error:
        raise BadChange(f"$json: {text!r} is not JSON: {error}") from error
    return wire.WireNumber(text)


def _decimal(path: str, before: Any) -> object:
    number = get_path(before, path)
    if not isinstance(number, int):
        raise BadChange(f"$decimal: {wire.text_of(number)} at {path} is not a whole number")
    return wire.WireNumber(f"{number}.00")


_FORMS: Final[Mapping[str, Callable[[str, Any], object]]] = {
    "$json": _written,
    "$copy": lambda path, before: get_path(before, path),
    "$decimal": _decimal,
    "$text": lambda path, before: wire.text_of(get_path(before, path)),
}
