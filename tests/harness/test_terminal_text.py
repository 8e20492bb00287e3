"""What a merchant writes reaches a terminal without control characters, and no CI server as a command."""

import io
import json

import pytest
from rich.console import Console
from tayari.cli.output import Format, Output
from tayari.run.doctor.findings import good
from tayari.run.progress import RunProgress
from tayari_formats.terminal_text import LogStream, printable, without_commands

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
