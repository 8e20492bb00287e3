"""The go-live checklist: what a person has to answer for, and what a measurement answers instead.

Source: the checklists that teams write by hand before a go-live; the wording is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tayari_reports.model import Run
from tayari_reports.model.facts import ConfigurationRow, How
from tayari_reports.model.outcomes import FAILED, JUDGED, Outcome
from tayari_reports.model.statement_records import Attestation, ChecklistAnswer
from tayari_reports.statements.waivers import day_of, read_day


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `rules`: where all of them were judged, their outcome is the answer."""

    id: str
    section: str
    question: str
    rules: tuple[str, ...] = ()
    capability: str = ""
    """Asked of merchants with this capability only; empty: of all."""


SETTINGS: Final[tuple[Item, ...]] = tuple(
    Item(name, "Environment", question)
    for name, question in (
        ("environment.credentials", "Production credentials are present in the environment, not in the code"),
        ("environment.switch", "Daraja's base URL is switched by configuration, without a change of code"),
        ("environment.production_url", "Production is configured with Daraja's production base URL"),
        ("environment.short_code", "Production is configured with the production short code"),
        ("environment.base_url", "Customers reach the merchant by https"),
        ("environment.go_live", "Safaricom has approved the app for production"),
        ("callback.https", "The callback URL is https"),
        ("callback.public", "The callback URL has a public host name"),
        ("callback.words", "The callback URL is free of words that Daraja's documentation forbids"),
        ("callback.certificate", "The callback host's certificate is valid, and for how long"),
        ("callback.tls", "The callback host speaks TLS 1.2 or newer"),
    )
)
"""The rows of the environment configuration, in order."""

ITEMS: Final[tuple[Item, ...]] = (
    Item("database.duplicates", "Database", "The database itself refuses to credit a receipt twice", ("C03", "C04")),
    Item("database.crash", "Database", "Payments under way survive a crash and a restart", ("A04",)),
    Item("database.raw_messages", "Database", "Every callback is stored as it came", ("C21",)),
    Item("database.backups", "Database", "Backups run, and a restore was rehearsed"),
    Item("database.migrations", "Database", "Schema changes were applied to production data in a rehearsal"),
    Item("database.retention", "Database", "It is settled how long payment and customer data are kept"),
    Item("security.forged", "Security", "Results that Safaricom never sent are not believed", ("C07",)),
    Item("security.leaks", "Security", "Secrets do not leave the server", ("T13",)),
    Item("security.addresses", "Security", "The allow-list holds all of Safaricom's addresses", ("C08",)),
    Item("security.access", "Security", "Who may see payments and who may change them is limited and logged"),
    Item("security.dependencies", "Security", "Dependencies were checked for known vulnerabilities"),
    Item("security.review", "Security", "Somebody outside of the team reviewed the payment code or tried to break in"),
    Item("monitoring.response_times", "Monitoring", "Payments settle in time under the expected load", ("L01", "L04")),
    Item("monitoring.alerts", "Monitoring", "Alerts on slow, failed and unanswered payments reach a person"),
    Item("monitoring.dashboard", "Monitoring", "A dashboard shows payments, failures and callbacks"),
    Item("monitoring.logs", "Monitoring", "A payment can be followed through the logs by its CheckoutRequestID"),
    Item("monitoring.reconciliation", "Monitoring", "Payments are compared with M-Pesa's statement every day"),
    Item("documentation.runbook", "Documentation", "A runbook says what to do when M-Pesa or callbacks fail"),
    Item("documentation.integration", "Documentation", "The integration is described: flow, states, callback URL"),
    Item("documentation.rollback", "Documentation", "How to go back to the last version is written down and rehearsed"),
    Item("support.contacts", "Support", "Support knows whom to call at Safaricom, and with which identifiers"),
    Item("support.customers", "Support", "Support can look up a payment by receipt or phone number"),
    Item(
        "c2b.once",
        "C2B",
        "Each receipt is credited once, whichever message carries it",
        ("B07", "B12", "M01"),
        capability="c2b",
    ),
    Item(
        "c2b.unallocated",
        "C2B",
        "Payments that belong to no account, or are not what was due, are kept where staff see them",
        ("B11", "B13"),
        capability="c2b",
    ),
    Item("c2b.recovered", "C2B", "Payments whose confirmation was lost are found", ("B14", "B15"), capability="c2b"),
    Item(
        "c2b.validation",
        "C2B",
        "Whether Safaricom has switched external validation on, and ResponseType fits, is settled",
        capability="c2b",
    ),
    Item(
        "c2b.allocation", "C2B", "Who allocates or returns unallocated payments, and when, is settled", capability="c2b"
    ),
    Item(
        "payouts.once",
        "Payouts",
        "Whatever is lost on the way, nobody is paid twice",
        ("P02", "P03", "M06"),
        capability="payout",
    ),
    Item(
        "payouts.proven",
        "Payouts",
        "A payout is paid when M-Pesa says so, and not before",
        ("P06", "P07", "P15", "M07", "M09"),
        capability="payout",
    ),
    Item(
        "payouts.stopped",
        "Payouts",
        "Wrong credentials stop all payouts, and staff are told",
        ("P11",),
        capability="payout",
    ),
    Item(
        "payouts.approval",
        "Payouts",
        "Who may start a payout, and who approves large ones, is settled",
        capability="payout",
    ),
    Item(
        "refunds.once",
        "Refunds",
        "A payment is given back once, whatever is clicked or lost",
        ("P17", "M08"),
        capability="refund",
    ),
    Item("support.refunds", "Support", "Who may reverse a payment, and how, is settled"),
    Item("maintenance.credentials", "Maintenance", "Who renews credentials, and when, is settled"),
    Item("maintenance.certificates", "Maintenance", "Certificates are renewed automatically, and their end is watched"),
    Item("maintenance.retest", "Maintenance", "This suite runs in CI and before each release"),
)

