"""The table that keeps the judge honest: each named defect of the sample shop against the rule that must catch it.

`python tests/contracts/mutants.py --write docs/mutants.md` (or `make mutants`) runs all of them and writes the table.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest
from _pytest.mark import ParameterSet
from rich.console import Console
from rich.progress import track
from tayari_contracts.catalogue.rules import catalogue
from tayari_contracts.runner.check_run import check_of_rule
from tayari_contracts.runner.check_runner import CheckRunner
from tayari_contracts.runner.check_schedule import CheckSchedule
from tayari_reports.model import Check, State
from tayari_target.instances import Instances
from tayari_target.merchant_interception import SAFARICOM, Intercept
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

ROOT = Path(__file__).parents[2]
DUKA = ROOT / "examples" / "duka"
MSHAHARA = ROOT / "examples" / "mshahara"
SUPPLIERS = MSHAHARA / "suppliers.yaml"
"""The same payroll, as it pays other organisations."""
AT_ONCE = 4
"""Shops that run side by side; each waits more than it works, and several files of tests do this at once."""

BUY_GOODS, TILL = "S09", "5000001"
"""The rule that needs a shop with a till, and a till."""

ALSO = MappingProxyType(dict.fromkeys(("parts-of-the-limit", "first-part-pays"), ("split_payments",)))
"""What the target file says of a shop with a defect besides what it says of the good shop."""

LONG = frozenset({
    "cancelled-for-good", "matches-by-amount", "overdraws-budget",  # late-success-dropped, matches-by-phone, ...-later
    "c2b-pulls-since-newest", "c2b-taken-for-push", "c2b-account-in-field", "c2b-one-question",
    "pays-last-person", "knows-twelve-characters", "pays-the-most",
})  # fmt: skip
"""Tried by `pytest -m long` alone: another one has nearly the same cause, or its rule takes long where it fails."""

CAUGHT = frozenset({State.FAIL, State.WARN})
OPEN = frozenset({State.UNKNOWN, State.NOT_TESTED})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One named defect of a sample merchant, and the rules that must catch it."""

    name: str
    rules: tuple[str, ...]
    about: str
    shop: Path = DUKA
    """Its folder, or its target file where that has another name."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rules said about one mutant."""

    mutant: Mutant
    checks: tuple[Check, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """The rules that did not catch it."""
        return tuple(check.rule for check in self.checks if check.state not in CAUGHT)

    @property
    def open(self) -> bool:
        """Whether a rule did not catch it and did not pass it either: the machine may have had no time for it."""
        return any(check.state in OPEN for check in self.checks)


@cache
def mutants() -> tuple[Mutant, ...]:
    """The defects that the shop and the payroll list, and that a rule of the catalogue claims."""
    return (*_listed(DUKA / "duka.py"), *_listed(MSHAHARA / "mshahara.py"))


def mutants_of(*families: str) -> tuple[Mutant, ...]:
    """The defects whose first rule is of one of these families of the catalogue, such as `callback`."""
    return tuple(mutant for mutant in mutants() if catalogue()[mutant.rules[0]].family in families)


def tried(planned: Iterable[Mutant]) -> list[ParameterSet]:
    """The same as parameters of a test."""
    return [pytest.param(mutant, marks=[pytest.mark.long] if mutant.name in LONG else []) for mutant in planned]


def _listed(program: Path) -> Iterator[Mutant]:
    command = [sys.executable, str(program), "--list-defects"]
    for row in json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout):
        rules = tuple(rule for rule in row["rules"] if rule in catalogue())
        if rules:
            yield Mutant(row["name"], rules, row["about"], program.parent / row.get("target", ""))


def run_rules(
    rule_ids: Iterable[str],
    *,
    defects: Sequence[str] = (),
    shop: Path = DUKA,
    till: str | None = None,
    capabilities: Iterable[str] | None = None,
    also: Iterable[str] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
    intercept: Intercept = Intercept.OFF,
) -> tuple[Check, ...]:
    """Check a shop, with these defects, against these rules alone; with a till, capabilities and settings if given.

    `intercept`: it does not get Daraja's address, and calls Safaricom's host.
    """
    target = load_target(shop if shop.is_file() else shop / "tayari.yaml")
    start = target.merchant.start
    assert start is not None
    wrong = ",".join(defects)
    variables = {"DUKA_DEFECTS": wrong, "MSHAHARA_DEFECT": wrong} | (
        {"MPESA_TYPE": "till", "MPESA_TILL": till} if till else {}
    )
    literal = {"MPESA_BASE_URL": f"https://{SAFARICOM[0]}"} if intercept is not Intercept.OFF else {}
    env = MappingProxyType({**start.env, **variables, **literal, **settings})
    declared = (target.merchant.capabilities if capabilities is None else frozenset(capabilities)) | frozenset(also)
    refund = target.merchant.refund if "refund" in declared else None
    merchant = replace(
        target.merchant, start=replace(start, env=env, intercept=intercept), capabilities=declared, refund=refund
    )
    wanted = replace(target, merchant=merchant, daraja=replace(target.daraja, till=till))
    ids = tuple(rule_ids)
    count = CheckSchedule(target=wanted).useful_instances([catalogue()[rule_id] for rule_id in ids], MOST_INSTANCES)
    with Instances(wanted, count) as others, TestEnvironment(wanted) as environment:
        others.begin()
        return judged((environment, *others.ready()), ids)


