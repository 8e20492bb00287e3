"""The last message to each customer, by the payer's MSISDN: the suites write it into the working folder for the run.

The file is never part of a report: it holds whole MSISDNs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MESSAGES_FILE: Final = "messages.json"


def write_messages(messages: Mapping[str, str], path: Path) -> None:
    """Write it for its owner alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(messages), file)


def read_messages(path: Path) -> dict[str, str]:
    """What was written; empty where no suite came that far."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(msisdn): str(text) for msisdn, text in found.items()} if isinstance(found, dict) else {}
