"""The signals that end a run: each is an interrupt, so that what was found is kept; while a run clears up, none is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_NUMBERS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)


def take_signals() -> None:
    """Make an interrupt of each signal.

    Also of SIGINT if this process was started with SIGINT ignored, as a shell does for a job in the background: who
    sends it means it. A hangup that is ignored stays so: `nohup` asks for that.
    """
    for number in _NUMBERS:
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Within this, no signal cuts short what would leave processes behind. It has to be over in seconds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt
