"""The pytest side of the suites: options, the stage they run on, and the scenario files that pytest collects.

Found by the `pytest11` entry point, so that the options exist wherever pytest is started. Does nothing without
`--tayari-target` or `--tayari-stage`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tayari.merchant.stage import Stage
from tayari.target import TargetError, load_target

from tayari_contracts.scenario_file import ScenarioFile, is_scenario_file
from tayari_contracts.suite import SUITE, Suite


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suites; `tayari check` passes the same ones."""
    group = parser.getgroup("tayari", "M-Pesa production readiness")
    group.addoption("--tayari-target", metavar="FILE", help="target file that says how to drive the merchant")
    group.addoption("--tayari-stage", metavar="FILE", help="a stage that is up already, described by its owner")
    group.addoption("--tayari-control", metavar="URL", help="control port of a simulator that runs already")
    group.addoption("--tayari-suite", metavar="NAME", default="ci", help="smoke, ci (default) or release")
    group.addoption("--tayari-only", metavar="ID", action="append", default=[], help="only this rule (repeatable)")
    group.addoption("--tayari-scenario", metavar="NAME", action="append", default=[], help="play this scenario too")
    group.addoption("--tayari-events", metavar="FILE", help="append results to this file, one JSON line each")


def pytest_configure(config: pytest.Config) -> None:
    """Register the suite where a merchant is named."""
    config.addinivalue_line("markers", "tayari: a check of a merchant")
    if config.getoption("--tayari-target") is None and config.getoption("--tayari-stage") is None:
        return
    if config.getoption("numprocesses", default=None):
        raise pytest.UsageError("the checks overlap their waits in one process: run the Tayari suites without -n")
    config.stash[SUITE] = Suite(config, _opener(config))
    config.pluginmanager.register(config.stash[SUITE], "tayari-suite")


def _opener(config: pytest.Config) -> Callable[[], Stage]:
    def open_stage() -> Stage:
        described = config.getoption("--tayari-stage")
        if described is not None:
            return Stage.attach(Path(described))
        try:
            target = load_target(Path(config.getoption("--tayari-target")))
        except TargetError as error:
            raise pytest.UsageError("\n".join(str(problem) for problem in error.problems)) from error
        return Stage(target, control_url=config.getoption("--tayari-control"))

    return open_stage


def suite_of(config: pytest.Config) -> Suite | None:
    """The suite of this session, where a merchant is named."""
    return config.stash.get(SUITE, None)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are tests where a merchant is named."""
    if suite_of(parent.config) is None or not is_scenario_file(file_path):
        return None
    collected: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each rule of the suite, and for each scenario that was named."""
    if "tayari_rule" not in metafunc.fixturenames and "tayari_scenario" not in metafunc.fixturenames:
        return
    suite = suite_of(metafunc.config)
    if suite is None:
        raise pytest.UsageError("name the merchant: pytest --pyargs tayari_contracts --tayari-target tayari.yaml")
    if "tayari_rule" in metafunc.fixturenames:
        metafunc.parametrize("tayari_rule", [row.rule.id for row in suite.rows])
    else:
        metafunc.parametrize("tayari_scenario", suite.scenario_names)


@pytest.fixture
def tayari_suite(request: pytest.FixtureRequest) -> Suite:
    """The suite whose results the tests ask for."""
    suite = suite_of(request.config)
    if suite is None:
        raise pytest.UsageError("name the merchant: --tayari-target tayari.yaml")
    return suite
