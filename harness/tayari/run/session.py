"""One run from the target file to the reports: preflight, suites, load, verdict. What was found is kept."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tayari_control.client import ControlError
from tayari_formats.exit_codes import Exit
from tayari_load.plan import described, kinds, parse_mix, unconfirmed_c2b
from tayari_reports.model import EXIT_CODES, Run
from tayari_reports.model.codec import ReportError
from tayari_reports.redaction import secret_pieces
from tayari_reports.verdict import Judgement, judge
from tayari_reports.writers.writer_table import WRITERS, prepare, write_prepared
from tayari_target.customer_messages import MESSAGES_FILE, read_messages
from tayari_target.instances import Instances
from tayari_target.merchant_process import MerchantStartError, delete_kept_logs
from tayari_target.target_file import load_target
from tayari_target.test_environment import TestEnvironment

from tayari.run.children import ChildFailed
from tayari.run.codes import learn
from tayari.run.compose import Parts, compose
from tayari.run.configuration import callback_errors, callback_url, measure
from tayari.run.doctor.diagnose_interception import PRODUCTION, production_calls
from tayari.run.doctor.doctor_findings import DoctorFinding
from tayari.run.doctor.preflight import examine, stopped
from tayari.run.interrupts import signals_ignored
from tayari.run.load import Loaded, interrupted_load, not_begun, planned_rules, run_load
from tayari.run.order import LoadOrder, RunOrder
from tayari.run.progress import RunProgress
from tayari.run.statement_files import read_statements
from tayari.run.suites import SuitesProcess, expected_time, found_so_far, instances_for

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def report_folder(out: Path) -> Iterator[None]:
    """Make the folder and keep it for this run.

    Raises:
        ReportError: it cannot be written, or another run writes to it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        expected = "expected a folder that can be written; choose another with --out"
        raise ReportError(f"{out}: cannot be written ({error.strerror}); {expected}") from None
    if sys.platform == "win32":
        yield
        return
    folder = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            do = "wait for its end, or choose another folder with --out"
            raise ReportError(
                f"{out}: another run writes its reports there; expected a folder of its own; {do}"
            ) from None
        yield
    finally:
        os.close(folder)


_A_SECOND: Final = 2
"""The preflight alone starts one more instance, to see that the two share no state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run that came to an end, good or bad."""

    run: Run
    """Redacted."""
    judgement: Judgement
    exit_code: int
    reports: Mapping[str, Path]
    unwritten: str = ""
    """Why there are no reports, although the run came to its end."""


def doctor(order: RunOrder, progress: RunProgress) -> tuple[DoctorFinding, ...]:
    """The preflight alone.

    Raises:
        TargetError: the target file is wrong.
    """
    target = load_target(order.target)
    environment = TestEnvironment(target, control_url=order.control_url, options=order.environment)
    environment.prepare()
    try:
        with Instances(target, _A_SECOND, options=order.environment, control_url=order.control_url) as others:
            return examine(environment, progress.finding, others)
    finally:
        environment.close()


def check(order: RunOrder, progress: RunProgress) -> RunResult:
    """Run everything that was ordered, write the reports, and judge.

    Raises:
        TargetError: the target file is wrong; nothing was started.
        ChildFailed: a suite or the load failed by our fault; what was found is in the reports.
        ReportError: the reports could not be written, or another run writes to their folder; nothing was started.
    """
    environment = TestEnvironment(load_target(order.target), control_url=order.control_url, options=order.environment)
    statements = read_statements(order.statements.beside(order.target))
    parts = Parts(began=time.time(), statements=statements)
    with report_folder(order.out):
        delete_kept_logs(order.out)
        _remove_old_reports(order.out)
        environment.keep_log_in = order.out
        return _run(order, environment, parts, progress)


def _remove_old_reports(out: Path) -> None:
    """Whatever becomes of this run, nobody shall take the reports of an earlier one for its own.

    Raises:
        ReportError: one of them cannot be removed.
    """
    for name in ("pytest.html", *(writer.file_name for writer in WRITERS.values())):
        old = out / name
        try:
            old.unlink(missing_ok=True)
        except OSError as error:
            do = "remove it, or choose another folder with --out"
            raise ReportError(f"{old}: an earlier report cannot be removed ({error.strerror}); {do}") from None


def _run(order: RunOrder, environment: TestEnvironment, parts: Parts, progress: RunProgress) -> RunResult:
    environment.prepare()
    try:
        try:
            _perform(order, environment, parts, progress)
        except KeyboardInterrupt:
            with signals_ignored():
                environment.hurry()
                _keep_callback_secrets(environment, parts)
                parts.interrupted = True
                parts.events = found_so_far(environment.work_dir)
                with contextlib.suppress(ChildFailed):
                    parts.loaded = interrupted_load(order, parts.loaded.plan, environment.work_dir)
                progress.say("interrupted: what was found so far is reported", style="bold yellow")
                return _conclude(order, environment, parts)
        except ChildFailed as error:
            parts.interrupted = True
            parts.events = found_so_far(environment.work_dir)
            parts.notes.append(f"Tayari failed: {error}")
            _conclude(order, environment, parts)
            raise
        return _conclude(order, environment, parts)
    finally:
        with signals_ignored():
            environment.close()
        for process in environment.left_behind:
            progress.say(f"the merchant had left a process behind, which was ended: {process}", style="yellow")


