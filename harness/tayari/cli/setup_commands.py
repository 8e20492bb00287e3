"""`tayari simulate`, `tayari init` and `tayari schema`: what is there before a merchant is."""

from __future__ import annotations

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from tayari_formats.exit_codes import Exit
from tayari_target.resources import example_folder, target_schema

from tayari.cli.app import simulate as run_simulator
from tayari.cli.options import DEFAULT_TARGET, FormatOption
from tayari.cli.output import Format, Output
from tayari.cli.starting_file import SCHEMA_FILE, STARTING_FILE

_EXAMPLE: Final = Path("examples/duka")


def simulate(context: typer.Context) -> None:
    """The fake Daraja alone; one JSON line when it is ready. See `tayari simulate --help`."""
    raise typer.Exit(run_simulator(context.args))


class Schema(StrEnum):
    """The formats that have a JSON Schema."""

    TARGET = "target"
    SCENARIO = "scenario"


def schema(name: Annotated[Schema, typer.Argument(help="Of which file.")]) -> None:
    """The JSON Schema of a file that you write, for editors and other tools."""
    if name is Schema.TARGET:
        typer.echo(target_schema(), nl=False)
        return
    from tayari_simulator.scenarios.scenario_schema import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2))


def init(
    path: Annotated[
        Path | None, typer.Argument(help="What to write.", show_default="tayari.yaml, or examples/duka")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Write the sample shop `duka` with its target file: a folder.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a target file to start from, with a comment on every key; or the sample shop, to try things on."""
    output = Output(form)
    if example:
        _write_example(path or _EXAMPLE, output, force=force)
        return
    path = path or DEFAULT_TARGET
    if path.exists() and not force:
        message = f"{path} is there already; `tayari init --force` overwrites it"
        raise output.fail(message, Exit.BAD_CONFIGURATION)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STARTING_FILE, encoding="utf-8")
        path.with_name(SCHEMA_FILE).write_text(target_schema(), encoding="utf-8")
    except OSError as error:
        raise output.fail(f"{path}: cannot be written ({error.strerror})", Exit.BAD_CONFIGURATION) from error
    output.json({"written": str(path)})
    output.text(f"wrote {path}, and beside it {SCHEMA_FILE} for editors; fill it in, then run `tayari doctor`")


def _write_example(folder: Path, output: Output, *, force: bool) -> None:
    if folder.exists() and not force:
        raise output.fail(f"{folder} is there already; `--force` writes over it", Exit.BAD_CONFIGURATION)
    try:
        shutil.copytree(example_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    except OSError as error:
        raise output.fail(f"{folder}: cannot be written ({error.strerror or error})", Exit.BAD_CONFIGURATION) from error
    target = folder / "tayari.yaml"
    output.json({"written": str(target)})
    output.text(f"wrote the sample shop; look at it with `tayari doctor {target}`")
