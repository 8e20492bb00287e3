"""The load, run as a performance engineer would: Locust in a process of its own, on the run's test environment."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from tayari_contracts.catalogue.rules import CatalogueRow, Need, catalogue, select
from tayari_formats.problems import Problem
from tayari_load.plan import MOST_PROBES, PlanError, described, kinds, parse_mix
from tayari_money.payment_record import RECEIVED, PaymentKind
from tayari_reports.model import Check, Load, NotTested, Rule, State
from tayari_reports.model.codec import from_value
from tayari_reports.model.run_files import read_events
from tayari_target.merchant_process import free_port
from tayari_target.run_processes import marks
from tayari_target.target_file import TargetError, load_target
from tayari_target.target_file.target_model import Merchant, Target
from tayari_target.test_environment import TestEnvironment

from tayari.run.children import PUT_AWAY_S, ChildFailed, ChildProcess, Mask, Watch, clean_environment, last_lines
from tayari.run.order import LoadOrder, RunOrder
from tayari.run.progress import RunProgress

MONEY: Final = "money"
FAMILIES: Final = frozenset({"performance", MONEY})
INSTALL: Final = "pip install 'tayari[load]'"
CONCURRENT_USERS: Final = "L04"
_OUT: Final = "load.json"
_EVENTS: Final = "load-events.jsonl"
_PROGRESS: Final = "load-progress.json"
_PROGRESS_EVERY_S: Final = 10.0
"""In CI, where no line moves."""
_SETTLE_S: Final = 20.0
_GATHER_S: Final = 600.0
"""How long a master may wait for workers on other machines."""
_AFTERWARDS_S: Final = 120.0
"""Payments under way may settle after the load has ended; Locust comes up before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the load added to the run."""

    plan: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    load: Load | None = None


def planned_rules(order: RunOrder, target: Target) -> tuple[Rule, ...]:
    """The threshold rules of this run, fixed before it begins.

    Beside a smaller suite, a load with fewer users than the threshold does not claim to judge that threshold;
    `load`, `release` and `--only` ask for it, so there it stays open. Customers who arrive at a rate are no number of
    users.
    A merchant that pays organisations alone can be put under no load, so a suite has none for it.
    """
    if order.load is None or (order.functional and _pays_businesses_alone(target.merchant)):
        return ()
    few = order.load.users is not None and order.load.users < target.thresholds.concurrent_users
    left_out = {CONCURRENT_USERS} if few and order.suite not in {"load", "release"} else set()
    if order.load.rate is not None or order.load.find_limit:
        left_out.add(CONCURRENT_USERS)
    left_out -= set(order.only)
    left_out |= _of_the_suite(order) | _of_other_kinds(order.load, target)
    rules = (row.rule for row in catalogue().values() if row.family in FAMILIES and "load" in row.suites)
    return tuple(rule for rule in rules if rule.id not in left_out)


def _pays_businesses_alone(merchant: Merchant) -> bool:
    return merchant.payout is not None and merchant.payout.pays_businesses and not described(merchant)


def _of_other_kinds(asked: LoadOrder, target: Target) -> set[str]:
    """Rules about money of a kind that this load does not move: customers' payments, or payouts.

    Raises:
        TargetError: the load asks for a kind that the target file does not describe.
    """
    try:
        moved = kinds(parse_mix(asked.mix), asked.shape, target.merchant)
    except PlanError as error:
        raise TargetError([Problem(file=str(target.path), line=1, message=str(error))]) from error
    return {row.rule.id for row in catalogue().values() if row.family == MONEY and not _kinds_of(row) & moved}


def _kinds_of(row: CatalogueRow) -> frozenset[PaymentKind]:
    return frozenset({PaymentKind.PAYOUT}) if Need.PAYOUT in row.needs else RECEIVED


def _of_the_suite(order: RunOrder) -> set[str]:
    """Rules about money that the suite of the same run has planned: the load adds its checks to them."""
    if not order.functional or order.scenarios:
        return set()
    return {row.rule.id for row in select(suite=order.suite, only=order.only) if row.family == MONEY}


def not_begun(plan: tuple[Rule, ...], reason: str, why: NotTested = NotTested.SET_UP_FAILED) -> Loaded:
    """A load that could not begin: its rules are open questions, and what the suites proved still counts."""
    open_question = partial(Check, state=State.NOT_TESTED, not_tested=why, reason=reason, repeat="tayari load")
    return Loaded(plan=plan, checks=tuple(open_question(rule=rule.id) for rule in plan))


def installed() -> bool:
    """Whether Locust is there; it is an extra."""
    return importlib.util.find_spec("locust") is not None


_PAGE_PUT_AWAY_S: Final = 75.0
"""A load on Locust's page ends by Ctrl-C, and then waits for the payments under way; a second one ends it at once."""