def _perform(order: RunOrder, environment: TestEnvironment, parts: Parts, progress: RunProgress) -> None:
    progress.say("preflight")
    watch = parts.clock_steps.look
    plan = planned_rules(order, environment.target)
    parts.loaded = Loaded(plan=plan)
    count = instances_for(order, environment.target)
    instances = Instances(
        environment.target,
        count,
        options=order.environment,
        control_url=order.control_url,
        asked_for=order.instances or 0,
        keep_logs_in=order.out,
    )
    with instances as others, SuitesProcess(order, environment.work_dir) as suites:
        parts.findings = examine(environment, progress.finding, others)
        _keep_callback_secrets(environment, parts)
        if stopped(parts.findings) is not None:
            return
        _note_settings(environment, parts)
        environments = (environment, *others.ready())
        environment_files = [each.describe(each.work_dir / "environment.json") for each in environments]
        if order.functional:
            progress.say(expected_time(order, environment.target, len(environments)))
            parts.events = suites.run(
                environment_files=environment_files, progress=progress, mask=environment.masked, watch=watch
            )
        _learn(order, environments, parts)
        for other in environments[1:]:  # their logs are kept as well
            _keep_callback_secrets(other, parts)
    _load(order, environment, parts, progress, environment_files[0])


def _load(
    order: RunOrder, environment: TestEnvironment, parts: Parts, progress: RunProgress, environment_file: Path
) -> None:
    """The load, on the first instance alone."""
    if order.load is not None and _settled(order.load, environment, parts, progress):
        since = environment.control.journal_end()
        parts.loaded = run_load(
            order,
            parts.loaded.plan,
            environment_file=environment_file,
            work_dir=environment.work_dir,
            progress=progress,
            mask=environment.masked,
            watch=parts.clock_steps.look,
        )
        try:
            if environment.target.merchant.takes_callbacks:
                parts.callback_errors = callback_errors(environment.control, since)
        except ControlError as error:
            parts.notes.append(f"how callbacks were answered was not read: {error}")


def _learn(order: RunOrder, environments: Sequence[TestEnvironment], parts: Parts) -> None:
    """What the traffic so far says of the environment and of the codes that were met."""
    environment = environments[0]
    _note_production_calls(environments, parts)
    whole = order.functional and not order.only and not order.scenarios
    try:
        parts.configuration = measure(environment)
        messages = read_messages(environment.work_dir / MESSAGES_FILE)
        parts.codes = learn(environments, ask=whole and environment.merchant_alive() is not False, messages=messages)
    except ControlError as error:
        parts.notes.append(f"environment and codes were not read: {error}")


def _note_production_calls(environments: Sequence[TestEnvironment], parts: Parts) -> None:
    """Calls of the production host during the suites, where the preflight has seen none."""
    if any(finding.name == PRODUCTION for finding in parts.findings):
        return
    try:
        intercepted = [each for each in environments if each.control.interception()]
        found = production_calls(
            entry for each in intercepted for entry in each.control.journal_entries(kind="request")
        )
    except ControlError as error:
        parts.notes.append(f"whether the production host was called was not read: {error}")
        return
    if found is not None:
        parts.findings = (*parts.findings, found)


def _settled(asked: LoadOrder, environment: TestEnvironment, parts: Parts, progress: RunProgress) -> bool:
    """The load begins with a merchant that runs and a Daraja that plays nothing special, whatever the suites did."""
    merchant, reason = environment.target.merchant, ""
    if not described(merchant):
        reason = (
            "the load is made of payments, payouts and payments into accounts (C2B); the target file has neither "
            "merchant.pay nor merchant.payout with {msisdn} nor merchant.c2b with open_account and account"
        )
    elif environment.merchant_alive() is False:
        try:
            environment.restart_merchant()
        except MerchantStartError as error:
            reason = "the merchant had ended, and did not come up again"
            parts.notes.append(f"no load run: {reason}: {error}")
            progress.say(parts.notes[-1], style="bold red")
    reason = reason or unconfirmed_c2b(kinds(parse_mix(asked.mix), asked.shape, merchant), environment)
    if reason:
        if not parts.loaded.plan:
            parts.notes.append(f"no load run: {reason}")
        parts.loaded = not_begun(parts.loaded.plan, reason)
        return False
    environment.control.clear_next()
    return True


def _note_settings(environment: TestEnvironment, parts: Parts) -> None:
    try:
        settings = environment.control.settings()
    except ControlError as error:
        parts.notes.append(str(error))
        return
    parts.clock = str(settings.get("clock", "real"))
    options = settings.get("options")
    parts.played = {str(name): str(value) for name, value in options.items()} if isinstance(options, dict) else {}
    seed = settings.get("seed")
    parts.seed = seed if isinstance(seed, int) else 0


def _keep_callback_secrets(environment: TestEnvironment, parts: Parts) -> None:
    """The preflight has seen the address that keeps forgers out; no report and no log may show it."""
    if not environment.daraja_url:  # there is no simulator to ask
        return
    try:
        url = callback_url(environment.control.journal_entries(kind="request"))
    except ControlError as error:
        parts.notes.append(str(error))
        return
    if url is not None:
        environment.keep_secret(secret_pieces(url))


def _conclude(order: RunOrder, environment: TestEnvironment, parts: Parts) -> RunResult:
    secrets = environment.secrets
    whole = compose(order, environment, parts, finished=time.time())
    run = prepare(whole, secrets)
    judgement = judge(run)
    unwritten = ""
    reports: Mapping[str, Path] = {}
    try:
        reports = write_prepared(run, judgement, order.out)
    except ReportError as error:  # the disk is full: the verdict remains valid, but nobody can show its proof
        unwritten = str(error)
    stop = stopped(parts.findings)
    exit_code = int(stop.exit_code if stop is not None else EXIT_CODES[judgement.verdict])
    if unwritten and exit_code == Exit.OK:
        exit_code = Exit.OUR_FAILURE
    return RunResult(run=run, judgement=judgement, exit_code=exit_code or Exit.OK, reports=reports, unwritten=unwritten)
