"""How commands print: text for people, JSON for programs; and what a failure looks like in either."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tayari_target.target_file import TargetError

from tayari.run.children import ChildFailed
from tayari.run.findings import Exit
from tayari.run.voice import Voice


class Format(StrEnum):
    """What standard output carries."""

    TEXT = "text"
    JSON = "json"


class _Screen(Console):
    """A console whose reader may go (`tayari check | head`): the run and its exit code outlive it."""

    def on_broken_pipe(self) -> None:
        """Say no more, and go on."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Speech:
    """One command's way to print."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.out = _Screen(highlight=False)
        self.err = _Screen(stderr=True, highlight=False)

    def voice(self) -> Voice:
        """For a run: beside the JSON, progress goes to standard error."""
        return Voice(self.err if self.form is Format.JSON else self.out)

    def json(self, value: object) -> None:
        """Print JSON, where JSON was asked for."""
        if self.form is Format.JSON:
            typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))

    def text(self, text: str = "", *, style: str = "") -> None:
        """Print a line, where text was asked for."""
        if self.form is Format.TEXT:
            self.out.print(Text(text, style=style), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows, where text was asked for; texts of others are never markup."""
        if self.form is not Format.TEXT:
            return
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.out.print(table)

    def fail(self, message: str, code: Exit, **more: Any) -> typer.Exit:
        """Say why the command ends here; raise what is returned."""
        self.json({"error": message, "exit_code": int(code), **more})
        if self.form is Format.TEXT:
            self.err.print(Text(message, style="red"), soft_wrap=True)
        return typer.Exit(int(code))


@contextmanager
def failures(speech: Speech) -> Iterator[None]:
    """Turn the failures that have an exit code of their own into it."""
    try:
        yield
    except TargetError as error:
        problems: list[Mapping[str, object]] = [
            {"file": problem.file, "line": problem.line, "message": problem.message} for problem in error.problems
        ]
        raise speech.fail(str(error), Exit.BAD_CONFIGURATION, problems=problems) from error
    except ChildFailed as error:
        raise speech.fail(f"Tayari failed: {error}\nthe whole output: {error.log}", Exit.OUR_FAILURE) from error
