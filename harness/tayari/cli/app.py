"""The console script `tayari`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper


def main() -> None:
    """Run the command line and end with its exit code.

    `simulate` is answered before the other commands are loaded: the fake Daraja starts in half the time and in half the
    memory without them. A Ctrl-C while modules are loaded ends without a traceback.
    """
    try:
        _run()
    except KeyboardInterrupt:
        from tayari_formats.exit_codes import Exit

        print("tayari: stopped before it began", file=sys.stderr)  # noqa: T201 - nothing else is loaded yet
        sys.exit(int(Exit.INVALID_RUN))


def _run() -> None:
    if sys.argv[1:2] == ["simulate"]:
        sys.exit(simulate(sys.argv[2:]))
    from tayari.cli.commands import run
    from tayari.run.interrupts import take_signals

    take_signals()
    _print_whatever_comes()
    sys.exit(run(sys.argv[1:]))


def _print_whatever_comes() -> None:
    """No text ends a run: a sign that the terminal's encoding lacks becomes `?`, and a closed stream takes all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def simulate(arguments: Sequence[str]) -> int:
    """Run the simulator with the shipped scenarios until it is stopped; the exit code."""
    from tayari_simulator.__main__ import main as run_simulator
    from tayari_target.resources import scenario_folder

    return run_simulator(["--scenarios", str(scenario_folder()), *arguments])
