"""The pytest plugin of the suites where a merchant is named: their test environments, and what pytest collects."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGTERM, default_int_handler, signal
from threading import current_thread, main_thread
from typing import Any

import pytest
from tayari_formats.terminal_text import printable, without_commands
from tayari_reports.model import Check, Rule, State
from tayari_target.target_file import TargetError, load_target
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.runner.pytest_session import SESSION, CheckSession


def pytest_configure(config: pytest.Config) -> None:
    """Register the session's suite. SIGTERM ends it as Ctrl-C does, with its merchant and simulator."""
    if current_thread() is main_thread():
        signal(SIGTERM, default_int_handler)
    config.stash[SESSION] = CheckSession(config, _opener(config))
    config.pluginmanager.register(config.stash[SESSION], "tayari-suite")


def _opener(config: pytest.Config) -> Callable[[ExitStack], list[TestEnvironment]]:
    def open_environments(opened: ExitStack) -> list[TestEnvironment]:
        """The test environments that another process described, or one of this process; `opened` closes them."""
        if described := config.getoption("--tayari-environment"):
            return [opened.enter_context(TestEnvironment.attach(Path(file))) for file in described]
        try:
            target = load_target(Path(config.getoption("--tayari-target")))
        except TargetError as error:
            raise pytest.UsageError("\n".join(str(problem) for problem in error.problems)) from error
        return [opened.enter_context(TestEnvironment(target, control_url=config.getoption("--tayari-control")))]

    return open_environments


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:
    """Name the page of pytest-html for what it is: it lists tests, and could be taken for the report."""
    report.title = "Tayari: each check as a pytest test, without a verdict"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a scenario file as a test."""
    if not is_scenario_file(file_path):
        return None
    collected: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each rule of the suite, and for each scenario that was named."""
    suite = metafunc.config.stash[SESSION]
    if "tayari_rule" in metafunc.fixturenames:
        metafunc.parametrize("tayari_rule", [row.rule.id for row in suite.rows])
    elif "tayari_scenario" in metafunc.fixturenames:
        metafunc.parametrize("tayari_scenario", suite.scenario_names)


@pytest.fixture
def tayari_suite(request: pytest.FixtureRequest) -> CheckSession:
    """The suite whose results the tests ask for."""
    return request.config.stash[SESSION]


LARGEST = 262_144
"""Bytes of a scenario file; the simulator refuses more."""

NAME = re.compile(r"^scenario:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


class ScenarioItem(pytest.Item):
    """The test of one scenario file."""

    def __init__(self, *, text: str, **given: Any) -> None:
        super().__init__(**given)
        self.text = text

    def runtest(self) -> None:
        """Wait for the check's end."""
        suite: CheckSession = self.config.stash[SESSION]
        report_outcome(suite.result(self.name), suite.rule(self.name))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File, line and name of the test, for pytest's report."""
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


class TayariWarning(UserWarning):
    """The merchant does not do what a rule of the level SHOULD asks for."""


def report_outcome(check: Check, rule: Rule | None = None) -> None:
    """End the running test as the check ended. The text says what was found, what it costs, how to fix and repeat it.

    Raises:
        pytest.fail.Exception, pytest.skip.Exception: the check did not pass.
    """
    match check.state:
        case State.PASS | State.ATTESTED:
            return
        case State.WARN:
            warnings.warn(TayariWarning(printable(f"{check.rule}: {check.reason}")), stacklevel=2)
        case State.NOT_TESTED | State.NOT_APPLICABLE:
            tail = f"; {check.enable} in the target file would enable it" if check.enable else ""
            pytest.skip(printable(f"{check.state.value}: {check.reason}{tail}"))
        case State.FAIL | State.ERROR | State.UNKNOWN:
            pytest.fail(without_commands(printable(_text(check, rule))), pytrace=False)


def _text(check: Check, rule: Rule | None) -> str:
    lines = [f"{check.state.value}: {check.reason}"]
    if rule is not None:
        lines += [f"rule:   {rule.id} {rule.title}", f"money:  {rule.why}", f"fix:    {rule.fix}"]
    if check.repeat:
        lines.append(f"repeat: {check.repeat}")
    for exchange in check.evidence[-12:]:
        answer = exchange.status if exchange.status is not None else exchange.error or "no answer"
        lines.append(f"  {exchange.title}: {exchange.method} {exchange.url} -> {answer} {exchange.response_body[:200]}")
    return "\n".join(lines)
