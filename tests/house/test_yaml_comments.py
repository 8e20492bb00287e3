"""No shipped YAML file loses a part of a value to a comment: in YAML, ` #` ends an unquoted value."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDERS = ("contract_tests", "scenarios", "examples", "harness", "loadtests", "reports", "deploy")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.y*ml"))


def lines_cut_by_comments(text: str) -> list[int]:
    """The lines on which a comment follows an unquoted value that reads like a sentence (three words or more)."""
    lines = text.splitlines()
    return [
        token.end_mark.line + 1
        for token in yaml.scan(text)
        if isinstance(token, yaml.ScalarToken)
        and token.style is None
        and len(token.value.split()) >= 3
        and lines[token.end_mark.line][token.end_mark.column :].lstrip().startswith("#")
    ]


def test_a_value_that_a_comment_cuts_is_found() -> None:
    text = "why: Texts that hold & # @ are refused\nfix: word # a comment\nabout: 'three quoted words'  # a comment\n"

    assert lines_cut_by_comments(text) == [1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_shipped_value_is_cut_by_a_comment(path: Path) -> None:
    assert lines_cut_by_comments(path.read_text(encoding="utf-8")) == []
