"""`run.json` and the suite's results file: written, read again, refused when they cannot be trusted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import samples
from sample_load import load
from tayari_reports.model import SCHEMA, Load, Run, State
from tayari_reports.model.codec import ReportError, from_value
from tayari_reports.model.facts import Code
from tayari_reports.model.run_files import EventsWriter, read_events, read_run, run_from_dict, to_dict
from tayari_reports.verdict import judge
from tayari_reports.writers.write_json import run_schema
from tayari_reports.writers.writer_table import prepare, write_all, write_prepared

COMMITTED = Path(__file__).parents[2] / "reports/tayari_reports/schema/run.schema.json"


def written(run: Run, folder: Path) -> Path:
    """The run as its writer writes it, with nothing masked."""
    return write_prepared(run, judge(run), folder, formats=["json"])["json"]


@pytest.mark.parametrize("name", samples.ALL)
def test_a_run_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    run = samples.ALL[name]()

    assert read_run(written(run, tmp_path)) == run


@pytest.mark.parametrize("name", samples.ALL)
def test_every_written_run_fits_the_published_schema(name: str, tmp_path: Path) -> None:
    path = write_all(samples.ALL[name](), tmp_path, formats=["json"])["json"]

    schema = jsonschema.Draft202012Validator(json.loads(COMMITTED.read_text()))
    assert [error.message for error in schema.iter_errors(json.loads(path.read_text()))] == []


def test_the_published_schema_is_the_one_of_the_records() -> None:
    jsonschema.Draft202012Validator.check_schema(run_schema())

    assert json.loads(COMMITTED.read_text()) == run_schema()


def test_the_schema_refuses_a_state_that_does_not_exist() -> None:
    value = to_dict(samples.ready())
    value["checks"][0]["state"] = "green"

    with pytest.raises(jsonschema.ValidationError, match="green"):
        jsonschema.validate(value, run_schema())


def test_a_newer_minor_version_is_read_and_its_new_keys_are_passed_over() -> None:
    value = {**to_dict(samples.ready()), "schema": "1.9.0", "weather": "fine"}

    assert run_from_dict(value) == replace(samples.ready(), schema="1.9.0")


def test_the_key_told_of_an_older_version_is_the_message_of_a_code() -> None:
    run = replace(
        samples.ready(), codes=(Code(code="1032", kind="result", text="", times=1, message="You cancelled."),)
    )
    value = to_dict(run)
    value["codes"][0]["told"] = value["codes"][0].pop("message")

    assert run_from_dict({**value, "schema": "1.3.0"}).codes == run.codes


def test_another_major_version_is_refused_with_both_versions() -> None:
    with pytest.raises(ReportError, match=r"result version 2\.0\.0, but this Tayari reads 1\.x"):
        run_from_dict({**to_dict(samples.ready()), "schema": "2.0.0"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not whole JSON"),
        ('{"schema": "1.0.0", "run_id": "x', "not whole JSON"),
        ("[1, 2]", "no `schema` version"),
        ('{"verdict": "READY"}', "no `schema` version"),
        (f'{{"schema": "{SCHEMA}"}}', r"\$\.run_id is missing; every Run has one"),
        ("[" * 200_000, "nested too deeply|not whole JSON"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_one_line_that_names_it(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)

    with pytest.raises(ReportError, match=message) as refused:
        read_run(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"nowhere\.json: cannot be read \(No such file"):
        read_run(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("key", "wrong", "message"),
    [
        ("state", "green", r"\$\.checks\[0\]\.state is 'green'; expected one of pass, fail"),
        ("tries", "three", r"\$\.checks\[0\]\.tries is 'three'; expected int"),
        ("tries", True, r"\$\.checks\[0\]\.tries is True; expected int"),
        ("evidence", "none", r"\$\.checks\[0\]\.evidence is 'none'; expected a list"),
        ("evidence", ["x"], r"\$\.checks\[0\]\.evidence\[0\] is 'x'; expected an object"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(key: str, wrong: object, message: str) -> None:
    value = to_dict(samples.ready())
    value["checks"][0][key] = wrong

    with pytest.raises(ReportError, match=message):
        run_from_dict(value)


def test_a_load_result_is_read_as_it_was_written() -> None:
    assert from_value(Load, json.loads(json.dumps(to_dict(load())))) == load()


def test_numbers_that_json_lacks_and_broken_characters_do_not_stop_a_run_from_being_written(tmp_path: Path) -> None:
    odd = replace(load(), settled_p95_s=float("nan"))
    run = samples.run(load=odd, notes=("half a character: \ud83d",))

    read = read_run(written(run, tmp_path))
    assert read.load is not None
    assert read.load.settled_p95_s is None
    assert read.notes == ("half a character: ?",)


def test_events_of_several_writers_come_back_in_order(tmp_path: Path) -> None:
    run = samples.not_ready()
    with EventsWriter(tmp_path / "events.jsonl") as first, EventsWriter(tmp_path / "events.jsonl") as second:
        first.plan(run.plan)
        second.plan(run.plan)
        for check in run.checks:
            second.check(check)
        first.end()

    assert read_events(tmp_path / "events.jsonl") == (run.plan, run.checks, True)


def test_a_torn_last_line_is_passed_over_and_the_suite_counts_as_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventsWriter(path) as events:
        events.check(samples.passed("T01"))
        events.check(samples.passed("T04"))
    path.write_bytes(path.read_bytes()[:-20])

    assert read_events(path) == ((), (samples.passed("T01"),), False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"event": "weather"}', "events.jsonl:1: event 'weather' is not known"),
        ("[]", "events.jsonl:1: expected a JSON object per line"),
        ('{"event": "check", "rule": "C03"}', r"events.jsonl:1: \$\.state is missing"),
        ("half a li", "events.jsonl:1: not whole JSON"),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_its_number(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f'{line}\n{{"event": "end"}}\n')

    with pytest.raises(ReportError, match=message):
        read_events(path)


def test_each_failure_gets_a_fingerprint_and_keeps_the_one_it_has() -> None:
    run = prepare(samples.run([samples.ended("C03", State.FAIL, "Twice.", fingerprint="kept")]))
    fresh = prepare(samples.not_ready())

    assert {check.fingerprint for check in run.checks if check.rule == "C03"} == {"kept"}
    assert all(bool(check.fingerprint) == (check.state in {"fail", "warn"}) for check in fresh.checks)
