"""The folder in which this machine's simulators keep their keys from one start to the next."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str]) -> Path:
    """`$TAYARI_STATE`, or `tayari` in the user's state folder."""
    if chosen := environ.get("TAYARI_STATE"):
        return Path(chosen)
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tayari"


def keep_once(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read. Of several processes the first one's stays, whole from the start."""
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()
