"""The pytest suites, run as QA would run them by hand, with their results read as they come."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from tayari_contracts.catalogue.rules import select
from tayari_contracts.runner.check_schedule import CheckSchedule, applicable
from tayari_reports.model import Check
from tayari_reports.model.codec import ReportError, from_value
from tayari_reports.model.run_files import Events, read_events
from tayari_target.instances import most_instances
from tayari_target.run_processes import marks
from tayari_target.target_file.target_model import Target

from tayari.run.children import ChildFailed, ChildProcess, Mask, Watch, clean_environment, last_lines
from tayari.run.order import RunOrder
from tayari.run.progress import RunProgress

_JUDGED: Final = frozenset({0, 1})
"""pytest's exit codes for `all passed` and `some failed`."""
PYTEST: Final = (sys.executable, "-m", "pytest")
PREPARED: Final = (sys.executable, "-m", "tayari_contracts.runner.pytest_process")
"""The same with its imports done before its arguments are known."""


class EventTail:
    """Reads a growing events file; torn lines wait for their end."""

    def __init__(self, path: Path, progress: RunProgress, what: str) -> None:
        self._path = path
        self._progress = progress
        self._what = what
        self._offset = 0

    def read(self) -> None:
        """Tell what was added since the last time."""
        try:
            if self._path.stat().st_size == self._offset:
                return
        except FileNotFoundError:
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:  # the disk was full: `read_events` says so at the end of the suites
                continue
            self._tell(event)

    def _tell(self, event: dict[str, object]) -> None:
        if event["event"] == "plan":
            rules = event["rules"]
            titles = {row["id"]: row["title"] for row in rules} if isinstance(rules, list) else {}
            self._progress.planned(titles, self._what)
        elif event["event"] == "check":
            self._progress.check(_check(event))
        elif event["event"] == "notice":
            self._progress.say(f"  NOTE  {event['text']}", style="yellow")


def instances_for(order: RunOrder, target: Target) -> int:
    """On how many instances of the merchant the checks run, the first one included."""
    if not order.functional:
        return 1
    schedule = CheckSchedule(target=target)
    most = order.instances or most_instances(patient=schedule.is_patient)
    if order.scenarios:
        return min(most, len(order.scenarios)) if schedule.is_patient else 1
    return schedule.useful_instances(applicable(select(suite=order.suite, only=order.only), target), most)


def expected_time(order: RunOrder, target: Target, instances: int) -> str:
    """How long the suite takes, and what it waits for, in lines; empty where that is not known."""
    if order.scenarios:
        return ""
    schedule = CheckSchedule(target=target)
    rows = applicable(select(suite=order.suite, only=order.only), target)
    if not rows:
        return ""
    promises = target.merchant.promises
    longest = max(rows, key=schedule.expected_s)
    where = f"{instances} instances" if instances > 1 else "one instance"
    about = written_duration(schedule.total_s(rows, instances))
    why = ""
    if schedule.is_patient:
        why = f": the merchant makes at most {promises.queries_per_minute:g} status queries a minute"
    elif schedule.waits_for_promise(longest):
        why = f": the merchant settles within promises.reconcile_within_s, {promises.reconcile_within_s:g} s"
    lines = [
        f"about {about} on {where} of the merchant if every rule passes",
        f"  the longest wait is {longest.rule.id} ({longest.rule.title}){why}",
        "  a rule that fails is repeated alone, which takes up to a minute",
    ]
    if never := schedule.silence_s(rows):
        without = written_duration(schedule.total_s(rows, instances) + never)
        lines.append(f"  if the merchant sends no status query: about {without}")
    return "\n".join(lines)


def written_duration(seconds: float) -> str:
    """`50 s`, `4 min`: no more exact than it is known."""
    return f"{max(10, round(seconds, -1)):.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


