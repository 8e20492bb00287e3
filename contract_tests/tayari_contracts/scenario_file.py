"""Scenario files as pytest collects them: one file, one test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tayari_contracts.settle import settle
from tayari_contracts.suite import SUITE, Suite


class ScenarioItem(pytest.Item):
    """The test that one scenario file is."""

    def __init__(self, *, document: Mapping[str, Any], **given: Any) -> None:
        super().__init__(**given)
        self.document = document

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
        document = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        yield ScenarioItem.from_parent(self, name=str(document["scenario"]), document=document)


def is_scenario_file(path: Path) -> bool:
    """Whether the file says that it is a scenario."""
    if path.suffix not in (".yaml", ".yml") or path.stat().st_size > 262_144:
        return False
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(document, dict) and "scenario" in document
