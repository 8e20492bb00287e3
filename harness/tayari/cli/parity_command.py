"""`tayari parity`: record what a Daraja answers, and compare the fake with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from tayari_control.simulator_process import SimulatorOptions, SimulatorStartError, start_simulator
from tayari_formats.exit_codes import Exit
from tayari_simulator.catalogue.options import BY_NAME
from tayari_simulator.config import SANDBOX_PASSKEY, SANDBOX_SHORT_CODE

from tayari import __version__
from tayari.cli.command_options import FormatOption, ProfileOption
from tayari.cli.output import Format, Output, unwritable
from tayari.run.parity import (
    PROBES,
    SANDBOX,
    Difference,
    ParityError,
    ProbeAccount,
    allowed,
    answers,
    differences,
    document,
    read_record,
)

parity = typer.Typer(help="Record what a Daraja answers, and compare the fake with it.", no_args_is_help=True)

_SWITCHES: Final = {probe.name: probe.switches for probe in PROBES}
_DarajaOption = Annotated[
    str | None,
    typer.Option("--daraja", metavar="URL", help=f"https://{SANDBOX}, or one on this machine.", show_default=False),
]
_ShortCode = Annotated[str, typer.Option("--short-code", help="The short code of your sandbox app.")]
_Msisdn = Annotated[str, typer.Option("--msisdn", help="The number of the one accepted push: the sandbox's.")]
_OF_ANOTHER_ANSWER: Final = frozenset({"status", "body.errorCode", "body.errorMessage"})
"""Where a call is answered with another status, its other keys are of course others; JSON has them all."""
_TEST_NUMBER: Final = "254708374149"
_CALLBACK: Final = "https://example.org/callback"


@parity.command("record")
def record(
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("parity.json"),
    daraja: _DarajaOption = None,
    short_code: _ShortCode = SANDBOX_SHORT_CODE,
    msisdn: _Msisdn = _TEST_NUMBER,
    callback_url: Annotated[
        str, typer.Option("--callback-url", metavar="URL", help="CallBackURL of the accepted push.")
    ] = _CALLBACK,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make harmless calls, and write the answers to a file. The list is fixed, and nothing of your account is written.

    Your keys are read from the environment: TAYARI_CONSUMER_KEY, TAYARI_CONSUMER_SECRET, TAYARI_PASSKEY. Safaricom's
    production host is never called.
    """
    output = Output(form)
    if daraja is None:
        raise output.fail(f"name the Daraja to ask: --daraja https://{SANDBOX}", Exit.BAD_CONFIGURATION)
    try:
        found = answers(allowed(daraja), _account(os.environ, short_code, msisdn, callback_url))
        made = document(found, daraja_url=daraja, version=__version__)
        out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    except ParityError as error:
        raise output.fail(str(error), Exit.BAD_CONFIGURATION) from error
    except OSError as error:
        raise output.fail(unwritable(out, error), Exit.BAD_CONFIGURATION) from error
    output.json({"written": str(out), "answers": len(found)})
    output.text(f"wrote {len(found)} answers of {made['daraja']} to {out}; compare with `tayari parity check {out}`")


@parity.command("check")
def check(
    *,
    record_file: Annotated[Path, typer.Argument(metavar="PARITY.JSON")],
    daraja: _DarajaOption = None,
    profile: ProfileOption = "sandbox-observed",
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="A switch of the fake (repeatable).")
    ] = None,
    strict_words: Annotated[
        bool,
        typer.Option("--strict-words", help="Another wording of texts for people counts as a difference, too."),
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Compare the fake with a record. Exit code 0: it answers alike; 10: it does not.

    Where a switch of the fake decides an answer, its other values are tried, and the one that fits is named.
    """
    output = Output(form)
    chosen = tuple(option or ())
    try:
        recording = read_record(record_file)
        found = list(differences(recording["answers"], _asked(daraja, profile, chosen, ())))
        fits = dict(_fitting(recording["answers"], found, profile, chosen)) if daraja is None else {}
    except (ParityError, SimulatorStartError) as error:
        raise output.fail(str(error), Exit.BAD_CONFIGURATION) from error
    counted = [row for row in found if strict_words or not row.wording]
    code = Exit.NOT_READY if counted else Exit.OK
    rows = [asdict(row) for row in found]
    output.json({"same": not counted, "differences": rows, "fits": fits, "exit_code": int(code)})
    _print_result(recording, found, fits, output)
    raise typer.Exit(int(code))


def _print_result(
    recording: Mapping[str, Any], found: Sequence[Difference], fits: Mapping[str, str], output: Output
) -> None:
    others = {row.probe for row in found if row.where == "status"}
    cells = [
        (row.probe, row.where, row.recorded, row.here, "words only" if row.wording else fits.get(row.probe, ""))
        for row in found
        if row.probe not in others or row.where in _OF_ANOTHER_ANSWER
    ]
    if cells:
        output.table(("call", "where", "recorded", "here", "fits with"), cells)
    summary = f"{len(recording['answers'])} answers of {recording['daraja']}, recorded {recording['recorded_at']}"
    calls = len({row.probe for row in found})
    output.text(f"{summary}: {f'{calls} answered otherwise here' if calls else 'the same here'}", style="bold")


def _account(
    environ: Mapping[str, str],
    short_code: str = SANDBOX_SHORT_CODE,
    msisdn: str = _TEST_NUMBER,
    callback_url: str = _CALLBACK,
) -> ProbeAccount:
    """From the environment; a Daraja that takes any pair takes this one."""
    return ProbeAccount(
        consumer_key=environ.get("TAYARI_CONSUMER_KEY") or "parity-key",
        consumer_secret=environ.get("TAYARI_CONSUMER_SECRET") or "parity-secret",
        passkey=environ.get("TAYARI_PASSKEY") or SANDBOX_PASSKEY,
        short_code=short_code,
        msisdn=msisdn,
        callback_url=callback_url,
    )


def _asked(daraja: str | None, profile: str, options: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The answers of a Daraja that runs already, or of a fake for this moment with these switches."""
    if daraja is not None:
        return answers(allowed(daraja), _account(os.environ), names)
    account = _account({})
    extra = tuple(word for each in options for word in ("--option", each))
    with start_simulator(SimulatorOptions(profile=profile, account=account, extra=extra)) as simulator:
        return answers(simulator.daraja_url, account, names)


def _fitting(
    recorded: Mapping[str, dict[str, Any]], found: Sequence[Difference], profile: str, options: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """The probes that a switch explains, and its value: each is tried by itself."""
    for name in dict.fromkeys(row.probe for row in found if not row.wording):
        tries = [f"{switch}={value}" for switch in _SWITCHES[name] for value in BY_NAME[switch].choices]
        for one in tries:
            here = {name: _asked(None, profile, (*options, one), (name,))[name]}
            if all(row.wording for row in differences({name: recorded[name]}, here)):
                yield name, f"--option {one}"
                break
