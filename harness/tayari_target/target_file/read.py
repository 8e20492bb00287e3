"""`load_target`: one `tayari.yaml`, checked to the last key, or every problem in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from tayari_target.target_file.lines import TargetError, read_file
from tayari_target.target_file.model import Target
from tayari_target.target_file.parse import parse_callbacks, parse_daraja, parse_merchant, parse_thresholds
from tayari_target.target_file.section import Reading, Section


def load_target(path: Path | str, environ: Mapping[str, str] = os.environ) -> Target:
    """Read a target file; `env:NAME` values come from `environ`.

    Raises:
        TargetError: with one `Problem` for each thing that is wrong, in the order of the lines.
    """
    file = Path(path)
    missing = "a target file with the key `merchant`; `tayari init` writes one"
    text, found, twice = read_file(file, missing)
    reading = Reading(path=file, environ=environ, problems=list(twice))
    top = Section(reading, "", found)
    top.need("merchant", "how to reach and drive your merchant")
    section = top.section("merchant")
    merchant = parse_merchant(section, file.resolve().parent) if section is not None else None
    daraja = parse_daraja(top.section("daraja"))
    callbacks = parse_callbacks(top.section("callbacks"))
    thresholds = parse_thresholds(top.section("thresholds"))
    top.close()
    if reading.problems or merchant is None:
        raise TargetError(sorted(reading.problems))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Target(
        path=file.resolve(),
        merchant=merchant,
        daraja=daraja,
        callbacks=callbacks,
        thresholds=thresholds,
        sha256=digest,
        secrets=frozenset(reading.secrets),
    )
