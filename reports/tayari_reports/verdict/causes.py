"""Failures by cause: rules that fail over one exchange, or over one text, are one thing to fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tayari_reports.model import Exchange
from tayari_reports.model.outcomes import FAILED, Outcome

_SENTENCES: Final = re.compile(r'told "([^"]{8,})"')
"""The message to a customer, as reasons quote it."""
_DECISIVE: Final = ("callback", "to_daraja", "to_merchant")
"""The kinds of exchanges, the one that decides most often first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing to fix: the rule that says it best, and the others that fail by it too."""

    root: Outcome
    others: tuple[Outcome, ...] = ()

    @property
    def rules(self) -> tuple[Outcome, ...]:
        """All its failures, the root first."""
        return (self.root, *self.others)


def causes(failures: Iterable[Outcome]) -> tuple[Cause, ...]:
    """The causes in the order of their gravest failures.

    What judges the whole run, as a money invariant does, is a consequence: it joins the first cause with which it
    shares an exchange, and joins no two.
    """
    found = tuple(failures)
    groups: list[list[Outcome]] = []
    for one in (row for row in found if not _is_of_whole_run(row)):
        mine = next((group for group in groups if any(_read_alike(one, other) for other in group)), None)
        groups.append([one]) if mine is None else mine.append(one)
    for one in (row for row in found if _is_of_whole_run(row)):
        mine = next((group for group in groups if _shares_exchange(one, group[0])), None)
        groups.append([one]) if mine is None else mine.append(one)
    place = {one.rule.id: number for number, one in enumerate(found)}
    groups.sort(key=lambda group: min(place[one.rule.id] for one in group))
    return tuple(Cause(root=group[0], others=tuple(group[1:])) for group in groups)


def decisive_exchange(one: Outcome) -> Exchange | None:
    """The exchange to look at first: the last callback, else the last call of Daraja, else of the merchant."""
    evidence = _evidence(one)
    for kind in _DECISIVE:
        for exchange in reversed(evidence):
            if exchange.kind == kind:
                return exchange
    return None


def _is_of_whole_run(one: Outcome) -> bool:
    return one.rule.kind == "invariant" or one.rule.group == "set_up"


def _shares_exchange(one: Outcome, other: Outcome) -> bool:
    return bool(_moves(one) & _moves(other))


def _read_alike(one: Outcome, other: Outcome) -> bool:
    """Whether both fail over the same words to a customer."""
    return bool(set(_SENTENCES.findall(one.reason)) & set(_SENTENCES.findall(other.reason)))


def _moves(one: Outcome) -> frozenset[tuple[float, str, str]]:
    """The calls of Daraja and the callbacks that prove a failure; those of the token are everybody's.

    Each is identified by its moment and its host: path and body may be redacted in one check and not in another.
    """
    return frozenset(
        (exchange.at, exchange.kind, urlsplit(exchange.url).netloc)
        for exchange in _evidence(one)
        if exchange.kind in ("callback", "to_daraja") and "/oauth/" not in exchange.url
    )


def _evidence(one: Outcome) -> tuple[Exchange, ...]:
    return tuple(exchange for check in one.checks if check.state in FAILED for exchange in check.evidence)
