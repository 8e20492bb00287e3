"""The rule catalogue: one row for each rule, read from `catalogue/*.yaml` and checked when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from tayari_formats.problems import suggestion
from tayari_formats.yaml_document import read_shipped
from tayari_reports.model import Category, Level, Rule, Severity


class CatalogueError(Exception):
    """A row of the catalogue is wrong, which is a defect of ours."""


class Need(StrEnum):
    """What the target file must give before a rule can be judged."""

    STATE = "state"
    CREDITS = "credits"
    MESSAGE = "message"
    RECEIPT = "receipt"
    AUDIT = "audit"
    RESTART = "restart"
    QUERY = "query"
    """The capability `stk_query`."""
    PAGE = "page"
    """The state is read from a page; the merchant has no capability `no_pages`."""
    CALLBACKS = "callbacks"
    """The merchant learns results by callback: it has no capability `no_callbacks`."""
    PAYOUT = "payout"
    """The merchant pays out; every rule without this need is about payments."""
    PERSONS = "persons"
    """The payouts go to persons (B2C, B2Pochi)."""
    ORGANISATIONS = "organisations"
    """The payouts go to other organisations (B2B)."""
    PAYOUT_STATE = "payout_state"
    PAYOUT_RECEIPT = "payout_receipt"
    ALERTS = "alerts"
    BALANCE = "balance"
    """The target file says where staff read the balance that the merchant asks for."""
    REFUND = "refund"
    """The merchant gives payments back."""
    REFUND_STATE = "refund_state"
    C2B = "c2b"
    """Customers begin payments themselves (C2B). A rule with this need and without `state` is not about prompts."""
    ACCOUNT = "account"
    UNALLOCATED = "unallocated"
    VALIDATION = "validation"
    """M-Pesa asks the merchant before such a payment."""
    DUE = "due"
    """The merchant knows how much an account is to be paid."""


class Control(StrEnum):
    """An ordinary payment that must end as expected before a failure of a rule says anything about that rule."""

    SUCCESS = "success"
    """A payment whose success a callback reports is settled."""
    FAILURE = "failure"
    """A payment whose failure a callback reports ends."""
    QUERY = "query"
    """A status query that says anything but 0 pays nothing."""
    PAYOUT = "payout"
    """A payout ends as its result says: one that succeeded is paid, one that failed is not."""
    SILENT_PAYOUT = "silent_payout"
    """A payout without a result is not sent again under another id."""
    C2B = "c2b"
    """A payment that a customer began is credited."""


class Seen(StrEnum):
    """What a check must have seen of its own payments before it can pass."""

    ANSWER = "answer"
    """The merchant answered the start of one."""
    PUSH = "push"
    """An STK push, accepted or not."""
    ACCEPTED = "accepted"
    """An STK push that Daraja accepted."""
    CALLBACK = "callback"
    """A callback that the merchant answered with a status below 500."""
    QUERY = "query"
    """A status query for one."""
    TOKEN = "token"
    """A token that was fetched after the first of them began."""
    STATE = "state"
    """The state of one, in a word that the target file knows."""
    PAYOUT = "payout"
    """A payout request that reached Daraja."""
    REGISTRATION = "registration"
    """A call that registers C2B URLs, accepted or not."""
    PULL = "pull"
    """A query of pull transactions."""
    REFUND = "refund"
    """A request that gives a payment back reached Daraja."""
    BALANCE = "balance"
    """A query of the organisation's balance."""
    CREDITS = "credits"
    """How often, or how much, was credited, and not only whether."""
    MET = "met"
    """A call of the merchant for each prepared fault."""


ENABLED_BY: Final[Mapping[Need, str]] = {
    Need.STATE: "merchant.status",
    Need.CREDITS: "merchant.ledger or merchant.status.credited",
    Need.MESSAGE: "merchant.pay.message and merchant.status.message",
    Need.RECEIPT: "merchant.status.receipt",
    Need.AUDIT: "merchant.audit",
    Need.RESTART: "merchant.start",
    Need.PAGE: "merchant.status.request (or no_pages in merchant.capabilities: an order has no page)",
    Need.QUERY: "merchant.capabilities: stk_query",
    Need.CALLBACKS: "merchant.capabilities without no_callbacks",
    Need.PAYOUT: "merchant.payout",
    Need.PERSONS: "merchant.payout.request with {msisdn}",
    Need.ORGANISATIONS: "merchant.payout.request with {party_b}",
    Need.PAYOUT_STATE: "merchant.payout.status",
    Need.PAYOUT_RECEIPT: "merchant.payout.status.receipt",
    Need.ALERTS: "merchant.payout.alerts",
    Need.BALANCE: "merchant.payout.balance",
    Need.REFUND: "merchant.refund",
    Need.REFUND_STATE: "merchant.refund.status",
    Need.C2B: "merchant.c2b",
    Need.ACCOUNT: "merchant.c2b.account",
    Need.UNALLOCATED: "merchant.c2b.unallocated",
    Need.VALIDATION: "merchant.c2b.validation",
    Need.DUE: "merchant.c2b.open_account with {amount} (or top_up in merchant.capabilities: nothing is due)",
}
"""The key of the target file that gives what a rule needs."""

USUAL_S: Final = 3.0
"""Seconds that a check takes if its row does not say it."""

