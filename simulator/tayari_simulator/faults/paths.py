"""Places in a callback's body: `Body.stkCallback.ResultCode`, `...CallbackMetadata.Item[Amount].Value`.

One language for the fault `mutate` and for `POST /v1/callbacks`. A list member is named by its `Name` (or `Key`), or
by its number from 0. A path must exist, so that a typing error does not pass for a mutation; two things can be added:
a key that Daraja's own callbacks have (`Value`, `CallbackMetadata`, ...), and a whole list member under a new name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tayari_formats.problems import suggest

from tayari_simulator.apis.c2b.messages import FIELDS as C2B_FIELDS

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


class UnknownPath(ValueError):
    """A path that leads nowhere in this body; the message names the nearest one that does."""


def parse_path(path: str) -> tuple[Step, ...]:
    """Take a path apart.

    Raises:
        UnknownPath: it is not of the form `Key.Key[Member].Key`.
    """
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


def get_path(tree: Any, path: str) -> Any:
    """The value at the path.

    Raises:
        UnknownPath: nothing is there.
    """
    holder, key = _holder(tree, path)
    return holder[key]


def drop_path(tree: Any, path: str) -> None:
    """Remove what is at the path.

    Raises:
        UnknownPath: nothing is there.
    """
    holder, key = _holder(tree, path)
    del holder[key]


def set_path(tree: Any, path: str, value: object) -> None:
    """Put a value at the path.

    Raises:
        UnknownPath: the path leads nowhere, and is none of the things that can be added.
    """
    holder, key = _holder(tree, path, adding=True)
    if isinstance(holder, list) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _holder(tree: Any, path: str, *, adding: bool = False) -> tuple[Any, Any]:
    """The container of the last step, and the key or the list index in it."""
    steps = parse_path(path)
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
