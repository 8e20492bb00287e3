"""Where a load run stands, in a small file that `tayari load` shows while it waits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tayari_load.latencies import enough_for
from tayari_load.outcome import Tally


def progress(tally: Tally, *, elapsed_s: float, users: int, waiting: bool) -> dict[str, Any]:
    """Plain values. `waiting`: the load is over, and payments under way may still settle."""
    p95_s = tally.percentile_s(95) if tally.settled >= enough_for(95) else None
    return {
        "elapsed_s": round(elapsed_s, 1),
        "users": users,
        "started": tally.started,
        "settled": tally.settled,
        "failed": tally.failed,
        "credited_twice": tally.credited_twice,
        "under_way": max(0, tally.started - tally.ended.total()),
        "dropped": tally.dropped,
        "p95_s": None if p95_s is None else round(p95_s, 3),
        "waiting": waiting,
    }


def write_progress(found: dict[str, Any], path: Path) -> None:
    """Whole or not at all: it is read at any moment."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(found), encoding="utf-8")
    os.replace(partial, path)
