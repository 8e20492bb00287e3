"""The record of the mutants of good merchants is about the merchants as they are."""

from dataclasses import replace

from mutation import PAGE, ROOT, found_again, read_record, section


def test_each_mutant_changes_a_line_that_is_where_the_record_says() -> None:
    elsewhere = [
        f"{one.shop}/{one.file}:{one.line}"
        for one in read_record()
        if (ROOT / "examples" / one.shop / one.file).read_text(encoding="utf-8").split("\n")[one.line - 1] != one.before
    ]

    assert elsewhere == [], "run python tests/contracts/mutation.py --write"


def test_a_line_that_has_moved_is_found_again() -> None:
    mutant = read_record()[0]

    assert found_again(replace(mutant, line=1)) == mutant


def test_the_page_shows_the_record() -> None:
    assert section(read_record()) in PAGE.read_text(encoding="utf-8")