class SuitesProcess:
    """The process of the suites. A context manager: the process begins on entry, and imports what it needs while the
    preflight looks; `run` gives it its arguments. If nobody does, it ends with the block.
    """

    def __init__(self, order: RunOrder, work_dir: Path) -> None:
        self._order = order
        self._work_dir = work_dir
        self._log = order.out.resolve() / "suites.log"
        self._child: ChildProcess | None = None
        self._is_used = False

    def __enter__(self) -> Self:
        if not self._order.functional:
            return self
        settings = {**marks(self._work_dir), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        self._log.unlink(missing_ok=True)
        self._child = ChildProcess(
            PREPARED,
            log=self._log,
            environment={**clean_environment(os.environ), **settings},
            folder=Path.cwd(),
            stdin=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is None:
            return
        self._child.process.kill()
        self._child.process.communicate()
        if not self._is_used:
            self._log.unlink(missing_ok=True)

    def run(self, *, environment_files: Sequence[Path], progress: RunProgress, mask: Mask, watch: Watch) -> Events:
        """Run the suite's checks, once; what was planned and found.

        Raises:
            ChildFailed: pytest itself failed, so that nothing can be said of the merchant.
        """
        child = self._child
        assert child is not None, "the suites were ordered"
        arguments = child.process.stdin
        assert arguments is not None
        events = self._work_dir / "events.jsonl"
        tail = EventTail(events, progress, f"suite {self._order.suite}")
        command = pytest_command(
            self._order, environment_files=environment_files, events=events, work_dir=self._work_dir
        )

        def look() -> None:
            watch()
            tail.read()

        with contextlib.suppress(BrokenPipeError):  # it has ended, and its log says why
            arguments.write(json.dumps(command[len(PYTEST) :]).encode() + b"\n")
            arguments.close()
        self._is_used = True
        child.finish(watch=look, what="the suites", accept=_JUDGED, mask=mask)
        try:
            found = read_events(events)
        except ReportError as error:
            raise ChildFailed(f"the results of the suites cannot be read: {error}", log=self._log) from error
        if not found.ended:
            why = last_lines(self._log, 3)
            raise ChildFailed(f"the suites ended without saying that all was written: {why}", log=self._log)
        return found


def found_so_far(work_dir: Path) -> Events:
    """What an interrupted suite had found; nothing where that cannot be read."""
    with contextlib.suppress(ReportError):
        return read_events(work_dir / "events.jsonl")
    return Events((), (), False)


def pytest_command(order: RunOrder, *, environment_files: Sequence[Path], events: Path, work_dir: Path) -> list[str]:
    """The command line; without the options that a project's own pytest settings would add, and without its
    `conftest.py`: pytest would run that of the folder `tests` where the user stands.

    `SuitesProcess` keeps pytest from loading the other plugins of the environment: Hypothesis alone costs a second of
    CPU.
    """
    html = order.out.resolve() / "pytest.html"
    command = [*PYTEST, "--pyargs", "tayari_contracts", "-q", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "-o", "addopts=", "--rootdir", str(work_dir), "--assert=plain", "--noconftest"]
    for plugin in ("tayari_contracts", "html", "metadata"):
        command += ["-p", plugin]
    for plugin in ("unraisableexception", "threadexception"):  # they collect garbage five times at the end
        command += ["-p", f"no:{plugin}"]
    command += ["--tayari-target", str(order.target)]
    for environment_file in environment_files:
        command += ["--tayari-environment", str(environment_file)]
    command += ["--tayari-suite", order.suite, "--tayari-events", str(events)]
    command += ["--html", str(html), "--self-contained-html"]
    for rule in order.only:
        command += ["--tayari-only", rule]
    for scenario in order.scenarios:
        command += ["--tayari-scenario", scenario]
    if order.strict_words:
        command.append("--tayari-strict-words")
    return command


def _check(event: dict[str, object]) -> Check:
    """The check as far as progress shows it: without its evidence, which is most of it."""
    return from_value(Check, {key: value for key, value in event.items() if key not in ("event", "evidence")})
