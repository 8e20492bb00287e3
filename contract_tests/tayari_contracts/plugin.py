"""The options of the suites for pytest, found by the `pytest11` entry point wherever pytest is started.

They cost nothing where no merchant is named: only then is `runner.collection` imported, which runs the checks.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suites; `tayari check` passes the same ones."""
    group = parser.getgroup("tayari", "M-Pesa production readiness")
    group.addoption("--tayari-target", metavar="FILE", help="target file that says how to drive the merchant")
    group.addoption(
        "--tayari-environment", metavar="FILE", action="append", default=[],
        help="a test environment that is up already, described by its owner (repeatable: several instances)",
    )  # fmt: skip
    group.addoption("--tayari-control", metavar="URL", help="control port of a simulator that runs already")
    group.addoption("--tayari-suite", metavar="NAME", default="ci", help="smoke, ci (default) or release")
    group.addoption("--tayari-only", metavar="ID", action="append", default=[], help="only this rule (repeatable)")
    group.addoption("--tayari-scenario", metavar="NAME", action="append", default=[], help="play this scenario too")
    group.addoption("--tayari-strict-words", action="store_true", help="wrong words of a scenario fail, not warn")
    group.addoption("--tayari-events", metavar="FILE", help="append results to this file, one JSON line each")


def pytest_configure(config: pytest.Config) -> None:
    """Register `runner.collection` where a merchant is named.

    Raises:
        pytest.UsageError: `-n` is given too.
    """
    if config.getoption("--tayari-target") is None and not config.getoption("--tayari-environment"):
        return
    if config.getoption("numprocesses", default=None):
        raise pytest.UsageError("the checks overlap their waits in one process: run the Tayari suites without -n")
    config.pluginmanager.import_plugin("tayari_contracts.runner.collection")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Refuse to collect the suites without a merchant.

    Raises:
        pytest.UsageError: no merchant is named; the message says how to name one.
    """
    if (
        file_path.parent == Path(__file__).parent
        and parent.config.getoption("--tayari-target") is None
        and not parent.config.getoption("--tayari-environment")
    ):
        raise pytest.UsageError("name the merchant: pytest --pyargs tayari_contracts --tayari-target tayari.yaml")
