"""Questions about a proposal: what is marked in it is asked of the merchant's developer, on a terminal."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tayari_target.target_file import TargetError, load_target

from tayari.target_draft.draft import Draft, Value

Ask = Callable[[str], str]
"""Shows a prompt, and returns what is typed. Raises EOFError where nothing more comes."""
HOW: Final = (
    "Enter or n keeps a proposal with its mark, y says that it is right, and anything else replaces it. "
    "Ctrl-D keeps all that follow."
)
_RIGHT: Final = frozenset({"y", "yes"})
_KEPT: Final = frozenset({"", "n", "no"})
_DOUBT: Final = "_doubt"
"""The end of the name of a field that holds a doubt: `body_doubt` is about `body`."""
_KEYS: Final[Mapping[str, str]] = {
    "pay.identifier": "pay.payment_id",
    "payout.identifier": "payout.payout_id",
    "refund.identifier": "refund.refund_id",
    "c2b.open_account.identifier": "c2b.open_account.account",
}
"""Keys of the target file that the draft names otherwise."""


class AnswerError(Exception):
    """An answer that a target file cannot hold; the message says why."""


@dataclass(frozen=True, slots=True)
class DraftQuestion:
    """One mark of a proposal."""

    place: tuple[str, ...]
    """Field names from the draft to the value."""
    doubt: str
    proposed: str

    @property
    def key(self) -> str:
        """The key of the target file."""
        dotted = ".".join(self.place)
        return _KEYS.get(dotted, re.sub(r"^(payout|refund)_status", r"\1.status", dotted))


def questions(draft: Draft) -> tuple[DraftQuestion, ...]:
    """One for each mark, in the order of the draft."""
    return tuple(_questions(draft, ()))


def settle(draft: Draft, ask: Ask, tell: Callable[[str], None]) -> Draft:
    """The draft with what was answered; what was not stays marked. A wrong answer is asked for again."""
    asked = questions(draft)
    if asked:
        tell(HOW)
    try:
        for question in asked:
            draft = _settle_one(draft, question, ask, tell)
    except EOFError:
        tell("")
    return draft


def _settle_one(draft: Draft, question: DraftQuestion, ask: Ask, tell: Callable[[str], None]) -> Draft:
    while True:
        typed = ask(f"\n{question.doubt}\n  {question.key} [{question.proposed}]: ").strip()
        if typed.lower() in _KEPT:
            return draft
        try:
            changed: Draft = _put(draft, question.place, None if typed.lower() in _RIGHT else typed)
            _check(changed)
        except AnswerError as error:
            tell(str(error))
        else:
            return changed


def _check(draft: Draft) -> None:
    """Reads the draft as a target file.

    Raises:
        AnswerError: it is none.
    """
    with tempfile.TemporaryDirectory(prefix="tayari-init-") as folder:
        file = Path(folder, "tayari.yaml")
        file.write_text(draft.text(), encoding="utf-8")
        try:
            load_target(file)
        except TargetError as error:
            raise AnswerError("; ".join(problem.message for problem in error.problems)) from error


def _questions(node: object, place: tuple[str, ...]) -> Iterator[DraftQuestion]:
    if isinstance(node, Value):
        if node.doubt:
            yield DraftQuestion(place, node.doubt, node.text)
    elif isinstance(node, Mapping):
        for name, each in node.items():
            yield from _questions(each, (*place, name))
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            if not field.name.endswith(_DOUBT):
                yield from _questions(value, (*place, field.name))
            elif value:
                name = field.name.removesuffix(_DOUBT)
                yield DraftQuestion((*place, name), value, _written(getattr(node, name)))


def _put(node: Any, place: tuple[str, ...], typed: str | None) -> Any:
    """A copy of the node with the answer at its place, without the doubt. None: what is proposed is right."""
    if isinstance(node, Value):
        return dataclasses.replace(node, doubt="") if typed is None else Value(typed)
    if not place:
        return node if typed is None else _read(typed, node)
    name, rest = place[0], place[1:]
    if isinstance(node, Mapping):
        return {**node, name: _put(node[name], rest, typed)}
    changes = {name: _put(getattr(node, name), rest, typed)}
    if not rest and hasattr(node, name + _DOUBT):
        changes[name + _DOUBT] = ""
    return dataclasses.replace(node, **changes)


def _written(pairs: Mapping[str, object]) -> str:
    """Fields or states as they are typed: `phone={msisdn} amount={amount}`, `paid=PAID,DONE failed=FAILED`."""
    words = {name: each if isinstance(each, str) else ",".join(each) for name, each in _lists(pairs) if each}
    return " ".join(shlex.quote(f"{name}={each}") if " " in each else f"{name}={each}" for name, each in words.items())


def _lists(pairs: Mapping[str, object]) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for name, each in pairs.items():
        yield name, tuple(map(str, each)) if isinstance(each, list | tuple) else str(each)


def _read(typed: str, proposed: Mapping[str, object]) -> dict[str, object]:
    """The pairs that were typed; a list of words where lists are proposed."""
    try:
        pairs = [word.partition("=") for word in shlex.split(typed)]
    except ValueError as error:
        raise AnswerError(f"{error}; write NAME=VALUE with a space between two of them") from error
    if not all(name and equals and value for name, equals, value in pairs):
        raise AnswerError(
            f'found "{typed}"; expected NAME=VALUE with a space between two, such as {_written(proposed)}'
        )
    several = any(isinstance(each, list | tuple) for each in proposed.values())
    return {name: value.split(",") if several else value for name, _, value in pairs}
