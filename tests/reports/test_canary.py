"""Canaries in every text of a run: none may come out of any rendering."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import samples
from rich.console import Console
from tayari_reports.model import Run
from tayari_reports.verdict import judge
from tayari_reports.writers.terminal import render_terminal
from tayari_reports.writers.writer_table import prepare, write_all

SECRETS = ("CanaryPasskey0123456789abcdef", "CanaryConsumerKey", "Canary/Consumer+Secret=")
MSISDN = "254799123456"
CANARY = " ".join(
    [
        *SECRETS,
        quote(SECRETS[2], safe=""),
        base64.b64encode(f"174379{SECRETS[0]}20261007143503".encode()).decode(),
        base64.b64encode(f"x{SECRETS[0]}".encode()).decode(),
        base64.b64encode(f"xy{SECRETS[0]}".encode()).decode(),
        base64.b64encode(":".join(SECRETS[1:]).encode()).decode(),
        "Bearer CanaryBearer0123456789",
        "access_token=CanaryAccess",
        '"Password": "CanaryPassword"',
        MSISDN,
        "0799123456",
        "+254 799 123 456",
        f"ws_CO_07102026143503{MSISDN[3:]}",
        f"00{MSISDN[3:]}00",
    ]
)
FORBIDDEN = ("Canary", "Q2FuYXJ5", "NhbmFye", "DYW5hcn", "799123456", "799 123 456")
"""Beginnings of the canaries: as they are, in base64 at its three alignments, and the number."""


def poisoned(value: Any, name: str = "") -> Any:
    """The same record with the canary in each of its texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{row.name: poisoned(getattr(value, row.name), row.name) for row in fields(value)})
    if isinstance(value, tuple):
        return tuple(poisoned(item, name) for item in value)
    if isinstance(value, str) and not isinstance(value, Enum) and name != "schema":
        return f"{value} {CANARY}"
    return value


def renderings(run: Run, folder: Path) -> dict[str, str]:
    """Every rendering as text, the terminal's included."""
    made = {name: path.read_text(errors="replace") for name, path in write_all(run, folder, SECRETS).items()}
    screen = io.StringIO()
    clean = prepare(run, SECRETS)
    render_terminal(clean, judge(clean), Console(file=screen, width=100_000))
    return {**made, "terminal": screen.getvalue()}


@pytest.mark.parametrize("name", samples.ALL)
def test_no_secret_and_no_msisdn_comes_out_of_any_rendering(name: str, tmp_path: Path) -> None:
    run = poisoned(samples.ALL[name]())
    assert all(part in str(run) for part in FORBIDDEN)

    for kind, text in renderings(run, tmp_path).items():
        plain = html.unescape(text).replace("\\", "")
        assert [part for part in FORBIDDEN if part in plain] == [], kind


def test_the_canary_does_not_change_the_verdict() -> None:
    run = samples.not_ready()

    assert judge(prepare(poisoned(run), SECRETS)).verdict is judge(run).verdict
