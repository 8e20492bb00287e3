"""How commands print: text for people, JSON for programs, secrets masked; and what a failure looks like in either."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from shutil import get_terminal_size
from typing import IO, TYPE_CHECKING, Any, Final, TextIO, cast

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.terminal_text import LogStream, printable, table_lines

if TYPE_CHECKING:  # rich is loaded when a text is printed: `init`, `schema` and all JSON do without
    from pathlib import Path

    from rich.console import Console
    from tayari_reports.redaction import Redactor

    from tayari.run.progress import RunProgress


_SECRETS: Final = ("TAYARI_PASSKEY", "TAYARI_CONSUMER_KEY", "TAYARI_CONSUMER_SECRET")
_ADDRESSES: Final = frozenset({"url", "callback_url"})


class Format(StrEnum):
    """What standard output carries."""

    TEXT = "text"
    JSON = "json"


class Output:
    """One command's way to print."""

    def __init__(self, form: Format) -> None:
        self.form = form

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        return _screen(stderr=False)

    @cached_property
    def err(self) -> Console:
        """Standard error."""
        return _screen(stderr=True)

    def progress(self) -> RunProgress:
        """For a run: beside the JSON, progress goes to standard error."""
        from tayari.run.progress import RunProgress

        return RunProgress(self.err if self.form is Format.JSON else self.out)

    def json(self, value: object) -> None:
        """Print JSON, where JSON was asked for."""
        if self.form is Format.JSON:
            typer.echo(_harmless_json(json.dumps(value, ensure_ascii=False, indent=1, default=str)))

    def text(self, text: str = "", *, style: str = "") -> None:
        """Print a line, where text was asked for."""
        if self.form is Format.TEXT:
            from rich.text import Text

            self.out.print(Text(printable(text), style=style), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows, where text was asked for; texts of others are never markup."""
        if self.form is not Format.TEXT:
            return
        stream = cast(TextIO, LogStream(sys.stdout))
        head, *lines = table_lines(columns, rows, width=get_terminal_size().columns)
        try:
            typer.secho(head, bold=True, file=stream)
            stream.writelines(f"{line}\n" for line in lines)
            stream.flush()
        except BrokenPipeError:
            _print_no_more(sys.stdout)

    def fail(self, message: str, code: Exit, **more: Any) -> typer.Exit:
        """Say why the command ends here; raise what is returned."""
        self.json({"error": message, "exit_code": int(code), **more})
        if self.form is Format.TEXT:
            from rich.text import Text

            self.err.print(Text(printable(message), style="red"), soft_wrap=True)
        return typer.Exit(int(code))


@contextmanager
def failures(output: Output) -> Iterator[None]:
    """Turn the failures that have an exit code of their own into it."""
    from tayari_formats.problems import FileError
    from tayari_reports.model.codec import ReportError

    from tayari.run.children import ChildFailed

    try:
        yield
    except FileError as error:
        problems = [problem.to_dict() for problem in error.problems]
        raise output.fail(str(error), Exit.BAD_CONFIGURATION, problems=problems) from error
    except ReportError as error:
        raise output.fail(str(error), Exit.BAD_CONFIGURATION) from error
    except ChildFailed as error:
        raise output.fail(f"Tayari failed: {error}\nthe whole output: {error.log}", Exit.OUR_FAILURE) from error


def unwritable(path: Path, error: OSError) -> str:
    """Why a file or folder that was named cannot be written, and what to do."""
    return f"{path}: cannot be written ({error.strerror or error}); name one in a folder that you may write to"


def redacted(value: Any) -> Any:
    """The control API's answer with each text masked; an MSISDN of one text is found in longer numbers of others."""
    from tayari_reports.redaction import Redactor
    from tayari_reports.redaction.msisdn import subscribers

    secrets = [found for found in map(os.environ.get, _SECRETS) if found]
    seen = {number for text in _texts(value) for number in subscribers(text)}
    return _masked(value, Redactor(secrets, seen))


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {key: _masked(_shortened(key, item), redactor) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, redactor) for item in value]
    return redactor.text(value) if isinstance(value, str) else value


def _shortened(key: str, value: Any) -> Any:
    from tayari.run.doctor.diagnose_merchant import without_secrets

    return without_secrets(value) if key in _ADDRESSES and isinstance(value, str) and value else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _harmless_json(text: str) -> str:
    """The same JSON with what a terminal or a CI server would obey written as escapes."""
    escaped = "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)
    return escaped.replace("##", "#\\u0023")


def _print_no_more(stream: IO[str]) -> None:
    """The reader has gone (`tayari rules list | head`): what is still printed goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _screen(*, stderr: bool) -> Console:
    """A console whose reader may go (`tayari check | head`): the run and its exit code outlive it."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """Print nothing more, and go on."""
            self.quiet = True
            _print_no_more(self.file)

    stream = sys.stderr if stderr else sys.stdout
    return Screen(file=LogStream(stream), stderr=stderr, highlight=False)  # type: ignore[arg-type]  # writes as one
