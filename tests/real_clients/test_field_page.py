"""The page of the field is what was noted, and every published package that has a driver is on it."""

from __future__ import annotations

import json

import yaml
from clients import CLIENTS, HERE
from field_page import PAGE, RECORD, render


def test_the_page_is_made_from_the_record() -> None:
    assert PAGE.read_text() == render(json.loads(RECORD.read_text())), "run tests/real_clients/field.py"


def test_every_package_of_the_field_is_on_the_page() -> None:
    rows = yaml.safe_load((HERE / "field.yaml").read_text())["packages"]
    noted = json.loads(RECORD.read_text())["packages"]

    assert {row["row"] for row in noted} == {client.name for client in CLIENTS} | set(rows)
    assert all(row.get("reason") or row["operations"] for row in noted)
