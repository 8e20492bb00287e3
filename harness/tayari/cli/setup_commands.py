"""`tayari simulate`, `tayari init` and `tayari schema`: what is there before a merchant is."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.terminal_text import printable
from tayari_target.resources import DARAJA_PORT, example_folder, target_schema

from tayari.cli.app import simulate as run_simulator
from tayari.cli.command_options import DEFAULT_TARGET, FormatOption
from tayari.cli.output import Format, Output, unwritable

if TYPE_CHECKING:
    from tayari.target_draft.draft import Draft

_SHOP: Final = "duka"
_PAYROLL: Final = "mshahara"


def simulate(context: typer.Context) -> None:
    """Run the fake Daraja alone. It prints one JSON line when it is ready. See `tayari simulate --help`."""
    raise typer.Exit(run_simulator(context.args))


class Schema(StrEnum):
    """The formats that have a JSON Schema."""

    TARGET = "target"
    SCENARIO = "scenario"


def schema(name: Annotated[Schema, typer.Argument(help="The file that the schema is of.")]) -> None:
    """Print the JSON Schema of a file that you write. Editors and other tools read it."""
    if name is Schema.TARGET:
        typer.echo(target_schema(), nl=False)
        return
    from tayari_simulator.scenarios.scenario_schema import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2))


def init(
    *,
    path: Annotated[
        Path | None,
        typer.Argument(
            help="The folder of your merchant, which is looked at, or the file to write.",
            show_default="this folder; with --example examples/duka",
        ),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Write the sample shop `duka` with its target file: a folder.")
    ] = False,
    payroll: Annotated[
        bool, typer.Option("--payroll", help="Write the sample payroll `mshahara`, which pays out: a folder.")
    ] = False,
    watch: Annotated[
        str | None,
        typer.Option(
            "--watch", metavar="URL", help="Write it from one payment that you make by hand; URL: your merchant's."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="With --watch: the Daraja port; 0: the system chooses.")
    ] = DARAJA_PORT,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing on a terminal: every guess is kept, with its mark.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a target file from your merchant's source. With --example, write the sample shop.

    It knows Django, Flask, FastAPI, aiohttp, Express, Nest, Next, Fastify, Koa, Hono, hapi, Laravel, WooCommerce,
    PHP, Rails, Sinatra, WEBrick, Spring and Go. Guesses are marked with CHECK, and on a terminal it asks about each. If
    it finds none of these stacks, it writes an example with a comment for every key. With --watch it writes the file
    from one payment that you make in your browser.
    """
    from tayari.target_draft.source_draft import draft_from_source
    from tayari.target_draft.starting_file import STARTING_FILE

    output = Output(form)
    if example and payroll:
        raise output.fail("--example and --payroll write two merchants; ask for one at a time", Exit.BAD_CONFIGURATION)
    if example or payroll:
        name = _PAYROLL if payroll else _SHOP
        _write_example(name, path or Path("examples") / name, output, force=force)
        return
    file = _target_path(path)
    if file.exists() and not force:
        message = f"{file} is there already; `tayari init --force` overwrites it"
        raise output.fail(message, Exit.BAD_CONFIGURATION)
    draft = draft_from_source(file.parent) if watch is None else _watched(watch.rstrip("/"), file, output, port)
    if draft is not None:
        draft = _asked(draft, output, yes=yes)
    _write_target(file, STARTING_FILE if draft is None else draft.text(), output)
    _print_result(file, draft, output)


def _asked(draft: Draft, output: Output, *, yes: bool) -> Draft:
    """The draft, corrected by the person at the terminal; unchanged where there is none."""
    for line in draft.about:
        output.text(line)
    if yes or output.form is not Format.TEXT or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return draft
    from tayari.target_draft.questions import settle

    return settle(draft, lambda prompt: input(printable(prompt)), output.text)


def _print_result(file: Path, draft: Draft | None, output: Output) -> None:
    """What was written, and what in it is a guess."""
    from tayari.target_draft.stacks import STACKS
    from tayari.target_draft.starting_file import SCHEMA_FILE

    if draft is None:
        output.json({"written": str(file)})
        known = ", ".join(row.name for row in STACKS)
        output.text(f"no source of a known stack is in {file.resolve().parent} (known are {known})")
        output.text(f"wrote {file}, and beside it {SCHEMA_FILE} for editors")
        output.text(
            f"fill it in, or let `tayari init --watch URL` write it from one payment; then `tayari doctor {file}`"
        )
        return
    output.json({"written": str(file), "recognised": list(draft.about), "check": list(draft.doubts)})
    for doubt in draft.doubts:
        output.text(f"to check: {doubt}")
    output.text(f"wrote {file}, and beside it {SCHEMA_FILE} for editors; now run `tayari doctor {file}`")


def _target_path(path: Path | None) -> Path:
    """The file to write; of a folder, `tayari.yaml` in it."""
    if path is None:
        return DEFAULT_TARGET
    return path / DEFAULT_TARGET if path.is_dir() else path


def _watched(url: str, file: Path, output: Output, port: int) -> Draft:
    """What one payment by hand shows; ends the command where there was none."""
    from tayari_control.http_session import HostRefused
    from tayari_control.simulator_process import SimulatorStartError

    from tayari.run.interrupts import take_signals
    from tayari.target_draft.payment_watch import PaymentWatch
    from tayari.target_draft.traffic_draft import draft_from_traffic

    take_signals()
    show = output.text if output.form is Format.TEXT else partial(typer.echo, err=True)
    try:
        with PaymentWatch(url, show, port=port) as watch:
            with contextlib.suppress(KeyboardInterrupt):
                watch.invite()
                watch.follow()
            watched = watch.watched
    except (HostRefused, SimulatorStartError) as error:
        raise output.fail(str(error), Exit.BAD_CONFIGURATION) from error
    if watched.push is None:
        raise output.fail("no payment was seen, so that nothing is written", Exit.INVALID_RUN)
    return draft_from_traffic(file.resolve().parent.name, url, watched.seen, watched.push)


def _write_target(file: Path, text: str, output: Output) -> None:
    """Write it beside first: a full disk must not cost the file that `--force` writes over."""
    from tayari.target_draft.starting_file import SCHEMA_FILE

    whole = file.resolve()  # a link stays a link
    partial = whole.with_name(f"{whole.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(whole)
        finally:
            partial.unlink(missing_ok=True)
        file.with_name(SCHEMA_FILE).write_text(target_schema(), encoding="utf-8")
    except OSError as error:
        raise output.fail(unwritable(file, error), Exit.BAD_CONFIGURATION) from error


def _write_example(name: str, folder: Path, output: Output, *, force: bool) -> None:
    if folder.exists() and not force:
        raise output.fail(f"{folder} is there already; `--force` writes over it", Exit.BAD_CONFIGURATION)
    try:
        shutil.copytree(example_folder(name), folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    except OSError as error:
        raise output.fail(unwritable(folder, error), Exit.BAD_CONFIGURATION) from error
    target = folder / "tayari.yaml"
    output.json({"written": str(target)})
    output.text(f"wrote the sample merchant {name}; look at it with `tayari doctor {target}`")
