"""Folders of scenario files."""

from __future__ import annotations

from pathlib import Path

import yaml
from shipped_scenarios import DOCUMENTS, PROBLEMS, SHIPPED
from tayari_formats.yaml_document import MAX_BYTES
from tayari_simulator.scenarios.scenario_reader import read_scenarios


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_folder_gives_its_scenarios_by_name(tmp_path: Path) -> None:
    write(tmp_path, "b/two", "scenario: b/two\nabout: x")
    write(tmp_path, "a/one", "scenario: a/one\nabout: x")
    (tmp_path / "notes.txt").write_text("not a scenario")

    scenarios, problems = read_scenarios([tmp_path])

    assert problems == []
    assert [scenario.name for scenario in scenarios] == ["a/one", "b/two"]


def test_the_name_must_be_the_files_path(tmp_path: Path) -> None:
    file = write(tmp_path, "a/one", "about: x\nscenario: a/other")

    for given in (tmp_path, file):
        scenarios, problems = read_scenarios([given])

        assert scenarios == []
        assert [str(problem) for problem in problems] == [
            f'{file}:2: scenario: the name is "a/other", the file is a/one.yaml; they must be the same'
        ]


def test_two_folders_cannot_both_have_a_name(tmp_path: Path) -> None:
    first = write(tmp_path / "first", "a/one", "scenario: a/one\nabout: x")
    write(tmp_path / "second", "a/one", "scenario: a/one\nabout: x")

    scenarios, problems = read_scenarios([tmp_path / "first", tmp_path / "second"])

    assert [scenario.file for scenario in scenarios] == [str(first)]
    assert f"the name a/one is taken by {first}" in problems[0].message


def test_good_files_are_read_beside_bad_ones(tmp_path: Path) -> None:
    write(tmp_path, "a/bad", "scenario: a/bad\nabout: x\nwhn: {}")
    write(tmp_path, "a/good", "scenario: a/good\nabout: x")
    write(tmp_path, "a/huge", "#" * (MAX_BYTES + 1))
    write(tmp_path, "a/latin", "").write_bytes(b"about: \xe9")

    scenarios, problems = read_scenarios([tmp_path, tmp_path / "missing.yaml"])

    assert [scenario.name for scenario in scenarios] == ["a/good"]
    assert [Path(problem.file).stem for problem in problems] == ["bad", "huge", "latin", "missing"]


def test_a_scenario_is_given_back_as_its_file_has_it(tmp_path: Path) -> None:
    text = "scenario: a/one\nabout: x\noutcome: {result_code: 1}\nexpect: {state: failed, rules: [U05]}"
    write(tmp_path, "a/one", text)

    ((scenario,), _) = read_scenarios([tmp_path])

    assert scenario.to_dict() == yaml.safe_load(text)
    assert scenario.summary() == {
        "name": "a/one",
        "about": "x",
        "endpoint": "stk_push",
        "expect": {"state": "failed", "rules": ["U05"]},
    }


def test_plain_yaml_readers_see_the_shipped_files_as_we_do() -> None:
    """Other programs read the files with YAML 1.1, for which a bare `on` is true."""
    assert PROBLEMS == []
    assert {scenario.name: scenario.to_dict() for scenario in SHIPPED} == DOCUMENTS