def run_load(
    order: RunOrder,
    plan: tuple[Rule, ...],
    *,
    environment_file: Path,
    work_dir: Path,
    progress: RunProgress,
    mask: Mask,
    watch: Watch,
) -> Loaded:
    """Put the merchant under load and judge the thresholds, those of `plan`.

    Raises:
        ChildFailed: Locust itself failed.
    """
    asked = order.load or LoadOrder()
    if not installed():
        progress.say(f"load: Locust is not installed, so nothing is loaded; {INSTALL}", style="yellow")
        return not_begun(plan, f"Locust is not installed; {INSTALL}", NotTested.UNSUPPORTED)
    page = f"on Locust's page at http://127.0.0.1:{asked.ui_port}/?tab=payments, until Ctrl-C"
    span = page if asked.ui else f"for {asked.duration_s:g} s"
    seconds = None if asked.ui else MOST_PROBES * asked.duration_s if asked.find_limit else asked.duration_s
    tell = _watch(progress, f"load: {how(asked)} {span}", seconds, work_dir / _PROGRESS)
    log = order.out.resolve() / "load.log"
    log.unlink(missing_ok=True)

    def look() -> None:
        watch()
        tell()

    try:
        environment = _environment(order, asked, environment_file, work_dir)
        ChildProcess(locust_command(asked), log=log, environment=environment, folder=work_dir).finish(
            watch=look,
            what="the load",
            accept=frozenset({0}),
            mask=mask,
            limit_s=None if asked.ui else longest_s(asked),
            put_away_s=_PAGE_PUT_AWAY_S if asked.ui else PUT_AWAY_S,
        )
    except KeyboardInterrupt:
        if not asked.ui:
            raise
    return _of_target(loaded_from(plan, work_dir, log, also=_of_the_suite(order)), order)


def how(asked: LoadOrder) -> str:
    """The load in a few words."""
    if asked.find_limit:
        return "a search for the highest rate, each held"
    if asked.rate is not None:
        return f"{asked.rate:g} arrivals/s" + (f", {asked.shape}" if asked.shape else "")
    users = f"{asked.users} users" if asked.users is not None else "the target file's users"
    return users + (f", {asked.shape}" if asked.shape else "")


def longest_s(asked: LoadOrder) -> float:
    """If Locust runs longer than this, it hangs."""
    load_s = MOST_PROBES * (asked.duration_s + _SETTLE_S) if asked.find_limit else asked.duration_s
    return load_s + _AFTERWARDS_S + (_GATHER_S if asked.expect_workers else 0.0)


def loaded_from(plan: tuple[Rule, ...], work_dir: Path, log: Path, *, also: Collection[str] = ()) -> Loaded:
    """Read what Locust left behind; checks of rules outside the plan are for the load's own reader only.

    Raises:
        ChildFailed: it left nothing behind.
    """
    out, events = work_dir / _OUT, work_dir / _EVENTS
    if not out.exists():
        raise ChildFailed(f"the load left no result: {last_lines(log, 3)}", log=log)
    wanted = {rule.id for rule in plan} | set(also)
    found = read_events(events).checks if events.exists() else ()
    checks = tuple(check for check in found if check.rule in wanted)
    return Loaded(plan=plan, checks=checks, load=from_value(Load, json.loads(out.read_text(encoding="utf-8"))))


def interrupted_load(order: RunOrder, plan: tuple[Rule, ...], work_dir: Path) -> Loaded:
    """What an interrupted load has left behind.

    Raises:
        ChildFailed: nothing.
    """
    return _of_target(loaded_from(plan, work_dir, order.out / "load.log", also=_of_the_suite(order)), order)


def _of_target(loaded: Loaded, order: RunOrder) -> Loaded:
    """The commands that repeat it name the target file, as it is found from here; Locust runs in another folder."""
    command = f"tayari load {shlex.quote(os.path.relpath(order.target))}"
    return replace(
        loaded,
        checks=tuple(replace(check, repeat=check.repeat.replace("tayari load", command, 1)) for check in loaded.checks),
    )


