"""CTRF and JUnit against what others publish and read: the schema of ctrf.io, the schema of Jenkins, another reader.

The two schemas in `published/` are kept as they were published: `ctrf-schema-0.0.json` in version 0.3.0 of the npm
package `ctrf` (MIT, its licence beside it), `junit-10.xsd` of Jenkins' xunit plugin in the source archive of pytest
9.2.0 (MIT, its licence within).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import junitparser
import pytest
import samples
import xmlschema
from jsonschema import Draft7Validator, FormatChecker
from tayari_reports.model import Category, Check, Run, State
from tayari_reports.verdict import judge
from tayari_reports.writers.writer_table import prepare, write_all

PUBLISHED = Path(__file__).parent / "published"
KINDS = ("passed", "failed", "skipped", "pending", "other")
ODD = "\x00\x1b[31m</failure>]]> \ud83d\udc4d \uffff \u202e & 'quoted'"
"""What a merchant may answer: forbidden in XML, or markup in it."""


def odd() -> Run:
    """Every state once, odd texts, names of all kinds, and a check of five hours."""
    rules = tuple(
        replace(samples.rule("A12"), id=f"{state.value}/{ODD}", category=Category.SECURITY) for state in State
    )
    checks = tuple(
        Check(rule=rule.id, state=state, reason=ODD, duration_s=18_000.1234, tries=1, repeat=ODD)
        for rule, state in zip(rules, State, strict=True)
    )
    return samples.run(plan=rules, checks=checks, merchant=ODD)


RUNS: dict[str, Callable[[], Run]] = {**samples.ALL, "odd": odd, "empty": lambda: samples.run(plan=(), checks=())}


def ctrf(run: Run, folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_all(run, folder, formats=["ctrf"])["ctrf"].read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def ctrf_schema() -> Draft7Validator:
    return Draft7Validator(
        json.loads((PUBLISHED / "ctrf-schema-0.0.json").read_text("utf-8")), format_checker=FormatChecker()
    )


@pytest.fixture(scope="module")
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(PUBLISHED / "junit-10.xsd")


@pytest.mark.parametrize("name", RUNS)
def test_ctrf_fits_its_published_schema(name: str, ctrf_schema: Draft7Validator, tmp_path: Path) -> None:
    document = ctrf(RUNS[name](), tmp_path)

    assert [f"{error.json_path}: {error.message}" for error in ctrf_schema.iter_errors(document)] == []
    summary = document["results"]["summary"]
    assert sum(summary[kind] for kind in KINDS) == summary["tests"] == len(document["results"]["tests"])


def test_the_schema_of_ctrf_refuses_what_is_wrong(ctrf_schema: Draft7Validator, tmp_path: Path) -> None:
    document = ctrf(samples.ready(), tmp_path)
    document["results"]["tests"][0]["status"] = "unknown"

    assert not ctrf_schema.is_valid(document)


@pytest.mark.parametrize("name", RUNS)
def test_junit_fits_the_schema_of_jenkins(name: str, junit_schema: xmlschema.XMLSchema, tmp_path: Path) -> None:
    path = write_all(RUNS[name](), tmp_path, formats=["junit"])["junit"]

    assert [f"{error.path}: {error.reason}" for error in junit_schema.iter_errors(path)] == []


def test_the_schema_of_jenkins_refuses_what_is_wrong(junit_schema: xmlschema.XMLSchema) -> None:
    assert not junit_schema.is_valid('<testsuites><properties/><testsuite name="a"/></testsuites>')


@pytest.mark.parametrize("name", RUNS)
def test_another_reader_of_junit_finds_the_same_numbers(name: str, tmp_path: Path) -> None:
    judgement = judge(prepare(RUNS[name]()))
    path = write_all(RUNS[name](), tmp_path, formats=["junit"])["junit"]
    read = junitparser.JUnitXml.fromfile(str(path))
    cases = [case for suite in read for case in suite if case.name != "verdict"]
    kinds = [
        {junitparser.Failure: "failed", junitparser.Error: "error", junitparser.Skipped: "skipped"}[type(one)]
        for case in cases
        for one in case.result
    ]
    waived = len([one for one in judgement.waived if one.state is State.FAIL])
    unmet = len([one for one in judgement.waived if one.state is State.WARN])

    count = judgement.counts
    assert len(cases) == judgement.total.total
    assert kinds.count("failed") == count[State.FAIL] - waived
    assert kinds.count("error") == count[State.UNKNOWN] + count[State.ERROR]
    left_out = count[State.NOT_TESTED] + count[State.NOT_APPLICABLE] + count[State.ATTESTED]
    assert kinds.count("skipped") == left_out + waived + unmet
    assert (read.tests, read.failures) == (len(cases) + 1, kinds.count("failed") + (judgement.exit_code != 0))
