"""`load_target`: one `tayari.yaml`, checked to the last key, or every problem in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tayari_formats.problems import FileError
from tayari_formats.schema import check
from tayari_formats.yaml_document import read_file

from tayari_target.resources import target_schema
from tayari_target.target_file.build import build_callbacks, build_daraja, build_merchant, build_thresholds
from tayari_target.target_file.checks import FORMATS, check_whole
from tayari_target.target_file.model import Target

TargetError = FileError
"""A file that cannot be used; `problems` has one entry for each thing to mend."""


def load_target(path: Path | str, environ: Mapping[str, str] = os.environ) -> Target:
    """Read a target file; `env:NAME` values come from `environ`.

    Raises:
        TargetError: with one `Problem` for each thing that is wrong, in the order of the lines.
    """
    file = Path(path)
    text, document, twice = read_file(file, missing="a target file with the key `merchant`; `tayari init` writes one")
    checked = check(document, json.loads(target_schema()), formats=FORMATS, environ=environ)
    check_whole(checked)
    if twice or checked.problems:
        raise TargetError(sorted({*twice, *checked.problems}))
    data: Mapping[str, Any] = checked.value
    daraja = build_daraja(data.get("daraja", {}))
    passwords = (initiator["password"] for row in daraja.organisations for initiator in row.get("initiators", ()))
    return Target(
        path=file.resolve(),
        merchant=build_merchant(data["merchant"]),
        daraja=daraja,
        callbacks=build_callbacks(data.get("callbacks", {})),
        thresholds=build_thresholds(data.get("thresholds", {})),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        secrets=frozenset((*checked.secrets, *passwords)),
    )
