"""What a merchant writes reaches a terminal without control characters, and no CI server as a command."""

import io
import json

import pytest
from rich.console import Console
from tayari.cli.output import Format, Output
from tayari.run.doctor.doctor_findings import good
from tayari.run.progress import RunProgress
from tayari_formats.terminal_text import LogStream, printable, table_lines, without_commands

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("M-Pesa imeshindikana, jaribu tena – 🙏", "M-Pesa imeshindikana, jaribu tena – 🙏"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9bm \u202e", "\\x9bm \\u202e"),
        ("one\rtwo\u2028three\u00a0four", "one\ntwo\nthree four"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        ("a\n  ::error::b", "a\n  : :error::b"),
        ("Error ::in the middle", "Error ::in the middle"),
        ("said ##[add-path]/tmp", "said # #[add-path]/tmp"),
        ("##vso[task.setvariable]", "# #vso[task.setvariable]"),
        ("##teamcity[buildStop]", "# #teamcity[buildStop]"),
        ("## a heading", "## a heading"),
    ],
)
def test_no_line_is_a_command(text: str, shown: str) -> None:
    assert without_commands(text) == shown


def test_a_line_that_a_console_breaks_before_a_command_is_none() -> None:
    stream = io.StringIO()
    console = Console(file=LogStream(stream), width=12)  # type: ignore[arg-type]  # writes as one

    console.print("said so: ::stop-commands::x")

    assert "\n::" not in stream.getvalue()
    assert "\n: :" in stream.getvalue()


def test_a_line_in_pieces_is_one_line() -> None:
    stream = io.StringIO()
    log = LogStream(stream)
    for piece in ("line", "::not a command", "\n", "::error::x"):
        log.write(piece)

    assert stream.getvalue() == "line::not a command\n: :error::x"


def test_what_commands_and_progress_print_of_a_merchant_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"::error::{ESCAPES}##[add-path]x"
    output = Output(Format.TEXT)
    output.text(line)
    output.table(["what"], [[line]])
    output.fail(line, 20)  # type: ignore[arg-type]  # any exit code will do
    RunProgress(output.out).finding(good("merchant", line))

    printed = "".join(capsys.readouterr())
    assert not {one for one in printed if not one.isprintable()} - {"\n"}
    assert not any(line.lstrip().startswith("::") for line in printed.splitlines())
    assert "##[" not in printed


def test_json_says_the_same_and_is_harmless_too(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{ESCAPES}##[add-path]x\u2028🙏"
    Output(Format.JSON).json({"line": line})

    printed = capsys.readouterr().out
    assert json.loads(printed) == {"line": line}
    assert printed.replace("\n", "").isprintable()
    assert "##[" not in printed


def test_a_table_that_fits_is_as_wide_as_its_texts() -> None:
    assert table_lines(("id", "title"), [("C03", "Once"), ("M01", "No money lost")], width=80) == [
        "id   title",
        "C03  Once",
        "M01  No money lost",
    ]


def test_in_a_narrow_table_the_widest_column_is_folded_between_words_and_nothing_is_lost() -> None:
    row = ("payment/success", "paid " * 9, "https://shop.example/callbacks/of-one-word-that-is-too-long")

    head, *lines = table_lines(("name", "situation", "url"), [row, ("a\x1b[31m", "two\nlines", "")], width=60)

    assert head.split() == ["name", "situation", "url"]
    assert max(map(len, lines)) <= 60
    columns = [line[head.index("situation") : head.index("url")].strip() for line in lines]
    assert " ".join(columns).split() == ["paid"] * 9 + ["two", "lines"]
    assert "".join(line[head.index("url") :] for line in lines) == row[2]
    assert lines[-2].startswith(r"a\x1b[31m "), "nothing in a cell moves the cursor"


def test_a_tab_in_a_cell_leaves_the_next_column_in_its_place() -> None:
    assert table_lines(("a", "b"), [("x\ty", "1"), ("z", "2")], width=80) == [
        "a          b",
        "x       y  1",
        "z          2",
    ]


@pytest.mark.parametrize("width", [0, 1, 3])
def test_a_table_without_room_has_columns_of_one_letter(width: int) -> None:
    assert table_lines(("ab", "cd"), [("x", "y")], width=width) == ["a  c", "b  d", "x  y"]