SUITES: Final = ("smoke", "ci", "release", "load")

KINDS: Final[Mapping[str, str]] = {"performance": "threshold", "money": "invariant"}
"""The kind of a family's rules, if it is not `rule`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A rule, and what a plan knows of its check before it runs."""

    rule: Rule
    needs: frozenset[Need] = frozenset()
    controls: frozenset[Control] = frozenset()
    """Ordinary payments without the thing under test. The rule is blocked if one of them does not end as expected."""
    seen: frozenset[Seen] = frozenset()
    """What the check must have seen; else it did not test the rule, and does not pass."""
    exclusive: bool = False
    """Runs alone: its faults or counts concern the whole merchant, not one payment."""
    last: bool = False
    """Runs after all others: it judges what happened in all of them."""
    queries: int = 0
    """Status queries that the merchant makes for it. The next check waits for them if their number is limited."""
    takes_s: float = USUAL_S
    """Seconds that its check takes on the sample shop."""
    leaves_open: bool = False
    """It ends while a payment of its own is rightly pending; the end of the run waits until that one is settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow(Planned):
    """A rule of the catalogue."""

    family: str
    """The name of the catalogue file: `token`, `request`, `acknowledgement`, `callback`, `query`, `customer`, ..."""
    suites: frozenset[str]
    """Those of `SUITES` that it belongs to."""


FIELDS: Final = {
    "id", "title", "category", "severity", "level", "why", "fix", "source", "waivable", "effort_h",
    "suites", "needs", "controls", "seen", "exclusive", "last", "queries", "takes_s", "leaves_open",
}  # fmt: skip
REQUIRED: Final = ("id", "title", "category", "severity", "why", "fix", "source", "suites")


def parse_row(row: Mapping[str, Any], *, family: str) -> CatalogueRow:
    """Read one row.

    Raises:
        CatalogueError: a key is unknown or missing, or a value is outside its closed set.
    """
    name = f"{family}.yaml: {row.get('id', '(row without id)')}"
    for key in row:
        if key not in FIELDS:
            raise CatalogueError(f"{name}: {key} is not a key of a rule{suggestion(key, FIELDS)}")
    for key in REQUIRED:
        if not row.get(key):
            raise CatalogueError(f"{name}: {key} is missing")
    for suite in row["suites"]:
        if suite not in SUITES:
            raise CatalogueError(f"{name}: {suite} is not a suite; there are {', '.join(SUITES)}")
    try:
        return CatalogueRow(
            rule=Rule(
                id=row["id"],
                title=row["title"],
                category=Category(row["category"]),
                severity=Severity(row["severity"]),
                level=Level(row.get("level", "must")),
                kind=KINDS.get(family, "rule"),
                why=" ".join(str(row["why"]).split()),
                fix=" ".join(str(row["fix"]).split()),
                source=row["source"],
                waivable=row.get("waivable", True),
                effort_h=float(row.get("effort_h", 2.0)),
                group=family,
            ),
            family=family,
            suites=frozenset(row["suites"]),
            needs=frozenset(Need(need) for need in row.get("needs", ())),
            controls=frozenset(Control(control) for control in row.get("controls", ())),
            seen=frozenset(Seen(seen) for seen in row.get("seen", ())),
            exclusive=row.get("exclusive", False),
            last=row.get("last", False),
            queries=row.get("queries", 0),
            takes_s=float(row.get("takes_s", USUAL_S)),
            leaves_open=row.get("leaves_open", False),
        )
    except ValueError as error:
        raise CatalogueError(f"{name}: {error}") from error


@cache
def catalogue() -> Mapping[str, CatalogueRow]:
    """All rows by rule id, in the order of the files and of the rows in them."""
    rows: dict[str, CatalogueRow] = {}
    for entry in sorted(files("tayari_contracts").joinpath("catalogue").iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".yaml"):
            continue
        for raw in read_shipped(entry.read_text(encoding="utf-8")) or ():
            row = parse_row(raw, family=entry.name.removesuffix(".yaml"))
            if row.rule.id in rows:
                raise CatalogueError(f"{entry.name}: {row.rule.id} is there twice")
            rows[row.rule.id] = row
    return rows


class UnknownRule(Exception):
    """A rule id that is not in the catalogue, with the nearest one."""


def canonical(rule_id: str) -> str:
    """A rule's id as the catalogue writes it, however it was typed: `c3` is C03."""
    match = re.fullmatch(r"([A-Za-z]+)0*([0-9]{1,2})", rule_id.strip())
    return f"{match[1].upper()}{int(match[2]):02}" if match else rule_id.strip().upper()


def select(*, suite: str, only: Iterable[str] = ()) -> tuple[CatalogueRow, ...]:
    """The rows of a suite, or exactly those of `only`, in catalogue order.

    Raises:
        UnknownRule: an id of `only`, or the suite, does not exist.
    """
    rows = catalogue()
    wanted = {canonical(rule_id) for rule_id in only}
    for rule_id in sorted(wanted - set(rows)):
        raise UnknownRule(f"{rule_id} is not a rule{suggestion(rule_id, rows)}")
    if suite not in SUITES:
        raise UnknownRule(f"{suite} is not a suite; there are {', '.join(SUITES)}")
    return tuple(row for row in rows.values() if (row.rule.id in wanted if wanted else suite in row.suites))
