"""The folder of a run's reports: it can be written, and no other run writes to it meanwhile."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tayari_reports.model.codec import ReportError

if sys.platform != "win32":
    import fcntl


@contextmanager
def report_folder(out: Path) -> Iterator[None]:
    """Make the folder and keep it for this run.

    Raises:
        ReportError: it cannot be written, or another run writes to it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        expected = "expected a folder that can be written; choose another with --out"
        raise ReportError(f"{out}: cannot be written ({error.strerror}); {expected}") from None
    if sys.platform == "win32":
        yield
        return
    folder = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            do = "wait for its end, or choose another folder with --out"
            raise ReportError(
                f"{out}: another run writes its reports there; expected a folder of its own; {do}"
            ) from None
        yield
    finally:
        os.close(folder)
