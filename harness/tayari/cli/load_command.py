"""`tayari load`: how payments arrive, from which machines, and what is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from tayari_formats.exit_codes import Exit
from tayari_formats.problems import suggestion
from tayari_simulator.scenarios.scenario_reader import read_scenarios
from tayari_target.merchant_process import answers
from tayari_target.resources import scenario_folder

from tayari.cli.check_commands import finish
from tayari.cli.command_options import (
    DEFAULT_TARGET,
    BuildOption,
    ControlOption,
    ControlPortOption,
    FormatOption,
    OutOption,
    PortOption,
    ProfileOption,
    SeedOption,
    TargetArgument,
    environment_options,
)
from tayari.cli.output import Format, Output, failures
from tayari.run.load import INSTALL, installed, run_worker
from tayari.run.order import LoadOrder, RunOrder

_OUT = Path("tayari-report")
_DURATION_S = 60.0
_PROBE_S = 10.0
_BAD = Exit.BAD_CONFIGURATION

_Users = Annotated[
    int | None, typer.Option("--users", min=1, help="Users at once; default: concurrent_users of the target file.")
]
_Duration = Annotated[
    float | None, typer.Option("--duration", min=1, help="Seconds; default: 60, with --find-limit 10 for each rate.")
]
_Rate = Annotated[
    float | None, typer.Option("--rate", min=0.01, help="Open model: payments begin at this rate per second.")
]
_InFlight = Annotated[
    int | None,
    typer.Option("--in-flight", min=1, help="Open model: the most payments at once; further ones are dropped."),
]
_Shape = Annotated[str, typer.Option("--shape", help="How the load changes: ramp, spike, outage, ...")]
_Mix = Annotated[str, typer.Option("--mix", help="Scenarios by weight: success=92,insufficient-funds=5,timeout=3")]
_FindLimit = Annotated[
    bool, typer.Option("--find-limit", help="Search for the highest rate that keeps the thresholds.")
]
_AbortAfter = Annotated[
    float | None, typer.Option("--abort-after", min=3, help="End the run when a threshold was missed for N seconds.")
]
_Workers = Annotated[int, typer.Option("--workers", min=0, max=100, help="Generator processes on this machine.")]
_Master = Annotated[bool, typer.Option("--master", help="Wait for workers on other machines.")]
_ExpectWorkers = Annotated[
    int, typer.Option("--expect-workers", min=1, max=100, help="With --master: how many workers it waits for.")
]
_Bind = Annotated[str, typer.Option("--bind", help="Where the master listens.", metavar="HOST:PORT")]
_Worker = Annotated[
    str, typer.Option("--worker", help="Be a worker of the master there; needs --control.", metavar="HOST[:PORT]")
]
_Ui = Annotated[bool, typer.Option("--ui", help="Locust's own page instead of a headless run.")]
_UiPort = Annotated[int, typer.Option("--ui-port", min=1, max=65535, help="Port of Locust's page.")]


def load(
    *,
    target: TargetArgument = DEFAULT_TARGET,
    users: _Users = None,
    duration: _Duration = None,
    rate: _Rate = None,
    in_flight: _InFlight = None,
    shape: _Shape = "",
    mix: _Mix = "",
    find_limit: _FindLimit = False,
    abort_after: _AbortAfter = None,
    workers: _Workers = 0,
    master: _Master = False,
    expect_workers: _ExpectWorkers = 1,
    bind: _Bind = "127.0.0.1:5557",
    worker: _Worker = "",
    ui: _Ui = False,
    ui_port: _UiPort = 8089,
    out: OutOption = _OUT,
    port: PortOption = None,
    control_port: ControlPortOption = None,
    control: ControlOption = None,
    profile: ProfileOption = "documented",
    seed: SeedOption = None,
    build: BuildOption = "",
    form: FormatOption = Format.TEXT,
) -> None:
    """Put your merchant under load. The thresholds of the target file are judged on settled payments."""
    output = Output(form)
    if not installed():
        raise output.fail(f"Locust is not installed, and the load needs it; {INSTALL}", Exit.BAD_CONFIGURATION)
    asked = LoadOrder(
        users=users, duration_s=duration or (_PROBE_S if find_limit else _DURATION_S), ui=ui, ui_port=ui_port,
        until_stopped=ui and duration is None,
        seed=seed, rate=rate, in_flight=in_flight, shape=shape, mix=mix,
        abort_after_s=abort_after, find_limit=find_limit, workers=workers,
        expect_workers=expect_workers if master else 0, bind=bind,
    )  # fmt: skip
    if worker:
        _be_worker(target, worker, control, out, output)
        return
    _sensible(asked, master, output, own_simulator=control is None)
    environment = environment_options(port, control_port, profile, seed, None)
    order = RunOrder(
        build=build,
        target=target, suite="load", functional=False, out=out, load=asked, control_url=control, environment=environment
    )  # fmt: skip
    finish(order, output)


def _sensible(asked: LoadOrder, master: bool, output: Output, *, own_simulator: bool) -> None:
    """Refuse what Locust would refuse in a log that nobody reads.

    Raises:
        typer.Exit: bad configuration.
    """
    from tayari_load.plan import PlanError, check_words

    try:
        check_words(shape=asked.shape, mix=asked.mix, rate=asked.rate, find_limit=asked.find_limit)
    except PlanError as wrong:
        raise output.fail(str(wrong), Exit.BAD_CONFIGURATION) from wrong
    if own_simulator:
        _known_mix(asked.mix, output)
    if master and asked.workers:
        raise output.fail("--workers and --master: choose one; workers elsewhere join with --worker HOST", _BAD)
    if not asked.bind.rpartition(":")[2].isdecimal() or ":" not in asked.bind:
        raise output.fail(f"--bind {asked.bind!r}: expected HOST:PORT, such as 127.0.0.1:5557", _BAD)
    if asked.ui and answers(f"http://127.0.0.1:{asked.ui_port}"):
        raise output.fail(f"port {asked.ui_port} is taken; choose another with --ui-port", _BAD)


def _known_mix(mix: str, output: Output) -> None:
    """A simulator that runs already may know more scenarios than the shipped ones; ours does not."""
    from tayari_load.plan import parse_mix

    known = [scenario.name for scenario in read_scenarios((scenario_folder(),))[0]]
    for name, _ in parse_mix(mix).weights:
        if name not in known:
            near = suggestion(name, known) or "; `tayari scenarios list` shows them"
            raise output.fail(f"--mix: {name.removeprefix('payment/')} is no scenario{near}", _BAD)


def _be_worker(target: Path, master: str, control: str | None, out: Path, output: Output) -> None:
    if control is None:
        raise output.fail("--worker needs --control URL: where the simulator of the master's run is reached", _BAD)
    out.mkdir(parents=True, exist_ok=True)
    output.text(f"A worker of the load's master at {master}; its log: {out / 'worker.log'}")
    with failures(output):
        run_worker(target, master=master, control_url=control, log=out / "worker.log")
