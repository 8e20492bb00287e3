"""`tayari simulate`, `tayari init` and `tayari doctor`: before the first check."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Final

import typer
from tayari_target.resources import example_folder

from tayari.cli.options import (
    DEFAULT_TARGET,
    ControlOption,
    ControlPortOption,
    FormatOption,
    PortOption,
    ProfileOption,
    SeedOption,
    TargetArgument,
    stage_options,
)
from tayari.cli.simulating import simulate as run_simulator
from tayari.cli.speech import Format, Speech, failures
from tayari.cli.starting_file import STARTING_FILE
from tayari.run.findings import Exit
from tayari.run.order import Order
from tayari.run.session import doctor as run_doctor

_EXAMPLE: Final = Path("examples/duka")


def simulate(context: typer.Context) -> None:
    """The fake Daraja alone; one JSON line when it is ready. See `tayari simulate --help`."""
    raise typer.Exit(run_simulator(context.args))


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
    speech = Speech(form)
    if example:
        _write_example(path or _EXAMPLE, speech, force=force)
        return
    path = path or DEFAULT_TARGET
    if path.exists() and not force:
        message = f"{path} is there already; `tayari init --force` overwrites it"
        raise speech.fail(message, Exit.BAD_CONFIGURATION)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STARTING_FILE, encoding="utf-8")
    except OSError as error:
        raise speech.fail(f"{path}: cannot be written ({error.strerror})", Exit.BAD_CONFIGURATION) from error
    speech.json({"written": str(path)})
    speech.text(f"wrote {path}; fill it in, then run `tayari doctor`")


def _write_example(folder: Path, speech: Speech, *, force: bool) -> None:
    if folder.exists() and not force:
        raise speech.fail(f"{folder} is there already; `--force` writes over it", Exit.BAD_CONFIGURATION)
    try:
        shutil.copytree(example_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    except OSError as error:
        raise speech.fail(f"{folder}: cannot be written ({error.strerror or error})", Exit.BAD_CONFIGURATION) from error
    target = folder / "tayari.yaml"
    speech.json({"written": str(target)})
    speech.text(f"wrote the sample shop; look at it with `tayari doctor {target}`")


def doctor(
    *,
    target: TargetArgument = DEFAULT_TARGET,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make two payments and say what is wrong with the set-up, before any rule runs."""
    speech = Speech(form)
    order = Order(target=target, control_url=control, stage=stage_options(port, control_port, profile, seed, None))
    with failures(speech), speech.voice() as voice:
        findings = run_doctor(order, voice)
    rows = [{"name": row.name, "ok": row.ok, "message": row.message, "fix": row.fix} for row in findings]
    code = next((int(finding.exit_code) for finding in findings if not finding.ok), int(Exit.OK))
    warnings = [row for row in findings if row.ok and row.fix]
    speech.json({"ok": code == 0, "warnings": len(warnings), "findings": rows, "exit_code": code})
    if code == 0 and warnings:
        keys = ", ".join(dict.fromkeys(row.name for row in warnings))
        told = "warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        why = "where the set-up is the cause, rules would blame your merchant for it"
        speech.text(f"nothing stops `tayari check`, but look at the {told} first ({keys}): {why}", style="yellow")
    elif code == 0:
        speech.text("the set-up is sound: `tayari check` can judge your merchant", style="green")
    raise typer.Exit(code)
