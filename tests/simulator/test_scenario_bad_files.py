"""Files that nobody should have written: each is one line with file and line, and the process ends with 20."""

from __future__ import annotations

from pathlib import Path

import pytest
from tayari_simulator.scenarios.scenario_reader import read_scenario, read_scenarios
from tayari_simulator.server.process import main

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nscenario: a/b\nabout: x\n"
HEAD = "scenario: a/b\nabout: x\n"

CASES = [
    ("an anchor bomb", BOMB, 1, "an anchor or alias (&, *)"),
    ("a merge key", f"{HEAD}when: {{<<: {{endpoint: oauth}}}}\n", 3, "when.<<: unknown key"),
    ("a tag", f"{HEAD}when: !!python/object/apply:os.system [x]\n", 3, "expected a plain value; remove the tag"),
    ("a depth", f"{HEAD}when: {'[' * 50}{']' * 50}\n", 3, "nested deeper than 20 levels"),
    ("two documents", f"{HEAD}---\n{HEAD}", 3, "found a second document"),
    ("a tab", f"{HEAD}\twhen: x\n", 3, "not readable as YAML"),
    ("a control character", f"{HEAD}when: \x00\n", 1, "not readable as YAML"),
    ("nothing", "", 1, "found nothing; expected a mapping"),
    ("a list", "- scenario\n", 1, "found a list; expected a mapping"),
    ("an include", f"{HEAD}include: other.yaml\n", 3, "include: a scenario is one complete file"),
    ("an extends", f"{HEAD}extends: a/b\n", 3, "extends: a scenario is one complete file"),
    ("a key twice", f"{HEAD}about: y\n", 3, "about: written twice, first on line 2"),
    ("an unknown key", f"{HEAD}outcom: {{}}\n", 3, "outcom: unknown key; did you mean outcome?"),
    ("a zero time", f"{HEAD}outcome: {{after_s: 0}}\n", 3, "outcome.after_s: found 0; expected a number above 0"),
    ("a negative time", f"{HEAD}outcome: {{after_s: -1}}\n", 3, "found -1; expected a number above 0"),
    ("an endless time", f"{HEAD}outcome: {{after_s: .inf}}\n", 3, "outcome.after_s: found"),
    ("a negative gap", f"{HEAD}faults: [{{duplicate: {{gap_s: -1}}}}]\n", 3, "found -1; expected at least 0"),
    ("no times", f"{HEAD}faults: [{{drop: {{times: 0}}}}]\n", 3, "found 0; expected a whole number of at least 1"),
    (
        "no content type",
        f"{HEAD}faults: [{{wrong_content_type: {{content_type: web}}}}]\n",
        3,
        "expected a content type",
    ),
    ("a far address", f"{HEAD}faults: [{{forge: {{source: home}}}}]\n", 3, "expected an IP address"),
    ("a list as error", f"{HEAD}faults: [{{api_error: {{error: []}}}}]\n", 3, "a list is no error"),
    ("a low status", f"{HEAD}faults: [{{api_error: {{error: '405.001', status: 200}}}}]\n", 3, "expected at least 400"),
    (
        "a callback of a token",
        f"{HEAD}when: {{endpoint: oauth}}\nfaults: [{{drop: {{}}}}]\n",
        4,
        "a scenario for oauth never applies to callback calls",
    ),
]


@pytest.mark.parametrize(("text", "line", "problem"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_mistake_is_one_line_with_its_place(text: str, line: int, problem: str) -> None:
    scenario, problems = read_scenario(text, file="b.yaml")

    assert scenario is None
    (sentence,) = map(str, problems)
    assert problem in sentence
    assert sentence.startswith(f"b.yaml:{line}: ")
    assert "\n" not in sentence


def test_the_process_ends_with_20_and_a_line_for_each_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "b.yaml").write_text(BOMB)
    (folder / "big.yaml").write_bytes(b"#" * 10_000_000)
    (folder / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    (folder / "name.yaml").write_text(HEAD)
    status = main(["--scenarios", str(tmp_path), "--port", "0", "--control-port", "0"], {})
    lines = capsys.readouterr().err.splitlines()

    assert status == 20
    assert [line.removeprefix(f"{folder}/").split(":")[0] for line in lines[1:]] == [
        "b.yaml",
        "big.yaml",
        "bytes.yaml",
        "name.yaml",
    ]
    assert "the file has 10000000 bytes; expected at most 262144" in lines[2]
    assert 'the name is "a/b", the file is a/name.yaml' in lines[4]


def test_two_folders_cannot_hold_the_same_name(tmp_path: Path) -> None:
    for root in ("one", "two"):
        (tmp_path / root / "a").mkdir(parents=True)
        (tmp_path / root / "a/b.yaml").write_text(HEAD)
    _, problems = read_scenarios([tmp_path / "one", tmp_path / "two"])

    (sentence,) = map(str, problems)
    assert f"{tmp_path}/two/a/b.yaml:1: scenario: the name a/b is taken by" in sentence


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenarios", str(tmp_path / "none")], {}) == 20
    assert "cannot be read" in capsys.readouterr().err
