"""Scenario files as pytest collects them: one file, one test. The simulator reads and lints them, nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tayari_contracts.settle import settle
from tayari_contracts.suite import SUITE, Suite

LARGEST = 262_144
"""Bytes; the simulator refuses more."""

NAME = re.compile(r"^scenario:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


class ScenarioItem(pytest.Item):
    """The test that one scenario file is."""

    def __init__(self, *, text: str, **given: Any) -> None:
        super().__init__(**given)
        self.text = text

    def runtest(self) -> None:
        """Wait for the check's end."""
        suite: Suite = self.config.stash[SUITE]
        settle(suite.result(self.name), suite.rule(self.name))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the report says the test is."""
        return self.path, 0, f"scenario {self.name}"


class ScenarioFile(pytest.File):
    """One `.yaml` file with a `scenario:` key."""

    def collect(self) -> Iterator[ScenarioItem]:
        """The file's one test."""
        text = self.path.read_text(encoding="utf-8")
        found = NAME.search(text)
        if found is not None:
            yield ScenarioItem.from_parent(self, name=found[1], text=text)


def is_scenario_file(path: Path) -> bool:
    """Whether the file says that it is a scenario."""
    if path.suffix not in (".yaml", ".yml") or path.stat().st_size > LARGEST:
        return False
    try:
        return NAME.search(path.read_text(encoding="utf-8")) is not None
    except UnicodeDecodeError:
        return False
