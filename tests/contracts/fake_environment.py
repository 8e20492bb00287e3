"""A test environment without processes: what the runner needs of one, and nothing behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tayari_contracts.context.check_context import CheckContext
from tayari_contracts.runner.check_run import PlannedCheck
from tayari_control.simulator_process import DarajaAccount
from tayari_reports.model import Category, Level, Rule, Severity
from tayari_target.target_file.target_model import CallTemplate, Merchant, Pay, Promises, Target


class NoControl:
    """A control client whose journal holds what a test puts there."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def journal(self, **where: object) -> dict[str, Any]:
        found = [entry for entry in self.entries if entry.get("endpoint") == where.get("endpoint")]
        return {"entries": found, "next": 1, "dropped": 0}

    def journal_entries(self, **where: object) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry.get("endpoint") == where.get("endpoint")]

    def journal_end(self) -> int:
        return 1

    def hold(self, msisdn: str, *, for_s: float) -> int:
        """Nothing is sent, so nothing is held."""
        return 1

    def wait(self, condition: str, *, timeout_s: float, **which: Any) -> dict[str, Any]:
        """Nothing ever happens."""
        time.sleep(timeout_s)
        return {"met": False, "entries": []}

    def play_next(self, scenario: object, *, msisdn: str, hold_s: float = 0.0) -> int:
        """Nothing is played."""
        return 1

    def clear_next(self) -> None:
        """Nothing is prepared, so nothing is cleared."""

    def set_organisation(self, short_code: str, **changes: bool) -> None:
        """No push is made, so none is confirmed."""

    def payments(self, **where: str) -> list[dict[str, Any]]:
        return []


@dataclass
class FakeEnvironment:
    """Lives and dies as the test says."""

    target: Target
    control: NoControl = field(default_factory=NoControl)
    can_restart: bool = True
    alive: bool = True
    restarts: int = 0
    log: str = "Traceback\nValueError: no JSON"
    scripted: Any = None
    """What the checks have instead of a driver."""

    @property
    def driver(self) -> Any:
        return SimpleNamespace(another=lambda **_: self.scripted)

    def merchant_alive(self) -> bool:
        return self.alive

    def merchant_log_tail(self) -> str:
        return self.log

    def merchant_printed(self, since: int) -> tuple[str, int]:
        return self.log[since:], len(self.log)

    def restart_merchant(self) -> None:
        self.alive = True
        self.restarts += 1


def target(**merchant: Any) -> Target:
    """A target file with nothing optional in it."""
    pay = Pay(call=CallTemplate(method="POST", path="/pay"))
    fields: dict[str, Any] = {"name": "shop", "base_url": "http://127.0.0.1:1", "pay": pay, **merchant}
    return Target(
        path=Path("tayari.yaml"),
        merchant=Merchant(**fields),
        daraja=DarajaAccount(short_code="174379", passkey="k"),
    )


def environment(
    *,
    queries_per_minute: float | None = None,
    payments_at_once: int | None = None,
    reconcile_within_s: float = 60.0,
    driver: Any = None,
    **merchant: Any,
) -> FakeEnvironment:
    """A test environment for that target."""
    promises = Promises(
        queries_per_minute=queries_per_minute,
        payments_at_once=payments_at_once,
        reconcile_within_s=reconcile_within_s,
    )
    return FakeEnvironment(target(promises=promises, **merchant), scripted=driver)


def planned_check(
    rule_id: str, run: Callable[[CheckContext], None], *, level: Level = Level.MUST, **how: Any
) -> PlannedCheck:
    """A planned check."""
    rule = Rule(
        id=rule_id, title=rule_id, category=Category.PAYMENT_FLOW, severity=Severity.HIGH, level=level, why="w", fix="f"
    )
    return PlannedCheck(rule=rule, run=run, **how)
