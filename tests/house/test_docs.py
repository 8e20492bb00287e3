"""Prose in the documents is wrapped: a reviewer reads whole lines, and a change shows as few of them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 120
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)


def long_lines(text: str) -> list[int]:
    """The numbers of prose lines that are too long. Tables, code, and a line that is one long word are left out."""
    found, in_code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.lstrip().startswith("|") and len(line) > MOST and " " in line.strip()[:MOST]:
            found.append(number)
    return found


def test_only_prose_counts() -> None:
    words = "word " * 30
    text = f"short\n{words}\n| {words}|\n```\n{words}\n```\n{words}\n"

    assert long_lines(text) == [2, 7]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_prose_of_a_document_is_wrapped(path: Path) -> None:
    assert long_lines(path.read_text(encoding="utf-8")) == []
