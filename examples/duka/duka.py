"""Duka, a small shop that takes M-Pesa: `python duka.py --port 8000 --db duka.db`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web
from defects import TABLE, UnknownDefect, with_defects
from moods import MOODS, with_moods
from parts import build
from settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal. Exit status 2: something in the options or the environment cannot be used."""
    options = read_options(arguments)
    if options.list_defects:
        rows = [{"name": row.name, "rules": list(row.rules), "about": row.about} for row in TABLE]
        print(json.dumps(rows, indent=1))  # noqa: T201 - this is the output
        return 0
    if options.list_moods:
        print(json.dumps({mood.name: mood.about for mood in MOODS}, indent=1))  # noqa: T201
        return 0
    names = [*options.defect, *os.environ.get("DUKA_DEFECTS", "").replace(",", " ").split()]
    moods = [*options.mood, *os.environ.get("DUKA_MOODS", "").replace(",", " ").split()]
    try:
        settings = Settings.from_environ()
        parts = with_moods(with_defects(names), moods)
    except (ValueError, UnknownDefect) as problem:
        print(f"duka: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    if options.db:
        settings = replace(settings, database=options.db)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    workers = parts.workers()
    if workers.count > 1:
        parts.store(settings.database).close()  # two processes that make a new database at once lock each other out
    workers.divide()
    web.run_app(
        build(settings, parts),
        host=options.host,
        port=options.port,
        reuse_port=workers.count > 1,
        access_log=None,
        shutdown_timeout=1.0,
        print=lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201
    )
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="duka", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--db", help="SQLite file; kept over restarts (default: DUKA_DB or duka.db)")
    parser.add_argument("--defect", action="append", default=[], metavar="NAME", help="break the shop in one way")
    parser.add_argument("--mood", action="append", default=[], metavar="NAME", help="another habit, as good")
    parser.add_argument("--list-moods", action="store_true", help="print the moods as JSON")
    parser.add_argument("--list-defects", action="store_true", help="print the defects as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
