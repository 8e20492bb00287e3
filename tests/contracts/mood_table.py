"""The good shop in other moods, each judged by every rule: none may fail, and what does not pass is in a table.

`python tests/contracts/mood_table.py --write docs/mutants.md` judges all moods and writes the second table there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from mutants import DUKA, judged, run_rules
from tayari_contracts.catalogue.rules import catalogue
from tayari_reports.model import Check, State
from tayari_target.merchant_interception import Intercept
from tayari_target.merchant_process import free_port
from tayari_target.target_file import load_target
from tayari_target.target_file.target_model import Target
from tayari_target.test_environment import TestEnvironment

HEADING = "## The good shop in other moods"
FIXED_PORTS, NOT_RESTARTED, INTERCEPTED = "fixed-ports", "cannot-be-restarted", "intercepted"

ABOUT = MappingProxyType(
    {
        FIXED_PORTS: "Listens on a port that the target file names.",
        NOT_RESTARTED: "Runs already, and Tayari cannot restart it.",
        INTERCEPTED: "Calls Safaricom's own host, which leads to the simulator (`intercept: auto`).",
    }
)

USUAL = ("stk_push", "stk_query", "c2b")
DECLARED = MappingProxyType(
    {"no-callbacks": (*USUAL, "no_callbacks"), "splits-orders": (*USUAL, "refund", "split_payments")}
)
"""What the target file says of the shop in a mood, where that is not what it says of the good shop."""


def moods() -> dict[str, str]:
    """All moods by name: those of the shop's code, and those of how it is run."""
    command = [sys.executable, str(DUKA / "duka.py"), "--list-moods"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {**json.loads(listed), **ABOUT}


def every_rule() -> list[str]:
    """The rules that suites judge; the load's thresholds are none of them."""
    return [row.rule.id for row in catalogue().values() if row.family != "performance"]


def run_mood(mood: str, rule_ids: Iterable[str], *, defects: Sequence[str] = ()) -> dict[str, Check]:
    """What the rules say about the shop in this mood, with these defects."""
    if mood not in ABOUT:
        checks = run_rules(rule_ids, defects=defects, capabilities=DECLARED.get(mood), settings={"DUKA_MOODS": mood})
        return {check.rule: check for check in checks}
    if mood == INTERCEPTED:
        return {check.rule: check for check in run_rules(rule_ids, defects=defects, intercept=Intercept.AUTO)}
    target = _with_port(load_target(DUKA / "tayari.yaml"), str(free_port()), defects)
    with TestEnvironment(target) as environment:
        if mood == FIXED_PORTS:
            return {check.rule: check for check in judged([environment], rule_ids)}
        running = replace(target, merchant=replace(target.merchant, start=None))
        other = TestEnvironment(running, control_url=environment.control_url)
        other.control_token = environment.control_token
        with other as attached:
            return {check.rule: check for check in judged([attached], rule_ids)}


def _with_port(target: Target, port: str, defects: Sequence[str]) -> Target:
    """The target file as somebody writes it who knows no placeholder for ports."""

    def fixed(text: str) -> str:
        return text.replace("{port}", port)

    start = target.merchant.start
    assert start is not None
    env = MappingProxyType({**start.env, "DUKA_DEFECTS": ",".join(defects)})
    merchant = replace(
        target.merchant,
        base_url=fixed(target.merchant.base_url),
        start=replace(start, command=fixed(start.command), env=env),
    )
    rewrite = MappingProxyType({given: fixed(wanted) for given, wanted in target.callbacks.rewrite.items()})
    return replace(target, merchant=merchant, callbacks=replace(target.callbacks, rewrite=rewrite))


def not_passed(checks: Mapping[str, Check]) -> dict[str, Check]:
    """The rules that did not pass."""
    return {rule_id: check for rule_id, check in checks.items() if check.state is not State.PASS}


def table(found: Mapping[str, Mapping[str, Check]]) -> str:
    """The second table of the page, as Markdown."""
    lines = [
        HEADING,
        "",
        "Written by `make moods`. A mood is another habit of the sample shop that is as good (`--mood NAME`). Every",
        "rule judges each mood: none may fail, and a rule that could not be tested says so.",
        "",
        "| mood | what the shop does | passed | not passed |",
        "| --- | --- | --- | --- |",
    ]
    for mood, about in moods().items():
        if mood not in found:
            continue
        others = not_passed(found[mood])
        applicable = {rule: check for rule, check in others.items() if check.state is not State.NOT_APPLICABLE}
        sentences = [f"{rule} {check.state.value}: {_short(check.reason)}" for rule, check in applicable.items()]
        if len(others) > len(applicable):
            sentences.append(f"{len(others) - len(applicable)} not applicable")
        passed = len(found[mood]) - len(others)
        lines.append(f"| `{mood}` | {about} | {passed} of {len(found[mood])} | {'; '.join(sentences)} |")
    return "\n".join(lines) + "\n"


def _short(reason: str) -> str:
    return " ".join(reason.split()).replace("|", "/")[:120]


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the moods and write or print their table; 1 when a rule failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="write the table to the end of this page")
    parser.add_argument("--only", action="append", default=[], help="only this mood (repeatable)")
    given = parser.parse_args(argv)
    found = {mood: run_mood(mood, every_rule()) for mood in moods() if not given.only or mood in given.only}
    text = table(found)
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8").partition(HEADING)[0].rstrip("\n")
        given.write.write_text(f"{page}\n\n{text}", encoding="utf-8")
    else:
        sys.stdout.write(text)
    failed = [check.rule for checks in found.values() for check in checks.values() if check.state is State.FAIL]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
