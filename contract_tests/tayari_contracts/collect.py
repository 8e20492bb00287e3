"""The pytest side of the suites where a merchant is named: the stage they run on, and what pytest collects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM, default_int_handler, signal
from threading import current_thread, main_thread

import pytest
from tayari_target.target_file import TargetError, load_target
from tayari_target.test_environment import Stage

from tayari_contracts.scenario_file import ScenarioFile, is_scenario_file
from tayari_contracts.suite import SUITE, Suite


def pytest_configure(config: pytest.Config) -> None:
    """Register the session's suite. A polite kill ends it as Ctrl-C does: its merchant and simulator end with it."""
    if current_thread() is main_thread():
        signal(SIGTERM, default_int_handler)
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


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are tests where a merchant is named."""
    if not is_scenario_file(file_path):
        return None
    collected: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each rule of the suite, and for each scenario that was named."""
    suite = metafunc.config.stash[SUITE]
    if "tayari_rule" in metafunc.fixturenames:
        metafunc.parametrize("tayari_rule", [row.rule.id for row in suite.rows])
    elif "tayari_scenario" in metafunc.fixturenames:
        metafunc.parametrize("tayari_scenario", suite.scenario_names)


@pytest.fixture
def tayari_suite(request: pytest.FixtureRequest) -> Suite:
    """The suite whose results the tests ask for."""
    return request.config.stash[SUITE]