KNOWN: Final = frozenset(item.id for item in (*SETTINGS, *ITEMS))
GOOD: Final = frozenset({ChecklistAnswer.YES, ChecklistAnswer.NOT_APPLICABLE})
"""Answers after which nothing is left to do."""

OWN: Final = "own."
"""Items of the user's own begin so."""


class ItemStanding(StrEnum):
    """How an item of the checklist is answered."""

    MEASURED = "measured"
    ATTESTED = "attested"
    EXPIRED = "attestation expired"
    MISSING = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredItem:
    """One item with its answer."""

    item: Item
    standing: ItemStanding
    answer: str
    good: bool | None
    """None: there is no valid answer."""
    outcomes: tuple[Outcome, ...] = ()
    attestation: Attestation | None = None


def answered(run: Run, outcomes: Iterable[Outcome]) -> tuple[AnsweredItem, ...]:
    """Every item, and the user's own after them, in order."""
    by_rule = {one.rule.id: one for one in outcomes}
    own = [Item(one.item, "Own items", _own(one.item)) for one in run.attestations if one.item not in KNOWN]
    attested = {one.item: one for one in run.attestations}
    asked = [
        item for item in ITEMS if not item.capability or item.capability in run.capabilities or item.id in attested
    ]
    return tuple(_answered(run, item, by_rule, attested.get(item.id)) for item in (*asked, *dict.fromkeys(own)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """One row of the environment configuration, with who said so where nobody measured."""

    setting: ConfigurationRow
    attestation: Attestation | None = None

    @property
    def good(self) -> bool | None:
        """Whether it is as it should be; None where that is not known."""
        if self.attestation is not None:
            return self.attestation.answer in GOOD
        return self.setting.ok


def configuration(run: Run) -> tuple[Configured, ...]:
    """The environment configuration: what was measured or declared, else what somebody attests, else not known."""
    found = {setting.item: setting for setting in run.configuration}
    attested = {one.item: one for one in run.attestations}
    rows = [_setting(run, item, found.pop(item.id, None), attested.get(item.id)) for item in SETTINGS]
    return (*rows, *(Configured(setting=one) for one in found.values()))


def _own(item: str) -> str:
    """`own.pci_scope` as a reader has it: `Pci scope`."""
    words = item.removeprefix(OWN).replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] or item


def valid(run: Run, attestation: Attestation) -> bool:
    """Whether an attestation still stood on the day of the run."""
    expires = read_day(attestation.expires)
    return expires is not None and expires >= day_of(run)


def _answered(run: Run, item: Item, by_rule: Mapping[str, Outcome], attested: Attestation | None) -> AnsweredItem:
    measured = tuple(by_rule[rule] for rule in item.rules if rule in by_rule)
    broken = any(one.state in FAILED for one in measured)
    whole = bool(item.rules) and len(measured) == len(item.rules) and all(one.state in JUDGED for one in measured)
    if broken or whole:
        good = not broken
        return AnsweredItem(
            item=item, standing=ItemStanding.MEASURED, answer="yes" if good else "no", good=good, outcomes=measured
        )
    if attested is None:
        return AnsweredItem(item=item, standing=ItemStanding.MISSING, answer="", good=None, outcomes=measured)
    if not valid(run, attested):
        return AnsweredItem(
            item=item, standing=ItemStanding.EXPIRED, answer=attested.answer, good=None, attestation=attested
        )
    good = attested.answer in GOOD
    return AnsweredItem(
        item=item, standing=ItemStanding.ATTESTED, answer=attested.answer, good=good, attestation=attested
    )


def _setting(run: Run, item: Item, found: ConfigurationRow | None, attested: Attestation | None) -> Configured:
    """A measurement of right or wrong counts; a valid attestation replaces anything less."""
    row = found or ConfigurationRow(item=item.id, name=item.question, value="", how=How.NOT_KNOWN)
    row = replace(row, name=item.question)
    if attested is None or row.ok is not None:
        return Configured(setting=row)
    if not valid(run, attested):
        note = f"{row.note} The attestation of {attested.person} ended on {attested.expires}.".strip()
        return Configured(setting=replace(row, note=note))
    return Configured(setting=replace(row, how=How.ATTESTED), attestation=attested)