def judged(environments: Sequence[TestEnvironment], rule_ids: Iterable[str]) -> tuple[Check, ...]:
    """What these rules say about the merchant of these test environments."""
    plan = [check_of_rule(catalogue()[rule_id]) for rule_id in rule_ids]
    found: list[Check] = []

    def keep(check: Check) -> Check:
        found.append(check)
        return check

    runner = CheckRunner(environments, report=keep)
    runner.start(plan)
    for planned in plan:
        runner.result(planned.rule.id)
    return tuple(found)


MOST_INSTANCES = 3
"""Other tests run beside these."""


class Field:
    """Runs mutants side by side; each outcome is asked for when it is needed."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(max_workers=at_once)
        self._outcomes: dict[str, Future[Outcome]] = {}

    @classmethod
    def of_this_file(cls, request: pytest.FixtureRequest) -> Self:
        """Runs the mutants that this worker tests in the file of this request, side by side."""
        field = cls()
        for item in request.session.items:
            mutant = getattr(item, "callspec", None) and item.callspec.params.get("mutant")  # type: ignore[attr-defined]
            if item.path == request.path and isinstance(mutant, Mutant):
                field.begin([mutant])
        request.addfinalizer(field.close)
        return field

    def begin(self, planned: Iterable[Mutant]) -> None:
        """Start all; returns at once."""
        for mutant in planned:
            self._outcomes[mutant.name] = self._pool.submit(self._run, mutant)

    def outcome(self, name: str) -> Outcome:
        """Wait for one mutant's outcome."""
        return self._outcomes[name].result()

    def caught(self, mutant: Mutant) -> bool:
        """Whether each rule of the mutant caught it.

        Raises:
            AssertionError: a rule did not; the message has the rules' states and reasons.
        """
        outcome = self.outcome(mutant.name)
        if outcome.missed:
            raise AssertionError([(check.rule, check.state, check.reason) for check in outcome.checks])
        return True

    def close(self) -> None:
        """Drop what has not begun."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, mutant: Mutant) -> Outcome:
        """Once more where it stayed open: other tests run beside it. A defect that passes is missed at once."""
        outcome = self._once(mutant)
        return self._once(mutant) if outcome.open else outcome

    @staticmethod
    def _once(mutant: Mutant) -> Outcome:
        till = TILL if BUY_GOODS in mutant.rules else None
        checks = run_rules(
            mutant.rules, defects=(mutant.name,), till=till, shop=mutant.shop, also=ALSO.get(mutant.name, ())
        )
        return Outcome(mutant, checks)


Rows = dict[tuple[str, str], str]
"""Of the published table, by defect and rule."""

HEADING = """\
# Planted defects, and the rules that catch them

Written by `make mutants`. In each row the sample shop `examples/duka`, or for payouts the payroll
`examples/mshahara`, has one defect (`--defect NAME`), and the rule about this defect judges it.

| defect | what is wrong with the shop | rule | caught | what the report says |
| --- | --- | --- | --- | --- |
"""


def rows_of(outcomes: Iterable[Outcome]) -> Rows:
    """What was found now."""
    rows: Rows = {}
    for outcome in outcomes:
        for check in outcome.checks:
            caught = "yes" if check.state in CAUGHT else f"**no ({check.state.value})**"
            reason = " ".join(check.reason.split()).replace("|", "/")[:180]
            name = outcome.mutant.name
            rows[name, check.rule] = f"| `{name}` | {outcome.mutant.about} | {check.rule} | {caught} | {reason} |\n"
    return rows


def rows_in(text: str) -> Rows:
    """What was found before, in the published table."""
    found = re.finditer(r"^\| `([\w-]+)` \| .+? \| (\w+) \| .*\n", text.partition("\n## ")[0], re.MULTILINE)
    return {(row[1], row[2]): row[0] for row in found}


def table(rows: Rows) -> str:
    """The published table, as Markdown, in the order in which the merchants list their defects."""
    listed = [(mutant.name, rule) for mutant in mutants() for rule in mutant.rules]
    return HEADING + "".join(rows[key] for key in listed if key in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mutants and write or print their table; 1 when one was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="write the table to this file; with --only, those rows")
    parser.add_argument("--only", action="append", default=[], help="only this defect (repeatable)")
    given = parser.parse_args(argv)
    planned = [mutant for mutant in mutants() if not given.only or mutant.name in given.only]
    console = Console(stderr=True)
    field = Field(at_once=2 * AT_ONCE)
    field.begin(planned)
    try:
        outcomes = [field.outcome(mutant.name) for mutant in track(planned, "mutants", console=console)]
    finally:
        field.close()
    rows = rows_of(outcomes)
    if given.write is not None:
        text = given.write.read_text(encoding="utf-8")
        _, heading, moods = text.partition("\n## ")
        given.write.write_text(f"{table(rows_in(text) | rows)}{heading}{moods}", encoding="utf-8")
    else:
        sys.stdout.write(table(rows))
    missed = [(outcome.mutant.name, outcome.missed) for outcome in outcomes if outcome.missed]
    tail = f"; missed: {missed}" if missed else ""
    console.print(f"{len(planned) - len(missed)} of {len(planned)} defects caught{tail}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