def locust_command(asked: LoadOrder) -> list[str]:
    """The command line."""
    command = locust()
    if asked.ui:
        command += ["--web-host", "127.0.0.1", "--web-port", str(asked.ui_port), "--autostart"]
        command += [] if asked.until_stopped else ["-t", f"{asked.duration_s:g}s"]
    else:
        command += ["--headless", "--only-summary", "-t", f"{asked.duration_s:g}s", "--exit-code-on-error", "0"]
    values: dict[str, object] = {
        "-u": asked.users, "--rate": asked.rate, "--in-flight": asked.in_flight, "--shape": asked.shape or None,
        "--mix": asked.mix or None, "--abort-after": asked.abort_after_s,
    }  # fmt: skip
    command += [word for name, value in values.items() if value is not None for word in (name, str(value))]
    if asked.find_limit:
        command.append("--find-limit")
    if asked.workers:
        # Locust's usual port may be another run's; its workers are forked and find the master by the same words.
        port = str(free_port())
        command += ["--processes", str(asked.workers), "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        command += ["--master-port", port]
    if asked.expect_workers:
        host, _, port = asked.bind.rpartition(":")
        command += ["--master", "--expect-workers", str(asked.expect_workers)]
        command += ["--expect-workers-max-wait", f"{_GATHER_S:g}"]
        command += ["--master-bind-host", host, "--master-bind-port", port]
    return command


def locust() -> list[str]:
    """Locust with our locustfile."""
    found = importlib.util.find_spec("tayari_load")
    folder = Path(found.origin).parent if found is not None and found.origin else Path()
    return [sys.executable, "-m", "locust", "-f", str(folder / "locustfile.py")]


def run_worker(target: Path, *, master: str, control_url: str, log: Path) -> None:
    """A Locust worker for a master elsewhere, until that lets it go.

    Raises:
        ChildFailed: Locust failed; KeyboardInterrupt: it was interrupted.
    """
    host, _, port = master.rpartition(":") if ":" in master else (master, "", "5557")
    given = {"TAYARI_TARGET": str(target.resolve()), "TAYARI_CONTROL": control_url}
    command = [*locust(), "--worker", "--master-host", host, "--master-port", port]
    mask = TestEnvironment(load_target(target)).masked
    worker = ChildProcess(command, log=log, environment={**clean_environment(os.environ), **given}, folder=Path.cwd())
    worker.finish(watch=lambda: None, what="the load's worker", accept=frozenset({0}), mask=mask)


def _environment(order: RunOrder, asked: LoadOrder, environment_file: Path, work_dir: Path) -> dict[str, str]:
    given = {
        "TAYARI_TARGET": str(order.target.resolve()),
        "TAYARI_ENVIRONMENT": str(environment_file),
        **marks(work_dir),
        "TAYARI_LOAD_OUT": str(work_dir / _OUT),
        "TAYARI_EVENTS": str(work_dir / _EVENTS),
        "TAYARI_LOAD_PROGRESS": str(work_dir / _PROGRESS),
    }
    seed = {} if asked.seed is None else {"TAYARI_LOAD_SEED": str(asked.seed)}
    return {**clean_environment(os.environ), **given, **seed}


def _watch(progress: RunProgress, what: str, seconds: float | None, file: Path) -> Callable[[], None]:
    """Show the load's progress: on a terminal each second, in CI a line every ten."""
    task, last = progress.waiting(what, seconds), [-1.0, 0.0]

    def look() -> None:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if found["elapsed_s"] == last[0]:
            return
        last[0] = found["elapsed_s"]
        progress.waited(task, found["elapsed_s"], standing(found))
        if found["elapsed_s"] - last[1] >= _PROGRESS_EVERY_S:
            last[1] = found["elapsed_s"]
            progress.say_plain(f"  {found['elapsed_s']:.0f} s: {standing(found)}")

    return look


def standing(found: Mapping[str, Any]) -> str:
    """The progress of a load run, in one line."""
    p95 = "" if found["p95_s"] is None else f", p95 {found['p95_s']:.2f} s"
    bad = "".join(
        f", {found[name]} {what}"
        for name, what in (("failed", "failed"), ("dropped", "dropped"), ("credited_twice", "CREDITED TWICE"))
        if found[name]
    )
    over = "the load is over, waiting: " if found["waiting"] else ""
    return f"{over}{found['started']} started, {found['settled']} settled, {found['under_way']} open{bad}{p95}"
