"""YAML text as data with lines."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tayari_formats.problems import Complaint
from tayari_formats.yaml_document import MAX_BYTES, read_document, read_shipped

CORRECT = "expected `key: value` lines; correct this line"
LONG_NUMBER = "found a number with more digits than JSON readers keep; expected text; write it in quotes"
SHIPPED = [*(Path(__file__).parents[2] / "contract_tests").rglob("*.yaml")]
HALF = "found half a character (a lone surrogate); expected text; write the whole character"


def test_words_and_long_digits_stay_what_their_author_meant() -> None:
    document, problems = read_document("on: {a: no, b: 0712345678, c: 5, d: 1.5, e: true, f: ~}", file="a.yaml")

    assert problems == []
    assert document is not None
    assert document.value == {"on": {"a": "no", "b": "0712345678", "c": 5, "d": 1.5, "e": True, "f": None}}


def test_each_key_and_member_knows_its_line() -> None:
    document, _ = read_document("a: 1\nb:\n  - c: 2\n    d: 3\n", file="a.yaml")

    assert document is not None
    assert document.lines == {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 0, "c"): 3, ("b", 0, "d"): 4}
    assert str(document.problem(Complaint(("b", 0, "d", "x"), "bad"))) == "a.yaml:4: b[0].d.x: bad"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3: a: written twice, first on line 1; expected once; remove one"),
        ("a: &x 1\nb: *x", "f.yaml:1: found an anchor or alias (&, *); expected plain values; write the value out"),
        (
            "a: !!python/object x",
            "f.yaml:1: found the tag tag:yaml.org,2002:python/object; expected a plain value; remove the tag",
        ),
        ("[" * 30 + "]" * 30, "f.yaml:1: nested deeper than 20 levels; expected less; check the brackets"),
        ("? [a]\n: b", "f.yaml:1: found a key that is not a word; expected `key: value`; quote braces in values"),
        (
            "a: 1\nb: 'c",
            f"f.yaml:2: not readable as YAML: found unexpected end of stream; {CORRECT}",
        ),
        ("a: 1\n---\nb: 2", "f.yaml:2: found a second document; expected one; remove the line `---`"),
        (
            "a: 1\nb: 99999999999999999999",
            f"f.yaml:2: {LONG_NUMBER}",
        ),
        (
            f"a: {'7' * 5000}",
            f"f.yaml:1: {LONG_NUMBER}",
        ),
        (
            "a: 1e999",
            f"f.yaml:1: {LONG_NUMBER}",
        ),
        (
            '"\\ud800": a',
            f"f.yaml:1: {HALF}",
        ),
        (
            'a: "\\ud800"',
            f"f.yaml:1: {HALF}",
        ),
        (
            "a: \0",
            f"f.yaml:1: not readable as YAML: special characters are not allowed; {CORRECT}",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str, problem: str) -> None:
    _, problems = read_document(text, file="f.yaml")

    assert [str(row) for row in problems] == [problem]


def test_a_file_larger_than_the_limit_is_not_parsed() -> None:
    document, problems = read_document("#" * (MAX_BYTES + 1), file="f.yaml")

    assert document is None
    assert "expected at most 262144" in problems[0].message


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_both_parsers_read_what_ships_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert read_shipped(text) == yaml.safe_load(text)
