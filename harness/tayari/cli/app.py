"""The console script `tayari`."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line and end with its exit code.

    `simulate` is answered before the other commands are loaded: the fake Daraja starts in half the time and in half the
    memory without them.
    """
    if sys.argv[1:2] == ["simulate"]:
        from tayari.cli.simulating import simulate  # noqa: PLC0415 - see above

        sys.exit(simulate(sys.argv[2:]))
    from tayari.cli.commands import run  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    """SIGTERM, as CI sends it, keeps what was found, like Ctrl-C."""
    raise KeyboardInterrupt
