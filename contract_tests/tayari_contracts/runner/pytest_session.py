"""One pytest session of checks: its plan, its test environments, its results, and its verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tayari_control.client import ControlError
from tayari_reports.model import EXIT_CODES, Check, Rule, Run
from tayari_reports.model.run_files import EventsWriter
from tayari_reports.redaction import Redactor, callback_secrets, redact_record
from tayari_reports.verdict import judge, percent
from tayari_reports.verdict.sentences import shout
from tayari_target.customer_messages import MESSAGES_FILE, write_messages
from tayari_target.test_environment import TestEnvironment

from tayari_contracts.catalogue.rules import CatalogueRow, UnknownRule, catalogue, select
from tayari_contracts.runner.check_run import PlannedCheck, check_of_rule, of_customers
from tayari_contracts.runner.check_runner import CheckRunner
from tayari_contracts.runner.scenario_check import applying, check_of_scenario, money_check

SESSION: pytest.StashKey[CheckSession] = pytest.StashKey()
"""The key under which pytest's configuration holds the session."""

MONEY = "money"
"""The family of the rules that judge the money of every run."""


class CheckSession:
    """The plugin object of a pytest session that names a merchant.

    Raises:
        pytest.UsageError: `--tayari-only` or `--tayari-suite` names what does not exist.
    """

    def __init__(self, config: pytest.Config, open_environments: Callable[[ExitStack], list[TestEnvironment]]) -> None:
        self._config = config
        self._open_environments = open_environments
        self._open = ExitStack()
        self._environments: list[TestEnvironment] = []
        """One for each instance of the merchant."""
        self._runner: CheckRunner | None = None
        self._events: EventsWriter | None = None
        self._plan: list[PlannedCheck] = []
        self._checks: dict[str, Check] = {}
        self._printed: set[str] = set()
        self._seen_once: frozenset[str] = frozenset()
        """Parts of callback addresses. A part that a second check shows again is a secret of the merchant's own."""
        self._began = time.time()
        self.scenario_names: list[str] = list(config.getoption("--tayari-scenario"))
        only = config.getoption("--tayari-only")
        self.rows: tuple[CatalogueRow, ...]
        self._scenarios_only = bool(self.scenario_names) and not only
        try:
            rows = select(suite=config.getoption("--tayari-suite"), only=only)
        except UnknownRule as error:
            raise pytest.UsageError(str(error)) from error
        if self._scenarios_only:
            self.rows = tuple(row for row in catalogue().values() if row.family == MONEY)
        else:
            self.rows = tuple(row for row in rows if row.family != "performance")

    def result(self, rule_id: str) -> Check:
        """Wait for one check's end."""
        assert self._runner is not None, "results exist once the session has collected its tests"
        return self._runner.result(rule_id)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule, or the scenario's expectation, of a planned check."""
        return next((planned.rule for planned in self._plan if planned.rule.id == rule_id), None)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Open the test environments and begin all checks at once; the tests only wait for them."""
        if session.config.option.collectonly or not session.items:
            return
        self._environments = self._open_environments(self._open)
        self._plan = self._plan_of(session.items, self._environments[0])
        events = self._config.getoption("--tayari-events")
        if events is not None:
            self._events = EventsWriter(events)
            self._events.plan([planned.rule for planned in self._plan])
        self._runner = CheckRunner(self._environments, report=self._note, notice=self._print_notice)
        self._runner.start(self._plan)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Mask what an adapter printed, before the terminal, pytest.html and other reporters show it."""
        if self._environments and report.sections:
            redactor = Redactor(self._all_secrets())
            report.sections = [(name, redactor.text(text)) for name, text in report.sections]

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Stop what still runs. A suite whose verdict is not ready does not exit with 0."""
        if self._runner is not None:
            self._runner.stop()
        if self._events is not None and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._events.end()
        if self._runner is not None and self._events is not None:
            write_messages(
                self._runner.last_messages, Path(self._config.getoption("--tayari-events")).with_name(MESSAGES_FILE)
            )
        if self._plan and exitstatus == pytest.ExitCode.OK and EXIT_CODES[judge(self.run()).verdict] != 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """Close the test environments, whatever happened."""
        self._open.close()
        self._environments = []

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The verdict, and what is behind it."""
        if not self._plan:
            return
        judgement = judge(self.run())
        terminalreporter.section("tayari")
        terminalreporter.write_line(
            f"{shout(judgement)}   score {percent(judgement.score)}   coverage {percent(judgement.coverage)}"
        )

    def run(self) -> Run:
        """The plan and the results of this session, as the record of a run."""
        target = self._environments[0].target if self._environments else None
        return Run(
            run_id="",
            selection=self._selection(),
            tayari_version="",
            suite=self._config.getoption("--tayari-suite"),
            profile="",
            merchant=target.merchant.name if target else "",
            base_url=target.merchant.base_url if target else "",
            started_at=self._began,
            finished_at=time.time(),
            plan=tuple(planned.rule for planned in self._plan),
            checks=tuple(self._checks.values()),
        )

    def _selection(self) -> str:
        """The ids to which the plan was narrowed, by name or by pytest's own `-k` and paths; empty: it was not."""
        planned = [planned.rule.id for planned in self._plan]
        left_out = {row.rule.id for row in self.rows} - set(planned)
        return " ".join(planned if left_out else [*self._config.getoption("--tayari-only"), *self.scenario_names])

    def _note(self, check: Check) -> Check:
        """Keep a finished check, and return it with its secrets masked.

        Parts of callback addresses that belong to one check's payments are searched for in that check alone. A search
        for those of all checks takes many times as long.
        """
        found = callback_secrets(check)
        for environment in self._environments:
            environment.keep_secret(found & self._seen_once)
        self._seen_once |= found
        redacted = redact_record(check, self._all_secrets())
        self._checks[check.rule] = redacted
        if self._events is not None:
            self._events.check(redacted)
        return redacted

    def _print_notice(self, sentence: str) -> None:
        """Print a sentence about the whole run while it runs, once."""
        if sentence not in self._printed and self._events is not None:
            self._printed.add(sentence)
            self._events.notice(Redactor(self._all_secrets()).text(sentence))

    def _all_secrets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(secret for environment in self._environments for secret in environment.secrets))

    def _plan_of(self, items: list[pytest.Item], environment: TestEnvironment) -> list[PlannedCheck]:
        plan: dict[str, PlannedCheck] = {}
        for item in items:
            planned = self._check_of(item, environment)
            if planned is not None:
                plan[planned.rule.id] = planned
        return sorted(applying(plan.values(), environment.target), key=lambda planned: planned.last)

    def _check_of(self, item: pytest.Item, environment: TestEnvironment) -> PlannedCheck | None:
        params: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if params.get("tayari_rule") in catalogue():
            planned = of_customers(check_of_rule(catalogue()[params["tayari_rule"]]), environment.target)
            return money_check(planned, environment.target) if self._scenarios_only else planned
        if params.get("tayari_scenario") in self.scenario_names:  # no names: pytest plans one test that it skips
            return self._check_of_scenario(environment, params["tayari_scenario"])
        text: str | None = getattr(item, "text", None)
        return None if text is None else self._check_of_file(item, text, environment)

    def _check_of_file(self, item: pytest.Item, text: str, environment: TestEnvironment) -> PlannedCheck:
        try:
            environment.control.load_scenario(text, file=os.path.relpath(item.path))
        except ControlError as error:
            raise pytest.UsageError(str(error)) from error
        return self._check_of_scenario(environment, item.name)

    def _check_of_scenario(self, environment: TestEnvironment, name: str) -> PlannedCheck:
        strict_words = self._config.getoption("--tayari-strict-words")
        return check_of_scenario(environment.control.scenario(name), strict_words=strict_words)
